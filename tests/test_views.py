"""Virtual cameras and detector noise."""

import numpy as np
import pytest
import torch

from gastlive.datasets.clip import MotionClip
from gastlive.datasets.for_lifters.bodies import other_bodies
from gastlive.datasets.for_lifters.random_views import Lifting, RandomViews
from gastlive.datasets.for_lifters.windows import Windows
from gastlive.datasets.seen.assumed_noise import DetectorNoise
from gastlive.datasets.seen.body import body_axes
from gastlive.datasets.seen.views import Views
from gastlive.gast.skeleton import H36M17

HEIGHTS = {
    "hip": 0.95, "knee": 0.5, "ankle": 0.08, "spine": 1.15, "thorax": 1.4, "nose": 1.55,
    "head": 1.7, "shoulder": 1.4, "elbow": 1.15, "wrist": 0.9,
}  # fmt: skip
STILL = Views(roll_deg=(0, 0), elevation_deg=(0, 0), off_centre=(0, 0))
QUIET = {"bias": 0.0, "jitter": 0.0, "slip": 0.0, "lost": 0.0, "cut": 0.0}


def standing(frames=20, people=30):
    """A person who stands still and faces the viewer, left hand to the viewer's right."""
    pose = np.zeros((17, 3))
    for i, joint in enumerate(H36M17.joints):
        side = {"left": 0.2, "right": -0.2}.get(joint.split("_")[0], 0.0)
        pose[i] = side, 0.0, HEIGHTS[joint.split("_")[-1]]
    return np.broadcast_to(pose, (people, frames, 17, 3)).copy()


def seen_by(views, people, seed=0):
    """Pictures and joints in the axes of cameras turned to the root, as arrays."""
    generator = torch.Generator().manual_seed(seed)
    given = torch.from_numpy(people)
    return [part.numpy() for part in views.see(given, root=0, generator=generator)]


def filmed_by(views, people, seed=0):
    generator = torch.Generator().manual_seed(seed)
    given = torch.from_numpy(people)
    return [part.numpy() for part in views.film(given, root=0, generator=generator)]


def spoil(noise, xy):
    """Joints with errors, and which of them were seen, as arrays."""
    generator = torch.Generator().manual_seed(0)
    noisy, confidence = noise.apply(torch.from_numpy(xy), H36M17, generator)
    return noisy.numpy(), confidence.numpy() > 0


def bodies(people, *, spread, seed=0):
    generator = torch.Generator().manual_seed(seed)
    given = torch.from_numpy(people)
    return other_bodies(given, H36M17, spread=spread, generator=generator).numpy()


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_standing_person_is_seen_upright_and_in_front(rng):
    xy, xyz = seen_by(Views(), standing())
    head, ankle = H36M17.index["head"], H36M17.index["left_ankle"]
    assert (xy[:, :, head, 1] < xy[:, :, ankle, 1]).all()
    assert (xyz[:, :, head, 1] < xyz[:, :, ankle, 1]).all()
    assert np.abs(xyz[:, :, H36M17.root]).max() < 1e-6


def test_the_picture_is_the_perspective_of_the_joints(rng):
    views = Views(roll_deg=(0, 0), elevation_deg=(0, 0), off_centre=(0, 0), distance_m=(3, 3),
                  field_of_view_deg=(90, 90))  # fmt: skip
    xy, xyz = seen_by(views, standing())
    depth = xyz[..., 2:] + 3  # in the middle of the picture the camera is turned to the person
    np.testing.assert_allclose(xy, xyz[..., :2] / depth, atol=1e-5)


def test_a_view_keeps_sizes_and_sides(rng):
    people = standing()
    people[..., 0] += 0.3 * people[..., 2]  # lean, so that there is something to get wrong
    _, xyz = seen_by(Views(), people)
    for one, other in H36M17.bones:
        before = np.linalg.norm(people[:, :, one] - people[:, :, other], axis=-1)
        after = np.linalg.norm(xyz[:, :, one] - xyz[:, :, other], axis=-1)
        np.testing.assert_allclose(after, before, atol=1e-5)
    triple = [xyz[0, 0, H36M17.index[j]] for j in ("head", "left_wrist", "right_ankle")]
    source = people[0, 0, [H36M17.index[j] for j in ("head", "left_wrist", "right_ankle")]]
    source = source - people[0, 0, 0]
    # The world is right-handed and so are the camera's axes: no mirror image.
    assert np.linalg.det(triple) == pytest.approx(np.linalg.det(source), abs=1e-5)


def test_cameras_stand_all_around(rng):
    _, xyz = seen_by(STILL, standing(people=200))
    side = xyz[:, 0, H36M17.index["left_shoulder"], 0]
    assert (side > 0.1).any()
    assert (side < -0.1).any()


def test_other_bodies_keep_joint_angles_and_symmetry(rng):
    people = standing()
    scaled = bodies(people, spread=1.0)
    for child, parent in H36M17.bones:
        bone = scaled[:, :, child] - scaled[:, :, parent]
        before = people[:, :, child] - people[:, :, parent]
        cosine = (bone * before).sum(-1) / np.linalg.norm(bone, axis=-1)
        np.testing.assert_allclose(cosine / np.linalg.norm(before, axis=-1), 1, atol=1e-6)
    length = {j: np.linalg.norm(scaled[:, 0, H36M17.index[f"{j}_wrist"]]
                                - scaled[:, 0, H36M17.index[f"{j}_elbow"]], axis=-1)
              for j in ("left", "right")}  # fmt: skip
    np.testing.assert_allclose(length["left"], length["right"])
    assert length["left"].std() > 0.01


def test_no_noise_leaves_the_joints_alone(rng):
    xy, _ = seen_by(Views(), standing())
    spoilt, seen = spoil(DetectorNoise(**QUIET), xy)
    np.testing.assert_array_equal(spoilt, xy)
    assert seen.all()


def test_jitter_is_as_large_and_as_slow_as_stated(rng):
    xy, _ = seen_by(STILL, standing(frames=60, people=200))
    torso = np.linalg.norm(xy[:, :1, H36M17.index["thorax"]] - xy[:, :1, 0], axis=-1)
    noise = DetectorNoise(**QUIET | {"jitter": 0.03}, correlation=0.8)
    spoilt, _ = spoil(noise, xy)
    error = (spoilt - xy) / torso[:, :, None, None]
    assert error.std() == pytest.approx(0.03, rel=0.15)
    now, next_one = error[:, :-1].ravel(), error[:, 1:].ravel()
    assert np.corrcoef(now, next_one)[0, 1] == pytest.approx(0.8, abs=0.03)


def test_a_lost_limb_stands_still_against_its_joint_and_is_marked(rng):
    xy, _ = seen_by(STILL, standing(people=100))
    xy += np.linspace(0, 1, 20)[None, :, None, None].astype(np.float32)
    spoilt, seen = spoil(DetectorNoise(**QUIET | {"lost": 1.0}), xy)
    assert (~seen).any((1, 2)).all()
    np.testing.assert_array_equal(spoilt[seen], xy[seen])
    np.testing.assert_allclose(spoilt, xy, atol=1e-5)  # who only drifts looks the same when held


def test_a_person_cut_off_at_the_hips_keeps_the_upper_body(rng):
    xy, _ = seen_by(STILL, standing())
    spoilt, seen = spoil(DetectorNoise(**QUIET | {"cut": 1.0}), xy)
    legs = [i for i, j in enumerate(H36M17.joints) if j.endswith(("knee", "ankle"))]
    upper = [i for i in range(17) if i not in legs]
    assert not seen[:, :, legs].any()
    np.testing.assert_array_equal(spoilt[:, :, upper], xy[:, :, upper])


def test_a_clip_of_a_single_frame_can_lose_nothing(rng):
    xy, _ = seen_by(STILL, standing(frames=1))
    _, seen = spoil(DetectorNoise(**QUIET | {"lost": 1.0}), xy)
    assert seen.all()


def random_views(**changes):
    rng = np.random.default_rng(1)
    clips = [[rng.normal(size=(30, 17, 3)).astype(np.float32)] for _ in range(2)]
    windows = Windows(clips, shares=[1, 1], frames=10, early=changes.pop("early", False))
    plain = {
        "batch": 4, "batches": 3, "seed": 0, "fixed": False, "normalisation": "person",
        "views": Views(), "noise": None,
    }  # fmt: skip
    return RandomViews(windows, H36M17, **plain | changes)


def test_the_same_seed_gives_the_same_views_and_every_pass_new_ones():
    one, other = random_views(), random_views()
    first, again = next(iter(one)), next(iter(other))
    for a, b in zip(first, again, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert not torch.equal(next(iter(one))[0], first[0])


def test_each_training_process_shows_views_of_its_own(monkeypatch):
    first = next(iter(random_views()))[0]
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    assert not torch.equal(next(iter(random_views()))[0], first)
    same = [next(iter(random_views(fixed=True)))[0] for _ in range(2)]
    torch.testing.assert_close(*same, rtol=0, atol=0)


def test_validation_views_are_always_the_same():
    views = random_views(fixed=True)
    torch.testing.assert_close(next(iter(views))[0], next(iter(views))[0], rtol=0, atol=0)


def test_before_a_person_appears_stands_what_was_detected_first():
    noise = DetectorNoise(**QUIET | {"jitter": 0.1})
    xy, xyz, _ = next(iter(random_views(early=True, batch=50, noise=noise)))
    still = (xyz.diff(dim=1) == 0).all(-1).all(-1)
    assert still.any()
    assert (xy.diff(dim=1)[still] == 0).all()


def test_some_windows_keep_exact_joints():
    noise = DetectorNoise(**QUIET | {"jitter": 0.1})
    plain = next(iter(random_views(batch=100)))[0]
    xy = next(iter(random_views(batch=100, noise=noise, exact=0.3)))[0]
    kept = (xy == plain).all(-1).all(-1).all(-1)
    assert 0.15 < kept.float().mean() < 0.45


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_as_many_windows_are_mirrored_as_stated(share):
    plain = next(iter(random_views(mirror=0.0, views=STILL)))[1]
    xyz = next(iter(random_views(mirror=share, views=STILL)))[1]
    assert torch.equal(plain, xyz) == (share == 0.0)


def truth(seed=1, **cameras):
    """Eight people at random who stay where they are, by cameras that differ in what is named."""
    people = np.random.default_rng(0).normal(size=(8, 3, 17, 3)) * 0.3
    people[:, :, 0] = 0
    plain = {"elevation_deg": (10, 10), "roll_deg": (0, 0), "off_centre": (0, 0), "aspect": (1, 1)}
    views = Views(**plain | cameras)
    return seen_by(views, people, seed)[1]


def test_where_the_camera_points_does_not_change_the_truth():
    xyz = np.random.default_rng(0).normal(size=(8, 3, 17, 3)) * 0.3
    how = {"elevation_deg": (0, 0), "roll_deg": (0, 0), "aspect": (1, 1)}
    one, other = (seen_by(Views(off_centre=o, **how), xyz, 1)[1] for o in ((0.0, 0.0), (0.5, 0.5)))
    np.testing.assert_allclose(one[..., 2], other[..., 2], atol=1e-5)


@pytest.mark.parametrize(
    "cameras",
    [{"distance_m": (9, 9)}, {"field_of_view_deg": (30, 30)}, {"aspect": (0.5, 0.5)}],
    ids=str,
)
def test_neither_distance_nor_lens_nor_picture_changes_the_truth(cameras):
    np.testing.assert_allclose(truth(**cameras), truth(), atol=1e-5)


@pytest.mark.parametrize(
    "cameras",
    [{"distance_m": (9, 9)}, {"field_of_view_deg": (30, 30)}, {"aspect": (0.5, 0.5)}],
    ids=str,
)
def test_of_a_person_aside_the_depth_does_not_depend_on_them_either(cameras):
    aside = {"off_centre": (0.5, 0.5)}
    np.testing.assert_allclose(truth(**aside | cameras)[..., 2], truth()[..., 2], atol=1e-5)


def test_a_rolled_camera_sees_the_truth_turned_about_its_line_of_sight():
    straight, rolled = truth(), truth(roll_deg=(30, 30))
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turned = straight @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(rolled, turned, atol=1e-5)


def test_a_camera_from_above_sees_the_truth_tilted_about_the_pictures_horizontal():
    low, high = truth(), truth(elevation_deg=(50, 50))
    cos, sin = np.cos(np.radians(40)), np.sin(np.radians(40))
    tilted = low @ np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]], np.float32)
    np.testing.assert_allclose(high, tilted, atol=1e-5)
    assert np.abs(high - low).max() > 0.3


def test_a_camera_keeps_its_distance_from_a_person_who_walks_about(rng):
    people = standing()
    people[..., 0] += np.linspace(-4, 4, 20)[:, None]
    camera = filmed_by(Views(distance_m=(1.8, 1.8)), people)[1]
    away = np.linalg.norm(camera[:, :, H36M17.root], axis=-1)
    assert 1.8 - 1e-6 < away.min() < away.max() < 2 * 4 + 1.8 + 1e-6


def test_a_slip_dies_away_over_some_frames(rng):
    xy, _ = seen_by(STILL, standing(frames=40, people=20))
    noise = DetectorNoise(**QUIET | {"slip": 0.004}, slip_size=0.2)
    noisy, _ = spoil(noise, xy)
    off = np.linalg.norm(noisy - xy, axis=-1)
    gone_on = off[:, 1:][off[:, :-1] > 1e-3] / off[:, :-1][off[:, :-1] > 1e-3]
    assert np.median(gone_on) == pytest.approx(0.7, abs=0.02)


def lengths(people, child, parent):
    ends = H36M17.index[child], H36M17.index[parent]
    return np.linalg.norm(people[:, 0, ends[0]] - people[:, 0, ends[1]], axis=-1)


def test_limbs_vary_as_peoples_do_and_share_most_of_it_with_the_whole_body():
    people = standing(frames=1, people=4000)
    other = bodies(people, spread=1.0)
    log = {
        pair: np.log(lengths(other, *pair) / lengths(people, *pair))
        for pair in (("left_knee", "left_hip"), ("left_ankle", "left_knee"),
                     ("left_wrist", "left_elbow"))
    }  # fmt: skip
    thigh, shin, forearm = log.values()
    assert thigh.std() == pytest.approx(np.sqrt(0.035**2 + 0.03**2 + 0.09**2), rel=0.06)
    assert (thigh - forearm).std() == pytest.approx(np.sqrt(2 * (0.035**2 + 0.03**2)), rel=0.06)
    assert (thigh - shin).std() == pytest.approx(np.sqrt(2) * 0.035, rel=0.06)
    assert np.abs(thigh).max() < 2.5 * (0.035 + 0.03 + 0.09) + 1e-6
    np.testing.assert_allclose(bodies(people, spread=0.0), people, atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_mirrored_person_still_looks_forward(share):
    person = standing(frames=10, people=1)[0]
    person[:, H36M17.index["nose"], 1] -= 0.15  # towards the viewer, whom they face
    windows = Windows([[person.astype(np.float32)]], shares=[1], frames=10)
    views = RandomViews(
        windows, H36M17, batch=8, batches=1, seed=0, fixed=True, normalisation="person",
        views=Views(), noise=None, mirror=share,
    )  # fmt: skip
    ((_, xyz, _),) = views
    forward = body_axes(xyz, H36M17).numpy()[..., 2, :]
    nose = xyz[:, :, H36M17.index["nose"]] - xyz[:, :, H36M17.index["thorax"]]
    np.testing.assert_allclose((forward * nose.numpy()).sum(-1), 0.15, atol=1e-5)


def test_windows_come_from_each_set_as_often_as_its_share_says():
    class One(list):
        problems = ()

    def moves(size):
        pose = standing(frames=12, people=1)[0] * size
        return One([MotionClip("a", "moves", "anna", H36M17, pose.astype(np.float32), 30.0)])

    data = Lifting(
        H36M17,
        train={"small": moves(0.5), "large": moves(1.0), "never": moves(2.0)},
        val={"small": moves(0.5)},
        shares={"small": 3.0, "never": 0.0},
        normalisation="person",
        frames=10,
        batch=400,
        batches=1,
        body_spread=0.0,
        fps=30.0,
        early=False,
        appear=0.0,
        varied=0.0,
        paces=(1.0, 1.0),
        val_frames=60,
        val_batches=20,
        seed=0,
        exact=0.0,
        mirror=0.5,
        neighbours=0,
        films=(),
        film_share=0.0,
    )
    data.setup()
    ((_, xyz, _),) = data.train_dataloader()
    thigh = xyz[:, 0, H36M17.index["left_knee"]] - xyz[:, 0, H36M17.index["left_hip"]]
    sizes = thigh.norm(dim=-1) / thigh.norm(dim=-1).max()
    assert (sizes < 0.6).float().mean().item() == pytest.approx(0.75, abs=0.07)
    assert set(sizes.numpy().round(2).tolist()) == {0.5, 1.0}
