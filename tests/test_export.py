"""Exported files do what torch does, or the program says so."""

import json
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from gastlive.action.checkpoint import load_head, save_head
from gastlive.conf.option import option
from gastlive.experiments import export
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.runtimes import compilers
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import streamed
from gastlive.gast.units import to_screen
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


def test_the_program_writes_both_and_says_how_they_are_used(weights, ended, tmp_path):
    given = [f"{part}_checkpoint={weights}/{part}.safetensors" for part in ("lifter", "head")]
    status, said, errors = ended(export.main, *given, "folder=mine", "frames=20", folder=tmp_path)
    assert (status, errors) == (0, "")
    assert said.endswith(
        "gastlive lifter.checkpoint=mine/lifter.onnx classifier.checkpoint=mine/head.onnx\n"
    )
    assert sorted(path.name for path in tmp_path.glob("**/*")) == [
        "head.onnx", "head_README.md", "head_run.py", "lifter.onnx", "lifter_README.md",
        "lifter_run.py", "mine",
    ]  # fmt: skip
    option("lifter/gast27", checkpoint=str(tmp_path / "mine" / "lifter.onnx"))
    option("classifier/everyday", checkpoint=str(tmp_path / "mine" / "head.onnx"), layout="h36m17")


WITHOUT = """import runpy, sys
for name in ("torch", "gastlive", "hydra"):
    sys.modules[name] = None  # importing it raises
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def alone(script, *arguments, folder):
    """What a run.py says in a process in which neither torch nor gastlive can be imported."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(script), *arguments],
        cwd=folder, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_lies_beside_a_file_runs_without_torch_and_starts_streams_right(
    weights, files, tmp_path
):
    lifter, head = files
    pixels = np.random.default_rng(0).uniform(100, 400, (30, 17, 2))
    np.save(tmp_path / "keypoints.npy", pixels)
    arguments = ("keypoints.npy", "640", "480")
    said = alone(lifter.path.with_name("lifter_run.py"), *arguments, folder=tmp_path)
    assert said.startswith("30 frames in lifter_xyz.npy; last right_wrist")
    xyz = np.load(tmp_path / "lifter_xyz.npy")
    screen = torch.from_numpy(to_screen(pixels, width=640, height=480)).float()
    with torch.no_grad():
        expected = streamed(export.lifter(str(weights / "lifter.safetensors")).net, screen[None])
    np.testing.assert_allclose(xyz, expected[0], atol=1e-5)

    said = alone(head.path.with_name("head_run.py"), "lifter_xyz.npy", folder=tmp_path)
    net, card = load_head(weights / "head.safetensors")
    with torch.no_grad():
        odds = (streamed(net, torch.from_numpy(xyz)[None])[0] / card.temperature).softmax(-1)
    assert said.splitlines() == [
        f"frame {i}: {LABELS[row.argmax()]} {row.max():.2f}" for i, row in enumerate(odds)
    ]


def test_each_script_runs_without_arguments_and_is_short(files, tmp_path):
    for file in files:
        script = file.path.with_name(f"{file.path.stem}_run.py")
        assert alone(script, folder=tmp_path)
        assert len(script.read_text().splitlines()) <= 42


def test_readme_and_metadata_name_joints_units_rate_labels_and_temperature(files):
    for file in files:
        props = {p.key: p.value for p in onnx.load(file.path).metadata_props}
        readme = file.path.with_name(f"{file.path.stem}_README.md").read_text()
        assert json.loads(props["joints"]) == list(H36M17.joints)
        assert "metres" in props["frame_is"] + props["output_is"]
        assert props["frames_per_second"] in ("30", "30.0")
        assert "a state of zeros" in props["begin"]
        for joint in H36M17.joints:
            assert f"| {joint} |" in readme
        assert "zeros begins a stream" in readme
    assert json.loads(props["labels"]) == list(LABELS)
    assert f"softmax(output / {json.loads(props['temperature'])})" in readme


def test_a_stream_of_several_begins_anew_where_its_row_of_the_state_is_zeros(files):
    session = onnxruntime.InferenceSession(str(files[0].path))
    frames = np.random.default_rng(0).normal(0, 0.3, (12, 2, 17, 2)).astype(np.float32)
    state = np.zeros((2, session.get_inputs()[1].shape[1]), np.float32)
    together = []
    for i, frame in enumerate(frames):
        if i == 5:
            state[1] = 0  # somebody else
        output, state = session.run(["output", "next_state"], {"frame": frame, "state": state})
        together.append(output)
    state, alone = np.zeros_like(state[:1]), []
    for frame in frames[5:]:
        output, state = session.run(None, {"frame": frame[1:], "state": state})
        alone.append(output)
    np.testing.assert_allclose(np.stack(together)[5:, 1:], np.stack(alone), atol=1e-6)


def test_what_can_not_be_exported_is_one_line(weights, ended, tmp_path):
    given = f"head_checkpoint={weights}/svm.safetensors"
    status, _, said = ended(export.main, given, folder=tmp_path)
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
