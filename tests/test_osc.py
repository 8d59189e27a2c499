"""sink=[osc]: actions, joints and an avatar's bones, as a receiver gets them."""

import socket
import sys
from dataclasses import replace

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage
from scipy.spatial.transform import Rotation

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17, HUMANEVA15
from gastlive.realtime.packets import Action, Person, Pose
from gastlive.realtime.sinks.vmc import BONES, Avatar

from .sent import INFO, frame, said

T_POSE = {
    "hip": (0, 0, 0), "spine": (0, -0.25, 0), "thorax": (0, -0.5, 0), "nose": (0, -0.62, 0),
    "head": (0, -0.75, 0), "*_hip": (0.13, 0, 0), "*_knee": (0.13, 0.45, 0),
    "*_ankle": (0.13, 0.9, 0), "*_shoulder": (0.18, -0.5, 0), "*_elbow": (0.45, -0.5, 0),
    "*_wrist": (0.7, -0.5, 0),
}  # fmt: skip
"""Of a person who faces the camera: x right in the picture, so the left is at the right, y down."""


def t_pose():
    points = []
    for joint in H36M17.joints:
        side, _, rest = joint.partition("_")
        x, y, z = T_POSE[f"*_{rest}"] if rest else T_POSE[joint]
        points.append((-x if side == "right" else x, y, z))
    return np.array(points, np.float32)


def somebody(xyz=None, label="wave"):
    pose = Pose(COCO17, np.zeros((17, 2), "f4"), np.ones(17, "f4"))
    return Person(pose, xyz=t_pose() if xyz is None else xyz, action=Action(label, 0.75, 1.5))


class Receiver:
    """A socket that OSC messages arrive at."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]

    def messages(self):
        got = []
        while True:
            try:
                message = OscMessage(self.socket.recv(65536))
            except BlockingIOError:
                return got
            got.append((message.address, list(message.params)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_a_receiver_gets_actions_joints_and_events_of_each_person():
    with Receiver() as there:
        sink = option("sink/osc", port=there.port)
        sink.begin(INFO)
        zoned = replace(said(2)[0], zone="door")
        sink(frame(people={2: somebody(), 5: somebody()}, events=[zoned]))
        got = there.messages()
        sink.close()
    assert got[0] == ("/gastlive/joints", list(H36M17.joints))
    assert got[1] == ("/gastlive/people", [2])
    known = dict(got)
    assert known["/gastlive/5/action"] == ["wave", 0.75, 1.5]
    np.testing.assert_allclose(
        np.reshape(known["/gastlive/2/joints"], (17, 3)), t_pose(), atol=1e-6
    )
    assert known["/gastlive/event"] == [2, "wave", 1.0, *map(pytest.approx, (2.4, 0.91)), "door"]
    assert not any(address.startswith("/VMC") for address in known)
    assert sink.summary() == {"messages": len(got) + 3, "failed": 0}


def test_who_leaves_is_said_once_and_the_names_of_joints_once_a_second():
    with Receiver() as there:
        sink = option("sink/osc", port=there.port)
        sink.begin(INFO)
        for i in range(31):
            sink(frame(i, people={1: somebody()} if i < 2 else {3: somebody()}))
        sink.close(said(3))
        got = there.messages()
    gone = [address for address, _ in got if address.endswith("/gone")]
    assert gone == ["/gastlive/1/gone", "/gastlive/3/gone"]
    assert [address for address, _ in got].count("/gastlive/joints") == 2
    assert got[-1] == ("/gastlive/people", [0])


def test_nobody_there_to_receive_is_no_error():
    with Receiver() as gone:
        pass
    sink = option("sink/osc", port=gone.port, vmc_port=gone.port)
    sink.begin(INFO)
    for i in range(3):
        sink(frame(i, people={1: somebody()}))
    sink.close()


def test_the_first_person_moves_an_avatar():
    with Receiver() as there:
        sink = option("sink/osc", port=9, vmc_port=there.port)
        sink.begin(INFO)
        sink(frame(30, people={4: somebody(t_pose() * 2), 2: somebody()}))
        sink.close()
        got = there.messages()
    assert got[:2] == [("/VMC/Ext/OK", [1]), ("/VMC/Ext/T", [1.0])]
    assert got[2] == ("/VMC/Ext/Root/Pos", ["root", 0, 0, 0, 0, 0, 0, 1])
    bones = {numbers[0]: numbers[1:] for address, numbers in got if "Bone" in address}
    assert bones.keys() == BONES.keys()
    assert bones["Hips"][:3] == pytest.approx([0, 0.9, 0])


def test_a_person_in_a_t_pose_before_the_camera_is_an_avatar_at_rest():
    for numbers in Avatar(H36M17)(t_pose()).values():
        assert np.abs(numbers[3:]) == pytest.approx([0, 0, 0, 1], abs=1e-6)


def rebuilt(bones):
    """Places and rotations in the world, put together bone by bone as Unity does it."""
    world = {}
    for name, numbers in bones.items():
        place, turn = np.array(numbers[:3]), Rotation.from_quat(numbers[3:])
        if (parent := BONES[name].parent) is not None:
            at, before = world[parent]
            place, turn = at + before.apply(place), before * turn
        world[name] = place, turn
    return world


@pytest.mark.parametrize("seed", range(5))
def test_the_bones_of_any_posture_put_together_again_are_its_joints(seed):
    random = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed)
    xyz = turn.apply(t_pose() + random.normal(0, 0.15, (17, 3))).astype(np.float32)
    world = rebuilt(Avatar(H36M17)(xyz))
    unity = -xyz - [0, (-xyz[:, 1]).min(), 0]
    for name, bone in BONES.items():
        place, rotation = world[name]
        start, end = unity[H36M17.index[bone.joint]], unity[H36M17.index[bone.to]]
        np.testing.assert_allclose(place, start, atol=1e-5)
        along = rotation.apply(bone.rest) * np.linalg.norm(end - start)
        np.testing.assert_allclose(place + along, end, atol=1e-5)


def test_an_arm_raised_forward_points_along_z_as_the_person_faces():
    xyz = t_pose()
    for joint, forward in (("left_elbow", 0.27), ("left_wrist", 0.52)):
        xyz[H36M17.index[joint]] = (0.18, -0.5, -forward)  # towards the camera
    _, rotation = rebuilt(Avatar(H36M17)(xyz))["LeftUpperArm"]
    np.testing.assert_allclose(rotation.apply([-1, 0, 0]), [0, 0, 1], atol=1e-6)


def test_an_arm_folded_straight_back_has_a_rotation_all_the_same():
    xyz = t_pose()
    xyz[H36M17.index["left_wrist"]] = xyz[H36M17.index["left_shoulder"]]
    numbers = Avatar(H36M17)(xyz)["LeftLowerArm"]
    assert np.linalg.norm(numbers[3:]) == pytest.approx(1)


def test_a_skeleton_without_a_spine_is_no_avatar():
    with pytest.raises(InputError, match=r"joints spine.*humaneva15.*vmc_port=null"):
        Avatar(HUMANEVA15)


def test_without_the_package_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pythonosc.osc_message_builder", None)
    with pytest.raises(InputError, match=r"pip install 'gastlive\[osc\]'"):
        option("sink/osc")


@pytest.mark.parametrize(
    ("given", "said"), [({"port": 0}, "no port"), ({"host": "nobody.invalid"}, "can't be found")]
)
def test_where_nothing_can_be_sent_is_refused_in_one_line(given, said):
    with pytest.raises(InputError, match=said):
        option("sink/osc", **given)
