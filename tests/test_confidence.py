"""Lifters that are told how sure the detector was of each joint."""

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.gast import checkpoint
from gastlive.gast.deployed import deployed
from gastlive.gast.errors import InputError
from gastlive.gast.folded import FoldedGASTNet
from gastlive.gast.lifter import Lifter
from gastlive.gast.runtimes.compiled import ready
from gastlive.gast.runtimes.step_graph import graph_of, save_graph
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import streamed
from gastlive.gast.warm_start import grow
from gastlive.gast.windowed import WindowedGASTNet, in_chunks
from gastlive.realtime.packets import Frame, Person, Pose

CLIP = torch.rand(2, 20, 17, 3, generator=torch.Generator().manual_seed(0))


def net(inputs=3, **changes):
    torch.manual_seed(0)
    shape = {"filter_widths": (3, 3), "channels": 8} | changes
    return option("net/gast27", skeleton=H36M17, inputs=inputs, **shape).eval()


def lifter(inner):
    return Lifter(inner, skeleton=H36M17, normalisation="person").eval()


@pytest.mark.parametrize("runtime", ["torch", "openvino", "onnxruntime"])
@torch.inference_mode()
def test_stepping_with_confidence_equals_the_clip_in_every_runtime(runtime):
    made = ready(lifter(FoldedGASTNet(net())), shape=(17, 3), runtime=runtime)
    wanted = lifter(net())(CLIP)
    torch.testing.assert_close(streamed(made.net, CLIP), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", ["dilated", "strided"])
@torch.inference_mode()
def test_windows_and_chunks_with_confidence_equal_the_clip(way):
    whole = lifter(net())
    windowed = streamed(lifter(WindowedGASTNet(net(), way=way)), CLIP)
    torch.testing.assert_close(windowed, whole(CLIP), rtol=0, atol=1e-5)
    chunks = in_chunks(whole.net, whole.units, CLIP, frames=10)
    torch.testing.assert_close(chunks, whole(CLIP), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_confidence_changes_what_is_lifted_and_is_one_where_nobody_says():
    sure = torch.cat([CLIP[..., :2], torch.ones_like(CLIP[..., 2:])], -1)
    whole = lifter(net())
    torch.testing.assert_close(whole(CLIP[..., :2]), whole(sure), rtol=0, atol=0)
    assert (whole(CLIP) - whole(sure)).abs().max() > 1e-3


@torch.inference_mode()
def test_a_lifter_of_two_channels_ignores_confidence():
    whole = lifter(net(inputs=2))
    torch.testing.assert_close(whole(CLIP), whole(CLIP[..., :2]), rtol=0, atol=0)


@torch.inference_mode()
def test_a_net_with_confidence_starts_with_the_outputs_of_one_without():
    old, new = net(inputs=2), net()
    assert grow(new, old.state_dict(), CLIP, difference=0.0) == len(new.state_dict())
    torch.testing.assert_close(new(CLIP), old(CLIP[..., :2]), rtol=0, atol=1e-6)
    with pytest.raises(InputError, match=r"give net\.inputs=3"):
        grow(old, new.state_dict(), CLIP[..., :2])


@torch.inference_mode()
def test_files_keep_the_number_of_channels(tmp_path):
    about = {"fps": 30.0, "normalisation": "person", "training": {}}
    checkpoint.save(net(), tmp_path / "net.safetensors", **about)
    source, card = deployed(tmp_path / "net.safetensors")
    assert card.inputs == 3
    save_graph(graph_of(source, (17, 3)), card, tmp_path / "net.onnx")
    graph, _ = deployed(tmp_path / "net.onnx")
    assert graph.inputs["frame"] == (17, 3)
    made = ready(graph, shape=(17, 3), runtime="onnxruntime")
    torch.testing.assert_close(streamed(made.net, CLIP), lifter(net())(CLIP), rtol=0, atol=1e-5)
    assert deployed("gast27s")[1].inputs == 2  # its file does not say


@torch.inference_mode()
def test_live_a_completed_joint_has_no_confidence_and_the_lifter_is_told(tmp_path):
    about = {"fps": 30.0, "normalisation": "person", "training": {}}
    checkpoint.save(net(), tmp_path / "net.safetensors", **about)
    stage = option(
        "lifter/gast27",
        checkpoint=str(tmp_path / "net.safetensors"),
        patience_s=1.0,
        runtime="torch",
        precision="float32",
        threads=1,
        device="cpu",
    )
    score = np.linspace(0.5, 1.0, 17, dtype=np.float32)
    wrist = H36M17.index["left_wrist"]
    score[wrist] = 0.0
    xy = np.random.default_rng(0).uniform(100, 400, (17, 2)).astype(np.float32)
    given = Frame(None, 0, 0.0, 0.0, 640, 480, people={1: Person(Pose(H36M17, xy, score))})
    completed = option("joints/default", layout="h36m17")(given)
    person = completed.people[1]
    np.testing.assert_array_equal(person.confidence, np.where(person.visible, score, 0))
    assert person.confidence[wrist] == 0
    screen = (person.xy * 2 - np.array([640, 480], np.float32)) / 640
    joints = torch.from_numpy(np.c_[screen, person.confidence].astype(np.float32))[None]
    wanted = lifter(net()).step(joints)[0][0].numpy()
    np.testing.assert_allclose(stage(completed).people[1].xyz, wanted, rtol=0, atol=1e-5)
