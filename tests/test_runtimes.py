"""A compiled step is the net itself, whatever runs it and whoever comes and goes."""

import logging

import numpy as np
import pytest
import torch

from gastlive.action.deployed import deployed as deployed_head
from gastlive.action.features import ALL_FEATURES
from gastlive.action.heads.few import Few
from gastlive.conf.option import option
from gastlive.gast.checkpoint import LifterCard
from gastlive.gast.deployed import deployed as deployed_lifter
from gastlive.gast.errors import InputError
from gastlive.gast.folded import FoldedGASTNet
from gastlive.gast.lifter import Lifter
from gastlive.gast.runtimes import compiled as runtimes
from gastlive.gast.runtimes import compilers
from gastlive.gast.runtimes.compiled import PARITY, Compiled, ready
from gastlive.gast.runtimes.selection import differences, fastest
from gastlive.gast.runtimes.step_graph import graph_of, save_graph
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import Streaming, join, streamed, take

LABELS = ("idle", "wave", "squat", "kick")
COMPILING = ("openvino", "onnxruntime")
EVERY = pytest.mark.parametrize("runtime", COMPILING)


@pytest.fixture(autouse=True)
def heard(monkeypatch, caplog):
    """Warnings reach the tests, also after a program in this process silenced them."""
    monkeypatch.setattr(logging.getLogger("gastlive"), "propagate", True)
    monkeypatch.setattr(runtimes.log, "disabled", False)
    caplog.set_level(logging.WARNING, logger=runtimes.log.name)


def shaken(net):
    """Every number differs from its initial value."""
    torch.manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net.eval()


def lifter(*widths, normalisation="person", channels=4):
    net = shaken(option("net/gast27", skeleton=H36M17, filter_widths=widths, channels=channels))
    return Lifter(FoldedGASTNet(net), skeleton=H36M17, normalisation=normalisation).eval()


def tcn():
    return shaken(
        option("head/tcn", skeleton=H36M17, labels=LABELS, channels=16, dilations=(1, 2, 4))
    )


def gru(layers):
    return shaken(option("head/gru", skeleton=H36M17, labels=LABELS, channels=16, layers=layers))


def lru():
    return shaken(option("head/lru", skeleton=H36M17, labels=LABELS, channels=16, states=8))


def few():
    made = Few(
        H36M17, labels=("idle", "jump"), fps=30.0, channels=16, dilations=(1, 2, 4), dropout=0.0,
        features=ALL_FEATURES, known=LABELS, kept=(0,), groups=3, phases=2,
    )  # fmt: skip
    return shaken(made)


NETS = {
    "single frame": lambda: lifter(1, normalisation="screen"),
    "single frame, person": lambda: lifter(1),
    "27 frames, screen": lambda: lifter(3, 3, 3, normalisation="screen"),
    "27 frames, person": lambda: lifter(3, 3, 3),
    "81 frames, person": lambda: lifter(3, 3, 3, 3),
    "243 frames, screen": lambda: lifter(3, 3, 3, 3, 3, normalisation="screen"),
    "tcn": tcn,
    "few": few,
    "gru": lambda: gru(1),
    "gru of two layers": lambda: gru(2),
    "lru": lru,
    "gast27s": lambda: deployed_lifter("gast27s")[0],
    "everyday": lambda: deployed_head("everyday", layout="h36m17")[0],
}


def shape(net):
    return (17, 2) if isinstance(net, Lifter) else (17, 3)


def compiled(net, **given):
    return Compiled(graph_of(net, shape(net)), **given)


@pytest.mark.parametrize("name", NETS)
def test_600_frames_of_people_who_come_and_go_are_those_of_torch(name):
    net = NETS[name]()
    graph = graph_of(net, shape(net))
    nets = {runtime: Compiled(graph, runtime=runtime) for runtime in COMPILING}
    apart = differences(net, nets, shape(net), frames=600, people=3)
    assert list(apart) == list(COMPILING)
    assert max(apart.values()) <= 1e-4


@EVERY
@torch.inference_mode()
def test_one_step_serves_any_number_of_people(runtime):
    net = lifter(3, 3)
    step = compiled(net, runtime=runtime)
    for people in (1, 6, 2, 3, 5, 4):
        clip = torch.randn(people, 12, 17, 2)
        torch.testing.assert_close(streamed(step, clip), streamed(net, clip), rtol=0, atol=1e-5)


@EVERY
@torch.inference_mode()
def test_a_step_leaves_its_state_alone(runtime):
    step, clip = compiled(lifter(3, 3), runtime=runtime), torch.randn(2, 12, 17, 2)
    state = None
    for frame in clip[:, :10].unbind(1):
        _, state = step.step(frame, state)
    before = [x.clone() for line in state for x in line]
    first, _ = step.step(clip[:, 10], state)
    kept = first.clone()
    step.step(clip[:, 11], state)
    again, _ = step.step(clip[:, 10], state)
    assert torch.equal(first, kept)
    assert torch.equal(first, again)
    assert all(map(torch.equal, before, [x for line in state for x in line]))


@EVERY
@torch.inference_mode()
def test_streams_are_taken_apart_and_joined(runtime):
    step, clip = compiled(tcn(), runtime=runtime), torch.randn(3, 9, 17, 3)
    _, state = step.step(clip[:, 0])
    _, late = step.step(clip[2:, 1])
    together, _ = step.step(clip[[1, 2], 2], join([take(state, [1]), late]))
    alone = streamed(step, clip[1:2, [0, 2]])[:, -1]
    torch.testing.assert_close(together[:1], alone, rtol=0, atol=1e-5)


@EVERY
def test_an_exported_step_gives_the_same_numbers(runtime, tmp_path):
    net, card = lifter(3, 3), LifterCard("h36m17", (3, 3), 4, True, 30.0, "person")
    save_graph(graph_of(net, (17, 2)), card, tmp_path / "net.onnx")
    source, _ = deployed_lifter(tmp_path / "net.onnx")
    step = ready(source, shape=(17, 2), runtime=runtime)
    assert (step.runtime, step.device.type) == (runtime, "cpu")
    assert differences(net, {"": step.net}, (17, 2), frames=60, people=3)[""] <= 1e-5
    assert ready(source, shape=(17, 2)).runtime in COMPILING


@pytest.fixture
def only(monkeypatch):
    """Puts other runtimes in the place of those there are."""

    def put(**others):
        monkeypatch.setattr(runtimes, "COMPILERS", runtimes.COMPILERS | others)

    return put


def off_by(far):
    def compiler(graph, threads, precision):
        run = COMPILERS["onnxruntime"](graph, threads, precision)

        def lying(given):
            output, *newest = run(given)
            return [output + np.float32(far), *newest]

        return lying

    return compiler


COMPILERS = runtimes.COMPILERS


def test_auto_chooses_among_those_that_are_true(monkeypatch, caplog):
    taken = []
    monkeypatch.setattr(runtimes, "fastest", lambda nets, shape: taken.extend(nets) or taken[0])
    assert ready(lifter(3), shape=(17, 2)).runtime == taken[0]
    assert set(taken) == {"torch", "openvino", "onnxruntime"}
    assert caplog.text == ""


@pytest.mark.parametrize("far", [10 * PARITY, np.nan])
def test_auto_leaves_out_a_runtime_that_lies(only, monkeypatch, caplog, far):
    only(openvino=off_by(far))
    taken = []
    monkeypatch.setattr(runtimes, "fastest", lambda nets, shape: taken.extend(nets) or taken[0])
    ready(lifter(3), shape=(17, 2))
    assert set(taken) == {"torch", "onnxruntime"}
    assert "runtime=openvino" in caplog.text


@pytest.mark.parametrize(
    ("far", "precision", "said"),
    [
        (1.0, "float32", "off PyTorch's by 1, at most 0.0001 was wanted"),
        (np.nan, "float32", "off PyTorch's by nan"),
        (np.ones((2, 1, 1, 1)), "float32", "off PyTorch's by inf"),
        (9.0, "int8", "off PyTorch's by [0-9]{3,}%, at most 10% was wanted"),
        (np.nan, "int8", "off PyTorch's by nan%"),
    ],
)
def test_a_runtime_that_lies_is_refused_even_if_one_insists(only, far, precision, said):
    only(onnxruntime=off_by(far))
    with pytest.raises(InputError, match=f"runtime=onnxruntime: its outputs are {said}.*") as error:
        ready(lifter(3), shape=(17, 2), runtime="onnxruntime", precision=precision)
    assert "\n" not in str(error.value)


def test_an_exported_step_in_a_runtime_that_lies_is_refused(only, tmp_path):
    only(openvino=off_by(1.0))
    graph = graph_of(lifter(3), (17, 2))
    with pytest.raises(InputError, match="runtime=openvino: its outputs are off ONNX's own by 1"):
        ready(graph, shape=(17, 2), runtime="openvino")
    assert ready(graph, shape=(17, 2)).runtime == "onnxruntime"


def test_a_runtime_that_compiles_but_does_not_run_is_left_out_and_refused(only, caplog):
    def compiler(graph, threads, precision):
        def run(given):
            raise RuntimeError("no\nmemory")

        return run

    only(openvino=compiler)
    assert ready(lifter(3), shape=(17, 2)).runtime in ("torch", "onnxruntime")
    assert "left out: runtime=openvino: a step fails: no memory" in caplog.text
    with pytest.raises(InputError, match="runtime=openvino: a step fails: no memory"):
        ready(lifter(3), shape=(17, 2), runtime="openvino")


def test_an_exported_step_of_another_shape_is_refused():
    with pytest.raises(InputError, match=r"takes frames of \(17, 2\), wanted \(15, 2\)"):
        ready(graph_of(lifter(1), (17, 2)), shape=(15, 2))


class WritingIntoAView(Streaming):
    """Its graph does not hold what happens to a part of a tensor in place."""

    def step(self, frame, state=None):
        moved = frame + 1
        moved[:, 0].add_(5)
        return moved, ()


def test_a_graph_that_is_not_what_torch_does_never_runs(caplog):
    assert ready(WritingIntoAView(), shape=(17, 3)).runtime == "torch"
    assert "left out: runtime=openvino: its outputs are off PyTorch's by 5" in caplog.text
    for runtime in COMPILING:
        with pytest.raises(InputError, match=f"runtime={runtime}: its outputs are off PyTorch's"):
            ready(WritingIntoAView(), shape=(17, 3), runtime=runtime)


class Picking(Streaming):
    """Takes what an index says from each frame."""

    def __init__(self, index):
        super().__init__()
        self.index = index

    def step(self, frame, state=None):
        return frame[self.index], ()


@pytest.mark.parametrize(
    "index",
    [
        (slice(None), [0, 2], slice(1, None)),
        (slice(None), -1, [0, -2]),
        (slice(None), [[0, 2], [-1, 1]], None, slice(-2, None)),
        (..., None, [2, 0]),
        (slice(None), slice(-9, -1, 3), slice(None, 99, 2)),
        (slice(None), torch.arange(17) % 2 == 0, 1),
    ],
    ids=["list", "number and list", "lists", "ellipsis", "steps", "mask"],
)
def test_every_runtime_picks_the_joints_that_torch_picks(index, caplog):
    net = Picking(index)
    for runtime in COMPILING:
        assert ready(net, shape=(17, 3), runtime=runtime).runtime == runtime
    ready(net, shape=(17, 3))
    assert caplog.text == ""


def fails(graph, threads, precision):
    raise RuntimeError("no\nway")


def test_auto_leaves_out_a_runtime_that_fails(only, caplog):
    only(openvino=fails, onnxruntime=fails)
    made = ready(lifter(3), shape=(17, 2))
    assert made.runtime == "torch"
    assert "runtime=openvino: openvino can't compile this step: no way" in caplog.text
    assert "runtime=onnxruntime" in caplog.text


def test_a_runtime_that_fails_and_was_asked_for_is_an_error(only):
    only(openvino=fails)
    with pytest.raises(InputError, match="openvino can't compile this step: no way"):
        ready(lifter(3), shape=(17, 2), runtime="openvino")


class Sorting(Streaming):
    def step(self, frame, state=None):
        return frame.sort(-1).values, ()


def test_what_only_torch_can_do_is_done_in_torch(caplog):
    assert ready(Sorting(), shape=(17, 2)).runtime == "torch"
    assert "torch's sort has no translation" in caplog.text
    with pytest.raises(InputError, match="runtime=openvino: torch's sort has no translation"):
        ready(Sorting(), shape=(17, 2), runtime="openvino")


def test_the_fastest_is_found():
    class Slow(Sorting):
        def step(self, frame, state=None):
            for _ in range(200):
                frame = frame + 1
            return frame, ()

    assert fastest({"slow": Slow(), "quick": Sorting()}, (17, 2)) == "quick"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runtime": "abacus"}, "unknown runtime 'abacus'; choose one of auto, torch, openvino"),
        ({"precision": "int4"}, "unknown precision 'int4'; choose one of float32, bfloat16, int8"),
        ({"runtime": "torch", "precision": "int8"}, "can't run precision=int8; take onnxruntime"),
        ({"runtime": "openvino", "precision": "int8"}, "precision=int8; take onnxruntime"),
        ({"runtime": "onnxruntime", "precision": "bfloat16"}, "bfloat16; take openvino"),
        ({"device": "abacus"}, "device 'abacus' can't be used here"),
    ],
)
def test_what_can_not_be_together_is_refused(given, said):
    with pytest.raises(InputError, match=said) as error:
        ready(lifter(1), shape=(17, 2), **given)
    assert "\n" not in str(error.value)


def test_on_a_gpu_auto_is_torch_unless_the_precision_is_another(monkeypatch):
    elsewhere = torch.device("meta")
    monkeypatch.setattr(runtimes, "pick", lambda name: elsewhere)
    made = ready(lifter(1), shape=(17, 2))
    assert (made.runtime, made.device) == ("torch", elsewhere)
    made = ready(lifter(3), shape=(17, 2), precision="int8")
    assert (made.runtime, made.device.type) == ("onnxruntime", "cpu")
    made = ready(lifter(3), shape=(17, 2), runtime="openvino")
    assert (made.runtime, made.device.type) == ("openvino", "cpu")


def test_an_exported_step_is_not_run_by_torch():
    graph = graph_of(lifter(1), (17, 2))
    with pytest.raises(InputError, match="torch can't run an exported step; take openvino or onnx"):
        ready(graph, shape=(17, 2), runtime="torch")


def test_bfloat16_is_refused_where_the_cpu_has_none():
    if "BF16" in compilers.core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this CPU computes in bfloat16")
    with pytest.raises(InputError, match="this CPU does not compute in bfloat16"):
        ready(lifter(1), shape=(17, 2), precision="bfloat16")
