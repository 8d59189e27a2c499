"""What lifters are measured on stays the same, whoever measures."""

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.for_lifters.held_out import PairedViews, actions_of
from gastlive.datasets.pair import Pair
from gastlive.datasets.seen.assumed_noise import DetectorNoise
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

LEGS = [i for i, j in enumerate(H36M17.joints) if j.endswith(("knee", "ankle"))]


def clip(name, *, subject="anna", frames=20, segments=(), missing=False):
    rng = np.random.default_rng(sum(map(ord, name)))
    xyz = rng.normal(size=(frames, 17, 3)).astype(np.float32)
    if missing:
        xyz[3, 4] = np.nan
    return MotionClip(name, "moves", subject, H36M17, xyz, 30.0, segments)


class Clips(list):
    problems = ()
    labels = ()


def virtual(*clips, noises=None, **options):
    noises = {"exact": None} if noises is None else noises
    options = {"normalisation": "person"} | options
    return option(
        "held_out/virtual", skeleton=H36M17, sets={"moves": Clips(clips)}, noises=noises, **options
    )


def test_every_condition_has_the_same_cameras():
    noises = {"exact": None, "cut": DetectorNoise(0, 0, 0, 0, 0, lost=0, cut=1)}
    held_out = virtual(clip("a"), noises=noises, views_per_clip=3)
    (exact,), (cut,) = (list(held_out.watch(name)) for name in held_out.conditions)
    assert exact.xy.shape == (3, 20, 17, 2)
    np.testing.assert_array_equal(exact.xyz, cut.xyz)
    above = np.setdiff1d(range(17), LEGS)
    np.testing.assert_array_equal(exact.xy[:, :, above], cut.xy[:, :, above])
    assert np.abs(exact.xy[:, :, LEGS] - cut.xy[:, :, LEGS]).max() > 0.01


def test_a_clip_is_seen_the_same_whatever_other_clips_there_are():
    (alone,) = virtual(clip("b")).watch("exact")
    *_, last = virtual(clip("a"), clip("b")).watch("exact")
    np.testing.assert_array_equal(alone.xy, last.xy)
    (other,) = virtual(clip("b"), seed=7).watch("exact")
    assert not np.array_equal(alone.xy, other.xy)


def test_watching_twice_shows_the_same():
    held_out = virtual(clip("a"), noises={"noisy": DetectorNoise()})
    first, again = (next(iter(held_out.watch("noisy"))) for _ in range(2))
    np.testing.assert_array_equal(first.xy, again.xy)


def test_frames_carry_the_action_they_show():
    segments = (Segment(2, 4, "jump"), Segment(6, 9, "sit"))
    (watched,) = virtual(clip("a", frames=10, segments=segments)).watch("exact")
    expected = ["", "", "jump", "jump", "", "", "sit", "sit", "sit", ""]
    assert watched.actions.tolist() == expected
    assert (watched.dataset, watched.subject, watched.name) == ("moves", "anna", "a")
    assert actions_of(clip("a", frames=2)).tolist() == ["", ""]


def test_long_clips_are_cut_into_pieces_that_lose_nothing():
    segments = (Segment(8, 20, "sit"),)
    pieces = list(virtual(clip("a", segments=segments), frames=8).watch("exact"))
    assert [piece.xy.shape[1] for piece in pieces] == [8, 8, 4]
    assert [piece.name for piece in pieces] == ["a", "a+8", "a+16"]
    assert set(pieces[0].actions) == {""}
    assert set(pieces[1].actions) == {"sit"}


class Drawing:
    """A noise that changes nothing and keeps what it draws."""

    def __init__(self):
        self.drawn = []

    def apply(self, xy, skeleton, rng, xyz=None):
        self.drawn.append(torch.rand(1, generator=rng).item())
        return xy, torch.ones(xy.shape[:3])


def test_pieces_of_a_clip_have_errors_of_their_own_and_always_the_same():
    noise = Drawing()
    held_out = virtual(clip("a"), noises={"noisy": noise}, frames=8)
    for _ in range(2):
        list(held_out.watch("noisy"))
    assert len(set(noise.drawn[:3])) == 3
    assert noise.drawn[:3] == noise.drawn[3:]


def test_what_is_left_out_is_said():
    held_out = virtual(clip("a"), clip("b", subject="ben", missing=True))
    assert [watched.name for watched in held_out.watch("exact")] == ["a"]
    (line,) = held_out.report
    assert line == (
        "moves subjects anna: 1 clips, 20 frames, each from 8 sides; 1 clips with missing joints "
        "left out, 0 problems"
    )


def test_nothing_to_watch_is_refused():
    with pytest.raises(InputError, match="moves: no complete clip; choose other subjects"):
        next(iter(virtual(clip("b", missing=True)).watch("exact")))
    for options in ({"views_per_clip": 0}, {"frames": 0}):
        with pytest.raises(InputError, match="give 1 or more of each"):
            virtual(clip("a"), **options)


class Pairs:
    """Three recordings of two people."""

    dataset = "films"
    problems = ()
    subjects = ("anna", "ben")

    def __init__(self):
        rng = np.random.default_rng(0)
        xy = rng.normal(size=(3, 6, 17, 2)).astype(np.float32)
        xyz = rng.normal(size=(3, 6, 17, 3)).astype(np.float32)
        xy[0, 2, 5], xyz[0, 4, 7] = np.nan, np.nan
        who = [("anna", "sit", "left"), ("anna", "jump", "right"), ("ben", "sit", "left")]
        self.all = [
            Pair(f"film {i}", *who[i], H36M17, xy[i], xyz[i], 50.0) for i in range(len(who))
        ]

    def read(self, subjects):
        return (pair for pair in self.all if pair.subject in subjects)


def paired(*subjects):
    return PairedViews(
        H36M17, pairs=Pairs(), subjects=list(subjects), fps=50.0, normalisation="screen",
        condition="detected",
    )  # fmt: skip


def test_pairs_are_those_of_the_held_out_subjects():
    held_out = paired("anna")
    first, second = held_out.watch("detected")
    assert (first.cameras, set(first.actions)) == (["left"], {"sit"})
    assert (second.cameras, set(second.actions)) == (["right"], {"jump"})
    assert held_out.report == ["films subjects anna, detected: 2 recordings, 12 frames, 0 problems"]


def test_a_pairs_joints_are_held_and_its_truth_is_not():
    first = next(iter(paired("anna").watch("detected")))
    source = Pairs().all[0]
    np.testing.assert_array_equal(first.xy[0, 2, 5], source.xy[1, 5])
    assert np.isnan(first.xyz[0, 4, 7]).all()
    np.testing.assert_allclose(first.xyz[0, 0], source.xyz[0] - source.xyz[0, H36M17.root])


def test_a_pairs_joint_that_was_not_seen_has_no_confidence():
    first, second = (one.confidence for one in paired("anna").watch("detected"))
    assert (first.shape, first.dtype) == ((1, 6, 17), np.float32)
    assert first[0, 2, 5] == 0
    assert first.sum() == first.size - 1
    assert (second == 1).all()


def test_virtual_views_have_the_confidences_of_the_noise_and_exact_joints_have_one():
    noises = {"exact": None, "cut": DetectorNoise(0, 0, 0, 0, 0, lost=0, cut=1)}
    held_out = virtual(clip("a"), noises=noises, views_per_clip=3)
    (exact,), (cut,) = (list(held_out.watch(name)) for name in held_out.conditions)
    assert (exact.confidence == 1).all()
    assert (cut.confidence[:, :, LEGS] == 0).any()


def test_pairs_of_nobody_are_refused():
    with pytest.raises(InputError, match="films has nothing of subjects carl"):
        list(paired("carl").watch("detected"))
