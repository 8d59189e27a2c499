"""Filming takes and watching them: truth that stays with its pictures, and who is followed."""

from dataclasses import replace

import numpy as np
import pytest

from gastlive.datasets.clip import MotionClip
from gastlive.experiments.measuring.filming import Filmed, film, read_filmed, stage
from gastlive.experiments.measuring.looks import SHAPES, figure, setting
from gastlive.experiments.measuring.scenery import scenery
from gastlive.experiments.measuring.takes import Role, Take
from gastlive.experiments.measuring.watching import watch
from gastlive.experiments.rendering.backdrops import KINDS, pictures
from gastlive.experiments.rendering.body import Body, anny_mesh, cached_body
from gastlive.experiments.rendering.build import PARTS, built
from gastlive.experiments.rendering.camera import Camera
from gastlive.experiments.rendering.outfit import Outfit, Pattern
from gastlive.experiments.rendering.shot import Shot
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.packets import Person, Pose

SHAPE = dict(gender=0.0, age=0.65, muscle=0.6, weight=0.5, proportions=0.6)
RED, BLUE = [0.9, 0.05, 0.05], [0.05, 0.05, 0.9]
FPS = 30.0


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def mesh():
    """A real body from the cache; making it takes minutes the first time ever."""
    if not cached_body(SHAPE).exists():
        pytest.skip("no body in the cache; run gastlive-render once")
    return anny_mesh(SHAPE, height_m=1.78)


@pytest.fixture(scope="module")
def drawing():
    """OpenGL without a display."""
    moderngl = pytest.importorskip("moderngl", reason="gastlive[render] is not installed")
    try:
        moderngl.create_context(standalone=True, backend="egl").release()
    except Exception as error:
        pytest.skip(f"no OpenGL without a display here: {error}")


def standing(rig, frames=6):
    """A clip of somebody who stands as the rig does at rest."""
    joints = [joint for joint in H36M17.joints if joint in rig.rest]
    pose = np.stack(
        [rig.rest[joint] if joint in joints else rig.rest["head"] for joint in H36M17.joints]
    )
    return MotionClip("still", "cmu", "01", H36M17, np.tile(pose, (frames, 1, 1)), FPS)


def take(mesh, rng, *, people=1, shirts=(RED, BLUE), **changes):
    clip = standing(mesh.rig)
    cast = []
    for shirt in shirts[:people]:
        outfit = Outfit([0.8, 0.6, 0.5], shirt, [0.2] * 3, [0.1] * 3, [0.1] * 3)
        same = dict.fromkeys(PARTS, 1.0)
        person = replace(
            figure(rng, height_m=1.75), shape=SHAPE, outfit=outfit, lengths=same, girths=same
        )
        shot = Shot("cmu", "still", label="", stop_s=6 / FPS, facing_deg=0.0)
        cast.append(Role(clip, shot, person))
    plain = replace(
        setting(rng, jpeg=(90, 95)), gain=1.0, gamma=0.9, grain=1.0, room=False, blurred=False
    )
    view = {"elevation_deg": 5.0, "field_of_view_deg": 45.0, "aim": 0.5, "aside": 0.0, "share": 0.7}
    return Take(**{
        "number": 0, "cast": tuple(cast), "beside": np.array([1.0, 0.0]), "view": view,
        "size": (160, 120), "setting": plain,
    } | changes)  # fmt: skip


def hips_of(posing):
    return posing.hips[:, :2]


def test_longer_limbs_are_longer_and_the_height_stays(mesh):
    long = built(mesh, lengths={"forearm": 1.2, "shank": 0.9}, girths={}, height_m=1.78)

    def length(of, a, b):
        return np.linalg.norm(of.rig.rest[a] - of.rig.rest[b])

    arm = ("left_shoulder", "left_elbow")
    forearm, shank = ("left_elbow", "left_wrist"), ("right_knee", "right_ankle")
    scale = length(long, *arm) / length(mesh, *arm)
    assert length(long, *forearm) / length(mesh, *forearm) == pytest.approx(1.2 * scale, rel=0.02)
    assert length(long, *shank) / length(mesh, *shank) == pytest.approx(0.9 * scale, rel=0.02)
    assert np.ptp(long.vertices[:, 2]) == pytest.approx(1.78)
    assert long.vertices[:, 2].min() == pytest.approx(0, abs=1e-9)


def test_thicker_limbs_leave_the_joints_where_they_are(mesh):
    thick = built(mesh, lengths={}, girths={"thigh": 1.3, "upper_arm": 1.3}, height_m=1.78)
    for joint in ("left_knee", "right_elbow", "left_wrist", "hip"):
        np.testing.assert_allclose(thick.rig.rest[joint], mesh.rig.rest[joint], atol=0.01)
    assert np.abs(thick.vertices - mesh.vertices).max() > 0.01


def test_the_drawn_shapes_are_many_and_within_range(rng):
    shapes = [tuple(figure(rng, height_m=1.7).shape.items()) for _ in range(600)]
    assert len(set(shapes)) == SHAPES
    assert all(0 <= value <= 1 for shape in shapes for _, value in shape)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backdrop_fills_the_picture_and_differs_each_time(kind, rng):
    first, second = KINDS[kind]((90, 60), rng), KINDS[kind]((90, 60), rng)
    assert first.shape == (60, 90, 3)
    assert first.dtype == np.uint8
    assert (first != second).any()


def test_real_pictures_come_out_of_installed_packages():
    pytest.importorskip("sklearn")
    assert len(pictures()) >= 2


def test_a_camera_at_the_floor_sees_no_room(rng):
    camera = Camera(
        azimuth_deg=0, elevation_deg=-20, distance_m=4, target_m=(0, 0, 1),
        field_of_view_deg=45, width=160, height=120,
    )  # fmt: skip
    assert scenery(rng, camera=camera, reach_m=0.5) == []


def test_furniture_never_stands_between_camera_and_people(rng):
    camera = Camera(
        azimuth_deg=0, elevation_deg=20, distance_m=4, target_m=(0, 0, 1),
        field_of_view_deg=45, width=160, height=120,
    )  # fmt: skip
    for _ in range(20):
        for surface in scenery(rng, camera=camera, reach_m=0.8)[1:]:
            assert surface.corners[:, 1].min() >= 0.8


def test_a_patterned_shirt_has_two_colours_and_trousers_one(mesh):
    outfit = Outfit([0.8] * 3, RED, BLUE, [0.1] * 3, [0.1] * 3, pattern=Pattern([0, 1, 0], 0.05, 1))
    colours = {tuple(colour) for colour in Body(mesh, outfit).look.colours}
    assert {tuple(RED), (0.0, 1.0, 0.0), tuple(BLUE)} <= colours


def test_sleeves_and_trousers_have_the_length_that_is_said(mesh):
    def covered(**lengths):
        outfit = Outfit([0.8] * 3, RED, BLUE, [0.1] * 3, [0.1] * 3, **lengths)
        colours = Body(mesh, outfit).look.colours
        return [(colours == shade).all(1).sum() for shade in (RED, BLUE)]

    (short, trousers), (long, _), (_, shorts) = (
        covered(), covered(sleeve=1.9), covered(leg=0.45)
    )  # fmt: skip
    assert long > short
    assert shorts < trousers


def test_nobody_is_behind_or_at_the_camera_however_near(mesh, rng):
    near = take(mesh, rng, people=2)
    near = replace(near, view=near.view | {"share": 8.0}, beside=np.array([0.0, -1.0]))
    staged = stage(near, fps=FPS)
    for body, performance in zip(staged.bodies, staged.performances, strict=True):
        points = np.stack(list(body.rig.joints_of(performance.posing).values()))
        assert staged.camera.to_camera(points)[..., 2].min() > 0.3


def test_two_people_keep_apart_and_last_equally_long(mesh, rng):
    staged = stage(take(mesh, rng, people=2, beside=np.array([0.5, 0.0])), fps=FPS)
    first, second = (performance.posing for performance in staged.performances)
    assert len(first.hips) == len(second.hips) == 6
    assert np.linalg.norm(hips_of(first) - hips_of(second), axis=-1).min() >= 0.35


def test_a_filmed_take_has_each_person_where_its_truth_says(mesh, rng, drawing, tmp_path):
    made = film(take(mesh, rng, people=2), fps=FPS)
    made.save(tmp_path / "0000.npz")
    read = read_filmed(tmp_path / "0000.npz")
    shown = list(read.pictures())
    assert len(shown) == len(read.exact) == 6
    assert shown[0].shape == (120, 160, 3)
    assert read.others.shape == (6, 1, 17, 3)
    chest = H36M17.index["spine"]
    for joints, channel in ((read.exact[0], 2), (read.others[0, 0, :, :2], 0)):
        x, y = joints[chest].astype(int)
        blue_green_red = shown[0][y, x].astype(int)
        assert blue_green_red[channel] > 1.5 * np.delete(blue_green_red, channel).max()
    pixels = read.xyz[..., :2] / read.xyz[..., 2:]
    x, wanted = pixels[..., 0].ravel(), read.exact[..., 0].ravel()
    assert np.corrcoef(x, wanted)[0, 1] > 0.9999


def test_a_blurred_take_keeps_its_rate_with_the_truth_amid_the_exposure(mesh, rng, drawing):
    sharp = take(mesh, rng)
    blurred = replace(sharp, setting=replace(sharp.setting, blurred=True))
    one, two = film(sharp, fps=FPS), film(blurred, fps=FPS)
    frames = len(two.ends)
    assert frames == len(two.exact) == len(one.ends) - 1  # the last exposure isn't whole
    assert two.fps == 30
    np.testing.assert_allclose(one.exact[:frames], two.exact, atol=0.5)


def test_a_broken_file_of_pictures_is_named(tmp_path):
    (tmp_path / "0003.npz").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"can't read the pictures .*0003\.npz.*delete it"):
        read_filmed(tmp_path / "0003.npz")


class Seeing:
    """Stages in one that see people, given as tracks with poses, frame by frame."""

    def __init__(self, frames):
        self.frames = frames

    def reset(self):
        self.index = -1

    def __call__(self, frame):
        self.index += 1
        people = {
            track: Person(
                pose=Pose(H36M17, xy, np.ones(17, np.float32)), xy=xy,
                visible=np.ones(17, bool),
            )
            for track, xy in self.frames[self.index].items()
        }  # fmt: skip
        return replace(frame, people=people)


def pictured(exact):
    import cv2

    file = cv2.imencode(".jpg", np.zeros((100, 100, 3), np.uint8))[1]
    frames = len(exact)
    return Filmed(
        jpeg=np.tile(file, frames), ends=np.arange(1, frames + 1) * len(file), exact=exact,
        xyz=np.tile(np.array([0, 0, 3], np.float32), (frames, 17, 1)),
        others=np.zeros((frames, 0, 17, 3), np.float32), size=np.array([100, 100]),
        fps=np.array(30.0), source=np.array("cmu/a"), setting=np.array("{}"),
    )  # fmt: skip


def test_a_track_is_followed_though_it_jumps_to_somebody_else_until_it_ends():
    here = np.random.default_rng(1).uniform(20, 80, (17, 2)).astype(np.float32)
    there = here + 500
    seen = watch(
        pictured(np.tile(here, (4, 1, 1))),
        [Seeing([{1: here, 2: there}, {1: there, 2: here}, {2: here}, {}])],
    )
    np.testing.assert_array_equal(seen.observed[0], here)
    np.testing.assert_array_equal(seen.observed[1], there)
    np.testing.assert_array_equal(seen.observed[2], here)
    assert np.isnan(seen.observed[3]).all()
    np.testing.assert_array_equal(seen.depth, 3)


def test_somebody_cut_off_is_found_by_the_joints_in_the_picture():
    exact = np.full((17, 2), 300, np.float32)
    exact[:6] = np.random.default_rng(2).uniform(20, 80, (6, 2))
    guessed = np.where(np.arange(17)[:, None] < 6, exact, exact - 250).astype(np.float32)
    seen = watch(pictured(exact[None]), [Seeing([{7: guessed}])])
    np.testing.assert_array_equal(seen.observed[0], guessed)
