"""NTU RGB+D's .skeleton files, made here as the publisher writes them."""

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.ntu import NTU_ACTIONS, Ntu60, Ntu120, missing_skeletons
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import NTU25

NAME = "S001C002P003R002A013"
PLACES = {
    "hip": (0, 0), "spine": (0, 0.3), "thorax": (0, 0.5), "neck": (0, 0.6), "head_center": (0, 0.7),
    "shoulder": (0.2, 0.45), "elbow": (0.25, 0.2), "wrist": (0.25, 0), "hand": (0.25, -0.1),
    "hand_tip": (0.25, -0.15), "thumb": (0.2, -0.1),
    "hip_": (0.1, 0), "knee": (0.1, -0.45), "ankle": (0.1, -0.85), "foot": (0.1, -0.9),
}  # fmt: skip
"""To the side and up, of somebody who stands upright."""


def standing(frames, *, at=(0.0, 0.0, 3.0), stride=0.0):
    """Somebody who faces the sensor, (T, 25, 3) in its axes: x to its left, y up, z away."""
    pose = np.zeros((len(NTU25), 3))
    for i, joint in enumerate(NTU25.joints):
        side, _, part = joint.partition("_")
        part = part if side in ("left", "right") else joint
        across, up = PLACES["hip_" if part == "hip" and side != "hip" else part]
        pose[i] = {"left": -across, "right": across}.get(side, 0.0), up, -0.1 * (part == "foot")
    moved = np.arange(frames)[:, None, None] * np.array([stride, 0, 0])
    return pose + np.array(at) + moved


def skeleton_text(frames, bodies):
    """A file's text; `bodies` are (number, first frame, (n, 25, 3))."""
    lines = [str(frames)]
    for frame in range(frames):
        seen = [(n, xyz[frame - a]) for n, a, xyz in bodies if a <= frame < a + len(xyz)]
        lines.append(str(len(seen)))
        for number, pose in seen:
            lines += [f"{number} 0 1 1 1 1 0 0.02764709 0.05745083 2", "25"]
            lines += [
                f"{x:.7g} {y:.7g} {z:.7g} 277.419 191.8218 1036.233 519.1677 -0.2 0.05 0.97 -0.1 2"
                for x, y, z in pose
            ]
    return "\r\n".join([*lines, ""])


def write(root, *bodies, frames, name=NAME):
    (root / f"{name}.skeleton").write_text(skeleton_text(frames, bodies), newline="")


FIRST, SECOND, THIRD = (72057594037931101 + i for i in range(3))
"""Too long and too close for a float: they'd be one body."""


def test_a_name_says_action_person_and_camera(tmp_path):
    write(tmp_path, (FIRST, 0, standing(5)), frames=5)
    data = Ntu60(str(tmp_path))
    (clip,) = data
    assert (clip.name, clip.dataset, clip.subject, clip.camera) == (NAME, "ntu60", "P003", "C002")
    assert (clip.segments, clip.fps) == ((Segment(0, 5, "tear up paper"),), 30)
    assert (clip.partner, data.problems) == (None, [])


def test_somebody_who_faces_the_sensor_stands_and_looks_at_it(tmp_path):
    write(tmp_path, (FIRST, 0, standing(2, at=(0.5, 0.2, 3))), frames=2)
    (clip,) = Ntu60(str(tmp_path))
    at, pose = NTU25.index, clip.xyz[0]
    assert (clip.layout, clip.xyz.dtype) == (NTU25, np.float32)
    np.testing.assert_allclose(pose[at["hip"]], (-0.5, 3, 0.2), atol=1e-6)
    np.testing.assert_allclose(pose[at["head_center"]] - pose[at["hip"]], (0, 0, 0.7), atol=1e-6)
    np.testing.assert_allclose(pose[at["left_hand"]] - pose[at["hip"]], (0.25, 0, -0.1), atol=1e-6)
    toes = pose[at["left_foot"]] - pose[at["left_ankle"]]
    assert toes[1] < 0


def test_the_one_who_moves_most_comes_first_whatever_the_order(tmp_path):
    still, walking = standing(20, at=(1, 0, 3)), standing(20, stride=-0.1)
    write(tmp_path, (FIRST, 0, still), (SECOND, 0, walking), frames=20)
    (clip,) = Ntu60(str(tmp_path))
    np.testing.assert_allclose(clip.xyz[:, 0, 0], 0.1 * np.arange(20), atol=1e-5)
    np.testing.assert_allclose(clip.partner[:, 0, 0], -1, atol=1e-6)


def test_who_comes_late_is_nan_before(tmp_path):
    write(tmp_path, (FIRST, 0, standing(30, stride=0.1)), (SECOND, 10, standing(15)), frames=30)
    (clip,) = Ntu60(str(tmp_path))
    assert np.isfinite(clip.xyz).all()
    assert np.flatnonzero(np.isfinite(clip.partner).all((1, 2))).tolist() == list(range(10, 25))


def test_somebody_who_is_lost_and_found_stays_the_same_person(tmp_path):
    parts = [(FIRST, 0, standing(14)), (SECOND, 16, standing(14, stride=0.1))]
    write(tmp_path, *parts, frames=30)
    data = Ntu60(str(tmp_path))
    (clip,) = data
    assert clip.partner is None
    assert np.flatnonzero(np.isnan(clip.xyz).any((1, 2))).tolist() == [14, 15]
    assert [problem.reason for problem in data.problems] == ["50 joints are missing in 2 frames"]


def test_a_third_body_takes_nobodys_place(tmp_path):
    bodies = [(n, 0, standing(20, at=(i, 0, 3), stride=0.3 - 0.1 * i))
              for i, n in enumerate((FIRST, SECOND, THIRD))]  # fmt: skip
    write(tmp_path, *bodies[::-1], frames=20)
    (clip,) = Ntu60(str(tmp_path))
    np.testing.assert_allclose([clip.xyz[0, 0, 0], clip.partner[0, 0, 0]], [0, -1], atol=1e-6)


def test_a_glimpse_is_nobody_unless_there_is_nobody_else(tmp_path):
    glimpse = standing(11, at=(1, 0, 2), stride=0.5)
    write(tmp_path, (FIRST, 0, glimpse), (SECOND, 0, standing(20)), frames=20)
    write(tmp_path, (FIRST, 4, glimpse), frames=20, name="S001C001P001R001A001")
    alone, both = Ntu60(str(tmp_path))
    assert both.partner is None
    np.testing.assert_allclose(both.xyz[:, 0, 0], 0, atol=1e-6)
    assert len(alone.xyz) == 11


def test_a_chair_is_nobody_unless_there_is_nobody_else(tmp_path):
    chair = standing(20, stride=0.5) * (8, 1, 1)
    write(tmp_path, (FIRST, 0, chair), (SECOND, 0, standing(20)), frames=20)
    write(tmp_path, (FIRST, 0, chair), frames=20, name="S001C001P001R001A001")
    lying, person = Ntu60(str(tmp_path))
    assert person.partner is None
    np.testing.assert_allclose(person.xyz[:, 0, 0], 0, atol=1e-6)
    assert len(lying.xyz) == 20


def test_frames_before_and_after_everybody_are_cut_off(tmp_path):
    write(tmp_path, (FIRST, 3, standing(12, stride=0.1)), frames=40)
    data = Ntu60(str(tmp_path))
    (clip,) = data
    assert (len(clip.xyz), clip.segments[0].stop, data.problems) == (12, 12, [])


def test_samples_that_the_publisher_lists_are_left_out_and_counted(tmp_path):
    for name in ("S001C002P005R002A008", "S001C002P006R001A008", NAME):
        write(tmp_path, (FIRST, 0, standing(2)), frames=2, name=name)
    data = Ntu60(str(tmp_path))
    for _ in range(2):
        assert [clip.name for clip in data] == [NAME]
        assert [problem.reason for problem in data.problems] == [
            "2 samples are left out, listed by the publisher as broken"
        ]
    assert len(data) == 1


def test_the_published_list_is_whole():
    names = missing_skeletons()
    assert len(names) == 535
    assert sum(int(name[-3:]) <= 60 for name in names) == 302
    assert all(int(name[1:4]) <= 17 for name in names if int(name[-3:]) <= 60)


def test_the_smaller_set_is_the_first_half_of_the_larger(tmp_path):
    for name in (NAME, "S018C001P041R001A061"):
        write(tmp_path, (FIRST, 0, standing(2)), frames=2, name=name)
    (tmp_path / "S001C002P003R002A121.skeleton").write_text("")
    assert [clip.name for clip in Ntu60(str(tmp_path))] == [NAME]
    assert [clip.segments[0].label for clip in Ntu120(str(tmp_path))] == [
        "tear up paper",
        "put on headphone",
    ]
    assert tuple(Ntu120.labels) == NTU_ACTIONS
    assert (len(set(NTU_ACTIONS)), tuple(Ntu60.labels)) == (120, NTU_ACTIONS[:60])


def test_people_and_cameras_can_be_chosen(tmp_path):
    for name in (NAME, "S001C001P003R002A013", "S001C001P004R002A013"):
        write(tmp_path, (FIRST, 0, standing(2)), frames=2, name=name)
    assert [c.name for c in Ntu60(str(tmp_path), subjects=["P003"], cameras=["C002"])] == [NAME]
    with pytest.raises(InputError, match="ntu60 has no subject P005; choose from P003, P004"):
        Ntu60(str(tmp_path), subjects=["P005"])
    with pytest.raises(InputError, match="ntu60 has no camera C003; choose from C001, C002"):
        Ntu60(str(tmp_path), cameras=["C003"])
    with pytest.raises(
        InputError, match=r"no ntu60 files in .*none; download the set from Nanyang"
    ):
        Ntu60(str(tmp_path / "none"))


def test_a_joint_that_is_not_a_number_is_missing_and_named(tmp_path):
    xyz = standing(3)
    xyz[1, 4], xyz[2, 5], xyz[2, 6] = np.nan, 0, np.inf
    write(tmp_path, (FIRST, 0, xyz), frames=3)
    data = Ntu60(str(tmp_path))
    (clip,) = data
    assert np.argwhere(np.isnan(clip.xyz).any(-1)).tolist() == [[1, 4], [2, 5], [2, 6]]
    assert [problem.reason for problem in data.problems] == ["3 joints are missing in 2 frames"]


GOOD = skeleton_text(2, [(FIRST, 0, standing(2))])
LINES = GOOD.split("\r\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: wanted how many frames"),
        ("\0\0\0\0", "line 1: wanted how many frames"),
        ("0\r\n", "none of its 0 frames has a joint"),
        ("2\r\n0\r\n0\r\n", "none of its 2 frames has a joint"),
        (GOOD[: GOOD.index("\r\n25")], "line 4: wanted how many joints"),
        ("\r\n".join(LINES[:20]), "line 21: wanted 25 joints, but it ends here"),
        ("\r\n".join(LINES[:29]), "line 30: wanted how many bodies"),
        ("\r\n".join(LINES[:-4]), "line 55: wanted 25 joints, but it ends here"),
        (f"{GOOD}1\r\n", "line 58: wanted 2 frames and then the end"),
        (GOOD.replace("\r\n25\r\n", "\r\n20\r\n", 1), "line 4: wanted 25 joints"),
        (GOOD.replace("\r\n0 0 3 ", "\r\nx 0 3 ", 1), "a joint is no three numbers"),
        ("\r\n".join([*LINES[:5], "", *LINES[6:]]), "a joint is no three numbers"),
        (GOOD[: GOOD.rindex(" ", 0, GOOD.rindex(" 277"))], "a joint is no three numbers"),
        (skeleton_text(2, [(FIRST, 0, np.full((2, 25, 3), np.nan))]), "none of its 2 frames"),
    ],
)
def test_a_broken_file_is_named_with_the_line(tmp_path, text, reason):
    (tmp_path / f"{NAME}.skeleton").write_text(text, newline="")
    data = Ntu60(str(tmp_path))
    assert list(data) == []
    (problem,) = data.problems
    assert problem.file.endswith(f"{NAME}.skeleton")
    assert reason in problem.reason
    assert "\n" not in problem.reason
