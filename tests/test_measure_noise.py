"""Measuring noise: what is fitted from errors of which the truth is known, and what is filmed."""

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from gastlive.conf.option import option
from gastlive.datasets.camera_axes import turned_towards
from gastlive.datasets.clip import MotionClip
from gastlive.datasets.seen.noise import NoNoise
from gastlive.datasets.seen.situations import SITUATIONS
from gastlive.datasets.seen.views import Views
from gastlive.experiments.measure_noise import is_for_checking, noise_of, takes_in
from gastlive.experiments.measuring.checking import Taken, check, figures
from gastlive.experiments.measuring.memory_fit import fit_memory
from gastlive.experiments.measuring.noise_fit import (
    fit,
    fit_bias,
    fit_correlation,
    fit_kind,
    fit_spread,
)
from gastlive.experiments.measuring.observed_errors import Errors, errors_of
from gastlive.experiments.measuring.spell_fit import fit_spell, lasting_spells
from gastlive.experiments.measuring.takes import Plan
from gastlive.experiments.measuring.track import Track
from gastlive.experiments.measuring.watching import Sight, read_sight
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

CONF = Path(__file__).parent.parent / "conf"
RANGES = instantiate(OmegaConf.load(CONF / "measure_noise.yaml").ranges)
WRIST, TWIN = H36M17.index["left_wrist"], H36M17.index["right_wrist"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def wandering(rng, takes=60, frames=80, *, decay, share):
    """(T, 2) errors of which `share` of the variance goes on from frame to frame."""
    for _ in range(takes):
        slow = rng.standard_normal((frames, 2))
        for t in range(1, frames):
            slow[t] = decay * slow[t - 1] + np.sqrt(1 - decay**2) * slow[t]
        yield np.sqrt(share) * slow + np.sqrt(1 - share) * rng.standard_normal((frames, 2))


def errors(rng, frames=60, *, facing=0.0, **changes):
    """One take of somebody seen whole, without errors unless said."""
    turn = np.array([[-np.cos(facing), 0], [0, -1], [np.sin(facing), 0]])
    still = np.zeros((frames, 17, 2))
    return Errors(**{
        "detected": still, "final": still, "astray": still + 9, "lost": np.zeros((frames, 17)),
        "axes": np.broadcast_to(turn, (frames, 3, 2)), "situation": np.zeros((frames, 17), int),
        "confidence": np.full((frames, 17), 0.8), "size": 100.0, "fps": 30.0,
    } | changes)  # fmt: skip


def sight(frames=40, **changes):
    """A take in which everything was found where it is."""
    rng = np.random.default_rng(5)
    pose = rng.uniform(50, 250, (17, 2)).astype(np.float32)
    xy = np.broadcast_to(pose, (frames, 17, 2)).copy()
    return Sight(**{
        "observed": xy.copy(), "detected": xy.copy(), "visible": np.ones((frames, 17), bool),
        "confidence": np.full((frames, 17), 0.8, np.float32), "exact": xy,
        "xyz": np.broadcast_to(rng.normal(size=(17, 3)), (frames, 17, 3)).astype(np.float32),
        "others": np.zeros((frames, 0, 17, 3), np.float32), "depth": np.full(frames, 3, np.float32),
        "size": np.array([480, 360]), "fps": np.array(30.0), "source": np.array("cmu/01_01"),
    } | changes)  # fmt: skip


def clip(name="a", seconds=5.0):
    return MotionClip(name, "cmu", "01", H36M17, np.zeros((int(seconds * 30), 17, 3)), 30.0)


def plan(clips, **changes):
    how = {"shares": {"cmu": 1.0, "hdm05": 0.0}, "seed": 0, "ranges": RANGES, "smoothing_s": {}}
    return Plan(clips, **how | changes)


def test_how_long_errors_wander_is_found_again(rng):
    tracks = list(wandering(rng, decay=np.exp(-1 / 6), share=0.7))
    share, memory_s = fit_memory(tracks, 30.0)
    assert share == pytest.approx(0.7, abs=0.08)
    assert memory_s == pytest.approx(0.2, rel=0.25)


def test_errors_that_are_new_in_each_frame_do_not_wander(rng):
    share, _ = fit_memory(list(wandering(rng, decay=0.0, share=0.0)), 30.0)
    assert share < 0.05


def test_frames_that_are_missing_do_not_spoil_the_memory(rng):
    tracks = list(wandering(rng, decay=np.exp(-1 / 6), share=1.0))
    for track in tracks:
        track[rng.random(len(track)) < 0.3] = np.nan
    share, memory_s = fit_memory(tracks, 30.0)
    assert share == pytest.approx(1.0, abs=0.05)
    assert memory_s == pytest.approx(0.2, rel=0.25)


def test_how_often_something_begins_and_how_long_it_lasts_is_found_again(rng):
    states = np.zeros((200, 200))
    chance = rng.random(states.shape)
    for t in range(1, 200):
        on = states[:, t - 1] == 1
        states[:, t] = np.where(on, chance[:, t] >= 0.2, chance[:, t] < 0.05)
    begin_hz, last_s = fit_spell(list(states), 30.0)
    assert begin_hz == pytest.approx(1.5, rel=0.1)
    assert last_s == pytest.approx(5 / 30, rel=0.1)


def test_what_is_unknown_neither_begins_nor_ends_anything():
    states = [np.array([0, np.nan, 1, np.nan, 0, 0, np.nan])]
    begin_hz, last_s = fit_spell(states, 30.0)
    assert begin_hz == 0
    assert last_s == pytest.approx(1 / 30)


def test_a_lasting_spell_may_pause_for_a_moment_and_a_brief_one_is_none():
    state = np.array([0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, np.nan, 0, 0.0])
    long = lasting_spells(state)
    np.testing.assert_array_equal(long[:6], 0)
    np.testing.assert_array_equal(long[6:14], 1)
    assert np.isnan(long[14])
    np.testing.assert_array_equal(long[15:], 0)


def test_the_bias_is_found_again_whichever_way_people_face(rng):
    shift = np.array([0.02, 0.08, 0.05])
    takes = []
    for facing in np.linspace(0, 6, 12):
        take = errors(rng, facing=facing)
        detected = 0.01 * rng.standard_normal(take.detected.shape)
        detected[:, WRIST] += shift @ take.axes
        detected[:, TWIN] += (shift * [-1, 1, 1]) @ take.axes
        detected[:5, WRIST] += 2.0  # a slip is no bias
        takes.append(replace(take, detected=detected))
    assert fit_bias(takes, "wrist") == pytest.approx(shift, abs=0.003)
    assert fit_bias(takes, "nose")[0] == 0


def test_offset_trembling_and_slips_of_a_joint_are_found_again(rng):
    tracks = []
    for error in wandering(rng, takes=150, decay=np.exp(-1 / 6), share=0.7):
        error = 0.02 * error + 0.03 * rng.standard_normal(2)
        slips = np.zeros(len(error), bool)
        slips[40:60] = len(tracks) % 2
        astray = np.full(error.shape, 9.0)
        error[slips] = 0.4 * rng.standard_normal(2)
        if len(tracks) % 4 == 1:
            astray[slips] = 0.01
        nobody = np.zeros(len(error))
        tracks.append(Track(error, astray, nobody, np.zeros(len(error), bool), slips))
    found = fit_kind(tracks, 30.0)
    assert found["offset"][0] == pytest.approx(0.03, rel=0.15)
    assert found["jitter"][0] == pytest.approx(0.02, rel=0.15)
    lasting = found["slip"]["lasting"]
    assert lasting["begin_hz"][0] == pytest.approx(30 * 75 / (75 * 79 + 75 * 59), rel=0.1)
    assert lasting["last_s"][0] == pytest.approx(20 / 30, rel=0.1)
    assert lasting["twin"][0] == pytest.approx(0.5, abs=0.1)
    assert lasting["size"][0] == pytest.approx(0.4, rel=0.35)
    assert found["slip"]["brief"]["begin_hz"] == [0.0] * len(SITUATIONS)
    assert found["lost"]["lasting"]["begin_hz"] == [0.0] * len(SITUATIONS)


def test_situations_are_told_apart_and_one_that_was_not_seen_has_what_all_have(rng):
    sides = [np.zeros(80, bool), np.ones(80, bool)]
    both = [
        Track(size * rng.standard_normal((80, 2)), np.full((80, 2), 9.0), np.zeros(80), far,
              np.zeros(80, bool))
        for size, far in zip([0.02, 0.06], sides, strict=True)
        for _ in range(40)
    ]  # fmt: skip
    assert fit_kind(both, 30.0)["jitter"][:2] == pytest.approx([0.02, 0.06], rel=0.1)
    near = fit_kind(both[:40], 30.0)["jitter"]
    assert near[0] == near[1]


def test_how_much_takes_differ_is_found_again(rng):
    tracks = []
    for _ in range(300):
        error = 0.03 * np.exp(0.4 * rng.standard_normal()) * rng.standard_normal((80, 2))
        still = np.zeros(80, bool)
        tracks.append(Track(error, error, np.zeros(80), still, still))
    assert fit_spread(tracks) == pytest.approx(0.4, abs=0.06)


def test_joints_that_err_alike_are_found_and_the_sides_are_treated_alike(rng):
    takes = []
    for _ in range(20):
        detected = 0.02 * rng.standard_normal((60, 17, 2))
        detected[:, H36M17.index["left_elbow"]] = 0.8 * detected[:, WRIST]
        takes.append(errors(rng, detected=detected))
    found = fit_correlation(takes, {})
    at = {joint: i for i, joint in enumerate(found["joints"])}
    matrix = np.array(found["matrix"])
    left = matrix[at["left_elbow"], at["left_wrist"]]
    assert left == pytest.approx(0.5, abs=0.08)  # one side is, the other isn't
    assert matrix[at["right_elbow"], at["right_wrist"]] == pytest.approx(left)
    assert "thorax" not in at
    np.linalg.cholesky(matrix)
    np.testing.assert_allclose(np.diag(matrix), 1)


def test_a_whole_fit_is_noise_that_can_be_applied(rng, tmp_path):
    import json

    from gastlive.datasets.seen.noise import VERSION

    takes = [
        errors(rng, facing=facing, detected=0.02 * rng.standard_normal((60, 17, 2)))
        for facing in np.linspace(0, 6, 8)
    ]
    content = {"version": VERSION, "ease_s": 0.5, "smoothing": None} | fit(takes)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(content))
    made = sight()
    noise = option("noise/measured", file=str(path), cut=0.0)
    exact, xyz = torch.from_numpy(made.exact[None]), torch.from_numpy(made.xyz[None])
    spoilt, confidence = noise.apply(exact, H36M17, torch.Generator(), xyz)
    assert (confidence > 0).all()
    assert (spoilt - exact).abs().max() > 0


def test_errors_count_only_where_the_truth_is_in_the_picture():
    made = sight()
    made.exact[:, WRIST] = 500.0, 100.0
    made.visible[:, WRIST] = False
    made.visible[10:20, TWIN] = False
    found = errors_of(made)
    assert np.isnan(found.detected[:, WRIST]).all()
    assert np.isnan(found.final[:, WRIST]).all()
    assert (found.situation[:, WRIST] == SITUATIONS.index("beyond")).all()
    assert np.isnan(found.detected[10:20, TWIN]).all()
    np.testing.assert_array_equal(found.lost[:, TWIN], [*[0] * 10, *[1] * 10, *[0] * 20])
    assert not np.nan_to_num(found.final).any()


def test_a_take_begins_when_the_person_is_found_and_needs_some_frames():
    made = sight()
    made.observed[:7] = np.nan
    assert len(errors_of(made).final) == 33
    made.observed[:] = np.nan
    assert errors_of(made) is None


def test_takes_say_the_same_again_and_differ_by_number():
    one = plan({"cmu": [clip("a"), clip("b")]})
    first, again, other = one.take(3), one.take(3), one.take(4)
    assert first.view == again.view
    assert first.setting.seed == again.setting.seed
    assert [role.shot for role in first.cast] == [role.shot for role in again.cast]
    assert first.cast[0].figure.outfit == again.cast[0].figure.outfit
    assert first.cast[0].shot != other.cast[0].shot
    assert first.view != other.view


def test_takes_lie_inside_their_clip_and_their_ranges():
    planned = plan(
        {"cmu": [clip("a", 2.5)]},
        ranges=replace(RANGES, seconds=(2.0, 3.0)),
    )
    for number in range(50):
        take = planned.take(number)
        for role in take.cast:
            assert 0 <= role.shot.start_s < role.shot.stop_s <= 2.5 + 1e-9
            assert role.shot.stop_s - role.shot.start_s >= 2.0 - 1e-9
            assert 1.5 <= role.figure.height_m <= 1.95
        assert -20 <= take.view["elevation_deg"] <= 60
        assert 0.25 <= take.view["share"] <= 2.0


def test_a_quarter_of_the_takes_shows_two_people_who_are_different():
    clips = {"cmu": [clip("a"), clip("b")]}
    takes = [plan(clips, seed=seed).take(number) for seed in range(10) for number in range(60)]
    two = [take for take in takes if len(take.cast) == 2]
    assert 0.18 < len(two) / len(takes) < 0.32
    assert all(take.cast[0].figure != take.cast[1].figure for take in two)
    assert all(0.4 <= np.linalg.norm(take.beside) <= 1.5 for take in two)


def test_a_set_without_share_is_never_filmed():
    planned = plan({"cmu": [clip("a")], "hdm05": [clip("b")]})
    assert {planned.take(number).cast[0].clip.name for number in range(20)} == {"a"}


def test_clips_that_are_too_short_are_refused():
    with pytest.raises(InputError, match=r"no clip lasts 2\.0 s; choose shorter takes"):
        plan({"cmu": [clip("a", 1.0)]})


def test_the_truth_is_turned_as_training_turns_it(rng):
    people = rng.normal(size=(2, 6, 17, 3)) * 0.3
    views = Views(roll_deg=(0, 0), elevation_deg=(0, 0), off_centre=(0.4, 0.4))
    drawn = torch.Generator().manual_seed(0)
    xy, xyz = views.see(torch.from_numpy(people).float(), root=0, generator=drawn)
    xy, xyz = xy.numpy(), xyz.numpy()
    relative = turned_towards(_in_camera(xy, xyz), root=0)
    np.testing.assert_allclose(relative, xyz[0], atol=1e-4)


def _in_camera(xy, xyz):
    """The first person in camera axes, of which only the direction to the root matters here."""
    size = 2.0
    focal = 1.7
    forward = np.concatenate([xy[0, :, 0] / focal, np.ones((6, 1))], -1)
    forward /= np.linalg.norm(forward, axis=-1, keepdims=True)
    right = np.cross(forward, [0.0, -1.0, 0.0])
    right /= np.linalg.norm(right, axis=-1, keepdims=True)
    turn = np.stack([right, np.cross(forward, right), forward], -2)
    return xyz[0] @ turn + size * forward[:, None]


def test_a_sight_survives_its_file(tmp_path):
    made = sight()
    made.save(tmp_path / "fit" / "0001.npz")
    read = read_sight(tmp_path / "fit" / "0001.npz")
    for name, value in vars(made).items():
        np.testing.assert_array_equal(getattr(read, name), value)
    assert [path.name for path in (tmp_path / "fit").iterdir()] == ["0001.npz"]


def test_a_half_written_take_is_not_read_and_a_broken_one_is_named(tmp_path):
    sight().save(tmp_path / "0001.npz")
    (tmp_path / "0002.part.npz").write_bytes(b"half")
    assert list(takes_in(tmp_path)) == ["0001"]
    (tmp_path / "0003.npz").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"can't read the take .*0003\.npz.*delete it"):
        takes_in(tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no takes in .*film some with takes=10"):
        takes_in(tmp_path)


def test_too_few_takes_are_not_fitted():
    nobody = sight()
    nobody.observed[:] = np.nan
    with pytest.raises(InputError, match="found in 1 of 2 takes to fit, wanted 10"):
        noise_of(OmegaConf.create(), {"0000": sight(), "0001": nobody})


def test_joints_that_were_never_in_the_picture_have_no_figures():
    nothing = Taken(np.full((40, 17, 2), np.nan), np.full((40, 17), np.nan))
    assert np.isnan(figures([nothing], "ankle").rms)


def test_every_fifth_take_is_kept_to_check():
    assert [number for number in range(12) if is_for_checking(number)] == [4, 9]


def test_figures_are_those_of_the_errors(rng):
    slow = list(wandering(rng, decay=0.9, share=1.0))
    taken = []
    for track in slow:
        error, lost = np.zeros((80, 17, 2)), np.zeros((80, 17))
        error[:, WRIST], error[:, TWIN] = 0.1 * track + 0.2, 0.1 * track - 0.2
        lost[:8, [WRIST, TWIN]] = 1
        taken.append(Taken(error, lost))
    found = figures(taken, "wrist")
    assert found.rms == pytest.approx(np.hypot(0.1, 0.2), rel=0.1)
    assert found.moving == pytest.approx(0.1, rel=0.2)
    assert found.autocorrelation[0] == pytest.approx(0.9, abs=0.05)
    assert found.lost == pytest.approx(0.1)
    assert found.tails[0] > found.tails[1] > found.tails[2] > 0
    assert figures(taken, "knee").tails == (0, 0, 0)


def test_the_table_has_each_kind_of_joint_as_watched_and_by_each_noise():
    made = sight()
    made.observed[::2] += 10
    table = check([made, made], {"none": NoNoise()}, seed=0, repeats=1)
    rows = [line.strip("| ").split(" | ") for line in table.split("\n\n")[0].splitlines()]
    assert rows[0][:4] == ["joint", "noise", "rms", "moving"]
    wrist = {row[1]: row for row in rows if row[0] == "wrist"}
    assert set(wrist) == {"watched", "none"}
    assert float(wrist["watched"][2]) > 0
    assert float(wrist["none"][2]) == 0
    assert len({len(row) for row in rows}) == 1


def test_frames_in_which_the_smoothing_settles_count_in_no_figure():
    made = sight()
    made.observed[:5] += 30
    table = check([made], {"none": NoNoise()}, seed=0, repeats=1)
    rows = [line.strip("| ").split(" | ") for line in table.split("\n\n")[0].splitlines()]
    assert {float(row[2]) for row in rows if row[1] == "watched"} == {0}


def test_a_joint_that_the_detector_saw_in_nobody_is_no_error():
    made = sight()
    made.observed[20:25] = np.nan
    assert np.isnan(errors_of(made).detected[20:25]).all()
    assert np.isnan(errors_of(made).lost[20:25]).all()
    assert np.isfinite(errors_of(made).detected[:20]).all()


def test_what_is_said_of_all_joints_is_the_same_for_both_sides_and_by_place(rng):
    detected = 0.01 * rng.standard_normal((60, 17, 2))
    detected[:, WRIST] += 0.1
    detected[:6, H36M17.index["left_ankle"]] += 0.5
    confidence = np.where(np.linalg.norm(detected, axis=-1) > 0.4, 0.2, 0.8)
    confidence[:, WRIST] = 0.6  # inaccurate, but in the right place
    found = fit([errors(rng, detected=detected, final=detected, confidence=confidence)])
    assert found["overall"]["left_wrist"] == found["overall"]["right_wrist"]
    assert found["overall"]["left_wrist"] == pytest.approx(0.1 / np.sqrt(2), rel=0.05)
    assert found["confidence"] == {"right": [0.6, *[0.8] * 10], "wrong": [0.2] * 11}


def test_takes_differ_in_all_that_is_drawn():
    planned = plan({"cmu": [clip("a")]})
    takes = [planned.take(number) for number in range(30)]
    shots = [take.cast[0].shot for take in takes]
    assert {shot.mirrored for shot in shots} == {False, True}
    for drawn in ("travel", "facing_deg", "start_s", "stop_s"):
        assert len({getattr(shot, drawn) for shot in shots}) == 30
    assert all(0.3 <= shot.travel <= 1.0 for shot in shots)
    settings = [take.setting for take in takes]
    assert {setting.backdrop for setting in settings} == {"picture", "gradient", "clutter"}
    for drawn in ("seed", "gain", "grain"):
        assert len({getattr(setting, drawn) for setting in settings}) == 30
    assert {setting.room for setting in settings} == {False, True}
    assert len({take.size for take in takes}) > 2


def test_a_noise_file_is_found_again_from_what_it_does(tmp_path):
    import json

    from gastlive.datasets.seen.noise import VERSION

    never = {"begin_hz": 0.0, "last_s": 0.1}
    slip = {"size": 0.0, "twin": 0.0, **never}
    kind = {
        "bias": [0.0, 0.0, 0.0], "offset": 0.0, "jitter": [0.01, *[0.05] * 8],
        "wander": [0.9, *[0.5] * 8], "memory_s": 0.2, "slip": {"brief": slip, "lasting": slip},
        "lost": {"brief": never, "lasting": never},
        "confidence": {"mean": [[2.0, 1.0, -1.0, -2.0]] * 9, "between": 0.0, "within": 0.3,
                       "memory": 0.5},
    }  # fmt: skip
    kinds = ("hip", "knee", "ankle", "nose", "head", "shoulder", "elbow", "wrist")
    seen = [joint for joint in H36M17.joints if joint not in ("hip", "spine", "thorax")]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({
        "version": VERSION, "layout": "h36m17", "situations": list(SITUATIONS), "spread": 0.0,
        "joints": dict.fromkeys(kinds, kind), "ease_s": 0.5, "smoothing": None, "blend_s": 0.0,
        "correlation": {"joints": seen, "matrix": np.eye(len(seen)).tolist()},
        "least_confidence": 0.0,
    }))  # fmt: skip
    golden = runpy.run_path(str(Path(__file__).parent / "golden" / "noise.py"))
    xy, xyz = golden["motion"](80)
    xy, xyz = torch.from_numpy(100 * xy + 240), torch.from_numpy(xyz) / 2
    noise = option("noise/measured", file=str(path), cut=0.0)
    found, sure = noise.apply(xy, H36M17, torch.Generator().manual_seed(0), xyz)
    takes = [
        errors_of(sight(
            observed=found[i].numpy(), detected=found[i].numpy(), exact=xy[i].numpy(),
            xyz=xyz[i].numpy(), visible=np.ones((48, 17), bool), confidence=sure[i].numpy(),
            others=np.zeros((48, 0, 17, 3), np.float32), depth=np.full(48, 3.0, np.float32),
            size=np.array([480, 480]),
        ))
        for i in range(80)
    ]  # fmt: skip
    joints = fit([take for take in takes if take])["joints"]
    elbow = joints["elbow"]
    assert joints["shoulder"]["jitter"][0] == pytest.approx(0.01, rel=0.3)
    assert elbow["jitter"][1] == pytest.approx(0.05, rel=0.15)
    assert elbow["wander"][1] == pytest.approx(0.5, abs=0.2)
    assert elbow["confidence"]["mean"][1][:3] == pytest.approx([2.0, 1.0, -1.0], abs=0.5)
    assert elbow["confidence"]["memory"] == pytest.approx(0.5, abs=0.15)
