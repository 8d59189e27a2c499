"""What a net remembers, as lines of a graph; and graphs as files that nobody need trust."""

import json
from dataclasses import replace

import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from gastlive.action import deployed as heads
from gastlive.action.checkpoint import HeadCard
from gastlive.conf.option import option
from gastlive.gast import deployed as lifters
from gastlive.gast.checkpoint import VERSION, LifterCard
from gastlive.gast.errors import InputError
from gastlive.gast.folded import FoldedGASTNet
from gastlive.gast.lifter import Lifter
from gastlive.gast.runtimes.step_graph import DelayLine, graph_of, load_graph, save_graph
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import Streaming, begun

LABELS = ("idle", "wave", "kick")
CARD = LifterCard("h36m17", (3, 3), 4, True, 30.0, "person", receptive_field=9)
HEAD = HeadCard("tcn.TCN", {}, "h36m17", 30.0, LABELS, "idle", None, 8)


def lifter(*widths, normalisation="person"):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=widths, channels=4).eval()
    return Lifter(FoldedGASTNet(net), skeleton=H36M17, normalisation=normalisation).eval()


def tcn():
    torch.manual_seed(0)
    return option("head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2)).eval()


@pytest.fixture(scope="module")
def graph():
    return graph_of(lifter(3, 3), (17, 2))


@pytest.fixture
def path(graph, tmp_path):
    save_graph(graph, CARD, tmp_path / "sub" / "net.onnx")
    return tmp_path / "sub" / "net.onnx"


def test_a_step_reads_only_what_it_needs_of_what_it_remembers(graph):
    assert graph.lines == (
        DelayLine(1, (1,), ()),
        DelayLine(2, (2, 1), (17, 2)),
        DelayLine(6, (6, 3), (17, 8)),
    )
    assert list(graph.inputs) == ["frame", "begins", "past0_1", "past1_2", "past1_1", "past2_6",
                                  "past2_3"]  # fmt: skip
    assert graph.outputs == {
        "output": (17, 3), "newest0": (), "newest1": (17, 2), "newest2": (17, 8),
    }  # fmt: skip


def test_a_net_without_a_memory_has_no_lines():
    graph = graph_of(lifter(1, normalisation="screen"), (17, 2))
    assert (graph.lines, list(graph.inputs), list(graph.outputs)) == ((), ["frame"], ["output"])


@pytest.mark.parametrize(
    ("head", "past"),
    [
        (tcn(), [1, 1, 2, 4]),
        (option("head/gru", skeleton=H36M17, labels=LABELS, channels=8, layers=2), [1, 1, 1]),
    ],
    ids=["tcn", "gru"],
)
def test_a_head_remembers_lines_too(head, past):
    assert [line.past for line in graph_of(head, (17, 3)).lines] == past


@torch.inference_mode()
def test_streams_that_begin_and_streams_that_go_on_are_one_batch(graph):
    net, frames = lifter(3, 3), torch.rand(8, 2, 17, 2)
    state = None
    for frame in frames[:7]:
        _, state = net.step(frame[:1], state)
    on, _ = net.step(frames[7][:1], state)
    new, _ = net.step(frames[7][1:])
    lines = (state[0],), *state[1]
    past = [x[-ago] for x, line in zip(lines, graph.lines, strict=True) for ago in line.ago]
    given = [torch.cat([x, torch.full_like(x, torch.nan)]).numpy() for x in past]
    values = [frames[7].numpy(), torch.tensor([False, True]).numpy(), *given]
    run = ReferenceEvaluator(onnx.load_model_from_string(graph.model)).run
    output, *_ = run(None, dict(zip(graph.inputs, values, strict=True)))
    torch.testing.assert_close(torch.from_numpy(output), torch.cat([on, new]), rtol=0, atol=1e-6)


class Adding(Streaming):
    """Remembers, but asks nobody."""

    def step(self, frame, state=None):
        total = frame if state is None else state + frame
        return total, total


class Asking(Adding):
    def step(self, frame, state=None):
        total = frame if state is None else frame + state.mean()
        return total, total


class Backwards(Streaming):
    """Keeps the newest frame first."""

    def step(self, frame, state=None):
        past = begun(state, (frame, frame, frame))
        return past[2], (frame, *past[:2])


class Growing(Streaming):
    def step(self, frame, state=None):
        state = (frame,) if state is None else (*(x + 0 for x in state), frame)
        return frame, state


class Patchy(Streaming):
    """Does not begin with its first frame throughout."""

    def step(self, frame, state=None):
        past = begun(state, (frame * 0, frame * 0))
        return past[0], (past[1], frame)


class Counting(Streaming):
    def step(self, frame, state=None):
        return frame, (state or 0) + 1


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (Adding, "Adding has a state that has no graph: .*Mixed"),
        (Asking, "Asking has a state that has no graph: .*Mixed"),
        (Backwards, "Backwards .*: a step must move a layer's past on by one frame"),
        (Growing, "Growing .*: the state of a step must be as long as that of the step before"),
        (Patchy, "Patchy .*: a layer's past must begin with its first frame throughout"),
        (Counting, "Counting has a state that has no graph: .*'int'"),
    ],
)
def test_a_net_that_remembers_in_another_way_says_so(net, said):
    with pytest.raises(TypeError, match=said):
        graph_of(net(), (17, 2))


def test_a_net_that_calls_what_nobody_has_translated_says_so():
    class Sorting(Streaming):
        def step(self, frame, state=None):
            return frame.sort(-1).values, ()

    with pytest.raises(NotImplementedError, match="torch's sort has no translation"):
        graph_of(Sorting(), (17, 2))


def test_a_file_holds_the_graph_and_its_card(graph, path):
    again, card = load_graph(path, LifterCard, version=VERSION)
    assert (again.lines, again.shape, again.output) == (graph.lines, graph.shape, graph.output)
    assert card == CARD
    source, _ = lifters.deployed(path)
    assert source == again


def test_a_file_for_something_else_is_refused(graph, path, tmp_path):
    with pytest.raises(InputError, match="is not a gastlive head"):
        heads.deployed(path, layout="h36m17")
    save_graph(graph_of(tcn(), (17, 3)), HEAD, tmp_path / "head.onnx")
    with pytest.raises(InputError, match="is not a gastlive lifter"):
        lifters.deployed(tmp_path / "head.onnx")
    with pytest.raises(InputError, match="has layout='h36m17', wanted 'coco17'"):
        heads.deployed(tmp_path / "head.onnx", layout="coco17")
    with pytest.raises(InputError, match="has format version 1, wanted 2"):
        load_graph(path, LifterCard, version=2)
    with pytest.raises(InputError, match="no exported net at"):
        load_graph(tmp_path / "none.onnx", LifterCard, version=VERSION)


def test_a_card_that_speaks_of_other_shapes_is_refused(graph, tmp_path):
    save_graph(graph, replace(CARD, layout="humaneva15"), tmp_path / "a.onnx")
    with pytest.raises(InputError, match=r"takes \(17, 2\) to \(17, 3\), its card says \(15, 2\)"):
        lifters.deployed(tmp_path / "a.onnx")
    save_graph(graph_of(tcn(), (17, 3)), replace(HEAD, labels=LABELS[:2]),
               tmp_path / "b.onnx")  # fmt: skip
    with pytest.raises(InputError, match=r"to \(3,\), its card says \(17, 3\) to \(2,\)"):
        heads.deployed(tmp_path / "b.onnx", layout="h36m17")


def said(model, key="gastlive_step"):
    (entry,) = [entry for entry in model.metadata_props if entry.key == key]
    return entry


def says(**changes):
    def change(model):
        entry = said(model)
        entry.value = json.dumps(json.loads(entry.value) | changes)

    return change


def without_an_input(model):
    del model.graph.input[-1]


def with_another_input(model):
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 3


def with_an_input_left_out_of_what_it_says(model):
    lines = json.loads(said(model).value)["lines"]
    lines[1]["ago"] = [1]
    says(lines=lines)(model)


def with_a_past_that_is_not_kept(model):
    lines = json.loads(said(model).value)["lines"]
    lines[1]["past"] = 1
    says(lines=lines)(model)


def with_other_weights(model):
    weights = {given.name for given in model.graph.initializer}
    used = [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in weights]
    used[0].input[1] = used[-1].input[1]


def with_weights_elsewhere(model):
    given = max(model.graph.initializer, key=lambda given: len(given.raw_data))
    with open("elsewhere.bin", "wb") as file:
        file.write(given.raw_data)
    given.ClearField("raw_data")
    given.data_location = onnx.TensorProto.EXTERNAL
    where = given.external_data.add()
    where.key, where.value = "location", "elsewhere.bin"


def with_weights_elsewhere_in_a_node(model):
    value = onnx.TensorProto(
        name="x", data_type=onnx.TensorProto.FLOAT, dims=[1], data_location=1,
        external_data=[onnx.StringStringEntryProto(key="location", value="elsewhere.bin")],
    )  # fmt: skip
    model.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["x"], value=value))


def with_a_foreign_operator(model):
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: model.metadata_props.remove(said(model)), "lacks the metadata of its state"),
        (says(lines=None), "lacks the metadata of its state"),
        (says(lines=[{"past": 1}]), "lacks the metadata of its state"),
        (says(shape=7), "lacks the metadata of its state"),
        (with_a_past_that_is_not_kept, "lacks the metadata of its state"),
        (says(version=99), "has format version 99, wanted 1"),
        (says(shape=[17, 3]), "has other inputs or outputs than its metadata"),
        (says(output=[3]), "has other inputs or outputs than its metadata"),
        (with_an_input_left_out_of_what_it_says, "has other inputs or outputs than its metadata"),
        (without_an_input, "is not a readable ONNX file"),
        (with_another_input, "is not a readable ONNX file"),
        (with_other_weights, "is not a readable ONNX file"),
        (with_weights_elsewhere, "has parts that gastlive-export does not write"),
        (with_weights_elsewhere_in_a_node, "has parts that gastlive-export does not write"),
        (with_a_foreign_operator, "has parts that gastlive-export does not write"),
        (lambda model: setattr(said(model), "value", "{"), "lacks the metadata of its state"),
        (lambda model: model.metadata_props.pop(1), "is not a gastlive lifter"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(path, change, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=message) as error:
        lifters.deployed(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [0, 3, 5000])
def test_a_broken_file_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="is not a readable ONNX file") as error:
        lifters.deployed(path)
    assert "\n" not in str(error.value)


def test_another_onnx_file_is_refused(tmp_path):
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    same = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "other", [value], [same]))
    onnx.save(model, tmp_path / "other.onnx")
    (tmp_path / "text.onnx").write_text("no net at all")
    with pytest.raises(InputError, match=r"other\.onnx is not a gastlive lifter"):
        lifters.deployed(tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"text\.onnx is not a readable ONNX file"):
        lifters.deployed(tmp_path / "text.onnx")
