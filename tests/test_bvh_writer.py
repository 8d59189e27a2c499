import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from gastlive.datasets.formats.bvh import Bvh, read_bvh
from gastlive.datasets.formats.bvh_writer import write_bvh
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import CMU31, COCO17, H36M17

AT = H36M17.index
SAME = [joint for joint in H36M17.joints if joint in CMU31.index]
LENGTHS = np.linspace(0.1, 0.5, 17)
SEEN = [CMU31.index[joint] for joint in SAME]


def body(directions):
    """Joints (T, 17, 3) of a body with bones of fixed length along directions (T, 17, 3)."""
    xyz = np.zeros_like(directions)
    for child, parent in sorted(H36M17.bones):
        along = directions[:, child] / np.linalg.norm(directions[:, child], axis=-1, keepdims=True)
        xyz[:, child] = xyz[:, parent] + LENGTHS[child] * along
    return xyz


def wild(frames, seed=0):
    """Bones that point anywhere."""
    return body(np.random.default_rng(seed).normal(size=(frames, 17, 3)))


def there_and_back(tmp_path, xyz, fps=30.0):
    """Camera axes, relative to the root, of the joints that both layouts have."""
    write_bvh(tmp_path / "x.bvh", xyz, fps=fps)
    world, rate = read_bvh(tmp_path / "x.bvh")
    assert rate == pytest.approx(fps, abs=0.01)
    camera = np.stack([world[..., 0], -world[..., 2], world[..., 1]], -1)
    camera -= camera[:, [CMU31.index["hip"]]]
    return camera[:, [CMU31.index[joint] for joint in SAME]]


def test_any_pose_comes_back_within_a_tenth_of_a_millimetre(tmp_path):
    xyz = wild(200)
    back = there_and_back(tmp_path, xyz)
    np.testing.assert_allclose(back, xyz[:, [AT[joint] for joint in SAME]], atol=1e-4)


def test_the_head_turns_where_the_lifter_has_the_nose(tmp_path):
    xyz = wild(5)
    write_bvh(tmp_path / "x.bvh", xyz, fps=30)
    bvh = Bvh.read(tmp_path / "x.bvh")
    at = (bvh.place(bvh.index["head"])[1] - bvh.place(bvh.index["hips"])[1]) / 100
    np.testing.assert_allclose(at, xyz[:, AT["nose"]] * [1, -1, -1], atol=1e-4)


@pytest.mark.parametrize("axis", np.concatenate([np.eye(3), -np.eye(3)]).tolist())
def test_bones_along_an_axis_come_back_too(tmp_path, axis):
    """Also those that point straight against their rest direction, where any turn would do."""
    xyz = body(np.tile(np.array(axis), (2, 17, 1)))
    xyz[1] = wild(1)[0]
    back = there_and_back(tmp_path, xyz)
    np.testing.assert_allclose(back, xyz[:, [AT[joint] for joint in SAME]], atol=1e-4)


def test_bones_get_their_mean_length_and_keep_their_direction(tmp_path):
    xyz = np.concatenate([wild(1), 1.2 * wild(1)])
    np.testing.assert_allclose(there_and_back(tmp_path, xyz), 1.1 * np.stack(
        [wild(1)[0, [AT[joint] for joint in SAME]]] * 2), atol=1e-4)  # fmt: skip


def standing():
    """One frame of a person who stands upright with hanging arms and looks at the camera."""
    down, right = np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 0.0])
    directions = np.tile(-down, (1, 17, 1))
    for joint, i in AT.items():
        side, _, part = joint.partition("_")
        if part in ("hip", "shoulder"):
            directions[0, i] = right if side == "left" else -right
        elif part:
            directions[0, i] = down
    xyz = body(directions)
    return (xyz + xyz[:, H36M17.mirror] * [-1, 1, 1]) / 2  # both legs of one length


def test_a_standing_person_faces_the_camera_with_feet_on_the_floor(tmp_path):
    write_bvh(tmp_path / "x.bvh", standing(), fps=30)
    world, _ = read_bvh(tmp_path / "x.bvh")
    ankles = [CMU31.index[f"{side}_ankle"] for side in ("left", "right")]
    assert world[0, ankles, 2].mean() == pytest.approx(0, abs=1e-5)
    assert world[0, CMU31.index["left_hip"], 0] > 0 > world[0, CMU31.index["right_hip"], 0]
    # At rest: no joint but the arms' is turned.
    turns = Bvh.read(tmp_path / "x.bvh").motion[0, 3:].reshape(-1, 3)
    assert (np.abs(turns) > 1e-3).any(1).sum() == 2


def test_angles_do_not_jump_by_whole_turns(tmp_path):
    """A pirouette: twice about the vertical."""
    angle = np.linspace(0, 4 * np.pi, 90)
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros(90)
    turn = np.stack([cos, zero, sin, zero, zero + 1, zero, -sin, zero, cos], -1).reshape(-1, 3, 3)
    write_bvh(tmp_path / "x.bvh", np.einsum("tij,kj->tki", turn, wild(1)[0]), fps=30)
    motion = Bvh.read(tmp_path / "x.bvh").motion
    assert np.abs(np.diff(motion, axis=0)).max() < 60


def turned_bvh(tmp_path, turn):
    """Written root angles (T, 3) in degrees of a standing person turned by `turn`, y up."""
    axes = np.array([1, -1, -1])
    xyz = np.stack([(one.apply(standing()[0] * axes)) * axes for one in turn])
    write_bvh(tmp_path / "x.bvh", xyz, fps=30)
    bvh = Bvh.read(tmp_path / "x.bvh")
    written = bvh.place(0)[0]
    np.testing.assert_allclose(written, turn.as_matrix(), atol=4e-6)  # of four decimals
    return bvh.motion[:, 3:]


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_full_turn_about_any_axis_has_no_jump_and_is_the_same_rotation(tmp_path, axis):
    """A somersault goes through gimbal lock twice, where the angles used to jump by 180 degrees."""
    degrees = np.linspace(-400, 400, 201)  # 4 degrees a frame; also exactly at +-90
    angles = turned_bvh(tmp_path, Rotation.from_euler(axis, degrees[:, None], degrees=True))
    assert np.abs(np.diff(angles, axis=0)).max() < 5


@pytest.mark.parametrize("side", [1, -1])
def test_angles_stay_steady_while_in_gimbal_lock(tmp_path, side):
    """Bent by a right angle and turned there: what z and y share goes on from frame to frame."""
    about = np.r_[np.zeros(31), np.linspace(0, 200, 51)]
    bent = np.r_[np.linspace(0, 90, 31), np.full(51, 90)] * side
    turn = Rotation.from_euler("ZXY", np.stack([about, bent, np.full(82, 50)], 1), degrees=True)
    angles = turned_bvh(tmp_path, turn)
    assert np.abs(np.diff(angles, axis=0)).max() < 5


def test_a_body_passing_close_by_gimbal_lock_takes_the_nearer_of_the_two_ways(tmp_path):
    degrees = np.linspace(0, 180, 60)  # nearest to lock at 88.5 and 91.5
    turn = Rotation.from_euler("YX", np.stack([np.full(60, 0.5), degrees], 1), degrees=True)
    angles = turned_bvh(tmp_path, Rotation.from_euler("z", 0.4, degrees=True) * turn)
    assert np.abs(np.diff(angles, axis=0)).max() < 45


def test_a_seated_person_whose_joints_tremble_has_steady_angles(tmp_path):
    """Thighs, knees and the head are bent by a right angle about x, where x, z, y has no lock."""
    down, ahead = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    bones = np.tile(standing(), (30, 1, 1))
    for child, parent in H36M17.bones:
        bones[:, child] = standing()[:, child] - standing()[:, parent]
    for side in ("left", "right"):
        bones[:, AT[f"{side}_knee"]], bones[:, AT[f"{side}_ankle"]] = ahead, down
    bones[:, AT["nose"]], bones[:, AT["head"]] = ahead - down, -ahead - down
    bones /= np.maximum(np.linalg.norm(bones, axis=-1, keepdims=True), 1e-9)
    xyz = body(bones + np.random.default_rng(0).normal(scale=0.01, size=bones.shape))
    write_bvh(tmp_path / "x.bvh", xyz, fps=30)
    angles = Bvh.read(tmp_path / "x.bvh").motion[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 10


def test_the_lowest_joint_stands_on_the_floor(tmp_path):
    """Standing or lying: the hip comes down with the body."""
    lying = standing()[:, :, [1, 0, 2]] * [-1, 1, 1]  # on its side: what was up is now sideways
    heights = {}
    for name, xyz in (("standing", standing()), ("lying", lying)):
        write_bvh(tmp_path / "x.bvh", np.repeat(xyz, 3, 0), fps=30)
        world, _ = read_bvh(tmp_path / "x.bvh")
        assert world[..., SEEN, 2].min(-1) == pytest.approx(np.zeros(3), abs=1e-5)
        heights[name] = world[0, CMU31.index["hip"], 2]
    legs = [AT[f"{side}_{part}"] for side in ("left", "right") for part in ("knee", "ankle")]
    assert heights["standing"] == pytest.approx(LENGTHS[legs].sum() / 2)
    assert heights["lying"] == pytest.approx(
        LENGTHS[[AT["left_shoulder"], AT["right_shoulder"]]].mean()
    )


def test_a_joint_that_is_wrong_in_one_frame_lifts_nobody(tmp_path):
    xyz = np.repeat(standing(), 30, 0)
    xyz[12, AT["left_ankle"], 1] += 0.5
    write_bvh(tmp_path / "x.bvh", xyz, fps=30)
    height = Bvh.read(tmp_path / "x.bvh").motion[:, 1]
    assert np.ptp(height) < 1e-6


def test_the_root_goes_where_the_ground_says(tmp_path):
    """To the right by 1 m and away by 2 m: x and -z, for z is towards the camera."""
    ground = np.linspace([0, 0], [1, 2], 5)
    write_bvh(tmp_path / "x.bvh", np.repeat(standing(), 5, 0), fps=30, ground=ground)
    place = Bvh.read(tmp_path / "x.bvh").motion[:, :3] / 100
    np.testing.assert_allclose(place[:, [0, 2]], ground * [1, -1], atol=1e-6)
    assert place[:, 1] == pytest.approx(np.full(5, place[0, 1]))


def test_other_layouts_are_written_as_far_as_they_go(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(3, 17, 3))
    write_bvh(tmp_path / "x.bvh", xyz, fps=25, layout=COCO17)
    assert len(Bvh.read(tmp_path / "x.bvh").motion) == 3


def test_what_can_not_be_written_is_refused(tmp_path):
    holed = wild(2)
    holed[1, 3] = np.nan
    for xyz in (np.zeros((0, 17, 3)), holed):
        with pytest.raises(InputError, match=r"x\.bvh: a BVH needs at least one frame"):
            write_bvh(tmp_path / "x.bvh", xyz, fps=30)
