"""Detectors, on networks of a few lines that find the brightest spot, and on real people."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import BLAZEPOSE33, COCO17, WHOLEBODY133, joint_map
from gastlive.realtime.detectors import blazepose as blazepose_module
from gastlive.realtime.detectors.blazepose import Region, anchors, refined
from gastlive.realtime.detectors.network import Network, pictures_at_once
from gastlive.realtime.detectors.none import NoDetector
from gastlive.realtime.detectors.picture import Letterbox, cut_out
from gastlive.realtime.detectors.rtmpose import FAMILIES, IMAGENET, decoded
from gastlive.realtime.opencv import open_capture
from gastlive.realtime.packets import Frame, Pose
from gastlive.realtime.sources.demo import PATH

VIDEOS = Path(__file__).parents[2] / "shared" / "videos"
real = pytest.mark.skipif(not VIDEOS.is_dir(), reason=f"needs the footage in {VIDEOS}")

WIDTH, HEIGHT = 192, 256
"""Input of the made-up RTMPose networks."""


def framed(image, **more):
    height, width = (0, 0) if image is None else image.shape[:2]
    return Frame(image, 0, 0.0, 0.0, width, height, **more)


def spot(width, height, *places, radius=6, colour=(255, 255, 255)):
    """A black picture with a bright disc at each place."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y in places:
        cv2.circle(image, (x, y), radius, colour, -1)
    return image


def constant(name, values, dtype=TensorProto.FLOAT):
    values = np.asarray(values)
    tensor = helper.make_tensor(f"{name}_value", dtype, values.shape, values.ravel().tolist())
    return helper.make_node("Constant", [], [name], value=tensor)


def saved(path, nodes, inputs, outputs):
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value(*one) for one in inputs], [value(*one) for one in outputs]
    )
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return str(path)


def spot_pose(path, *, joints=17, channel=0, names=("simcc_x", "simcc_y")):
    """SimCC of the form MMDeploy exports; all joints lie on the brightest spot of one channel."""
    nodes = [
        constant("from", [channel], TensorProto.INT64),
        constant("to", [channel + 1], TensorProto.INT64),
        constant("axis", [1], TensorProto.INT64),
        helper.make_node("Slice", ["input", "from", "to", "axis"], ["plane"]),
    ]
    for name, axis, size in ((names[0], 2, WIDTH), (names[1], 3, HEIGHT)):
        nodes += [
            helper.make_node("ReduceMax", ["plane"], [f"{name}_max"], axes=[1, axis], keepdims=0),
            constant(f"{name}_column", [1, size, 1], TensorProto.INT64),
            helper.make_node("Reshape", [f"{name}_max", f"{name}_column"], [f"{name}_tall"]),
            constant(f"{name}_twice", [1, 1, 2], TensorProto.INT64),
            helper.make_node("Tile", [f"{name}_tall", f"{name}_twice"], [f"{name}_bins"]),
            constant(f"{name}_row", [1, 1, 2 * size], TensorProto.INT64),
            helper.make_node("Reshape", [f"{name}_bins", f"{name}_row"], [f"{name}_one"]),
            constant(f"{name}_joints", [1, joints, 1], TensorProto.INT64),
            helper.make_node("Tile", [f"{name}_one", f"{name}_joints"], [name]),
        ]
    return saved(
        path,
        nodes,
        [("input", TensorProto.FLOAT, ["batch", 3, HEIGHT, WIDTH])],
        [(name, TensorProto.FLOAT, None) for name in names],
    )


def fixed_boxes(path, dets, labels, *, size=(320, 320)):
    """A person detector with NMS inside that finds the same in every picture."""
    nodes = [
        constant("known", [dets]),
        constant("zero", 0.0),
        helper.make_node("ReduceMean", ["input"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["known", "nothing"], ["dets"]),
        constant("labels", [labels], TensorProto.INT64),
    ]
    return saved(
        path,
        nodes,
        [("input", TensorProto.FLOAT, ["batch", 3, *size])],
        [("dets", TensorProto.FLOAT, None), ("labels", TensorProto.INT64, None)],
    )


def spot_people(path, scores, *, apart=0.0):
    """MoveNet's form; person i has all joints `i * apart` (0..1) right of the brightest spot."""
    shape = [
        helper.make_node("Shape", ["input"], ["shape"]),
        helper.make_node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["input"], ["picture"], to=TensorProto.FLOAT),
        constant("half", 0.5),
    ]
    for name, axis, others in (("y", 1, [2, 3]), ("x", 2, [1, 3])):
        shape += [
            helper.make_node("ReduceMean", ["picture"], [f"{name}_mean"], axes=others, keepdims=0),
            helper.make_node("ArgMax", [f"{name}_mean"], [f"{name}_int"], axis=1, keepdims=0),
            helper.make_node("Cast", [f"{name}_int"], [f"{name}_at"], to=TensorProto.FLOAT),
            helper.make_node("Add", [f"{name}_at", "half"], [f"{name}_centre"]),
            constant(f"{name}_axis", [axis], TensorProto.INT64),
            helper.make_node("Gather", ["sizes", f"{name}_axis"], [f"{name}_size"]),
            helper.make_node("Div", [f"{name}_centre", f"{name}_size"], [name]),
        ]
    # Joints spread a little, so that the person has a size: (y, x, confidence) seventeen times.
    base = np.zeros((6, 56))
    base[:, 2:51:3] = 0.8
    base[:, 0:51:3] = np.linspace(-0.1, 0.1, 17)
    base[:, 1:51:3] = np.arange(6)[:, None] * apart
    base[: len(scores), 55] = scores
    is_y, is_x = np.zeros(56), np.zeros(56)
    is_y[0:51:3] = is_x[1:51:3] = 1
    nodes = [
        *shape,
        constant("base", [base]), constant("is_y", is_y), constant("is_x", is_x),
        helper.make_node("Mul", ["y", "is_y"], ["ys"]),
        helper.make_node("Mul", ["x", "is_x"], ["xs"]),
        helper.make_node("Add", ["ys", "xs"], ["place"]),
        helper.make_node("Add", ["base", "place"], ["people"]),
    ]  # fmt: skip
    return saved(
        path,
        nodes,
        [("input", TensorProto.UINT8, [1, "height", "width", 3])],
        [("people", TensorProto.FLOAT, None)],
    )


def still(video, index):
    """One picture of the real footage."""
    reader = open_capture(str(VIDEOS / video))
    reader.set(cv2.CAP_PROP_POS_FRAMES, index)
    image = reader.read()[1]
    reader.release()
    return image


def far(one, other, joints=slice(None)):
    """Mean distance of two poses relative to their height."""
    height = np.ptp(other[:, 1])
    return np.linalg.norm(one - other, axis=-1)[joints].mean() / height


# Letterbox and crop


@pytest.mark.parametrize("size", [(640, 480), (481, 641), (37, 1000), (100, 60)])
@pytest.mark.parametrize("centred", [True, False])
def test_letterbox_undoes_exactly_what_it_did(size, centred):
    width, height = size
    letterbox = Letterbox(256, 192, centred=centred)
    canvas = letterbox(np.full((height, width, 3), 255, np.uint8))
    ys, xs = np.nonzero(canvas[..., 0])
    low, high = np.array([xs.min(), ys.min()]), np.array([xs.max() + 1, ys.max() + 1])
    np.testing.assert_allclose(letterbox.undo(low), [0, 0], atol=1e-4)
    np.testing.assert_allclose(letterbox.undo(high), [width, height], rtol=1e-5)
    assert max((high - low) / [256, 192]) == 1


def test_letterbox_leaves_nothing_of_a_picture_of_another_size():
    letterbox = Letterbox(64, 64, fill=7)
    letterbox(np.full((64, 64, 3), 255, np.uint8))
    canvas = letterbox(np.full((16, 64, 3), 255, np.uint8))
    assert (canvas[:24] == 7).all()
    assert (canvas[40:] == 7).all()


@pytest.mark.parametrize("scale", [0.5, 1.7, 4.3])
def test_a_crop_shows_the_place_its_matrix_says(scale):
    image = spot(900, 700, (450, 333), radius=round(5 * scale))
    turn = scale * np.array([[0.8, -0.6], [0.6, 0.8]])
    shift = [450, 333] - turn @ [40, 70]
    crop = cut_out(image, np.column_stack([turn, shift]), 100, 120)
    ys, xs = np.nonzero(crop[..., 0] > 127)
    np.testing.assert_allclose([xs.mean(), ys.mean()], [40, 70], atol=0.3)


@pytest.mark.parametrize("shift", [(-5000.0, 0.0), (795.0, 600.0), (-70.0, -70.0)])
def test_a_crop_beyond_the_picture_is_black_there(shift):
    image = np.full((600, 800, 3), 255, np.uint8)
    crop = cut_out(image, np.column_stack([np.eye(2) * 3.5, shift]), 50, 40)
    ys, xs = np.mgrid[0:40, 0:50]
    x, y = 3.5 * xs + shift[0], 3.5 * ys + shift[1]
    outside = (x < -8) | (y < -8) | (x > 808) | (y > 608)
    inside = (x > 8) & (y > 8) & (x < 792) & (y < 592)
    assert outside.any()
    assert (crop[outside] == 0).all()
    assert (crop[inside] == 255).all()


# MoveNet


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1920, 1080), (333, 777), (64, 48)])
def test_movenet_finds_the_pixel(tmp_path, size):
    width, height = size
    x, y = width // 3, height // 4
    detector = option(
        "detector/movenet_multipose", path=spot_people(tmp_path / "net.onnx", [0.5]), threads=1
    )
    image = spot(width, height, (x, y), radius=max(size) // 60)
    (pose,) = detector(framed(image)).poses
    assert pose.layout is COCO17
    assert pose.xy.shape == (17, 2)
    np.testing.assert_allclose(pose.xy.mean(axis=0), [x, y], atol=max(size) / 100)
    np.testing.assert_allclose(pose.confidence, 0.8, rtol=1e-6)


def test_pictures_may_change_their_size_midway(tmp_path):
    detector = option(
        "detector/movenet_multipose", path=spot_people(tmp_path / "net.onnx", [0.5]), threads=1
    )
    for width, height in ((640, 480), (320, 240), (480, 640), (640, 480)):
        image = spot(width, height, (width // 2, height // 3), radius=8)
        (pose,) = detector(framed(image)).poses
        np.testing.assert_allclose(pose.xy.mean(axis=0), [width / 2, height / 3], atol=6)


def test_people_come_best_first_and_unlikely_ones_not_at_all(tmp_path):
    path = spot_people(tmp_path / "net.onnx", [0.3, 0.9, 0.1, 0.5], apart=0.1)
    poses = option("detector/movenet_multipose", path=path, threads=1)(
        framed(spot(640, 480, (60, 200)))
    ).poses
    np.testing.assert_allclose([pose.score for pose in poses], [0.9, 0.5, 0.3], rtol=1e-5)
    poses = option("detector/movenet_multipose", path=path, threads=1, max_people=2)(
        framed(spot(640, 480, (60, 200)))
    ).poses
    np.testing.assert_allclose([pose.score for pose in poses], [0.9, 0.5], rtol=1e-5)


def test_a_person_found_twice_counts_once(tmp_path):
    path = spot_people(tmp_path / "net.onnx", [0.4, 0.6], apart=0.002)
    (pose,) = option("detector/movenet_multipose", path=path, threads=1)(
        framed(spot(640, 480, (300, 200)))
    ).poses
    assert pose.score == pytest.approx(0.6)


def test_an_empty_picture_has_no_people(tmp_path):
    detector = option(
        "detector/movenet_multipose", path=spot_people(tmp_path / "net.onnx", []), threads=1
    )
    assert detector(framed(spot(640, 480))).poses == ()


# BlazePose without its networks


def test_anchors_are_as_many_as_the_detector_has_outputs():
    places = anchors(224)
    assert places.shape == (2254, 2)
    assert places.min() == 4
    assert places.max() == 220


def test_a_region_shows_a_leaning_person_upright():
    region = Region.around(np.array([100.0, 50.0]), np.array([130.0, 50.0]))
    matrix = region.to_picture(256)
    hips, top = np.array([128, 128]), np.array([128, 128 - 128 / 1.25])
    np.testing.assert_allclose(matrix[:, :2] @ hips + matrix[:, 2], [100, 50], atol=1e-9)
    np.testing.assert_allclose(matrix[:, :2] @ top + matrix[:, 2], [130, 50], atol=1e-9)


def test_refining_moves_a_joint_to_its_heat_and_leaves_a_vague_one():
    heat = np.full((64, 64, 3), -20.0, np.float32)
    heat[30, 20, 0] = heat[30, 21, 0] = 20
    xy = np.array([[84.0, 118.0], [50.0, 50.0], [-9.0, 300.0]])
    moved = refined(xy, heat, 256)
    np.testing.assert_allclose(moved, [[82, 120], [50, 50], [-9, 300]], atol=1e-3)


# RTMPose


@pytest.mark.parametrize("place", [(320, 240), (30, 450), (600, 20)])
def test_rtmpose_finds_the_pixel_in_the_whole_picture(tmp_path, place):
    detector = option("detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx"), threads=1)
    (pose,) = detector(framed(spot(640, 480, place, radius=8))).poses
    np.testing.assert_allclose(pose.xy, np.tile(place, (17, 1)), atol=12)
    assert pose.layout is COCO17
    assert pose.score == 1


def test_rtmpose_reads_each_person_in_their_box_best_first(tmp_path):
    # In pixels of the detector's 320 x 320 input, the picture of 640 x 480 at its top left.
    boxes = [
        [20, 20, 100, 200, 0.6],
        [200, 30, 300, 220, 0.9],
        [0, 0, 9, 9, 0.1],
        [9, 9, 90, 90, 0.95],
    ]
    finder = fixed_boxes(tmp_path / "finder.onnx", boxes, [0, 0, 0, 7])
    pose = spot_pose(tmp_path / "pose.onnx")
    detector = option("detector/rtmpose", pose=pose, detector=finder, threads=1)
    image = spot(640, 480, (120, 420), (520, 300), radius=8)
    best, second = detector(framed(image)).poses
    np.testing.assert_allclose([best.score, second.score], [0.9, 0.6], rtol=1e-5)
    np.testing.assert_allclose(best.xy, np.tile([520, 300], (17, 1)), atol=12)
    np.testing.assert_allclose(second.xy, np.tile([120, 420], (17, 1)), atol=12)
    (only,) = option("detector/rtmpose", pose=pose, detector=finder, threads=1, max_people=1)(
        framed(image)
    ).poses
    assert only.score == best.score


def test_the_pose_network_sees_red_first_and_normalised(tmp_path):
    red = spot(640, 480, (200, 200), radius=40, colour=(0, 0, 255))
    blue = spot(640, 480, (440, 200), radius=60, colour=(255, 0, 0))
    image = red + blue
    for channel, x in ((0, 200), (2, 440)):
        path = spot_pose(tmp_path / f"pose{channel}.onnx", channel=channel)
        (pose,) = option("detector/rtmpose", pose=path, threads=1)(framed(image)).poses
        np.testing.assert_allclose(pose.xy[:, 0], x, atol=62)
    red = spot(640, 480, (200, 200), radius=40, colour=(0, 0, 150))
    path = spot_pose(tmp_path / "pose.onnx")
    (pose,) = option("detector/rtmpose", pose=path, threads=1)(framed(red)).poses
    np.testing.assert_allclose(pose.confidence, (150 - 123.675) / 58.395, rtol=1e-4)
    # Black is far below zero for the network, so nothing is seen in a black picture.
    (nothing,) = option("detector/rtmpose", pose=path, threads=1)(framed(spot(640, 480))).poses
    assert np.isnan(nothing.xy).all()
    assert (nothing.confidence == 0).all()


def test_simcc_is_read_to_half_a_pixel_and_as_sure_as_its_less_sure_axis():
    x, y = np.zeros((2, 384), np.float32), np.zeros((2, 512), np.float32)
    x[0, 101], y[0, 300] = 0.9, 0.4
    x[1, 0] = y[1, 0] = -1
    x[1], y[1] = x[1] - 1, y[1] - 1
    xy, confidence = decoded(x, y, np.array([192, 256]))
    np.testing.assert_allclose(xy[0], [50.5, 150])
    np.testing.assert_allclose(confidence, [0.4, 0], rtol=1e-6)
    assert np.isnan(xy[1]).all()


def test_rtmpose_takes_whole_body_networks(tmp_path):
    path = spot_pose(tmp_path / "pose.onnx", joints=133)
    detector = option("detector/rtmpose", pose=path, layout="wholebody133", threads=1)
    (pose,) = detector(framed(spot(640, 480, (320, 240)))).poses
    assert pose.layout is detector.layout is WHOLEBODY133
    assert pose.xy.shape == (133, 2)


def test_a_detector_that_leaves_its_size_open_runs_at_its_usual_one(tmp_path):
    finder = fixed_boxes(
        tmp_path / "finder.onnx", [[0, 0, 640, 480, 0.9]], [0], size=("height", "width")
    )
    detector = option(
        "detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx"), detector=finder, threads=1
    )
    (pose,) = detector(framed(spot(640, 480, (200, 100), radius=8))).poses
    np.testing.assert_allclose(pose.xy, np.tile([200, 100], (17, 1)), atol=12)


# What a user can get wrong


def line(caught):
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_network_that_is_not_there_is_named(tmp_path):
    for build in (
        lambda path: option("detector/rtmpose", pose=path),
        lambda path: option(
            "detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx"), detector=path
        ),
        lambda path: option("detector/movenet_multipose", path=path),
    ):
        with pytest.raises(InputError) as caught:
            build(str(tmp_path / "gone.onnx"))
        assert f"no network at {tmp_path / 'gone.onnx'}" in line(caught)


@pytest.mark.parametrize("name", ["file.onnx", "file.tflite", "file.txt"])
def test_a_file_that_is_no_network_is_named(tmp_path, name):
    (tmp_path / name).write_text("hello\nthere")
    with pytest.raises(InputError) as caught:
        option("detector/rtmpose", pose=str(tmp_path / name))
    assert f"{tmp_path / name} can't be read as a network" in line(caught)


def test_a_network_of_another_kind_is_refused_with_its_outputs(tmp_path):
    path = spot_pose(tmp_path / "pose.onnx", names=("heat_x", "heat_y"))
    with pytest.raises(InputError) as caught:
        option("detector/rtmpose", pose=path)
    assert "outputs heat_x, heat_y, expected simcc_x, simcc_y" in line(caught)
    with pytest.raises(InputError, match="expected dets, labels"):
        option("detector/rtmpose", pose=spot_pose(tmp_path / "good.onnx"), detector=path)
    with pytest.raises(InputError, match=r"expected \(1, people, 56\)"):
        option("detector/movenet_multipose", path=path)


def test_a_network_that_takes_no_picture_is_refused(tmp_path):
    path = saved(
        tmp_path / "sum.onnx",
        [helper.make_node("Relu", ["input"], ["simcc_x"])],
        [("input", TensorProto.FLOAT, [1, 7])],
        [("simcc_x", TensorProto.FLOAT, None)],
    )
    with pytest.raises(InputError) as caught:
        option("detector/rtmpose", pose=path)
    assert "takes [1,7], expected one picture" in line(caught)


def test_a_layout_that_the_network_does_not_have_is_refused(tmp_path):
    with pytest.raises(InputError) as caught:
        option("detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx", joints=26))
    assert "simcc_x (1, 26, 384)" in line(caught)
    assert "detector.layout=coco17" in line(caught)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"threads": 0}, "threads=0"),
        ({"size": 100}, "size=100 is no multiple of 32"),
        ({"size": 0}, "size=0 is no multiple of 32"),
    ],
)
def test_impossible_settings_of_movenet_are_refused(tmp_path, given, wanted):
    with pytest.raises(InputError, match=wanted):
        option(
            "detector/movenet_multipose", path=spot_people(tmp_path / "net.onnx", [0.5]), **given
        )


def test_an_unknown_family_names_the_choices(tmp_path):
    with pytest.raises(InputError, match="choose one of yolox, rtmdet"):
        option("detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx"), family="ssd")


def test_detectors_of_pictures_refuse_a_source_of_keypoints(tmp_path):
    movenet = option(
        "detector/movenet_multipose", path=spot_people(tmp_path / "net.onnx", [0.5]), threads=1
    )
    for detector in (
        movenet,
        option("detector/rtmpose", pose=spot_pose(tmp_path / "pose.onnx"), threads=1),
    ):
        with pytest.raises(InputError, match="use detector=none"):
            detector(framed(None))


# Keypoints that come with the source


def test_none_passes_poses_on_and_bears_frames_without_people():
    detector = NoDetector()
    pose = Pose(COCO17, np.zeros((17, 2), np.float32), np.ones(17, np.float32))
    frame = framed(None, poses=(pose,))
    assert detector(framed(None)).poses == ()
    assert detector(frame) is frame


def test_none_refuses_a_source_of_pictures():
    with pytest.raises(InputError, match="detector=none needs source=keypoints"):
        NoDetector()(framed(spot(8, 8)))


# Real networks on real people


@pytest.fixture(scope="module")
def multipose():
    return option("detector/movenet_multipose", threads=1)


@pytest.fixture(scope="module")
def movenet():
    return option("detector/movenet", threads=1)


@pytest.fixture(scope="module")
def blazepose():
    return option("detector/blazepose", threads=1)


@real
@pytest.mark.parametrize("name", ["movenet", "multipose"])
def test_two_networks_agree_on_where_a_real_person_is(name, blazepose, request):
    image = still("intel_one_by_one.mp4", 280)
    detector = request.getfixturevalue(name)
    detector.reset()
    (one,) = detector(framed(image)).poses
    blazepose.reset()
    (other,) = blazepose(framed(image)).poses
    assert other.layout is BLAZEPOSE33
    other_xy = joint_map(BLAZEPOSE33, COCO17)(other.xy)
    joints = [
        COCO17.index[f"{s}_{j}"] for s in ("left", "right") for j in ("shoulder", "hip", "ankle")
    ]
    assert far(one.xy, other_xy, joints) < 0.06
    # Seen from behind: their left is on our left; and a head is above feet.
    for side in (one.xy, other_xy):
        assert side[COCO17.index["left_shoulder"], 0] < side[COCO17.index["right_shoulder"], 0]
        assert side[COCO17.index["nose"], 1] < side[COCO17.index["left_ankle"], 1] - 200


@real
@pytest.mark.parametrize("name", ["movenet", "multipose", "blazepose"])
def test_a_mirrored_picture_gives_the_mirrored_person(name, request):
    detector = request.getfixturevalue(name)
    image = still("intel_one_by_one.mp4", 280)
    detector.reset()
    (straight,) = detector(framed(image)).poses
    detector.reset()
    (mirrored,) = detector(framed(np.ascontiguousarray(image[:, ::-1]))).poses
    back = mirrored.xy[detector.layout.mirror] * [-1, 1] + [image.shape[1], 0]
    body = [i for i, j in enumerate(detector.layout.joints) if "shoulder" in j or "ankle" in j]
    assert far(back, straight.xy, body) < 0.05


@real
@pytest.mark.parametrize("name", ["movenet", "multipose"])
def test_movenet_sees_both_people(name, request):
    poses = request.getfixturevalue(name)(framed(still("pose2sim_multi_cam01.mp4", 10))).poses
    assert len(poses) >= 2
    assert poses[0].score >= poses[1].score
    assert abs(poses[0].xy[:, 0].mean() - poses[1].xy[:, 0].mean()) > 100


@real
def test_a_region_shows_a_real_person_where_the_whole_picture_does(multipose):
    image = still("intel_one_by_one.mp4", 280)
    detector = option(
        "detector/movenet_multipose", threads=1, whole_every_s=1.0, regions=[[96, 160]]
    )
    (whole,) = detector(framed(image)).poses
    np.testing.assert_array_equal(whole.xy, multipose(framed(image)).poses[0].xy)
    (closer,) = detector(framed(image)).poses
    assert not np.array_equal(closer.xy, whole.xy)
    assert far(closer.xy, whole.xy) < 0.03


@real
def test_blazepose_follows_its_person_until_reset_or_lost(blazepose):
    person = still("intel_one_by_one.mp4", 280)
    blazepose.reset()
    first = blazepose(framed(person)).poses[0].xy
    again = blazepose(framed(person)).poses[0].xy
    assert not np.array_equal(first, again)
    assert far(again, first) < 0.05
    blazepose.reset()
    np.testing.assert_array_equal(blazepose(framed(person)).poses[0].xy, first)
    assert blazepose(framed(np.zeros_like(person))).poses == ()
    np.testing.assert_array_equal(blazepose(framed(person)).poses[0].xy, first)


@real
def test_blazepose_looks_anew_when_the_picture_size_changes(blazepose):
    person = still("intel_one_by_one.mp4", 280)
    narrower = np.ascontiguousarray(person[:, :-10])
    blazepose.reset()
    fresh = blazepose(framed(narrower)).poses[0].xy
    followed = blazepose(framed(narrower)).poses[0].xy
    assert not np.array_equal(followed, fresh)
    blazepose(framed(person))
    np.testing.assert_array_equal(blazepose(framed(narrower)).poses[0].xy, fresh)


def test_networks_that_are_given_up_leave_ctrl_c_working():
    program = (
        "import gc, os, signal, time\n"
        "from gastlive.conf.option import option\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "one, other = (option('detector/movenet_multipose', threads=1) for _ in range(2))\n"
        "del one\n"
        "gc.collect()\n"
        "del other\n"
        "gc.collect()\n"
        "try:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(1)\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
    )
    given = [sys.executable, "-X", "faulthandler", "-c", program]
    done = subprocess.run(given, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "interrupted\n")


def mean_colours(path):
    """A network that gives the mean of each channel of what it sees."""
    return saved(
        path,
        [helper.make_node("ReduceMean", ["input"], ["mean"], axes=[2, 3], keepdims=0)],
        [("input", TensorProto.FLOAT, [1, 3, 8, 8])],
        [("mean", TensorProto.FLOAT, [1, 3])],
    )


@pytest.mark.parametrize(
    ("kind", "mean", "std", "order"),
    [
        ("yolox", (0, 0, 0), (1, 1, 1), "bgr"),
        ("rtmdet", (103.53, 116.28, 123.675), (57.375, 57.12, 58.395), "bgr"),
        ("rtmpose", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), "rgb"),
    ],
)
def test_each_kind_of_network_sees_the_colours_that_it_was_trained_on(
    kind, mean, std, order, tmp_path
):
    given = {**FAMILIES, "rtmpose": IMAGENET}[kind]
    network = Network(
        mean_colours(tmp_path / "net.onnx"), threads=1, precision="auto", normalisation=given
    )
    blue, green, red = colour = (30, 110, 220)
    (seen,) = network(np.full((8, 8, 3), colour, np.uint8)).values()
    wanted = {"bgr": (blue, green, red), "rgb": (red, green, blue)}[order]
    np.testing.assert_allclose(seen[0], (np.array(wanted) - mean) / std, rtol=1e-4)


def test_a_blazepose_joint_is_as_sure_as_the_lesser_of_visible_and_present(monkeypatch):
    rows = np.zeros((35, 5), np.float32)
    rows[:, :2] = 128
    rows[34, 1] = 20  # the circle round the person says how large it is
    rows[:, 3:] = 5.0
    rows[3, 3], rows[7, 4] = -2.0, -3.0  # hidden; outside the picture

    class Network:
        width = height = 256

        def __init__(self, *given, **how): ...

        def __call__(self, picture):
            score = np.full((1, 1), 0.9, np.float32)
            return {"Identity": rows.reshape(1, -1), "Identity_1": score}

    monkeypatch.setattr(blazepose_module, "fetch", lambda name: name)
    monkeypatch.setattr(blazepose_module, "Network", Network)
    detector = option("detector/blazepose", threads=1, refine=False)
    image = np.zeros((256, 256, 3), np.uint8)
    pose = detector._read(image, Region(np.array([128.0, 128.0]), 256.0, 0.0))
    sure = 1 / (1 + np.exp(-np.array([5.0, -2.0, -3.0])))
    np.testing.assert_allclose(pose.confidence[[0, 3, 7]], sure, rtol=1e-5)


@pytest.mark.parametrize("name", ["movenet", "movenet_multipose"])
def test_another_detector_sees_another_camera_as_if_it_were_alone_also_at_the_same_time(name):
    """They share their networks."""
    video = open_capture(PATH)
    pictures = [np.asarray(video.read()[1]) for _ in range(24)]
    video.release()
    wide = [cv2.copyMakeBorder(p, 0, 0, 200, 200, cv2.BORDER_CONSTANT) for p in pictures[12:]]

    def frames(images):
        return [
            Frame(image, i, i / 30, 0.0, image.shape[1], image.shape[0])
            for i, image in enumerate(images)
        ]

    with pictures_at_once(2):
        first = option(f"detector/{name}")
    second = first.another()
    pairs = list(zip(frames(pictures[:12]), frames(wide), strict=True))
    alone = [[first(one).poses for one, _ in pairs], [second(other).poses for _, other in pairs]]
    lanes = [first.another(), first.another()]
    with ThreadPoolExecutor(2) as pool:
        both = [
            list(pool.map(lambda lane, frame: lane(frame).poses, lanes, pair)) for pair in pairs
        ]
    for number, wanted in enumerate(alone):
        assert any(wanted)
        for found, poses in zip((pair[number] for pair in both), wanted, strict=True):
            assert len(found) == len(poses)
            for one, other in zip(found, poses, strict=True):
                np.testing.assert_allclose(one.xy, other.xy, atol=0.01)
