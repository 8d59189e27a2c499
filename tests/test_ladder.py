"""The ladder: each rung adds one thing, and the last one is the live program."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module

from gastlive.action.checkpoint import save_head
from gastlive.conf.option import option
from gastlive.datasets.for_lifters.held_out import Watched
from gastlive.datasets.seen.noise import NoNoise
from gastlive.experiments.evaluating.label_figures import Labelled, label_figures
from gastlive.experiments.evaluating.ladder.climb import Answer, Chain, Watcher
from gastlive.experiments.evaluating.ladder.films import Films
from gastlive.experiments.evaluating.ladder.held_out import HeldOutPeople
from gastlive.experiments.evaluating.ladder.ladder import climbed, present
from gastlive.experiments.evaluating.ladder.report import with_losses, write
from gastlive.experiments.evaluating.ladder.scenes import DETECTOR, EXACT, NOISE, TRUTH
from gastlive.experiments.evaluating.ladder.scores import Scores, wrist_errors
from gastlive.experiments.evaluating.lifters.candidates import Whole
from gastlive.experiments.evaluating.recordings.recorded import read, read_truth
from gastlive.experiments.evaluating.recordings.recording import compare
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17
from gastlive.realtime.sources.demo import PATH as DEMO

LABELS = ("idle", "walk", "jog")
TRUE = DEMO.parent / "demo_truth.npz"
FRAMES = 20


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A small lifter and a small head, untrained."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, causal=True)
    checkpoint.save(
        net, folder / "lifter.safetensors", fps=30.0, normalisation="person", training={}
    )
    head = option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1, 2),
        features=("joint", "bone", "joint_motion", "bone_motion"),
    )  # fmt: skip
    save_head(head, folder / "head.safetensors", background="idle")
    return folder


def render(path):
    """The first frames of the demo's ground truth, without its pictures."""
    with np.load(TRUE, allow_pickle=False) as file:
        whole = {name: file[name] for name in file.files}
    one_each = ("fps", "size_px", "intrinsics", "rotation", "translation")
    np.savez(path, **{k: v if k in one_each else v[:FRAMES] for k, v in whole.items()})
    return path


def films(path, *, noise=None, draws=2, fps=30.0, watch=None):
    return Films(str(path), noise=noise or NoNoise(), draws=draws, seed=0, watch=watch, fps=fps)


def config(weights, *overrides):
    own = [f"lifter.checkpoint={weights / 'lifter.safetensors'}", "smoothing=none",
           f"classifier.checkpoint={weights / 'head.safetensors'}", "runtime=torch"]  # fmt: skip
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("evaluate_ladder", overrides=[*own, *overrides])


@pytest.fixture(scope="module")
def chain(weights):
    cfg = config(weights)
    return Chain(cfg, cfg.lifter.checkpoint)


class HeldOut:
    """One clip from two sides, whose noise moves everything by a torso."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.conditions, self.report = ("exact", "noisy"), ["one clip"]
        self.xy, self.xyz = (rng.random((2, 9, 17, c)).astype(np.float32) for c in (2, 3))

    def watch(self, condition):
        actions = np.array(["walking"] * 6 + ["?"] * 3)
        yield Watched(
            "a", "moves", "anna", actions, ["left", "right"],
            self.xy + (condition == "noisy"), self.xyz, np.ones((2, 9, 17), np.float32),
        )  # fmt: skip


def test_without_pictures_the_ladder_ends_at_simulated_noise_and_says_so(chain, tmp_path):
    ground = [films(render(tmp_path / "a.npz")), HeldOutPeople(lambda _: HeldOut(), fps=30.0)]
    found = climbed(chain, ground, {"moves": {"walking": "walk", "?": None}}, {})
    for name, why in (("renders", "no clip"), ("held-out people", "no pictures")):
        assert list(found[name]) == [TRUTH, EXACT, NOISE, DETECTOR]
        assert found[name][DETECTOR].startswith(why)
        assert all(found[name][rung]["p_mpjpe_mm"] is not None for rung in (TRUTH, EXACT, NOISE))
    assert found["held-out people"][TRUTH]["frames"] == 18
    assert found["renders"][NOISE]["frames"] == 2 * FRAMES


def test_the_true_joints_differ_from_the_rigs_by_the_middle_line_alone(chain, tmp_path):
    found = climbed(chain, [films(render(tmp_path / "a.npz"))], {}, {})["renders"][TRUTH]
    assert found["made_p_mpjpe_mm"] == 0
    assert 10 < found["p_mpjpe_mm"] < 30
    assert found["wrists_rms_torso"] is None


def test_a_rung_lifts_as_the_lifter_lifts_whole_clips(chain, weights, tmp_path):
    scene = next(films(render(tmp_path / "a.npz")).scenes(NOISE, "person"))
    whole = Whole(weights / "lifter.safetensors")
    with torch.inference_mode():
        expected = whole(torch.from_numpy(scene.given.xy)).numpy()
    answer = chain.answer(scene)
    np.testing.assert_allclose(answer.xyz, expected, atol=2e-4)
    np.testing.assert_allclose(answer.xy, scene.given.xy, atol=1e-5)


def test_a_lifter_that_is_told_what_to_trust_is_told_it_on_every_rung(weights, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "told.safetensors"
    net = option(
        "net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, causal=True, inputs=3
    )
    checkpoint.save(net, path, fps=30.0, normalisation="person", training={})
    cfg = config(weights, f"lifter.checkpoint={path}")
    told = Chain(cfg, str(path))
    scene = next(films(render(tmp_path / "a.npz")).scenes(NOISE, "person"))
    sure = told.answer(scene).xyz
    scene.given.confidence[:] = 0
    assert np.abs(told.answer(scene).xyz - sure).max() > 1e-3


def test_a_perfect_detectors_joints_reach_the_lifter_where_they_are(chain, tmp_path):
    """COCO joints of the rig lie near those that lifters know; nothing is lost or smoothed."""
    scene = next(films(render(tmp_path / "a.npz")).scenes(EXACT, "person"))
    errors = wrist_errors(chain.answer(scene).xy, scene.exact, H36M17)
    assert np.sqrt((errors**2).mean()) < 0.03


def test_scenes_do_not_leak_into_each_other(chain, tmp_path):
    scenes = [next(films(render(tmp_path / "a.npz")).scenes(EXACT, "person")) for _ in range(2)]
    one, other = map(chain.answer, scenes)
    np.testing.assert_array_equal(one.xyz, other.xyz)
    np.testing.assert_array_equal(one.decided, other.decided)


def test_what_one_lifter_found_without_lifting_holds_for_the_next(chain, tmp_path):
    known = {}
    ground = films(render(tmp_path / "a.npz"))
    climbed(chain, [ground], {}, known)
    assert climbed(chain, [ground], {}, known)["renders"][TRUTH] is known["renders", "person"]


def scene_and_answer(moved):
    """A scene of two frames whose joints are answered `moved` (3,) metres off the truth."""
    scene = next(HeldOutPeople(lambda _: HeldOut(), fps=30.0).scenes(EXACT, "person"))
    off = np.zeros((17, 3), np.float32)
    off[1:] = moved
    nothing = np.full(scene.true.shape[:2], -1)
    return scene, Answer(scene.exact, scene.true + off, nothing, nothing)


def test_depth_and_picture_plane_are_told_apart():
    scores = Scores(H36M17, LABELS, "idle", {"moves": {"walking": "walk", "?": None}})
    scores.add(*scene_and_answer((0.03, 0.04, 0.12)))
    found = scores.figures()
    share = 16 / 17  # the root has no error
    assert found["plane_error_mm"] == pytest.approx(50 * share, abs=0.1)
    assert found["depth_error_mm"] == pytest.approx(120 * share, abs=0.1)
    assert found["mpjpe_mm"] == pytest.approx(130 * share, abs=0.1)
    assert found["acceleration_error_mm"] == 0
    assert found["wrists_rms_torso"] == 0


def test_frames_without_a_counterpart_among_the_labels_do_not_count():
    scores = Scores(H36M17, LABELS, "idle", {"moves": {"walking": "walk", "?": None}})
    scene, answer = scene_and_answer((0, 0, 0))
    answer.likeliest[:, :3] = 1
    answer.likeliest[:, 6:] = 2
    scores.add(scene, answer)
    assert scores.figures()["head_frame_accuracy"] == 0.5
    assert scores.figures()["head_frame_accuracy_by_label"] == {"walk": 0.5}


def test_labels_that_the_head_lacks_are_refused():
    scores = Scores(H36M17, LABELS, "idle", {"moves": {"walking": "stroll", "?": None}})
    with pytest.raises(InputError, match="'stroll' of moves is none of the head's; choose labels="):
        scores.add(*scene_and_answer((0, 0, 0)))


def test_a_wrists_error_is_measured_in_torsos():
    exact = np.zeros((1, 1, 17, 2), np.float32)
    exact[..., H36M17.index["thorax"], 1] = -0.5
    seen = exact.copy()
    seen[..., H36M17.index["left_wrist"], :] += (0.3, 0.4)
    np.testing.assert_allclose(wrist_errors(seen, exact, H36M17), [[1, 0]])
    bowing = np.concatenate([exact, np.zeros_like(exact)], 1)
    errors = wrist_errors(np.concatenate([seen, seen], 1), bowing, H36M17)
    np.testing.assert_allclose(errors, [[1, 0], [4, 0]])


def test_a_frame_before_the_first_decision_is_wrong_and_an_event_needs_half_of_it():
    true = np.array([-1, 0, 0, 1, 1, 1, 1, 0])
    decided = np.array([1, 2, 2, 0, 1, 1, 1, 0])
    found = label_figures([Labelled(true, true, decided)], background=0, nobody=2)
    assert found == {
        "decision_frame_accuracy": 0.5714, "head_frame_accuracy": 1.0, "event_f1": 1.0,
    }  # fmt: skip
    late = np.array([1, 0, 0, 0, 0, 0, 1, 0])
    assert label_figures([Labelled(true, true, late)], background=0, nobody=2)["event_f1"] == 0


def test_what_is_lost_is_the_difference_of_neighbouring_rungs(chain, tmp_path):
    ground = [films(render(tmp_path / "a.npz"))]
    result = {"name": "mine", "checkpoint": "mine", "grounds": climbed(chain, ground, {}, {})}
    lost = with_losses(result)["lost"]["renders"]
    rungs = result["grounds"]["renders"]
    assert list(lost) == ["truth -> exact 2-D", "exact 2-D -> simulated noise"]
    assert lost["truth -> exact 2-D"]["mpjpe_mm"] == pytest.approx(
        rungs[EXACT]["mpjpe_mm"] - rungs[TRUTH]["mpjpe_mm"]
    )


def test_the_report_has_tables_a_picture_and_all_figures(chain, tmp_path):
    ground = [films(render(tmp_path / "a.npz"))]
    results = [
        {"name": name, "checkpoint": name, "grounds": climbed(chain, ground, {}, {})}
        for name in ("one", "two")
    ]
    parts = {"classifier": "mine", "detector": "movenet", "noise": "none", "smoothing": "none"}
    about = {"command": "gastlive-evaluate ladder", "data": ["mine"], **parts}
    said = write(results, about, folder=tmp_path / "out")
    assert "| two: detector (no clip beside the ground truth) | - |" in said
    assert "| one: truth -> exact 2-D | +" in said
    page = (tmp_path / "out" / "ladder.md").read_text()
    assert "![ladder](ladder_renders.png)" in page
    assert (tmp_path / "out" / "ladder_renders.png").is_file()
    content = json.loads((tmp_path / "out" / "ladder.json").read_text())
    assert content["lifters"][1]["grounds"]["renders"][EXACT]["frames"] == FRAMES


def test_ground_that_is_not_there_is_refused_in_one_line(weights, tmp_path):
    path = render(tmp_path / "a.npz")
    for given, said in (
        ({"path": tmp_path / "b.npz"}, "no ground truth"),
        ({"path": path, "fps": 25.0}, "has 30 frames/s, wanted 25; give fps=30"),
        ({"path": path, "draws": 0}, "give 1 or more draws"),
    ):
        with pytest.raises(InputError, match=said):
            films(**given)
    (tmp_path / "c.npz").write_bytes(b"no zip")
    with pytest.raises(InputError, match="is no truth that gastlive-render wrote"):
        films(tmp_path / "c.npz")
    with pytest.raises(InputError, match="no held-out people nobody; choose all or from hdm05"):
        present(config(weights).sets, ["nobody"])


def test_held_out_people_without_noise_of_their_own_are_refused():
    one = HeldOut()
    one.conditions = ("cpn",)
    with pytest.raises(InputError, match=r"wants exact and noisy 2-D joints, .* have cpn; give"):
        next(HeldOutPeople(lambda _: one, fps=30.0).scenes(EXACT, "person"))


def test_four_views_of_each_clip_are_enough(weights):
    assert config(weights).held_out.views_per_clip == 4


def test_all_held_out_people_are_those_whose_files_are_there(weights, tmp_path):
    sets = config(weights).sets
    for data in sets.values():
        data.root = str(tmp_path)
    with pytest.raises(InputError, match="is there; set GASTLIVE_DATA, or people="):
        present(sets, "all")
    for actor in ("mm", "tr"):
        (tmp_path / f"HDM_{actor}_walk2StepsLstart_001_120.amc").touch()
    assert list(present(sets, "all")) == ["hdm05"]
    assert set(present(sets, ["precog16", "hdm05"])) == {"precog16", "hdm05"}


@pytest.mark.slow
def test_the_program_climbs_with_several_lifters(weights, tmp_path):
    path = render(tmp_path / "a.npz")
    lifter = weights / "lifter.safetensors"
    subprocess.run(
        [
            sys.executable, "-m", "gastlive.experiments.evaluate", "ladder", f"films={path}",
            "people=[]", f"lifters={{one: {lifter}, two: {lifter}}}", "draws=1", "runtime=torch",
            f"classifier={weights / 'head.safetensors'}", f"hydra.run.dir={tmp_path / 'out'}",
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    content = json.loads((tmp_path / "out" / "ladder.json").read_text())
    assert [each["name"] for each in content["lifters"]] == ["one", "two"]
    assert content["noise"] == "measured"


@pytest.mark.slow
def test_on_the_demo_the_last_rung_is_the_live_program(tmp_path):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("evaluate_ladder")
    run = [sys.executable, "-m", "gastlive.realtime.live", "sink=[jsonl]"]
    subprocess.run([*run, f"hydra.run.dir={tmp_path}"], check=True, capture_output=True)
    live = compare(*read(tmp_path / "frames.jsonl"), read_truth(TRUE))
    ground = films("demo", draws=1, watch=Watcher(cfg))
    found = climbed(Chain(cfg, "gast27"), [ground], {}, {})["renders"]
    # The recording is rounded.
    for key in ("mpjpe_mm", "p_mpjpe_mm", "acceleration_error_mm"):
        assert found[DETECTOR][key] == pytest.approx(live[key], abs=0.2)
    for key in ("head_frame_accuracy", "decision_frame_accuracy", "event_f1"):
        assert found[DETECTOR][key] == pytest.approx(live[key], abs=0.005)
    accuracies = [found[rung]["head_frame_accuracy"] for rung in (TRUTH, EXACT)]
    assert accuracies[0] > accuracies[1]
