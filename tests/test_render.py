from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gastlive.datasets.clip import MotionClip, Segment
from gastlive.experiments.rendering.body import Body, anny_body, cached_body
from gastlive.experiments.rendering.camera import Camera
from gastlive.experiments.rendering.film import Film
from gastlive.experiments.rendering.mesh import Mesh, read_mesh
from gastlive.experiments.rendering.outfit import Outfit
from gastlive.experiments.rendering.rig import PUPPET, RIG_POINTS, Rig, leg_lengths, retarget
from gastlive.experiments.rendering.scene import Scene, Shot, one_clip
from gastlive.experiments.rendering.truth import Truth
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, Skeleton, joint_map, named

FPS = 30.0
DEMO = Path(__file__).parent.parent / "realtime" / "demo"
GREY = Outfit(*[[0.5, 0.5, 0.5]] * 5)


def stick_rig():
    """The bones that `RIG_POINTS` names, of a person 1.8 m tall who looks along -y."""
    side = {
        "UpLeg": ("Hips", (0.1, 0, 0.95), (0.1, 0, 0.5)),
        "Leg": ("UpLeg", (0.1, 0, 0.5), (0.1, 0.02, 0.08)),
        "Foot": ("Leg", (0.1, 0.02, 0.08), (0.1, -0.14, 0.02)),
        "ToeBase": ("Foot", (0.1, -0.14, 0.02), (0.1, -0.18, 0.02)),
        "Arm": ("Spine1", (0.2, 0, 1.42), (0.4, 0, 1.2)),
        "ForeArm": ("Arm", (0.4, 0, 1.2), (0.5, -0.15, 1.05)),
        "Hand": ("ForeArm", (0.5, -0.15, 1.05), (0.55, -0.2, 1.0)),
    }
    bones = {
        "Hips": ("", (0, 0, 0.95), (0, 0, 1.05)),
        "LowerBack": ("Hips", (0, 0, 1.05), (0, 0, 1.15)),
        "Spine": ("LowerBack", (0, 0, 1.15), (0, 0, 1.3)),
        "Spine1": ("Spine", (0, 0, 1.3), (0, 0, 1.5)),
        "Neck": ("Spine1", (0, 0, 1.5), (0, -0.01, 1.55)),
        "Neck1": ("Neck", (0, -0.01, 1.55), (0, -0.02, 1.6)),
        "Head": ("Neck1", (0, -0.02, 1.6), (0, -0.02, 1.8)),
    }
    for name, sign in (("Left", 1), ("Right", -1)):
        for bone, (parent, *ends) in side.items():
            known = parent if parent in bones else f"{name}{parent}"
            bones[f"{name}{bone}"] = (known, *[(sign * x, y, z) for x, y, z in ends])
    for shoulder in ("LeftShoulder", "RightShoulder"):
        bones[shoulder] = ("Spine1", bones[shoulder.replace("Shoulder", "Arm")][1], (0, 0, 1.4))
    bones |= {joint: ("Hips", (0, 0, 0.95), (0, 0, 0.95)) for joint in ("LHipJoint", "RHipJoint")}
    names = tuple(bones)
    parents = np.array([names.index(b[0]) if b[0] else -1 for b in bones.values()])
    heads, tails = (np.array([b[i] for b in bones.values()], float) for i in (1, 2))
    return Rig(names, parents, heads, tails)


def stick_body():
    """A vertex a bone end: enough of a mesh for whatever doesn't draw."""
    rig = stick_rig()
    count = len(rig.bones)
    vertices = np.concatenate([rig.heads, rig.tails])
    bones = np.tile(np.arange(count), 2)[:, None]
    keypoints = np.zeros((len(COCO17), len(vertices)))
    for i, joint in enumerate(COCO17.joints):
        bone = RIG_POINTS.get(joint, ("Head", 0))[0]
        keypoints[i, rig.index[bone]] = 1
    faces = np.array([[0, 1, 2]])
    return Body(Mesh(rig, vertices, faces, bones, np.ones((2 * count, 1)), keypoints), GREY)


def rest_pose(rig):
    """(J, 3) of the puppet, arms and legs a little bent, as at rest."""
    return np.stack([rig.rest[joint] for joint in PUPPET.joints])


def rotations(axis, angles):
    return Rotation.from_rotvec(np.outer(angles, axis)).as_matrix()


def turned_about(points, joints, pivot, axis, angles):
    """(T, J, 3): some joints of a pose turned about another joint, one angle a frame."""
    out = np.repeat(points[None], len(angles), 0)
    chosen = [PUPPET.index[joint] for joint in joints]
    centre = points[PUPPET.index[pivot]]
    out[:, chosen] = (points[chosen] - centre) @ rotations(axis, angles).swapaxes(1, 2) + centre
    return out


ACTS = {
    "raising an arm sideways": (("left_elbow", "left_wrist"), "left_shoulder", (0, -1, 0), 2.2),
    "raising an arm ahead": (("right_elbow", "right_wrist"), "right_shoulder", (-1, 0, 0), 2.5),
    "kicking": (("left_knee", "left_ankle", "left_toe"), "left_hip", (-1, 0, 0), 1.4),
    "bending a knee": (("right_ankle", "right_toe"), "right_knee", (1, 0, 0), 1.8),
}


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_a_rig_takes_the_pose_of_a_person_of_its_own_proportions(act):
    rig = stick_rig()
    joints, pivot, axis, most = ACTS[act]
    points = turned_about(rest_pose(rig), joints, pivot, axis, np.linspace(0, most, 40))
    made = rig.joints_of(retarget(rig, points, fps=FPS))
    for joint, i in PUPPET.index.items():
        assert np.abs(made[joint] - points[:, i]).max() < 0.005, joint


MOVED_BONES = {
    "raising an arm sideways": ("LeftArm", "LeftForeArm"),
    "raising an arm ahead": ("RightArm", "RightForeArm"),
    "kicking": ("LeftFoot",),
    "bending a knee": ("RightLeg", "RightFoot"),
}


@pytest.mark.parametrize("act", ACTS, ids=str)
def test_limbs_are_not_twisted_about_themselves(act):
    rig = stick_rig()
    joints, pivot, axis, most = ACTS[act]
    angles = np.linspace(0, most, 60)
    made = retarget(rig, turned_about(rest_pose(rig), joints, pivot, axis, angles), fps=FPS)
    for i, bone in enumerate(rig.bones):
        if bone in MOVED_BONES[act]:
            assert np.abs(made.turns[:, i] - rotations(axis, angles)).max() < 0.06, bone
        elif bone.startswith(("Right", "Left")) and bone[:4] != MOVED_BONES[act][0][:4]:
            assert np.abs(made.turns[:, i] - np.eye(3)).max() < 0.06, bone


def test_turns_are_rotations_and_change_little_from_frame_to_frame():
    rig = stick_rig()
    angles = np.linspace(0, 2.5, 75)
    points = turned_about(rest_pose(rig), *ACTS["raising an arm ahead"][:3], angles)
    turns = retarget(rig, points, fps=FPS).turns
    assert np.allclose(turns @ turns.swapaxes(-1, -2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(turns), 1)
    assert np.abs(np.diff(turns, axis=0)).max() < 0.2


def test_a_shaking_straight_knee_does_not_flip_the_leg():
    rig = stick_rig()
    points = np.repeat(rest_pose(rig)[None], 60, 0)
    rng = np.random.default_rng(0)
    points[:, PUPPET.index["left_knee"]] += rng.normal(0, 0.005, (60, 3))
    turns = retarget(rig, points, fps=FPS).turns[:, rig.index["LeftUpLeg"]]
    assert np.abs(turns - turns[:1]).max() < 0.3


def test_only_directions_are_taken_from_a_smaller_person():
    rig = stick_rig()
    points = turned_about(rest_pose(rig), *ACTS["kicking"][:3], np.linspace(0, 1, 5))
    assert np.allclose(
        retarget(rig, points, fps=FPS).turns, retarget(rig, points * 0.5, fps=FPS).turns
    )


def test_a_layout_without_feet_leaves_the_feet_on_the_floor():
    rig = stick_rig()
    coco = named("humaneva15")
    points = joint_map(coco, PUPPET)(joint_map(PUPPET, coco)(rest_pose(rig)))
    made = rig.joints_of(retarget(rig, points[None], fps=FPS))
    assert abs(made["left_toe"][0, 2] - rig.rest["left_toe"][2]) < 0.01


def test_a_rig_without_the_bones_is_refused():
    with pytest.raises(InputError, match=r"rig lacks .*LeftArm.*; export it with the CMU rig"):
        Rig(("Hips",), np.array([-1]), np.zeros((1, 3)), np.zeros((1, 3)))


def camera(**given):
    settings = dict(
        azimuth_deg=0,
        elevation_deg=0,
        distance_m=4,
        target_m=(0, 0, 1),
        field_of_view_deg=40,
        width=64,
        height=48,
    )
    return Camera(**settings | given)


def test_the_target_is_in_the_middle_of_the_picture_at_its_distance():
    seen = camera(azimuth_deg=33, elevation_deg=12, target_m=(0.3, -0.2, 1.1))
    point = seen.to_camera(np.array([0.3, -0.2, 1.1]))
    assert np.allclose(point, [0, 0, 4])
    assert np.allclose(seen.to_pixels(point), [32, 24])


def test_right_is_right_up_is_up_and_the_field_of_view_is_the_pictures_height():
    seen = camera()
    right = seen.to_pixels(seen.to_camera(np.array([1.0, 0, 1])))
    assert right[0] > 32
    assert right[1] == pytest.approx(24)
    edge = np.array([0, 0, 1 + 4 * np.tan(np.radians(20))])
    assert np.allclose(seen.to_pixels(seen.to_camera(edge)), [32, 0])
    from_the_right = camera(azimuth_deg=90)
    assert from_the_right.position_m[0] == pytest.approx(4)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"width": 63}, "63x48 pixels; give even numbers"),
        ({"field_of_view_deg": 0}, "field_of_view_deg=0.*wanted 0 to 170"),
        ({"elevation_deg": 90}, "elevation_deg=90"),
    ],
)
def test_a_camera_that_sees_nothing_is_refused(given, line):
    with pytest.raises(InputError, match=line):
        camera(**given)


HEADING = rotations((0, 0, 1), [0.9])[0]


class Motions:
    """A motion set of one person who stands, or walks 2 m ahead."""

    labels = ()
    problems = ()

    def __init__(self, layout=PUPPET, frames=45, floor_m=0.0):
        self.layout, self.frames, self.floor_m = layout, frames, floor_m

    def __iter__(self):
        pose = rest_pose(stick_rig()) @ HEADING.T + [0, 0, self.floor_m]
        standing = np.repeat(pose[None], self.frames, 0)
        way = np.linspace(0, 2, self.frames)[:, None, None] * (HEADING @ [0, -1, 0])
        segments = (Segment(10, 20, "wave"),)
        for name, points in (("stand", standing), ("walk", standing + way)):
            points = joint_map(PUPPET, self.layout)(points.astype(np.float32))
            yield MotionClip(name, "made", "a", self.layout, points, FPS, segments)


def perform(*shots, idle=None, **given):
    scene = Scene(
        sets={"made": Motions(**given)}, shots=shots, idle=idle, centred=False, blend_s=0.4
    )
    return scene.perform(stick_body(), fps=FPS)


def test_frames_have_the_labels_of_their_shots_and_transitions_are_idle():
    made = perform(Shot("made", "stand", label="squat"), Shot("made", "walk", label="walk"))
    assert made.labels == ("squat",) * 45 + ("idle",) * 12 + ("walk",) * 45
    assert made.sources == ("made/stand",) * 45 + ("",) * 12 + ("made/walk",) * 45
    assert len(made.posing.hips) == len(made.labels)


def test_without_a_label_the_clips_own_are_kept():
    labels = perform(Shot("made", "stand", start_s=0.1)).labels
    assert labels == ("idle",) * 7 + ("wave",) * 10 + ("idle",) * 25


def test_idle_comes_between_different_actions_and_at_both_ends():
    idle = Shot("made", "stand", label="idle", stop_s=0.2)
    shots = [Shot("made", "walk", label=label) for label in ("walk", "walk", "jog")]
    labels = perform(*shots, idle=idle).labels
    changes = [label for i, label in enumerate(labels) if i == 0 or label != labels[i - 1]]
    assert changes == ["idle", "walk", "idle", "jog", "idle"]


def test_one_shot_goes_on_where_the_other_ended():
    made = perform(
        Shot("made", "walk", label="walk", facing_deg=90),
        Shot("made", "walk", label="walk", facing_deg=-90),
    )
    assert np.allclose(made.posing.hips[44, :2], [2, 0], atol=1e-6)
    assert np.allclose(made.posing.hips[-1, :2], [0, 0], atol=1e-6)
    assert np.abs(np.diff(made.posing.hips, axis=0)).max() < 0.06


def test_a_shot_starts_where_it_is_told_and_travels_as_far_as_it_is_told():
    made = perform(Shot("made", "walk", facing_deg=90, at_m=(-1, 0.5), travel=0.0))
    assert np.allclose(made.posing.hips[0, :2], [-1, 0.5])
    assert np.ptp(made.posing.hips[:, 0]) < 0.3


@pytest.mark.parametrize("floor_m", [-0.8, 0.0, 0.3])
def test_feet_stand_on_the_floor_wherever_the_source_has_it(floor_m):
    made = perform(Shot("made", "walk", label="walk"), floor_m=floor_m)
    lowest = stick_body().lowest(made.posing)
    assert np.abs(lowest).max() < 1e-6


def test_sources_with_different_floors_are_joined_without_a_leap():
    sets = {"low": Motions(floor_m=-0.8), "high": Motions(floor_m=0.3)}
    scene = Scene(
        sets=sets, shots=[Shot("low", "stand"), Shot("high", "stand")], blend_s=0.4, centred=True
    )
    body = stick_body()
    made = scene.perform(body, fps=FPS)
    assert np.ptp(made.posing.hips[:, 2]) < 1e-6


def test_a_jump_stays_a_jump():
    body = stick_body()

    class Jumps(Motions):
        def __iter__(self):
            for clip in super().__iter__():
                clip.xyz[20:30, :, 2] += 0.3
                yield clip

    scene = Scene(sets={"made": Jumps()}, shots=[Shot("made", "stand")], blend_s=0.4, centred=True)
    lowest = body.lowest(scene.perform(body, fps=FPS).posing)
    assert lowest[25] == pytest.approx(0.3, abs=0.01)
    assert abs(lowest[:10]).max() < 0.01


@pytest.mark.parametrize("layout", ["cmu31", "kinect20", "ntu25", "h36m17", "coco17"])
def test_any_layout_moves_the_body(layout):
    class Waves(Motions):
        def __iter__(self):
            pose = rest_pose(stick_rig())
            act = ACTS["raising an arm sideways"]
            points = turned_about(pose, *act[:3], np.linspace(0, 2.2, 45)).astype(np.float32)
            every = joint_map(PUPPET, _whole())(points)
            yield MotionClip("w", "made", "a", self.layout, _pick(every, self.layout), FPS)

    scene = Scene(
        sets={"made": Waves(named(layout))}, shots=[Shot("made", "w")], blend_s=0.4, centred=True
    )
    body = stick_body()
    joints = body.rig.joints_of(scene.perform(body, fps=FPS).posing)
    above = joints["left_wrist"][-1, 2] - joints["left_shoulder"][-1, 2]
    assert above > 0.2
    assert joints["right_wrist"][-1, 2] < joints["right_shoulder"][-1, 2] - 0.2


def _whole():
    """Every joint of the tested layouts in one."""
    names = {j: "hip" for name in ("cmu31", "ntu25", "coco17") for j in named(name).joints}
    return Skeleton("whole", {j: None if j == "hip" else "hip" for j in ["hip", *names]})


def _pick(points, layout):
    return points[:, [_whole().index[joint] for joint in layout.joints]]


def test_mirrored_swaps_left_and_right():
    body = stick_body()

    class Waves(Motions):
        def __iter__(self):
            act = ACTS["raising an arm sideways"]
            points = turned_about(rest_pose(body.rig), *act[:3], np.full(20, 2.0))
            yield MotionClip("w", "made", "a", PUPPET, points.astype(np.float32), FPS)

    scene = Scene(
        sets={"made": Waves()}, shots=[Shot("made", "w", mirrored=True)], blend_s=0.4, centred=True
    )
    joints = body.rig.joints_of(scene.perform(body, fps=FPS).posing)
    assert joints["right_wrist"][-1, 2] > joints["left_wrist"][-1, 2] + 0.3


def test_a_missing_joint_is_filled_over_time_and_one_never_seen_is_named():
    class Holes(Motions):
        def __iter__(self):
            for clip in super().__iter__():
                clip.xyz[self.hole, PUPPET.index["left_wrist"]] = np.nan
                yield clip

    motions = Holes()
    motions.hole = slice(5, 9)
    scene = Scene(sets={"made": motions}, shots=[Shot("made", "walk")], blend_s=0.4, centred=True)
    assert np.isfinite(scene.perform(stick_body(), fps=FPS).posing.turns).all()
    motions.hole = slice(None)
    with pytest.raises(InputError, match="walk never shows left_wrist; choose another clip"):
        scene.perform(stick_body(), fps=FPS)


@pytest.mark.parametrize(
    ("shots", "line"),
    [
        ([], "no shots; name one"),
        ([Shot("other", "walk")], "takes from 'other'; the scene's sets are made"),
        ([Shot("made", "wolk")], "made has no clip 'wolk' .has walk.*choose one of its clips"),
        ([Shot("made", "walk", start_s=9)], "walk lasts 1.50 s, .* start_s=9"),
    ],
)
def test_a_scene_that_cannot_be_played_says_why(shots, line):
    with pytest.raises(InputError, match=line):
        perform(*shots)


def test_one_clip_is_centred_before_the_camera():
    scene = one_clip(
        motions=Motions(),
        clip="walk",
        label=None,
        start_s=0.0,
        stop_s=None,
        facing_deg=90.0,
        travel=1.0,
        mirrored=False,
        smoothing_s=0.0,
    )
    hips = scene.perform(stick_body(), fps=FPS).posing.hips
    assert np.allclose([hips[:, 0].min(), hips[:, 0].max()], [-1, 1], atol=1e-6)


def truth_of(*shots):
    body, seen = stick_body(), camera(azimuth_deg=25, elevation_deg=8)
    made = perform(*shots)
    return Truth.of(made, body, seen), made, body, seen


def test_truth_in_the_picture_is_truth_in_space_through_the_camera():
    truth, made, body, _ = truth_of(Shot("made", "walk", label="walk"))
    for layout in ("coco17", "h36m17"):
        pixels = vars(truth)[f"{layout}_m"] @ truth.intrinsics.T
        assert np.allclose(
            pixels[..., :2] / pixels[..., 2:], vars(truth)[f"{layout}_px"], atol=1e-3
        )
    world = body.rig.joints_of(made.posing)["left_wrist"]
    seen = world @ truth.rotation.T + truth.translation
    assert np.allclose(seen, truth.h36m17_m[:, H36M17.index["left_wrist"]], atol=1e-5)
    relative = truth.h36m17_m - truth.h36m17_m[:, [H36M17.root]]
    assert np.allclose(truth.h36m17_relative_m, relative, atol=1e-6)


def test_truth_is_the_same_each_time_and_survives_the_file(tmp_path):
    shots = [Shot("made", "walk", label="walk")]
    truth, again = truth_of(*shots)[0], truth_of(*shots)[0]
    truth.save(tmp_path / "t.npz", frames=7)
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        for name, value in vars(again).items():
            kept = (
                value
                if name in ("fps", "size_px", "intrinsics", "rotation", "translation")
                else value[:7]
            )
            assert np.array_equal(file[name], kept), name


def test_keypoints_move_with_the_skin_they_are_means_of():
    body = stick_body()
    made = perform(Shot("made", "walk", facing_deg=40))
    coco = body.coco17(made.posing)[20]
    vertices, _ = body.posed(made.posing.frame(20))
    assert np.allclose(coco, body.mesh.keypoints @ vertices, atol=0.02)  # clothes stand off


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"gender": 2}, "body.gender is 2, wanted 0 to 1"),
        ({"height_m": 178}, "body.height_m is 178, wanted 0.5 to 2.5 metres"),
    ],
)
def test_an_impossible_body_is_refused(given, line):
    with pytest.raises(InputError, match=line):
        anny_body(**SHAPE | given)


SHAPE = dict(
    gender=0.0, age=0.65, muscle=0.6, weight=0.5, proportions=0.6, height_m=1.78, outfit=GREY
)


def test_a_colour_of_two_numbers_is_refused():
    with pytest.raises(InputError, match=r"outfit.shirt is \[0, 1\], wanted three numbers"):
        Outfit([0.5] * 3, [0, 1], [0] * 3, [0] * 3, [0] * 3)


def test_without_anny_the_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("GASTLIVE_CACHE", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "anny", None)
    with pytest.raises(InputError, match=r"needs anny, .* pip install -e '\.\[render\]'"):
        anny_body(**SHAPE)


def test_without_moderngl_the_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "moderngl", None)
    with pytest.raises(InputError, match=r"moderngl, .* pip install -e '\.\[render\]'"):
        film(tmp_path, stick_body()).shoot()


def test_without_opengl_the_line_names_the_packages(monkeypatch, tmp_path):
    moderngl = pytest.importorskip("moderngl", reason="gastlive[render] is not installed")

    def fail(**_):
        raise Exception("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(InputError, match=r"libEGL.so not loaded.*apt install libegl1 libgl1-mesa"):
        film(tmp_path, stick_body()).shoot()


def test_a_broken_cached_body_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("GASTLIVE_CACHE", str(tmp_path))
    path = cached_body({"gender": 0.0})
    assert path.parent == tmp_path / "bodies"
    path.parent.mkdir()
    path.write_bytes(b"PK no zip")
    with pytest.raises(InputError, match=r"can't read the body .*; delete it and run again"):
        read_mesh(path, height_m=1.8)


def film(folder, body, **given):
    scene = Scene(
        sets={"made": Motions(frames=5)},
        shots=[Shot("made", "walk", label="walk")],
        blend_s=0.4,
        centred=True,
    )
    settings = dict(fps=30, quality=20, room_m=(3, 5), path=str(folder / "a" / "film.mp4"))
    return Film(scene=scene, body=body, camera=camera(width=160, height=120), **settings | given)


@pytest.mark.parametrize(
    ("given", "line"),
    [({"path": "film.avi"}, "film.avi is no mp4"), ({"quality": 52}, "quality=52; wanted")],
)
def test_a_film_that_cannot_be_made_is_refused(given, line, tmp_path):
    with pytest.raises(InputError, match=line):
        film(tmp_path, stick_body(), **given)


@pytest.fixture(scope="module")
def real_body():
    """From the cache; making it takes minutes the first time ever."""
    pytest.importorskip("moderngl", reason="gastlive[render] is not installed")
    shape = {k: SHAPE[k] for k in ("gender", "age", "muscle", "weight", "proportions")}
    if not cached_body(shape).exists():
        pytest.skip("no body in the cache; run gastlive-render once")
    try:
        __import__("moderngl").create_context(standalone=True, backend="egl").release()
    except Exception as error:
        pytest.skip(f"no OpenGL without a display here: {error}")
    red = Outfit([0.8, 0.6, 0.5], [0.9, 0.0, 0.0], [0.0, 0.0, 0.9], [0.1] * 3, [0.1] * 3)
    return anny_body(**SHAPE | {"outfit": red})


def test_a_film_has_as_many_frames_as_its_truth_and_shows_the_person_there(
    real_body, tmp_path, capsys
):
    import av

    made = film(tmp_path, real_body)
    assert made.shoot() == 5
    with av.open(str(made.path)) as file:
        stream = file.streams.video[0]
        pictures = [frame.to_ndarray(format="rgb24") for frame in file.decode(stream)]
        assert stream.average_rate == 30
    truth = np.load(made.truth_path)
    assert len(pictures) == len(truth["labels"]) == 5
    assert pictures[0].shape == (120, 160, 3)
    for picture, joints in zip(pictures, truth["coco17_px"], strict=True):
        hips, shoulders = (
            joints[[COCO17.index[f"{side}_{j}"] for side in ("left", "right")]].mean(0)
            for j in ("hip", "shoulder")
        )
        x, y = ((hips + shoulders) / 2).astype(int)
        red, green, blue = picture[y, x].astype(int)
        assert red > 2 * green  # the shirt
        assert red > 2 * blue
    said = capsys.readouterr().out
    assert str(made.path.resolve()) in said
    assert str(made.truth_path.resolve()) in said


def test_stopped_half_way_the_film_and_its_truth_are_as_long_as_what_was_drawn(
    real_body, tmp_path, monkeypatch
):
    import av

    made = film(tmp_path, real_body)
    posed, calls = real_body.posed, []

    def stop(posing):
        calls.append(posing)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return posed(posing)

    monkeypatch.setattr(real_body, "posed", stop)
    with pytest.raises(KeyboardInterrupt):
        made.shoot()
    with av.open(str(made.path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == 3
    assert len(np.load(made.truth_path)["coco17_px"]) == 3


def test_real_legs_are_as_long_as_the_rig_says(real_body):
    joints = {joint: point[None] for joint, point in real_body.rig.rest.items()}
    assert leg_lengths(joints)[0] == pytest.approx(real_body.rig.leg_m)
    assert np.ptp(real_body.mesh.vertices[:, 2]) == pytest.approx(1.78)


@pytest.fixture(scope="module")
def demo():
    """Frames' size, rate and count, and the truth beside them."""
    import av

    with av.open(str(DEMO / "demo.mp4")) as file:
        stream = file.streams.video[0]
        codec, count = stream.codec_context, sum(1 for _ in file.demux(stream) if _.size)
        shape = (codec.width, codec.height, codec.name, codec.pix_fmt, stream.average_rate)
    return shape, count, np.load(DEMO / "demo_truth.npz", allow_pickle=False)


def test_the_demo_is_640x480_at_30_fps_h264_25_to_40_s_and_small(demo):
    shape, count, _ = demo
    assert shape == (640, 480, "h264", "yuv420p", 30)
    assert 25 <= count / 30 <= 40
    assert (DEMO / "demo.mp4").stat().st_size <= 6e6


def test_the_demo_has_truth_for_each_frame_with_the_person_inside_the_picture(demo):
    _, count, truth = demo
    assert list(truth["size_px"]) == [640, 480]
    for name in ("coco17_px", "h36m17_px", "h36m17_m", "labels"):
        assert len(truth[name]) == count
    for name in ("coco17_px", "h36m17_px"):
        assert truth[name].min() > 0
        assert (truth[name] < [640, 480]).all()


def test_the_demo_shows_eight_actions_with_idle_between_and_at_both_ends(demo):
    labels = [str(label) for label in demo[2]["labels"]]
    order = [label for i, label in enumerate(labels) if i == 0 or label != labels[i - 1]]
    assert order[::2] == ["idle"] * len(order[::2])
    assert len(set(order) - {"idle"}) >= 8


def test_the_demo_uses_nobody_that_a_weight_was_trained_on(demo):
    for source in set(demo[2]["sources"]) - {""}:
        dataset, clip = source.split("/")
        free = {
            "hdm05": ("HDM_mm_", "HDM_tr_"),
            "cmu": ("007_", "07_", "86_"),
            "precog16": tuple(f"Seq{s}_{p}" for s in range(1, 7) for p in (9, 10, 11, 12)),
        }
        assert clip.startswith(free[dataset])
