"""What is measured of a lifter is what runs live."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from gastlive.conf.option import option
from gastlive.datasets.for_lifters.held_out import Watched
from gastlive.experiments import evaluate
from gastlive.experiments.evaluating.lifters import candidates as ways
from gastlive.experiments.evaluating.lifters.candidates import candidate, candidates
from gastlive.experiments.evaluating.lifters.lifter import measured, measured_by_units, step_ms
from gastlive.experiments.evaluating.lifters.pictures import best_to_worst
from gastlive.experiments.evaluating.lifters.report import content_of, write
from gastlive.experiments.evaluating.lifters.scores import Case, Scores
from gastlive.experiments.export import exported, lifter
from gastlive.gast import checkpoint
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import Lifter
from gastlive.gast.skeleton import H36M17
from gastlive.gast.units import UNITS
from gastlive.gast.windowed import mirrored

HOW = {"runtime": None, "precision": "float32", "threads": 1}
ABOUT = {"command": "gastlive-evaluate lifter", "precision": "float32", "noise": "none"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Small lifters, untrained: one causal and exported too, its centred sister, a short one."""
    folder = tmp_path_factory.mktemp("weights")
    for name, widths, causal in (
        ("lifter", (3, 3), True),
        ("centred", (3, 3), False),
        ("short", (1,), True),
    ):
        torch.manual_seed(0)
        net = option("net/gast27", skeleton=H36M17, filter_widths=widths, channels=4, causal=causal)
        units = "screen" if name == "short" else "person"
        card = {"fps": 30.0, "normalisation": units, "training": {}}
        checkpoint.save(net, folder / f"{name}.safetensors", **card)
    exported(lifter(str(folder / "lifter.safetensors")), folder, frames=1, people=1)
    return folder


def clip(name, subject, action, *, frames=12, sides=2, seed=0):
    rng = np.random.default_rng(seed)
    xy, xyz = (rng.random((sides, frames, 17, c)).astype(np.float32) for c in (2, 3))
    cameras = [f"view {i}" for i in range(sides)]
    sure = np.ones((sides, frames, 17), np.float32)
    return Watched(name, "moves", subject, np.full(frames, action), cameras, xy, xyz, sure)


class HeldOut:
    """Three recordings of two people who do two things, in two conditions."""

    def __init__(self):
        self.conditions, self.report = ("exact", "noisy"), ["three recordings"]
        self.clips = [
            clip("a", "anna", "sit", seed=1), clip("b", "anna", "jump", seed=2),
            clip("c", "ben", "sit", seed=3, frames=20),
        ]  # fmt: skip

    def watch(self, condition):
        yield from self.clips


def named(weights, *names, **how):
    paths = {name: str(weights / f"{name}.safetensors") for name in names}
    return candidates(paths, **HOW | how)


def results_of(everyone, *, flip=True, alone=True, compared=1):
    return measured(everyone, HeldOut(), flip=flip, alone=alone, compared=compared)


def overall(path, **how):
    """Figures, and what ran it."""
    one = candidate(str(path), name="one", **HOW | how)
    (result,) = measured([one], HeldOut(), flip=False, alone=False, compared=0)
    return result.scores["exact"]["plain"].overall(), one.runtime


@pytest.mark.parametrize("runtime", [None, "torch"])
def test_a_lifter_that_is_told_what_to_trust_is_told_it_when_it_is_measured(runtime, tmp_path):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4, inputs=3).eval()
    path = tmp_path / "told.safetensors"
    checkpoint.save(net, path, fps=30.0, normalisation="person", training={})
    one, held_out = candidate(str(path), name="told", **HOW | {"runtime": runtime}), HeldOut()
    sure = np.random.default_rng(0).random((2, 12, 17)).astype(np.float32)
    held_out.clips = [replace(held_out.clips[0], confidence=sure)]
    (result,) = measured([one], held_out, flip=True, alone=True, compared=1)
    assert result.apart_mm < 0.1
    told = torch.from_numpy(np.concatenate([held_out.clips[0].xy, sure[..., None]], -1))
    for way, lift in (("plain", one.lift), ("alone", one.alone)):
        with torch.inference_mode():
            lifted = lift(told)
        expected = Scores()
        expected.add(held_out.clips[0], lifted)
        said = result.scores["exact"][way].overall()
        assert said == pytest.approx(expected.overall(), abs=0.011)
    figures = results_of([one], alone=False)[0].scores["exact"]["plain"].overall()
    assert said != figures


@pytest.mark.parametrize("runtime", ["torch", "openvino", "onnxruntime"])
def test_frame_by_frame_the_errors_are_those_of_whole_clips(weights, runtime):
    expected, ran = overall(weights / "lifter.safetensors")
    assert ran is None
    assert overall(weights / "lifter.safetensors", runtime=runtime) == (
        pytest.approx(expected, abs=0.011), runtime,
    )  # fmt: skip


def test_an_exported_lifter_is_measured_too(weights):
    expected, _ = overall(weights / "lifter.safetensors")
    said, ran = overall(weights / "lifter.onnx", runtime="auto")
    assert said == pytest.approx(expected, abs=0.011)
    assert ran in ("openvino", "onnxruntime")


def test_whole_numbers_have_errors_of_their_own(weights):
    expected, _ = overall(weights / "lifter.safetensors")
    said, ran = overall(weights / "lifter.safetensors", runtime="auto", precision="int8")
    assert ran == "onnxruntime"
    assert said != expected
    assert said == pytest.approx(expected, rel=0.1)


def test_a_centred_lifter_is_measured_on_whole_clips_only(weights):
    said, _ = overall(weights / "centred.safetensors")
    assert said["mpjpe_mm"] > 0
    with pytest.raises(InputError, match="causal=False, wanted True"):
        overall(weights / "centred.safetensors", runtime="torch")


def test_what_can_not_be_measured_so_is_refused(weights):
    for name, given in (("lifter.onnx", {}), ("lifter.safetensors", {"precision": "int8"})):
        with pytest.raises(InputError, match="is run frame by frame; give runtime=auto"):
            overall(weights / name, **given)
    for runtime in (None, "torch"):
        with pytest.raises(InputError, match=r"has fps=30.0, wanted 25.0"):
            overall(weights / "lifter.safetensors", runtime=runtime, fps=25.0)
    with pytest.raises(InputError, match="names no lifter; give one or more"):
        candidates([], **HOW)


def test_lifters_go_by_the_shortest_name_that_tells_them_apart(weights, tmp_path):
    other = tmp_path / "lifter.safetensors"
    other.write_bytes((weights / "lifter.safetensors").read_bytes())
    given = [str(weights / "lifter.safetensors"), str(other), str(weights / "short.safetensors")]
    assert [each.name for each in candidates(given, **HOW)] == [*given[:2], "short"]
    assert [each.name for each in candidates({"mine": given[0]}, **HOW)] == ["mine"]
    assert [each.name for each in candidates(given[2], **HOW)] == ["short"]


@pytest.mark.parametrize("name", ["lifter", "centred"])
@torch.inference_mode()
def test_clips_too_long_to_be_lifted_at_once_give_the_same(weights, name, monkeypatch):
    (one,) = named(weights, name)
    xy = torch.rand(3, 40, 17, 2)
    expected = one.lift(xy)
    for at_once in (50, 7):  # clip by clip, and in stretches
        monkeypatch.setattr(ways, "AT_ONCE", at_once)
        torch.testing.assert_close(one.lift(xy), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["lifter", "centred"])
@torch.inference_mode()
def test_a_frame_alone_is_lifted_as_a_clip_of_that_frame(weights, name):
    (one,) = named(weights, name)
    xy = torch.rand(2, 5, 17, 2)
    alone = one.alone(xy)
    for side, t in ((0, 0), (1, 3)):
        still = xy[side, t].expand(1, 20, 17, 2)
        torch.testing.assert_close(alone[side, t], one.lift(still)[0, 10], rtol=0, atol=1e-5)


def test_a_lifter_without_memory_trembles_as_if_each_frame_were_alone(weights):
    results = results_of(named(weights, "short", "lifter"))
    short, other = (each["results"]["exact"] for each in content_of(results, {}, {})["lifters"])
    assert short["jitter"] == 1
    expected = other["plain"]["acceleration_error_mm"] / other["alone"]["acceleration_error_mm"]
    assert other["jitter"] == pytest.approx(expected, abs=1e-3)


@torch.inference_mode()
def test_flip_is_the_mean_with_the_mirrored_person(weights):
    (one,) = named(weights, "lifter")
    (result,) = results_of([one])
    expected = Scores()
    for watched in HeldOut().clips:
        xy = torch.from_numpy(watched.xy)
        in_mirror = mirrored(one.lift(mirrored(xy, H36M17)), H36M17)
        expected.add(watched, (one.lift(xy) + in_mirror) / 2)
    assert result.scores["noisy"]["flip"].overall() == pytest.approx(expected.overall(), abs=0.01)
    assert result.scores["noisy"]["flip"].overall() != result.scores["noisy"]["plain"].overall()


class ByUnits(HeldOut):
    """The truth lies elsewhere for each kind of units."""

    def __init__(self, *, normalisation):
        super().__init__()
        self.report = ["three recordings"]
        for watched in self.clips:
            watched.xyz[:] = {"person": 1.0, "screen": 2.0}[normalisation]


def test_lifters_in_other_units_are_measured_against_a_truth_in_their_own_axes(weights):
    everyone = named(weights, "lifter", "short", "centred")  # in person, screen, person units
    options = {"flip": False, "alone": False, "compared": 0, "seen": None}
    cfg = OmegaConf.create({"held_out": {"_target_": f"{__name__}.ByUnits"}, **options})
    results, data = measured_by_units(everyone, cfg)
    assert [result.candidate.name for result in results] == ["lifter", "short", "centred"]
    assert data == ["three recordings"]
    true = [float(result.scores["exact"]["plain"].cases[0].true.mean()) for result in results]
    assert true == [1.0, 2.0, 1.0]


def test_takes_are_no_truth_for_lifters_in_screen_units(weights):
    cfg = OmegaConf.create({"seen": "takes"})
    with pytest.raises(InputError, match="turned towards the person, and lifters in screen units"):
        measured_by_units(named(weights, "short"), cfg)


def test_what_is_not_asked_for_is_not_measured(weights):
    (result,) = results_of(named(weights, "lifter"), flip=False, alone=False, compared=0)
    assert list(result.scores["exact"]) == ["plain"]
    assert result.apart_mm is None


def test_stream_and_clip_are_compared_where_there_are_both(weights):
    causal, centred = results_of(named(weights, "lifter", "centred"))
    assert 0 < causal.apart_mm < 0.1
    assert centred.apart_mm is None
    stepped = [
        candidate(str(weights / "lifter.safetensors"), name="a", **HOW | {"runtime": "torch"})
    ]
    assert 0 < results_of(stepped)[0].apart_mm < 0.1


def test_groups_hold_the_frames_that_are_theirs():
    scores, held_out = Scores(), HeldOut()
    for watched, off in zip(held_out.clips, (0.01, 0.02, 0.03), strict=True):
        scores.add(watched, torch.from_numpy(watched.xyz) + torch.tensor([off, 0, 0]))
    said = scores.figures(H36M17.joints)
    by = {kind: {name: (group["frames"], round(group["mpjpe_mm"], 1)) for name, group in
                 said[f"by_{kind}"].items()}
          for kind in ("action", "subject", "action_and_subject")}  # fmt: skip
    assert by["action"] == {"jump": (24, 20.0), "sit": (64, 22.5)}
    assert by["subject"] == {"anna": (48, 15.0), "ben": (40, 30.0)}
    assert by["action_and_subject"] == {
        "jump anna": (24, 20.0), "sit anna": (24, 10.0), "sit ben": (40, 30.0),
    }  # fmt: skip
    assert said["mpjpe_mm"] == pytest.approx((24 * 10 + 24 * 20 + 40 * 30) / 88, abs=0.01)
    assert said["mean_over_actions"]["mpjpe_mm"] == pytest.approx(21.25, abs=0.01)
    assert said["mpjpe_mm_by_joint"]["head"] == pytest.approx(said["mpjpe_mm"], abs=0.01)
    since = said["mpjpe_mm_by_frames_since_the_first"]
    assert len(since) == 20
    assert since[0] == pytest.approx(20, abs=0.01)
    assert since[19] == pytest.approx(30, abs=0.01)


def test_frames_without_truth_count_nowhere():
    watched = clip("a", "anna", "sit")
    lifted = torch.from_numpy(watched.xyz).clone()
    lifted[:, 5:8] += 1
    watched.xyz[:, 5:8] = np.nan
    scores = Scores()
    scores.add(watched, lifted)
    said = scores.figures(H36M17.joints)
    assert said["frames"] == said["by_action"]["sit"]["frames"] == 18
    assert (said["mpjpe_mm"], said["mpjve_mm"], said["acceleration_error_mm"]) == (0, 0, 0)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_lifter_that_gives_no_numbers_is_refused_and_not_scored_on_the_rest(broken):
    watched = clip("a", "anna", "sit")
    lifted = torch.from_numpy(watched.xyz).clone()
    lifted[:, 6:, 3] = broken
    with pytest.raises(InputError, match="gives NaN or infinity in 12 frames of a; its weights"):
        Scores().add(watched, lifted)
    watched.xyz[:, 6:] = np.nan
    Scores().add(watched, lifted)


def test_one_frame_has_no_motion_to_be_wrong_about():
    watched = clip("a", "anna", "", frames=1)
    scores = Scores()
    scores.add(watched, torch.from_numpy(watched.xyz))
    said = scores.figures(H36M17.joints)
    assert (said["mpjpe_mm"], said["mpjve_mm"]) == (0, None)
    assert list(said["by_action"]) == ["unlabelled"]


def test_actions_of_several_sets_are_told_apart():
    scores = Scores()
    for watched in (clip("a", "anna", "sit"), clip("b", "1", "sit")):
        object.__setattr__(watched, "dataset", "films" if watched.subject == "1" else "moves")
        scores.add(watched, torch.from_numpy(watched.xyz))
    said = scores.figures(H36M17.joints)
    assert list(said["by_action"]) == ["films sit", "moves sit"]
    assert list(said["by_subject"]) == ["films 1", "moves anna"]


def test_best_median_and_worst_are_told_by_their_error():
    pose = np.zeros((17, 3))
    cases = [Case(str(mm), mm, 0, pose[:, :2], pose, pose) for mm in (30.0, 10.0, 90.0)]
    assert {which: case.error_mm for which, case in best_to_worst(cases).items()} == {
        "best": 10, "median": 30, "worst": 90,
    }  # fmt: skip


def test_the_report_has_every_table_and_picture(weights, tmp_path):
    results = results_of(named(weights, "lifter", "centred"))
    write(results, {"lifter": 1.234}, ABOUT | {"data": ["three recordings"]}, folder=tmp_path)
    page = (tmp_path / "lifter.md").read_text()
    for said in (
        "```\ngastlive-evaluate lifter\n```", "- three recordings", "## Exact, 88 frames",
        "| lifter | 9 back | 0.01 M |", "| centred | 9 centred, whole clips | 0.01 M |",
        "| lifter + flip |", " | 1.23 | ",
        "## Cost of causality", "lifter - centred, 9 frames, noisy",
        "| lifter | jump | sit | mean of actions | all frames |",
        "## P-MPJPE by subject, noisy\n\n| lifter | anna | ben | all frames |",
        "| lifter | jump anna | sit anna | sit ben | all frames |", "![cases](cases_centred.png)",
    ):  # fmt: skip
        assert said in page
    for name in ("joints", "start", "cases_lifter", "cases_centred"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((tmp_path / "lifter.json").read_text())
    (cost,) = content["cost_of_causality"]
    causal, centred = (each["results"]["exact"]["plain"] for each in content["lifters"])
    expected = causal["mpjpe_mm"] - centred["mpjpe_mm"]
    assert cost["causal_minus_centred"]["exact"]["mpjpe_mm"] == pytest.approx(expected, abs=0.01)
    assert [each["step_p50_ms"] for each in content["lifters"]] == [1.234, None]


def test_only_what_streams_is_timed(weights):
    everyone = named(weights, "lifter", "centred")
    assert step_ms(everyone, runtime="torch", precision="float32", rounds=0) == {}
    timed = step_ms(everyone, runtime="torch", precision="float32", rounds=1)
    assert list(timed) == ["lifter"]
    assert timed["lifter"] > 0


def test_the_program_takes_runtime_and_precision(ended, tmp_path):
    given = ["lifter", "runtime=torch", "precision=int8", "noise=none"]
    status, _, errors = ended(evaluate.main, *given, folder=tmp_path)
    said = (
        "gastlive: runtime=torch can't run precision=int8; take onnxruntime, the only one that is "
        "faster by it\n"
    )
    assert (status, errors) == (1, said)


@pytest.mark.parametrize("units", UNITS)
@torch.inference_mode()
def test_a_lifter_is_measured_in_the_units_that_its_card_says(units, tmp_path):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, filter_widths=(3,), channels=4).eval()
    path = tmp_path / "one.safetensors"
    checkpoint.save(net, path, fps=30.0, normalisation=units, training={})
    xy = torch.rand(2, 9, 17, 2)
    expected = Lifter(net, skeleton=H36M17, normalisation=units)(xy)
    for runtime in (None, "torch"):
        said = candidate(str(path), name="one", **HOW | {"runtime": runtime}).lift(xy)
        torch.testing.assert_close(said, expected, rtol=1e-4, atol=1e-4)


def test_errors_since_the_first_frame_are_those_of_all_sides_at_that_time():
    scores, watched = Scores(), clip("a", "anna", "sit", frames=6, sides=3)
    lifted = torch.from_numpy(watched.xyz).clone()
    lifted[..., 0] += torch.arange(6)[:, None] / 1000  # a millimetre more in each frame
    scores.add(watched, lifted)
    since = scores.figures(H36M17.joints)["mpjpe_mm_by_frames_since_the_first"]
    assert since == pytest.approx(range(6), abs=0.01)
