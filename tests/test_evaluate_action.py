"""What is measured of a head is what runs live."""

import json
import sys
from functools import partial

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import save_head
from gastlive.action.decision import Decision
from gastlive.action.evaluation import figures, scored
from gastlive.conf.option import option
from gastlive.datasets.for_heads.clip_data import Sample
from gastlive.datasets.for_heads.lifted import LiftedClip, Origin, save_lifted
from gastlive.datasets.labels import LabelMap
from gastlive.experiments import evaluate
from gastlive.experiments.evaluating.heads.action import main, measured
from gastlive.experiments.evaluating.heads.candidates import candidate, candidates, step_ms
from gastlive.experiments.evaluating.heads.report import write
from gastlive.experiments.export import exported, head
from gastlive.experiments.reporting import by_name
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

LABELS = ("idle", "wave", "kick")
HOW = {"layout": "h36m17", "runtime": None, "precision": "float32", "threads": 1}
ABOUT = {"command": "gastlive-evaluate action", "part": "held_out", "lifter": "", "data": ["mine"]}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Small heads, untrained; the streaming one exported too, and one without a background."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    streaming = option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2),
        features=("joint", "bone", "joint_motion", "bone_motion"),
    )  # fmt: skip
    for name, net in (
        ("head", streaming),
        ("svm", option("head/svm", skeleton=H36M17, labels=LABELS, frames=10)),
    ):
        save_head(net, folder / f"{name}.safetensors", background="idle")
    save_head(streaming, folder / "cut.safetensors", background=None)
    exported(head(str(folder / "head.safetensors")), folder, frames=1, people=1)
    return folder


@pytest.fixture(scope="module")
def streams():
    generator = torch.Generator().manual_seed(0)
    xyz = torch.rand(3, 60, 17, 3, generator=generator)
    return [(xyz, torch.randint(0, 3, (3, 60), generator=generator), torch.ones(3, 60))]


class HeldOut:
    """Of true joints."""

    def __init__(self, *, names=LABELS, fps=30.0, lifter=("", "")):
        self.labels = LabelMap(
            told_by_arms=(), told_by_legs=(), names=names, background=None, sets={}
        )
        self.fps, self.lifter, self.report = fps, lifter, ["mine"]


class Clips(HeldOut):
    """Six clips; in one of them there are two people."""

    def clips(self, part):
        rng = np.random.default_rng(0)
        return [
            Sample(rng.random((1 + (i == 3), 20 + i, 17, 3)).astype(np.float32), i % 3, "a", "1")
            for i in range(6)
        ]


class Streams(HeldOut):
    def __init__(self, batches, **given):
        super().__init__(**given)
        self.batches = batches

    def once(self, part):
        return self.batches


def results_of(data, weights, *names, compared=2, same_lifter=True):
    everyone = candidates([str(weights / f"{name}.safetensors") for name in names], **HOW)
    return measured(everyone, data, part="val", same_lifter=same_lifter, compared=compared)


def said_of(path, streams, **how):
    """Logits, figures and what ran it."""
    one = candidate(str(path), name="one", **HOW | how)
    result, card = scored(one.per_frame, streams), one.card
    said = figures(result, card, background=card.background, temperature=card.temperature)
    return torch.stack(result.logits), said, one.runtime


@pytest.mark.parametrize("runtime", ["torch", "openvino", "onnxruntime"])
def test_frame_by_frame_a_head_says_what_it_says_of_whole_streams(weights, streams, runtime):
    expected, figures, ran = said_of(weights / "head.safetensors", streams)
    assert ran is None
    logits, said, ran = said_of(weights / "head.safetensors", streams, runtime=runtime)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    assert (said, ran) == (figures, runtime)


def test_an_exported_head_is_measured_too(weights, streams):
    expected, figures, _ = said_of(weights / "head.safetensors", streams)
    logits, said, ran = said_of(weights / "head.onnx", streams, runtime="auto")
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
    assert said == figures
    assert ran in ("openvino", "onnxruntime")


def test_whole_numbers_say_something_else_but_close(weights, streams):
    expected, *_ = said_of(weights / "head.safetensors", streams)
    logits, _, ran = said_of(
        weights / "head.safetensors", streams, runtime="auto", precision="int8"
    )
    assert ran == "onnxruntime"
    assert 0 < (logits - expected).norm() < 0.1 * expected.norm()


def test_a_windowed_head_is_measured_in_torch_alone(weights, streams):
    logits, *_ = said_of(weights / "svm.safetensors", streams)
    assert logits.shape == (3, 60, 3)
    with pytest.raises(InputError, match="looks at windows, which runtime=null alone runs"):
        said_of(weights / "svm.safetensors", streams, runtime="torch")


def test_what_can_not_be_measured_so_is_refused(weights, streams):
    for name, given in (("head.onnx", {}), ("head.safetensors", {"precision": "int8"})):
        with pytest.raises(InputError, match="is run frame by frame; give runtime=auto"):
            said_of(weights / name, streams, **given)
    with pytest.raises(InputError, match="wanted 'coco17'"):
        said_of(weights / "head.onnx", streams, layout="coco17")
    with pytest.raises(InputError, match="names no head; give one or more"):
        candidates([], **HOW)


def test_checkpoints_go_by_the_shortest_name_that_tells_them_apart():
    assert by_name("everyday") == {"everyday": "everyday"}
    assert by_name(["a/x.onnx", "b/y.onnx"]) == {"x": "a/x.onnx", "y": "b/y.onnx"}
    assert by_name(["a/x.onnx", "b/x.onnx"]) == {"a/x.onnx": "a/x.onnx", "b/x.onnx": "b/x.onnx"}
    assert by_name({"mine": "a/x.onnx"}) == {"mine": "a/x.onnx"}


def test_a_head_that_does_not_fit_the_data_is_refused(weights):
    for data, said in (
        (Clips(names=("idle", "wave")), "other labels than the ones given here; choose labels="),
        (Clips(fps=25.0), "takes 30 frames per second, the data have 25; give fps=30"),
        (Clips(lifter=("gast27", "ab")), "lifted by gast27, head .* trained on true joints; lift"),
    ):
        with pytest.raises(InputError, match=said):
            results_of(data, weights, "head")
    with pytest.raises(InputError, match=r"no background label.*datamodule=clips"):
        results_of(Streams([]), weights, "cut")
    with pytest.raises(InputError, match="HeldOut has neither clips nor streams"):
        results_of(HeldOut(), weights, "head")


def test_a_head_can_be_measured_behind_a_lifter_that_it_does_not_know(weights):
    (result,) = results_of(Clips(lifter=("gast27", "ab")), weights, "head", same_lifter=False)
    assert result.figures["clips"] == 6


def test_a_head_without_a_background_is_measured_on_clips(weights):
    cut, same = results_of(Clips(), weights, "cut", "head")
    assert cut.figures == same.figures
    assert cut.confusion.sum(1).tolist() == [2, 2, 2]
    assert cut.reliability.counts.sum() == 6


def test_step_by_step_and_as_a_whole_heads_say_the_same(weights, streams):
    for data in (Clips(), Streams(streams)):
        for result in results_of(data, weights, "head", "svm"):
            assert result.apart < 1e-4
        for result in results_of(data, weights, "head", compared=0):
            assert result.apart is None


def test_a_step_that_does_not_do_what_the_whole_does_is_found(weights):
    one = candidate(str(weights / "head.safetensors"), name="one", **HOW)
    xyz = torch.rand(1, 30, 17, 3)
    apart = one.largest_difference([xyz])
    one.source.score.bias.data += 1  # the whole and the steps alike
    assert one.largest_difference([xyz]) == pytest.approx(apart, abs=1e-5)
    stepped = one.source.step
    one.source.step = lambda x, state=None: (stepped(x, None)[0], ())
    assert one.largest_difference([xyz]) > 1e-3


def test_all_heads_are_timed(weights):
    everyone = candidates([str(weights / f"{name}.safetensors") for name in ("head", "svm")], **HOW)
    assert step_ms(everyone, runtime="torch", precision="float32", rounds=0) == {}
    threads = torch.get_num_threads()
    spent = step_ms(everyone, runtime="torch", precision="float32", rounds=1)
    assert list(spent) == ["head", "svm"]
    assert min(spent.values()) > 0
    assert torch.get_num_threads() == threads


def test_the_report_on_clips_has_every_table_and_picture(weights, tmp_path):
    results = results_of(Clips(), weights, "head", "svm")
    said = write(results, {"head": 1.2341}, ABOUT, folder=tmp_path)
    page = (tmp_path / "report.md").read_text()
    assert said in page
    for part in (
        "# Action heads on held out clips", "```\ngastlive-evaluate action\n```", "- mine",
        "- joints: true", "## Accuracy, 6 clips", "| head | top-1 | top-5 | mean of classes |",
        "| head | 8 | 2.5 k |", " | 1.234 | ", "| svm | 10 at once |", "## Early recognition",
        "| head | 10% | 20% |", "| label | samples | head | svm |", "| wave | 2 |",
        "## Most common mistakes", "svm: ", "![confusion](confusion_svm.png)",
    ):  # fmt: skip
        assert part in page
    for name in ("confusion_head", "confusion_svm", "early", "reliability"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["labels"] == list(LABELS)
    streaming, windowed = content["heads"]
    assert streaming["top1"] == results[0].figures["top1"]
    assert (streaming["window"], windowed["window"]) == (None, 10)
    assert np.sum(windowed["confusion"]) == sum(windowed["reliability"]["counts"]) == 6


def test_the_report_on_streams_tells_events_as_they_happen(weights, streams, tmp_path):
    write(results_of(Streams(streams), weights, "head"), {}, ABOUT, folder=tmp_path)
    page = (tmp_path / "report.md").read_text()
    (found,) = json.loads((tmp_path / "report.json").read_text())["heads"]
    for part in (
        f"## Accuracy, {found['events']} events in 180 frames", "F1@10 | F1@25 | F1@50",
        f"| head | {100 * found['frame_accuracy']:.1f} |", "## Events as they happen",
        "| false per hour | delay mean, s | p50, s | p95, s |", "![confusion](confusion.png)",
    ):  # fmt: skip
        assert part in page
    assert (tmp_path / "confusion.png").exists()


def test_a_report_can_not_be_written_into_a_file(weights, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken"):
        write(results_of(Clips(), weights, "head"), {}, ABOUT, folder=tmp_path / "taken")


def test_events_are_those_of_the_decision_that_suits_the_head(weights, streams, tmp_path):
    net = candidate(str(weights / "head.safetensors"), name="one", **HOW).source
    net.score.bias.data[1] += 5  # always waves
    save_head(net, tmp_path / "plain.safetensors", background="idle")
    save_head(net, tmp_path / "shy.safetensors", background="idle", decision={"enter": 1.0})
    data, name = Streams(streams), "detection_rate"
    plain, shy = (each.figures[name] for each in results_of(data, tmp_path, "plain", "shy"))
    assert plain > shy == 0
    (asked,) = measured(
        candidates(str(tmp_path / "shy.safetensors"), **HOW), data, part="val", same_lifter=True,
        compared=0, decision=partial(Decision, enter=0.5),
    )  # fmt: skip
    assert asked.figures[name] == plain


@pytest.mark.parametrize("way", ["clips", "streams"])
@pytest.mark.filterwarnings("ignore::Warning")  # of Lightning
def test_the_program_measures_lifted_clips(weights, tmp_path, monkeypatch, capsys, way):
    rng, still = np.random.default_rng(0), np.zeros(40)
    origin = Origin("h36m17", 30.0, "", "", "mine", "anna", ("wave", "kick"), 0, "k1")
    save_lifted(tmp_path / "lifted", origin, [
        LiftedClip(f"{i}", 0, rng.random((40, 17, 3)), np.full(40, i % 2), still + 1, still, origin)
        for i in range(4)
    ])  # fmt: skip
    words = [
        f"checkpoint=[{weights / 'head.safetensors'},{weights / 'svm.safetensors'}]",
        f"data.folder={tmp_path / 'lifted'}", "labels=own", "labels.background=idle",
        "protocol=own", "protocol.val=0.001", "part=train", f"datamodule={way}", "rounds=1",
        "threads=1", f"hydra.run.dir={tmp_path}", f"output={tmp_path / 'said'}",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["gastlive-evaluate action", *words])
    main()
    said = capsys.readouterr().out
    assert f"report in {tmp_path / 'said' / 'report.md'}" in said
    content = json.loads((tmp_path / "said" / "report.json").read_text())
    assert content["data"][0] == "train: mine anna; 4 recordings, 4 views, 160 frames"
    assert content["shown"] == way
    for each in content["heads"]:
        assert each["clips" if way == "clips" else "events"] == 4
        assert each["step_p50_ms"] > 0
        assert each["stream_apart"] < 1e-4


def test_the_program_takes_runtime_and_precision(ended, tmp_path):
    given = ["action", "runtime=torch", "precision=int8"]
    status, _, errors = ended(evaluate.main, *given, folder=tmp_path)
    said = (
        "gastlive: runtime=torch can't run precision=int8; take onnxruntime, the only one that is "
        "faster by it\n"
    )
    assert (status, errors) == (1, said)
