"""Exported files do what torch does, or the program says so."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.conf.option import option
from gastlive.experiments import export
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.runtimes import compilers
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.packets import Frame, Person, Pose

LABELS = ("idle", "wave", "kick")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small lifter and heads, untrained, and the lifter's centred sister."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    for name, causal in (("lifter", True), ("centred", False)):
        net = option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=4, causal=causal)
        card = {"fps": 30, "normalisation": "person", "training": {}}
        checkpoint.save(net, folder / f"{name}.safetensors", **card)
    streaming = option("head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2))
    for name, net in (
        ("head", streaming),
        ("svm", option("head/svm", skeleton=H36M17, labels=LABELS, frames=10)),
    ):
        save_head(net, folder / f"{name}.safetensors", background="idle")
    return folder


@pytest.fixture(scope="module")
def files(weights):
    """Of lifter and head, exported."""
    return [
        export.exported(source, weights / "files", frames=40, people=2)
        for source in (
            export.lifter(str(weights / "lifter.safetensors")),
            export.head(str(weights / "head.safetensors")),
        )
    ]


def run(*arguments, folder):
    done = subprocess.run(
        [sys.executable, "-m", "gastlive.experiments.export", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_the_program_writes_both_and_says_how_they_are_used(weights, tmp_path):
    given = [f"{part}_checkpoint={weights}/{part}.safetensors" for part in ("lifter", "head")]
    status, said, errors = run(*given, "folder=mine", "frames=20", folder=tmp_path)
    assert (status, errors) == (0, "")
    assert said.endswith(
        "gastlive lifter.checkpoint=mine/lifter.onnx classifier.checkpoint=mine/head.onnx\n"
    )
    assert sorted(path.name for path in tmp_path.glob("**/*")) == [
        "head.onnx", "lifter.onnx", "mine",
    ]  # fmt: skip
    option("lifter/gast27", checkpoint=str(tmp_path / "mine" / "lifter.onnx"))
    option("classifier/everyday", checkpoint=str(tmp_path / "mine" / "head.onnx"), layout="h36m17")


def test_what_can_not_be_exported_is_one_line(weights, tmp_path):
    status, _, said = run(f"head_checkpoint={weights}/svm.safetensors", folder=tmp_path)
    assert status == 1
    assert said.startswith("gastlive: head ")
    assert "looks at windows" in said
    assert said.count("\n") == 1


def test_only_nets_that_stream_are_exported(weights, files):
    with pytest.raises(InputError, match="causal=False, wanted True"):
        export.lifter(str(weights / "centred.safetensors"))
    with pytest.raises(InputError, match="looks at windows, which have no step"):
        export.head(str(weights / "svm.safetensors"))
    for make, file in zip((export.lifter, export.head), files, strict=True):
        with pytest.raises(InputError, match="is exported already"):
            make(str(file.path))


def test_files_are_compared_with_torch_in_every_runtime(files):
    for file in files:
        assert set(file.apart) == set(compilers.COMPILERS)
        assert max(file.apart.values()) <= 1e-5
    export.refuse_differences(files)
    assert export.table(files).row_count == 2


@pytest.mark.parametrize("far", [1e-3, np.nan])
def test_a_difference_above_the_limit_is_an_error_that_names_file_and_runtime(
    weights, files, monkeypatch, tmp_path, far
):
    def lying(graph, threads, precision):
        run = compilers._onnxruntime(graph, threads, precision)
        return lambda given: [array + np.float32(far) for array in run(given)]

    monkeypatch.setitem(compilers.COMPILERS, "onnxruntime", lying)
    source = export.lifter(str(weights / "lifter.safetensors"))
    other = export.exported(source, tmp_path, frames=10, people=2)
    said = r"lifter\.onnx is (1\.\de-03|nan) off torch in onnxruntime, at most 1e-04 was wanted"
    with pytest.raises(InputError, match=said):
        export.refuse_differences([*files, other])
    assert other.path.is_file()


def test_a_net_without_a_graph_is_refused(weights, tmp_path):
    net, card = load_head(weights / "head.safetensors")
    net.score.forward = lambda x: x.sort(-1).values
    source = export.Source("mine", net, card, (17, 3))
    with pytest.raises(InputError, match="mine can't be exported: torch's sort has no translation"):
        export.exported(source, tmp_path, frames=10, people=2)


def pictures(count=40):
    """Two people who move; the second comes late and pauses."""
    random = np.random.default_rng(0)
    places = random.uniform(100, 400, (2, 17, 2))
    sure = np.ones(17, np.float32)
    for i in range(count):
        xy = (places + 20 * np.sin(i / 5 + places)).astype(np.float32)
        here = [0] if i < 9 or 20 < i < 25 else [1, 0]
        people = {t: Person(Pose(H36M17, xy[t], sure), xy=xy[t]) for t in here}
        yield Frame(None, i, i / 30, i / 30, 640, 480, people=people)


def lived(lifter, head, **given):
    """3-D joints and probabilities of everyone in every picture."""
    lift, classify = (
        option("lifter/gast27", checkpoint=str(lifter), **given),
        option("classifier/everyday", checkpoint=str(head), layout="h36m17", **given),
    )
    assert (lift.runtime, classify.runtime) == (given["runtime"],) * 2
    frames = [classify(lift(frame)) for frame in pictures()]
    people = [(track, person) for frame in frames for track, person in frame.people.items()]
    return {
        "tracks": np.array([track for track, _ in people]),
        "xyz": np.stack([person.xyz for _, person in people]),
        "probabilities": np.stack([person.probabilities for _, person in people]),
    }


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("exported", [False, True], ids=["in memory", "from a file"])
def test_the_live_stages_give_the_same_whatever_runs_them(weights, files, runtime, exported):
    ours = [weights / "lifter.safetensors", weights / "head.safetensors"]
    expected = lived(*ours, runtime="torch")
    given = [file.path for file in files] if exported else ours
    for name, values in lived(*given, runtime=runtime).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)


def test_what_the_live_stages_can_not_run_is_one_line(weights, files):
    lifter, head = files
    for make, said in (
        (
            lambda: option("lifter/gast27", checkpoint=str(lifter.path), runtime="torch"),
            "torch can't run an exported step",
        ),
        (lambda: option("lifter/gast27", checkpoint=str(head.path)), "is not a gastlive lifter"),
        (
            lambda: option("classifier/everyday", checkpoint=str(lifter.path), layout="h36m17"),
            "is not a gastlive head",
        ),
        (
            lambda: option("classifier/everyday", checkpoint=str(head.path), layout="coco17"),
            "wanted 'coco17'",
        ),
        (
            lambda: option(
                "classifier/everyday",
                checkpoint=str(weights / "svm.safetensors"),
                layout="h36m17",
                runtime="openvino",
            ),
            "looks at windows, which runtime=torch",
        ),
    ):
        with pytest.raises(InputError, match=said) as error:
            make()
        assert "\n" not in str(error.value)
