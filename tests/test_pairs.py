"""Human3.6M and HumanEva-I in the npz files that VideoPose3D's scripts write."""

import cv2
import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.pair import filled
from gastlive.datasets.published.cameras import Lens, calibrated
from gastlive.datasets.published.human36m import Human36m, Human36mPairs
from gastlive.datasets.published.humaneva import HumanEva, HumanEvaPairs
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M16, H36M17, HUMANEVA15, MPII16

KEPT = [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27]
"""Of the 32 joints, as published; in the order of `H36M17`."""
METADATA = {
    "h36m17": (17, [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]),
    "mpii16": (16, [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]]),
    "coco17": (17, [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]),
    "humaneva15": (15, [[2, 3, 4, 8, 9, 10], [5, 6, 7, 11, 12, 13]]),
}
CAMERAS = calibrated("human36m")
CORNER = np.array([1, 480 / 640])
"""Of HumanEva's pictures, below and to the right of it in screen units."""


def walk(frames, joints, *, seed=0):
    """Joints that wander about the middle of the room, 1 m above its floor."""
    steps = np.random.default_rng(seed).normal(0, 0.02, (frames, joints, 3)).cumsum(0)
    apart = np.random.default_rng(99).normal(0, 0.4, (joints, 3))
    return (steps + apart + [0, 0, 1]).astype("f4")


def save_2d(root, name, seen, *, layout):
    joints, sides = METADATA[layout]
    metadata = {"layout_name": layout, "num_joints": joints, "keypoints_symmetry": sides}
    np.savez_compressed(root / f"data_2d_{name}.npz", positions_2d=seen, metadata=metadata)


def projected(positions, *, subject):
    """What the four cameras see of the 17 joints, in pixels."""
    return [
        camera.lens.to_pixels(camera.to_camera(positions[:, KEPT].astype("f8"))).astype("f4")
        for camera in CAMERAS[subject]
    ]


def save_h36m(root, *, motion=None, more=0):
    """Two recordings of each of three subjects; videos are `more` frames longer."""
    if motion is None:
        frames = {"Walking 1": 20, "Eating": 21}
        motion = {
            subject: {name: walk(count, 32, seed=count) for name, count in frames.items()}
            for subject in ("S1", "S8", "S11")
        }
    np.savez_compressed(root / "data_3d_h36m.npz", positions_3d=motion)
    longer = {
        subject: {
            name: [np.concatenate([view, view[:more]]) for view in projected(xyz, subject=subject)]
            for name, xyz in some.items()
        }
        for subject, some in motion.items()
    }
    save_2d(root, "h36m_gt", longer, layout="h36m17")
    return motion, longer


# Cameras


@pytest.mark.parametrize(("dataset", "count"), [("human36m", 28), ("humaneva", 9)])
def test_every_camera_stands_off_and_looks_at_people_in_the_room(dataset, count):
    cameras = [camera for some in calibrated(dataset).values() for camera in some]
    assert len(cameras) == count
    for camera in cameras:
        np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-6)
        assert np.linalg.det(camera.rotation) == pytest.approx(1)
        ankle, head = camera.to_camera(np.array([(0.0, 0.0, 0.1), (0.0, 0.0, 1.7)]))
        assert 2 < ankle[2] < 7
        assert ankle[1] - head[1] > 1.4, "the head is up"
        assert 1 < camera.position_m[2] < 2
        if camera.lens:
            middle = camera.lens.to_pixels((ankle + head) / 2)
            assert (np.abs(middle - [camera.width / 2, camera.height / 2]) < 250).all()


def test_a_lens_bends_as_the_publisher_says():
    points = np.random.default_rng(0).uniform((-1, -1, 3), (1, 1, 5), (50, 3))
    lens = CAMERAS["S1"][0].lens
    k1, k2, k3 = lens.radial
    a, b = lens.tangential
    for (x, y), pixel in zip(points[:, :2] / points[:, 2:], lens.to_pixels(points), strict=True):
        r = x * x + y * y
        stretch = 1 + k1 * r + k2 * r**2 + k3 * r**3 + a * x + b * y
        bent = np.array([x * stretch + a * r, y * stretch + b * r])
        np.testing.assert_allclose(pixel, bent * lens.focal_px + lens.centre_px)


def test_a_lens_without_tangential_part_is_that_of_opencv():
    points = np.random.default_rng(0).uniform((-1, -1, 3), (1, 1, 5), (50, 3))
    whole = CAMERAS["S9"][2].lens
    lens = Lens(whole.focal_px, whole.centre_px, whole.radial, np.zeros(2))
    matrix = np.array(
        [[lens.focal_px[0], 0, lens.centre_px[0]], [0, lens.focal_px[1], lens.centre_px[1]],
         [0, 0, 1]]
    )  # fmt: skip
    k1, k2, k3 = lens.radial
    pixels, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, (k1, k2, 0, 0, k3))
    np.testing.assert_allclose(lens.to_pixels(points), pixels[:, 0], atol=1e-6)


# Human3.6M


def test_human36m_keeps_the_17_published_joints(tmp_path):
    motion, _ = save_h36m(tmp_path)
    data = Human36m(str(tmp_path))
    clips = {clip.name: clip for clip in data}
    assert list(clips) == [
        "S1/Eating", "S1/Walking 1", "S11/Eating", "S11/Walking 1", "S8/Eating", "S8/Walking 1",
    ]  # fmt: skip
    clip = clips["S8/Walking 1"]
    np.testing.assert_array_equal(clip.xyz, motion["S8"]["Walking 1"][:, KEPT])
    assert (clip.layout, clip.fps, clip.subject) == (H36M17, 50, "S8")
    assert clip.segments == (Segment(0, 20, "Walking"),)
    assert data.problems == []
    assert data.subjects == ["S1", "S8", "S11"]


def test_human36m_is_chosen_by_subject_and_action(tmp_path):
    save_h36m(tmp_path)
    (clip,) = Human36m(str(tmp_path), subjects=["S1"], actions=["Eating"], fps=10.0)
    assert (clip.name, len(clip.xyz), clip.fps) == ("S1/Eating", 5, 10)
    with pytest.raises(InputError, match="no subject S9; choose from S1, S8, S11"):
        Human36m(str(tmp_path), subjects=["S9"])
    with pytest.raises(InputError, match="no action Sleeping; choose from Eating, Walking"):
        Human36m(str(tmp_path), actions=["Sleeping"])


def test_every_view_of_human36m_is_paired_with_what_its_camera_saw(tmp_path):
    motion, seen = save_h36m(tmp_path, more=3)
    pairs = Human36mPairs(str(tmp_path), detections="gt")
    read = {pair.name: pair for pair in pairs}
    assert len(read) == 3 * 2 * 4
    assert pairs.problems == []
    for i, camera in enumerate(CAMERAS["S11"]):
        pair = read[f"S11/Eating/{camera.name}"]
        assert (pair.subject, pair.action, pair.camera) == ("S11", "Eating", camera.name)
        assert (pair.xy.shape, pair.xyz.shape) == ((21, 17, 2), (21, 17, 3))
        pixels = seen["S11"]["Eating"][i][:21]
        screen = pixels / 500 - [1, camera.height / 1000]
        np.testing.assert_allclose(pair.xy, screen, atol=1e-5)
        world = pair.xyz @ camera.rotation + camera.position_m
        np.testing.assert_allclose(world, motion["S11"]["Eating"][:, KEPT], atol=1e-5)
        np.testing.assert_allclose(camera.lens.to_pixels(pair.xyz), pixels, atol=0.01)
    assert {camera.height for camera in CAMERAS["S1"]} == {1000, 1002}


def test_pairs_are_chosen_by_subject_action_camera_and_rate(tmp_path):
    save_h36m(tmp_path)
    pairs = Human36mPairs(
        str(tmp_path), detections="gt", actions=["Walking"], cameras=["58860488"], fps=10.0
    )
    (pair,) = pairs.read(["S8"])
    assert (pair.name, len(pair.xy), pair.fps) == ("S8/Walking 1/58860488", 4, 10)
    with pytest.raises(InputError, match="human36m has no subject S9; choose from S1, S8, S11"):
        next(pairs.read(["S9"]))
    with pytest.raises(InputError, match="human36m has no camera C1; choose from 54138969, "):
        Human36mPairs(str(tmp_path), detections="gt", cameras=["C1"])


@pytest.mark.parametrize(
    ("detections", "names"),
    [
        ("sh_pt_mpii", MPII16.joints),
        ("sh_ft_h36m", [{"thorax": "spine", "neck": "thorax"}.get(j, j) for j in MPII16.joints]),
    ],
)
def test_hourglass_joints_are_put_in_their_places(tmp_path, detections, names):
    """The pretrained one sees MPII's joints; fine-tuning made the second and third others."""
    _, seen = save_h36m(tmp_path)
    order = {joint: i for i, joint in enumerate(H36M17.joints)}
    taken = [order.get(joint, order["nose"]) for joint in names]  # MPII's neck
    moved = {
        subject: {name: [view[:, taken] for view in views] for name, views in some.items()}
        for subject, some in seen.items()
    }
    save_2d(tmp_path, f"h36m_{detections}", moved, layout="mpii16")
    exact = next(iter(Human36mPairs(str(tmp_path), detections="gt")))
    pair = next(iter(Human36mPairs(str(tmp_path), detections=detections)))
    assert pair.layout is H36M17
    both = set(names) & set(H36M17.joints)
    assert len(both) == {"sh_pt_mpii": 15, "sh_ft_h36m": 16}[detections]
    for joint in both:
        np.testing.assert_allclose(pair.xy[:, order[joint]], exact.xy[:, order[joint]], atol=1e-6)
    assert set(H36M16.joints) <= both | {"spine"}
    assert np.isfinite(pair.xy).all()


def test_joints_at_nought_are_missing_and_never_truth(tmp_path):
    motion, seen = save_h36m(tmp_path)
    motion["S1"]["Eating"][3] = 0
    motion["S1"]["Eating"][5, 27] = np.nan
    seen["S1"]["Eating"][0][7, 16] = 0
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=motion)
    save_2d(tmp_path, "h36m_gt", seen, layout="h36m17")
    pairs = Human36mPairs(str(tmp_path), detections="gt")
    pair = next(iter(pairs.read(["S1"])))
    unknown, unseen = np.isnan(pair.xyz).any(-1), np.isnan(pair.xy).any(-1)
    assert np.argwhere(unknown).tolist() == [[3, j] for j in range(17)] + [[5, 16]]
    assert np.argwhere(unseen).tolist() == [[7, 16]]
    list(pairs)
    assert [p.reason for p in pairs.problems] == ["18 joints are missing in 2 frames"]


def test_what_does_not_go_together_is_named_and_the_rest_is_read(tmp_path):
    motion, seen = save_h36m(tmp_path)
    seen["S1"]["Eating"][1] = seen["S1"]["Eating"][1][:-1]
    seen["S1"]["Walking 1"].pop()
    seen["S8"].pop("Eating")
    seen["S8"]["Walking 1"][0] = seen["S8"]["Walking 1"][0][:, :16]
    seen["S8"]["Walking 1"][2] = seen["S8"]["Walking 1"][1]
    seen["S11"]["Eating"][3] = np.zeros((30, 17, 2), "f4")
    motion["S11"]["Walking 1"] = motion["S11"]["Walking 1"][:, :17]
    motion["S11"]["Sleeping"] = motion["S11"]["Eating"]
    np.savez_compressed(tmp_path / "data_3d_h36m.npz", positions_3d=motion)
    save_2d(tmp_path, "h36m_gt", seen, layout="h36m17")
    pairs = Human36mPairs(str(tmp_path), detections="gt")
    assert len(list(pairs)) == 3 + 3 + 0 + 3 + 3
    told = [(problem.file.split(".npz/")[1], problem.reason) for problem in pairs.problems]
    assert told[0] == ("S1/Eating/55011271", "2-D joints end after 20 frames, the motion has 21")
    assert told[1] == (
        "S1/Walking 1/60457274",
        "has no 2-D joints; take the file that goes with the 3-D one",
    )
    assert told[2] == ("S11/Eating/60457274", "none of its 21 frames has a 2-D joint")
    assert [name for name, _ in told[3:7]] == [f"S8/Eating/{c.name}" for c in CAMERAS["S8"]]
    assert told[7] == (
        "S8/Walking 1/54138969",
        "2-D joints are float32 (20, 16, 2), wanted numbers (frames, 17, 2)",
    )
    assert told[8][0] == "S8/Walking 1/58860488"
    assert "pixels from where the 3-D ones are seen" in told[8][1]
    assert told[9][0] == "S11/Sleeping"
    assert told[9][1].startswith("unknown action 'Sleeping'; human36m has Directions, ")
    assert told[10:] == [
        ("S11/Walking 1", "positions are float32 (20, 17, 3), wanted numbers (frames, 32, 3)")
    ]


def test_a_file_that_is_missing_or_another_is_told(tmp_path):
    with pytest.raises(
        InputError, match=r"no human36m files in .*; download the set from http://vi"
    ):
        Human36m(str(tmp_path))
    save_h36m(tmp_path)
    with pytest.raises(InputError, match="no detections=movenet for human36m; choose one of gt, "):
        Human36mPairs(str(tmp_path), detections="movenet")
    with pytest.raises(
        InputError, match=r"no data_2d_h36m_sh_ft_h36m\.npz in .*; put it there, or"
    ):
        Human36mPairs(str(tmp_path), detections="sh_ft_h36m")
    save_2d(tmp_path, "h36m_sh_ft_h36m", {}, layout="coco17")
    with pytest.raises(
        InputError, match=r"says of its joints, left and right: \(17, .*wanted \(16"
    ):
        Human36mPairs(str(tmp_path), detections="sh_ft_h36m")
    np.savez(tmp_path / "data_3d_h36m.npz", positions_3d={"S1": [1, 2]})
    with pytest.raises(InputError, match="'positions_3d' is no dict of subjects and recordings"):
        Human36m(str(tmp_path))


# HumanEva-I


def save_humaneva(root):
    chunks = "Walking 1 chunk0", "Walking 1 chunk2", "Box 1 chunk0", "Gestures 1 chunk0"
    motion = {
        f"{part}/S{n}": {name: walk(30, 15, seed=n) for name in chunks}
        for part in ("Train", "Validate")
        for n in (1, 2, 3)
    }
    np.savez_compressed(root / "data_3d_humaneva15.npz", positions_3d=motion)
    coco = np.random.default_rng(0).uniform(1, 400, (30, 17, 2)).astype("f4")
    seen = {s: {name: [coco, coco + 1, coco + 2] for name in some} for s, some in motion.items()}
    seen["Unlabeled/Train/S1"] = {"Walking 1 chunk1": [coco] * 3}
    seen["Unlabeled/S4"] = {"Combo 1": [coco] * 3}
    save_2d(root, "humaneva15_detectron_pt_coco", seen, layout="coco17")
    exact = {s: {n: [coco[:, :15]] * 3 for n in some} for s, some in motion.items()}
    save_2d(root, "humaneva15_gt", exact, layout="humaneva15")
    return motion, coco


def test_humaneva_is_read_in_chunks(tmp_path):
    motion, _ = save_humaneva(tmp_path)
    clips = list(HumanEva(str(tmp_path), subjects=["Train/S2"], actions=["Walking", "Box"]))
    assert [clip.name.split("/")[-1] for clip in clips] == [
        "Box 1 chunk0", "Walking 1 chunk0", "Walking 1 chunk2",
    ]  # fmt: skip
    assert clips[1].segments == (Segment(0, 30, "Walking"),)
    assert (clips[1].layout, clips[1].fps, clips[1].subject) == (HUMANEVA15, 60, "Train/S2")
    np.testing.assert_array_equal(clips[1].xyz, motion["Train/S2"]["Walking 1 chunk0"])


def test_coco_becomes_the_15_joints_of_humaneva(tmp_path):
    """As in the paper's code: means for hip and thorax, the nose for the head."""
    _, coco = save_humaneva(tmp_path)
    pairs = HumanEvaPairs(str(tmp_path), detections="detectron_pt_coco")
    (pair,) = (p for p in pairs.read(["Validate/S3"]) if p.name.endswith("Box 1 chunk0/C2"))
    pixels = (pair.xy + CORNER) * 320 - 1
    at = COCO17.index
    for i, joint in enumerate(HUMANEVA15.joints):
        parts = {"hip": ("left_hip", "right_hip"), "thorax": ("left_shoulder", "right_shoulder"),
                 "head": ("nose",)}.get(joint, (joint,))  # fmt: skip
        wanted = np.mean([coco[:, at[part]] for part in parts], 0)
        np.testing.assert_allclose(pixels[:, i], wanted, atol=1e-3, err_msg=joint)
    assert pairs.problems == []
    assert pairs.subjects[-1] == "Validate/S3"


def test_exact_joints_of_humaneva_stay_as_they_are(tmp_path):
    _, coco = save_humaneva(tmp_path)
    pair = next(HumanEvaPairs(str(tmp_path), detections="gt").read())
    np.testing.assert_allclose((pair.xy + CORNER) * 320, coco[:, :15], atol=1e-3)


# Filling


def test_a_joint_out_of_sight_stays_where_it_was():
    xy = np.arange(24, dtype="f4").reshape(4, 3, 2)
    whole = xy.copy()
    xy[0, 0] = xy[2, 1] = xy[3, 1] = np.nan
    xy[:, 2] = np.nan
    full = filled(xy)
    np.testing.assert_array_equal(full[0, 0], whole[1, 0])
    np.testing.assert_array_equal(full[2:, 1], whole[[1, 1], 1])
    np.testing.assert_array_equal(full[:, 2], full[:, :2].mean(1))
    np.testing.assert_array_equal(full[1:, 0], whole[1:, 0])
    with pytest.raises(InputError, match="none of its 4 frames has a 2-D joint"):
        filled(np.full_like(xy, np.nan))
