"""Noise as measured: what a file's numbers do to joints."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.seen.body import body_axes, body_depth, body_size
from gastlive.datasets.seen.completion import complete, kind_of, make_middle, trust_middle
from gastlive.datasets.seen.noise import GaussianNoise, MeasuredNoise, NoNoise, read_noise
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.filling import REST
from gastlive.gast.inputs.smoothing import Unsmoothed
from gastlive.gast.skeleton import COCO17, H36M16, H36M17, joint_map
from gastlive.realtime.packets import Frame, Person, Pose

KINDS = ("hip", "knee", "ankle", "nose", "head", "shoulder", "elbow", "wrist")
NEVER = {"begin_hz": [0.0, 0.0], "last_s": [0.1, 0.1]}
ALWAYS = {"begin_hz": [1e6, 1e6], "last_s": [1e6, 1e6]}
NO_SLIP = {**NEVER, "size": [0.0, 0.0], "twin": [0.0, 0.0]}
QUIET = {
    "bias": [0.0, 0.0, 0.0],
    "offset": [0.0, 0.0],
    "jitter": [0.0, 0.0],
    "wander": 0.5,
    "memory_s": 0.1,
    "slip": {"brief": NO_SLIP, "lasting": NO_SLIP},
    "lost": {"brief": NEVER, "lasting": NEVER},
}


def at(joint):
    return H36M17.index[joint]


def place(joint):
    """Of somebody who stands, metres from the hip: x to the person's left, y down."""
    if joint in REST:
        return REST[joint]
    x, y = REST[joint.replace("right_", "left_")]
    return -x, y


def standing(people=2, frames=27):
    """Somebody who faces the viewer, torso of length 1: clips in 2-D and in 3-D."""
    pose = np.array([place(joint) for joint in H36M17.joints]) / -REST["thorax"][1]
    xy = np.broadcast_to(pose, (people, frames, 17, 2)).astype(np.float32)
    return xy.copy(), np.pad(xy, ((0, 0),) * 3 + ((0, 1),))


class Applied:
    """Noise on numpy arrays: joints and which of them were seen."""

    def __init__(self, noise):
        self.noise = noise

    def apply(self, xy, skeleton, rng, xyz=None):
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 40)))
        given = [None if a is None else torch.from_numpy(a).float() for a in (xy, xyz)]
        before = given[0].clone()
        done = self.noise.apply(given[0], skeleton, generator, given[1])
        assert torch.equal(given[0], before)
        return done.xy.numpy(), done.confidence.numpy() > 0


def tensors(*arrays):
    return [torch.from_numpy(np.asarray(array)) for array in arrays]


@pytest.fixture
def noise(tmp_path):
    """Makes noise from what differs from no noise at all."""

    def make(kind=MeasuredNoise, *, smoothing=None, kinds=KINDS, file=None, spread=0.0, **changes):
        own = QUIET | changes
        joints = {k: own if k in kinds else QUIET for k in KINDS}
        seen = [joint for joint in H36M17.joints if joint not in ("hip", "spine", "thorax")]
        content = {
            "version": 1, "layout": "h36m17", "far": 0.25, "joints": joints, "spread": spread,
            "correlation": {"joints": seen, "matrix": np.eye(len(seen)).tolist()},
            "overall": dict.fromkeys(H36M17.joints, 0.1), "ease_s": 0.5, "smoothing": smoothing,
        } | (file or {})  # fmt: skip
        path = tmp_path / "mine.json"
        path.write_text(json.dumps(content))
        how = {"fps": 30.0, "cut": 0.0} if kind is MeasuredNoise else {}
        return Applied(kind(str(path), **how))

    return make


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_no_noise_leaves_joints_alone(rng):
    xy, xyz = standing()
    spoilt, seen = Applied(NoNoise()).apply(xy, H36M17, rng, xyz)
    np.testing.assert_array_equal(spoilt, xy)
    assert seen.all()


def test_a_file_without_errors_leaves_whoever_stands_alone(noise, rng):
    xy, xyz = standing()
    spoilt, seen = noise(smoothing={"min_cutoff": 2.0, "beta": 4.0, "d_cutoff": 1.0}).apply(
        xy, H36M17, rng, xyz
    )
    np.testing.assert_allclose(spoilt, xy, atol=1e-5)
    assert seen.all()


def test_noise_keeps_type_and_form_and_does_not_write_to_what_it_is_given(noise, rng):
    xy, xyz = standing(people=3, frames=11)
    before = xy.copy()
    spoilt, seen = noise(jitter=[0.1, 0.1]).apply(xy, H36M17, rng, xyz)
    np.testing.assert_array_equal(xy, before)
    assert (spoilt.shape, spoilt.dtype) == (xy.shape, xy.dtype)
    assert (seen.shape, seen.dtype) == (xy.shape[:3], bool)


def test_a_clip_of_one_frame_is_spoilt_too(noise, rng):
    xy, xyz = standing(frames=1)
    spoilt, _ = noise(jitter=[0.1, 0.1]).apply(xy, H36M17, rng, xyz)
    assert np.isfinite(spoilt).all()
    assert not np.allclose(spoilt, xy)


def test_the_bias_turns_with_the_person_and_mirrors(noise, rng):
    xy, xyz = standing()
    bias = noise(bias=[0.1, 0.2, 0.0], kinds=["wrist"])  # to the right and up, of the left joint
    front, _ = bias.apply(xy, H36M17, rng, xyz)
    np.testing.assert_allclose((front - xy)[0, 0, at("left_wrist")], [-0.1, -0.2], atol=1e-5)
    np.testing.assert_allclose((front - xy)[0, 0, at("right_wrist")], [0.1, -0.2], atol=1e-5)
    turned = [-1, 1], [-1, 1, -1]
    back, _ = bias.apply(xy * turned[0], H36M17, rng, xyz * turned[1])
    np.testing.assert_allclose(back, front * turned[0], atol=1e-5)


def test_errors_count_in_lengths_of_the_torso(noise, rng):
    xy, xyz = standing()
    bias = noise(bias=[0.0, 0.2, 0.0], kinds=["knee"])
    small, _ = bias.apply(xy, H36M17, rng, xyz)
    large, _ = bias.apply(xy * 70, H36M17, rng, xyz)
    np.testing.assert_allclose(large, small * 70, rtol=1e-4)


def test_trembling_is_as_large_and_as_slow_as_the_file_says(noise, rng):
    xy, xyz = standing(people=300, frames=40)
    trembling = noise(jitter=[0.03, 0.03], wander=1.0, memory_s=0.1, kinds=["wrist"])
    spoilt, _ = trembling.apply(xy, H36M17, rng, xyz)
    error = (spoilt - xy)[:, :, at("left_wrist")]
    assert error.std() == pytest.approx(0.03, rel=0.05)
    alike = np.corrcoef(error[:, :-3].ravel(), error[:, 3:].ravel())[0, 1]
    assert alike == pytest.approx(np.exp(-1), abs=0.03)  # 3 frames are 0.1 s
    assert not (spoilt - xy)[:, :, at("left_knee")].any()


def test_what_does_not_wander_is_new_in_each_frame(noise, rng):
    xy, xyz = standing(people=300)
    spoilt, _ = noise(jitter=[0.03, 0.03], wander=0.0).apply(xy, H36M17, rng, xyz)
    error = (spoilt - xy)[:, :, at("left_wrist")]
    assert np.corrcoef(error[:, :-1].ravel(), error[:, 1:].ravel())[0, 1] < 0.05


def test_the_far_side_does_worse(noise, rng):
    xy, xyz = standing(people=300)
    xyz[..., at("right_wrist"), 2] = 0.5
    spoilt, _ = noise(offset=[0.01, 0.05]).apply(xy, H36M17, rng, xyz)
    error = (spoilt - xy).std((0, 1, 3))
    assert error[at("right_wrist")] == pytest.approx(0.05, rel=0.1)
    assert error[at("left_wrist")] == pytest.approx(0.01, rel=0.1)
    without, _ = noise(offset=[0.01, 0.05]).apply(xy, H36M17, rng)
    assert (without - xy)[:, :, at("right_wrist")].std() == pytest.approx(0.01, rel=0.1)


def test_spread_makes_clips_differ_but_not_larger_on_the_whole(noise, rng):
    xy, xyz = standing(people=4000, frames=2)
    spoilt, _ = noise(jitter=[0.03, 0.03], spread=0.5).apply(xy, H36M17, rng, xyz)
    error = (spoilt - xy)[:, :, at("left_wrist")]
    assert np.sqrt((error**2).mean()) == pytest.approx(0.03, rel=0.1)
    assert np.median(np.abs(error)) < 0.9 * 0.6745 * 0.03  # heavier tails than a Gaussian's


def test_a_slip_may_go_to_where_the_twin_is(noise, rng):
    xy, xyz = standing()
    slip = {"brief": NO_SLIP, "lasting": {**ALWAYS, "size": [9.0, 9.0], "twin": [1.0, 1.0]}}
    spoilt, _ = noise(slip=slip, kinds=["wrist"]).apply(xy, H36M17, rng, xyz)
    swapped = xy.copy()
    swapped[:, :, [at("left_wrist"), at("right_wrist")]] = xy[
        :, :, [at("right_wrist"), at("left_wrist")]
    ]
    np.testing.assert_allclose(spoilt, swapped, atol=1e-5)


def test_a_lasting_slip_stays_where_it_went(noise, rng):
    xy, xyz = standing(people=200)
    slip = {"brief": NO_SLIP, "lasting": {**ALWAYS, "size": [0.3, 0.3], "twin": [0.0, 0.0]}}
    spoilt, _ = noise(slip=slip, kinds=["wrist"]).apply(xy, H36M17, rng, xyz)
    error = (spoilt - xy)[:, :, at("left_wrist")]
    np.testing.assert_allclose(error, error[:, :1].repeat(27, 1), atol=1e-5)
    assert error[:, 0].std() == pytest.approx(0.3, rel=0.15)


def test_slips_are_as_frequent_and_as_long_as_the_file_says(noise, rng):
    xy, xyz = standing(people=400, frames=60)
    rates = {"begin_hz": [1.5, 1.5], "last_s": [0.2, 0.2], "size": [0.3, 0.3], "twin": [0.0, 0.0]}
    slip = {"brief": rates, "lasting": NO_SLIP}
    spoilt, _ = noise(slip=slip, kinds=["wrist"]).apply(xy, H36M17, rng, xyz)
    gone = np.abs(spoilt - xy).max(-1)[:, :, at("left_wrist")] > 1e-4
    assert gone.mean() == pytest.approx(0.3 / 1.3, rel=0.1)  # 0.05 a frame; ends 1 in 6
    assert gone[:, 1:][gone[:, :-1]].mean() == pytest.approx(5 / 6, abs=0.02)


def test_joints_of_a_limb_are_lost_together(noise, rng):
    xy, xyz = standing(people=300)
    rates = {"begin_hz": [2.0, 2.0], "last_s": [0.2, 0.2]}
    lost = {"brief": rates, "lasting": NEVER}
    _, seen = noise(lost=lost, kinds=["elbow", "wrist"]).apply(xy, H36M17, rng, xyz)
    gone = ~seen
    np.testing.assert_array_equal(gone[..., at("left_elbow")], gone[..., at("left_wrist")])
    assert (gone[..., at("left_wrist")] != gone[..., at("right_wrist")]).any()
    assert 0.1 < gone[..., at("left_wrist")].mean() < 0.5


def test_a_lost_joint_rests_against_the_one_it_hangs_on_and_is_marked(noise, rng):
    xy, xyz = standing()
    raised = xy.copy()
    raised[:, :, at("left_wrist")] = 0.5, -2.0
    lost = {"brief": NEVER, "lasting": ALWAYS}
    spoilt, seen = noise(lost=lost, kinds=["wrist"]).apply(raised, H36M17, rng, xyz)
    assert not seen[..., [at("left_wrist"), at("right_wrist")]].any()
    assert seen.sum(-1).min() == 15
    np.testing.assert_allclose(spoilt, xy, atol=1e-4)


def test_shoulders_and_hips_are_never_marked_as_lost(noise, rng):
    lost = {"brief": NEVER, "lasting": ALWAYS}
    _, seen = noise(lost=lost).apply(*standing()[:1], H36M17, rng)
    kept = [i for i, joint in enumerate(H36M17.joints) if seen[..., i].all()]
    assert {kind_of(H36M17.joints[i]) for i in kept} == {"hip", "spine", "thorax", "shoulder"}


def test_a_picture_may_end_below_the_hips(noise, rng):
    xy, xyz = standing(people=300)
    cutting = noise()
    cutting.noise.cut = 0.5
    _, seen = cutting.apply(xy, H36M17, rng, xyz)
    cut = ~seen[:, :, [at("left_ankle"), at("right_ankle")]].any((1, 2))
    assert 0.35 < cut.mean() < 0.6
    assert (seen[..., at("left_ankle")] <= seen[..., at("left_knee")]).all()
    assert seen[..., at("left_wrist")].all()
    knees_too = ~seen[:, :, at("left_knee")].any(1)[cut]
    assert 0.2 < knees_too.mean() < 0.9, "the picture ends above or below the knees"


def test_as_many_joints_are_lost_in_the_first_frame_as_later(noise, rng):
    xy, xyz = standing(people=400)
    lost = {"begin_hz": [1.0, 1.0], "last_s": [0.5, 0.5]}
    spells = {"brief": {"begin_hz": [0.0, 0.0], "last_s": [0.1, 0.1]}, "lasting": lost}
    _, seen = noise(lost=spells).apply(xy, H36M17, rng, xyz)
    shares = 1 - seen[:, :, at("left_wrist")].mean(0)
    expected = 1.0 / (1.0 + 1 / 0.5)
    assert shares[0] == pytest.approx(expected, abs=0.08)
    assert shares[-1] == pytest.approx(expected, abs=0.08)


def test_the_middle_is_made_from_shoulders_and_hips(noise, rng):
    xy, xyz = standing()
    spoilt, _ = noise(offset=[0.05, 0.05]).apply(xy, H36M17, rng, xyz)
    hips = spoilt[:, :, [at("left_hip"), at("right_hip")]].mean(2)
    shoulders = spoilt[:, :, [at("left_shoulder"), at("right_shoulder")]].mean(2)
    np.testing.assert_allclose(spoilt[:, :, at("hip")], hips, atol=1e-5)
    np.testing.assert_allclose(spoilt[:, :, at("thorax")], shoulders, atol=1e-5)
    np.testing.assert_allclose(spoilt[:, :, at("spine")], (hips + shoulders) / 2, atol=1e-5)


def test_the_middle_is_as_sure_as_live_as_the_least_sure_of_what_it_is_made_of():
    sure = np.random.default_rng(0).uniform(0.3, 1, (5, 17)).astype(np.float32)
    live = joint_map(COCO17, H36M17).confidence(sure)
    own = [H36M17.index[j] for j in H36M17.joints if j in COCO17.index]
    given = torch.ones(5, 17)
    given[:, own] = torch.from_numpy(live[:, own])
    middle = [at(joint) for joint in ("hip", "spine", "thorax")]
    np.testing.assert_array_equal(trust_middle(given, H36M17)[:, middle], live[:, middle])
    xy, xyz = standing()
    noise, errors = option("noise/measured", fps=30.0), torch.Generator().manual_seed(0)
    noisy = noise.apply(*tensors(xy), H36M17, errors, *tensors(xyz))
    sides = [at(f"{side}_{joint}") for side in ("left", "right") for joint in ("hip", "shoulder")]
    least = noisy.confidence[..., sides].amin(-1)
    torch.testing.assert_close(noisy.confidence[..., at("spine")], least)


def test_smoothing_leaves_behind_who_walks_from_the_first_frame_on(noise, rng):
    xy, xyz = standing()
    xy[..., 0] += np.arange(27)[:, None] / 30  # a length of the torso a second
    smoothed = noise(smoothing={"min_cutoff": 2.0, "beta": 0.0, "d_cutoff": 1.0})
    lag = (xy - smoothed.apply(xy, H36M17, rng, xyz)[0])[..., 0]
    assert (lag[:, 0] > 0.04).all()
    np.testing.assert_allclose(lag[:, -1], 1 / (2 * np.pi * 2.0), rtol=0.02)


@pytest.mark.parametrize(("fps", "side"), [(15.0, 1), (30.0, 1), (30.0, -1)])
def test_completing_many_clips_is_what_the_live_program_does(fps, side):
    frames, metre = 30, 100.0
    time = np.arange(frames)[:, None, None] / fps
    rest = np.array([place(joint) for joint in COCO17.joints]) * [side, 1]  # -1: from behind
    arms = np.array([kind_of(joint) in ("elbow", "wrist", "knee") for joint in COCO17.joints])
    moving = rest + 0.2 * np.sin(9 * time) * arms[:, None] + 0.3 * time
    pixels = (300 + metre * moving).astype(np.float32)
    confidence = np.full((frames, 17), 0.9, np.float32)
    for joint, when in (("left_wrist", slice(8, 14)), ("right_elbow", slice(12, 25)),
                        ("right_wrist", slice(12, 25)), ("left_ankle", slice(0, 9))):  # fmt: skip
        confidence[when, COCO17.index[joint]] = 0.0
    live = option("joints/default", layout="h36m17", ease_s=0.5)
    people = [
        live(Frame(None, t, t / fps, 0.0, 1000, 1000, people={1: Person(Pose(COCO17, xy, sure))})
        ).people[1]
        for t, (xy, sure) in enumerate(zip(pixels, confidence, strict=True))
    ]  # fmt: skip
    size = metre * -REST["thorax"][1]
    detected = joint_map(COCO17, H36M17)(pixels)[:, None] / size
    lost = np.array([~person.visible for person in people])[:, None]
    smoothing = option("smoothing/one_euro")
    done = complete(*tensors(detected, lost), H36M17, fps=fps, ease_s=0.5, smoothing=smoothing)
    assert lost.sum() == 6 + 13 + 13 + 9
    np.testing.assert_allclose(done[:, 0].numpy() * size, [p.xy for p in people], atol=0.1)


def test_completing_without_losses_or_smoothing_changes_nothing(rng):
    xy = rng.normal(size=(5, 3, 17, 2))
    lost = np.zeros((5, 3, 17), bool)
    done = complete(*tensors(xy, lost), H36M17, fps=30.0, ease_s=0.5, smoothing=Unsmoothed())
    np.testing.assert_array_equal(done, xy)


def test_making_the_middle_leaves_the_rest_alone(rng):
    xy = rng.normal(size=(4, 17, 2))
    made = make_middle(*tensors(xy), H36M17).numpy()
    rest = [i for i, joint in enumerate(H36M17.joints) if joint not in ("hip", "spine", "thorax")]
    np.testing.assert_array_equal(made[:, rest], xy[:, rest])
    assert not np.allclose(made, xy)


def test_gaussian_errors_are_as_large_as_the_file_says_and_new_in_each_frame(noise, rng):
    xy, xyz = standing(people=200)
    spoilt, seen = noise(GaussianNoise).apply(xy, H36M17, rng, xyz)
    error = spoilt - xy
    assert error.std() == pytest.approx(0.1, rel=0.02)
    assert abs(np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1]) < 0.02
    assert seen.all()


def test_the_same_seed_gives_the_same_noise():
    xy, xyz = standing()
    one, other, another = (
        Applied(option("noise/measured")).apply(xy, H36M17, np.random.default_rng(seed), xyz)[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, another)


def test_the_shipped_file_makes_wrists_worse_than_hips_and_loses_them_more_often(rng):
    xy, xyz = golden.motion(200)  # at rest wrists do as well as hips
    spoilt, seen = Applied(option("noise/measured", cut=0.0)).apply(xy, H36M17, rng, xyz)
    error = np.abs(spoilt - xy).mean((0, 1, 3))
    assert error[at("left_wrist")] > error[at("hip")] > 0.01
    assert 0.02 < 1 - seen[..., at("left_wrist")].mean() < 0.4
    assert np.isfinite(spoilt).all()


def test_the_shipped_file_says_how_it_was_made_and_is_small():
    from gastlive.datasets.seen.noise import FILES

    content = read_noise("movenet")
    assert content["made"]["command"].startswith("gastlive-measure-noise")
    assert {"detector", "seed", "takes", "frames"} <= set(content["made"])
    assert (FILES / "movenet.json").stat().st_size < 50_000


def test_an_unknown_noise_is_refused_and_the_known_are_named():
    with pytest.raises(InputError, match=r"nothing\.json.*choose from .*movenet"):
        option("noise/measured", file="nothing")


def test_a_file_that_is_no_noise_is_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text("{}")
    with pytest.raises(
        InputError, match=r"other\.json is no noise of version 1 or 2; measure it anew"
    ):
        read_noise(str(path))
    path.write_text("no json")
    with pytest.raises(InputError, match="can't read the noise"):
        read_noise(str(path))


def test_another_layout_is_refused(rng):
    xy = np.zeros((1, 3, 16, 2), np.float32)
    for own in (
        option(
            "noise/measured",
        ),
        option(
            "noise/gaussian",
        ),
    ):
        with pytest.raises(InputError, match="joints of h36m17, not h36m16"):
            Applied(own).apply(xy, H36M16, rng)


def test_the_body_is_as_long_as_its_torso_or_as_its_shoulders_are_wide():
    xy, _ = standing()
    np.testing.assert_allclose(body_size(*tensors(xy), H36M17), 1.0, rtol=1e-5)
    bent = xy * [1, 0.1]
    assert float(body_size(*tensors(bent), H36M17)[0]) == pytest.approx(1.3 * 0.36 / 0.5, rel=1e-5)


def test_the_axes_of_the_body_are_its_own():
    _, xyz = standing()
    np.testing.assert_allclose(
        body_axes(*tensors(xyz), H36M17)[0, 0], [[-1, 0, 0], [0, -1, 0], [0, 0, -1]], atol=1e-6
    )  # right is the viewer's left, up is up, forward is towards the viewer


def test_depth_counts_from_the_middle_of_the_torso():
    _, xyz = standing()
    xyz[..., 2] = 3.0
    xyz[..., at("left_wrist"), 2] = 3.5
    depth = body_depth(*tensors(xyz), H36M17)[0, 0].numpy()
    assert depth[at("left_wrist")] == pytest.approx(0.5, rel=1e-5)
    assert depth[at("right_wrist")] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("kind", ["measured", "gaussian", "none"])
def test_noise_is_told_apart_by_what_it_does(kind):
    assert repr(option(f"noise/{kind}")) == repr(option(f"noise/{kind}"))
    assert "0x" not in repr(option(f"noise/{kind}"))


def test_another_cut_is_another_noise():
    assert repr(option("noise/measured", cut=0.1)) != repr(option("noise/measured", cut=0.2))


GOLDEN = Path(__file__).parent / "golden"
golden = SimpleNamespace(**runpy.run_path(str(GOLDEN / "noise.py")))


@pytest.mark.parametrize(
    ("name", "kind", "how"),
    [
        ("measured", "measured", {"cut": 0.0}),
        ("cut", "measured", {"cut": 1.0}),
        ("gaussian", "gaussian", {}),
        ("assumed", "assumed", {}),
    ],
)
def test_errors_are_distributed_as_those_of_the_numpy_code(name, kind, how):
    if kind != "assumed":
        how = how | {"file": "movenet_multipose"}
    noise, generator = option(f"noise/{kind}", **how), torch.Generator().manual_seed(1)
    xy, xyz = tensors(*golden.motion())
    size = body_size(xy, H36M17)[:, None, None, None]
    batches = []
    for _ in range(8):
        found = noise.apply(xy.clone(), H36M17, generator, xyz)
        batches.append((((found.xy - xy) / size).numpy(), (found.confidence > 0).numpy()))
    figures = golden.figures(batches)
    expected = json.loads((GOLDEN / "noise.json").read_text())[name]
    # Quarters of the 3,000 golden clips differ by 0.003 in the mean, 0.008 in rms, 0.038 in the
    # 95 % quantile (wrists, whose slips are rare and far) and 0.037 in autocorrelation.
    near = {"mean_x": 0.012, "mean_y": 0.012, "median": 0.006, "tremble": 0.008, "rms": 0.02,
            "most": 0.08, "seen": 0.03, "lag_1": 0.04, "lag_5": 0.1, "lag_15": 0.1}  # fmt: skip
    for figure, values in figures.items():
        np.testing.assert_allclose(values, expected[figure], atol=near[figure], err_msg=figure)
