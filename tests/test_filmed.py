"""Streams of heads made in the world, filmed, lifted, kept in a folder and trained on."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from gastlive.conf.option import option
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.for_heads.beside import Beside
from gastlive.datasets.for_heads.choreography import Choreography
from gastlive.datasets.for_heads.filler import Filler
from gastlive.datasets.for_heads.filmed import Filming, Lift
from gastlive.datasets.for_heads.filmed_batches import CachedStreams, FreshStreams
from gastlive.datasets.for_heads.manner import Manner
from gastlive.datasets.for_heads.stream_cache import fill, read_streams, stream_files
from gastlive.datasets.for_heads.stream_composer import Weights
from gastlive.datasets.for_heads.sway import Sway
from gastlive.datasets.for_heads.world import Course, Limbs, World, headings
from gastlive.datasets.labels import UNKNOWN, LabelMap
from gastlive.datasets.own.bank import Bank, write_bank
from gastlive.datasets.process_seed import generator_of
from gastlive.datasets.protocols import Split
from gastlive.datasets.seen.views import Views
from gastlive.gast.checkpoint import save
from gastlive.gast.errors import InputError
from gastlive.gast.gastnet import GASTNet
from gastlive.gast.skeleton import H36M17

IDLE, LEFT, RIGHT, WALK = range(4)
LABELS = LabelMap(
    told_by_arms=(),
    told_by_legs=(),
    names=["idle", "left wave", "right wave", "walk"],
    background="idle",
    sets={"moves": {"hello": "left wave", "stroll": "walk"}, "dance": {}},
)
SPLIT = Split(
    train={"moves": ["anna", "berta"], "dance": ["dora"]}, val={"moves": ["carl"]}, held_out={}
)
CPU = torch.device("cpu")


def standing(size=1.0):
    """(J, 3), world axes: somebody who looks along y."""
    places = {
        "hip": (0, 0, 0.95), "spine": (0, 0, 1.2), "thorax": (0, 0, 1.45), "nose": (0, 0.1, 1.6),
        "head": (0, 0, 1.75), "left_hip": (-0.1, 0, 0.95), "left_knee": (-0.1, 0.02, 0.5),
        "left_ankle": (-0.1, 0, 0.1), "left_shoulder": (-0.2, 0, 1.45),
        "left_elbow": (-0.25, 0, 1.15), "left_wrist": (-0.25, 0.05, 0.9),
    }  # fmt: skip
    pose = np.zeros((len(H36M17), 3), np.float32)
    for joint, (x, y, z) in places.items():
        pose[H36M17.index[joint]] = x, y, z
        if joint.startswith("left"):
            pose[H36M17.index[joint.replace("left", "right")]] = -x, y, z
    return pose * np.float32(size)


def hello(frames=60, size=1.0):
    """The left arm is raised and swings."""
    xyz = np.repeat(standing(size)[None], frames, 0)
    shoulder = xyz[0, H36M17.index["left_shoulder"]]
    swing = 0.4 * np.sin(np.arange(frames) / 4)
    for joint, reach in (("left_elbow", 0.3), ("left_wrist", 0.55)):
        xyz[:, H36M17.index[joint], 0] = shoulder[0] - reach * size * np.sin(0.8 + swing)
        xyz[:, H36M17.index[joint], 2] = shoulder[2] + reach * size * np.cos(0.8 + swing)
    return xyz


def stroll(frames=60, size=1.0):
    """Ahead, on legs that swing, in a bend to the left."""
    xyz = np.repeat(standing(size)[None], frames, 0)
    for side, phase in (("left", 0), ("right", np.pi)):
        swing = 0.4 * np.sin(np.arange(frames) / 5 + phase)
        hip = xyz[0, H36M17.index[f"{side}_hip"]]
        for joint, reach in (("knee", 0.45), ("ankle", 0.85)):
            at = H36M17.index[f"{side}_{joint}"]
            xyz[:, at, 1] = hip[1] + reach * size * np.sin(swing)
            xyz[:, at, 2] = hip[2] - reach * size * np.cos(swing)
    angle = np.arange(frames) * 0.01
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = xyz[..., 0].copy(), xyz[..., 1].copy()
    xyz[..., 0], xyz[..., 1] = cos * x - sin * y, sin * x + cos * y
    step = 0.04 * np.stack([-np.sin(angle), np.cos(angle)], -1)
    xyz[..., :2] += np.concatenate([np.zeros((1, 2)), step[:-1].cumsum(0)])[:, None]
    return xyz


def clip(name, subject, xyz, label, dataset="moves"):
    segments = (Segment(0, len(xyz), label),) if label else ()
    return MotionClip(name, dataset, subject, H36M17, xyz.astype("f4"), 30.0, segments)


@pytest.fixture
def bank(tmp_path):
    clips = [
        clip(f"{name} {who}", who, move(size=size), label)
        for who, size in (("anna", 1.0), ("berta", 0.8), ("carl", 1.1))
        for name, move, label in (
            ("h", hello, "hello"),
            ("s", stroll, "stroll"),
            ("l", partial(stroll, 200), "stroll"),
        )
    ]
    clips.append(clip("d", "dora", hello(100) + np.float32(0.5), None, "dance"))
    clips.append(clip("e", "emil", hello(100), None, "dance"))
    write_bank(tmp_path / "bank.npz", clips, layout=H36M17, fps=30.0)
    return str(tmp_path / "bank.npz")


@pytest.fixture
def filming(bank):
    return Filming(
        sets={name: partial(Bank, bank, dataset=name) for name in ("moves", "dance")},
        split=SPLIT, labels=LABELS, skeleton=H36M17, fps=30.0, frames=60, views=Views(),
        noise=None, exact=0.0, lifter=None, half=False, unlabelled={"dance": ["dora"]},
        how=Choreography(), sway=Sway(),
    )  # fmt: skip


def performed(filming, count=6, frames=240, seed=0):
    studio, generator = filming.studio(CPU), generator_of(seed)
    course, labels = studio.composer.draw(count, frames, np.random.default_rng(seed))
    lengths = studio.world.bodies(count, spread=1.0, generator=generator)
    xyz, _ = studio.world.perform(course, lengths, sway=Sway(), generator=generator)
    return xyz, labels, course


def plain(frames, **changes):
    """A course through the first frames of a world, as they are."""
    at = torch.arange(frames, dtype=torch.double)[None]
    still, pace = torch.zeros(1, frames), torch.tensor([1.0, 0.0]).expand(1, frames, 2)
    return Course(at, at, still, pace, still, still)._replace(**changes)


def test_a_clip_goes_through_the_world_unchanged_but_for_where_it_begins():
    move = stroll()
    world = World([move], ["anna"], H36M17, fps=30.0)
    generator = generator_of(0)
    lengths = world.bodies(1, spread=0.0, generator=generator)
    xyz, heading = world.perform(plain(60), lengths, sway=Sway(), generator=generator)
    cos, sin = 0.0, -1.0  # the person, who looks along y at first, looks along x here
    turned = move.copy()
    turned[..., 0], turned[..., 1] = (
        cos * move[..., 0] - sin * move[..., 1], sin * move[..., 0] + cos * move[..., 1],
    )  # fmt: skip
    floor = np.quantile(
        move[:, [H36M17.index["left_ankle"], H36M17.index["right_ankle"]], 2].min(1), 0.05
    )
    turned[..., 2] -= floor
    np.testing.assert_allclose(xyz[0], turned, atol=5e-3)
    np.testing.assert_allclose(heading[0], np.arange(60) * 0.01, atol=1e-3)


def test_a_manner_turns_limbs_the_same_way_all_along_and_leaves_bodies_as_they_are():
    world = World([stroll(), hello()], ["anna", "bert"], H36M17, fps=30.0)
    lengths = world.bodies(1, spread=1.0, generator=generator_of(0))

    def performed_in(manner, seed=2):
        pose, _ = world.perform(
            plain(60), lengths, sway=Sway(), manner=manner, generator=generator_of(seed)
        )
        return pose

    none, own = (0.0, 0.0, 0.0), performed_in(None)
    torch.testing.assert_close(
        performed_in(Manner(trunk=none, arms=none, arm=0.0, leg=0.0)), own, atol=1e-4, rtol=0
    )
    torch.testing.assert_close(performed_in(Manner()), performed_in(Manner()))
    assert (performed_in(Manner()) - performed_in(Manner(), seed=3)).abs().max() > 0.02
    turned = performed_in(Manner(trunk=none, leg=0.0))
    arms = [i for i, name in enumerate(H36M17.joints) if "elbow" in name or "wrist" in name]
    rest = [i for i in range(len(H36M17)) if i not in arms]
    torch.testing.assert_close(turned[:, :, rest], own[:, :, rest], atol=1e-4, rtol=0)
    assert (turned - own)[:, :, arms].norm(dim=-1).min() > 0.005
    for child, parent in H36M17.bones:
        long = [(pose[0, :, child] - pose[0, :, parent]).norm(dim=-1) for pose in (own, turned)]
        torch.testing.assert_close(*long, atol=1e-4, rtol=0)


def test_streams_of_another_manner_are_other_streams(filming):
    made, varied = filming, replace(filming, manner=Manner())
    assert made.recipe()["settings"] != varied.recipe()["settings"]
    one, two = (each.studio(CPU).streams(2, 0)[0] for each in (made, varied))
    assert (one - two).abs().max() > 0.02


def test_the_mirror_image_of_a_clip_is_its_mirror_image():
    world = World([stroll(), hello()], ["anna", "anna"], H36M17, fps=30.0)
    lengths = world.bodies(1, spread=0.0, generator=generator_of(0))
    course = plain(60)
    own, _ = world.perform(course, lengths, sway=Sway(), generator=generator_of(0))
    at = course.one + len(world)
    there, _ = world.perform(
        plain(60, one=at, other=at), lengths, sway=Sway(), generator=generator_of(0)
    )
    expected = own[:, :, H36M17.mirror] * torch.tensor([1.0, -1.0, 1.0])
    torch.testing.assert_close(there, expected, atol=1e-4, rtol=0)


def test_bones_keep_their_lengths_through_a_stream(filming):
    xyz, _, _ = performed(filming)
    child, parent = zip(*H36M17.outward_bones, strict=True)
    lengths = (xyz[:, :, child] - xyz[:, :, parent]).norm(dim=-1)
    assert (lengths.amax(1) - lengths.amin(1)).max() < 1e-4
    assert lengths[:, 0].std(0).min() > 1e-3  # and everybody has their own


def test_nothing_jumps_where_pieces_meet(filming):
    xyz, _, course = performed(filming, count=12)
    fastest = max(
        np.linalg.norm(np.diff(move(), axis=0), axis=-1).max() for move in (hello, stroll)
    )
    steps = xyz.diff(dim=1).norm(dim=-1)
    assert (course.share > 0).any(1).all()
    # The quickest pace, a body a third larger, and a blend across the pose's whole way in 0.2 s.
    assert steps.max() < fastest * 1.6 * 1.35 + 0.12
    pieces = (course.share == 0)[:, 1:, None]
    assert (steps * pieces).max() < fastest * 1.6 * 1.35


def test_who_turns_does_so_on_the_way_and_goes_on_from_there(filming):
    turning = replace(filming, how=Choreography(turn=1.0, pause=0.0, others=0.0, begun=0.0))
    xyz, _, _ = performed(turning)
    heading = np.stack([headings(one, H36M17) for one in xyz.numpy()])
    assert np.abs(heading).max() > 0.5
    assert np.abs(np.diff(heading)).max() < 0.35
    root = xyz[:, :, H36M17.root, :2]
    assert root.diff(dim=1).norm(dim=-1).max() < 0.04 * 1.6 * 1.5


def test_somebody_may_have_another_ones_arms_or_legs():
    world = World([stroll(), hello()], ["anna", "anna"], H36M17, fps=30.0)
    lengths = world.bodies(1, spread=0.0, generator=generator_of(0))
    strolls, waves = plain(60), plain(60, one=plain(60).one + 60, other=plain(60).one + 60)
    none, whole = torch.zeros(1, 60), torch.ones(1, 60)

    def seen(course, arms, legs, other):
        course = course._replace(limbs=Limbs(other, arms, legs))
        xyz, _ = world.perform(course, lengths, sway=Sway(), generator=generator_of(0))
        return xyz - xyz[:, :1, :1] * torch.tensor([1.0, 1.0, 0.0])

    wrist = [H36M17.index[name] for name in ("left_elbow", "left_wrist")]
    ankle = [H36M17.index[name] for name in ("left_knee", "right_ankle")]
    own, theirs = seen(strolls, none, none, waves), seen(waves, none, none, strolls)
    both = seen(strolls, whole, none, waves)
    assert torch.equal(both[:, :, ankle], own[:, :, ankle])
    shoulder = H36M17.index["left_shoulder"]
    raised = (both - both[:, :, [shoulder]])[:, :, wrist, 2]
    torch.testing.assert_close(raised, (theirs - theirs[:, :, [shoulder]])[:, :, wrist, 2])
    legs = seen(waves, none, whole, strolls)  # who waves walks
    assert (legs[0, -1, 0, :2] - legs[0, 0, 0, :2]).norm() > 1.5
    assert (theirs[0, -1, 0, :2] - theirs[0, 0, 0, :2]).norm() < 0.1


def test_only_what_is_told_by_the_other_limbs_gets_new_ones(filming):
    labels = LabelMap(
        told_by_arms=(),
        names=LABELS.names,
        background="idle",
        sets=LABELS.sets,
        told_by_legs=["walk"],
    )
    how = Choreography(other_arms=1.0, other_legs=1.0, others=0.0)
    told = replace(filming, labels=labels, how=how)
    _, labels, course = performed(told, count=12)
    arms = course.limbs.arms > 0.99
    assert (labels[arms] != LEFT).all()
    assert arms[labels == WALK].float().mean() > 0.5
    assert not course.limbs.legs.any()
    _, _, course = performed(filming)  # a map that says nothing
    assert not course.limbs.arms.any()


def test_the_floor_stays_where_it_is(filming):
    xyz, _, _ = performed(replace(filming, how=Choreography(others=0.0)))
    ankles = xyz[:, :, [H36M17.index["left_ankle"], H36M17.index["right_ankle"]], 2].amin(-1)
    assert ankles.abs().max() < 0.1


def test_labels_follow_the_mirror(filming):
    for share, shown, hidden in ((0.0, LEFT, RIGHT), (1.0, RIGHT, LEFT)):
        how = Choreography(mirror=share, others=0.0)
        xyz, labels, _ = performed(replace(filming, how=how))
        assert (labels == shown).any()
        assert not (labels == hidden).any()
        side = "left" if shown == LEFT else "right"
        wrist, head = H36M17.index[f"{side}_wrist"], H36M17.index["nose"]
        raised = (xyz[..., wrist, 2] - xyz[..., head, 2])[labels == shown]
        assert raised.median() > -0.2


def test_pauses_and_transitions_are_background_and_unlabelled_pieces_too(filming):
    _, labels, course = performed(replace(filming, how=Choreography(others=0.0, begun=0.0)))
    assert (labels[course.sway > 0] == IDLE).all()
    blended = labels[course.share > 0]
    assert set(blended.tolist()) == {IDLE, UNKNOWN}  # unknown between two of the same action
    assert (blended == IDLE).float().mean() > 0.3
    _, labels, _ = performed(replace(filming, how=Choreography(others=1.0, begun=0.0)))
    assert set(labels[:, 130:].unique().tolist()) <= {IDLE, UNKNOWN}


@pytest.mark.parametrize(
    ("changed", "slowest", "fastest"),
    [
        ({"backwards": 0.0, "slowed": 0.0}, 0.5, 1.6),
        ({"backwards": 1.0, "slowed": 0.0}, -1.6, -0.5),
        ({"backwards": 1.0, "slowed": 1.0}, -0.6, -1 / 3),
    ],
    ids=["as it is", "backwards", "backwards and slowed"],
)
def test_motion_that_has_no_name_is_played_backwards_and_slowed_too(
    filming, changed, slowest, fastest
):
    how = Choreography(others=1.0, begun=0.0, pause=0.0, **changed)
    _, labels, course = performed(replace(filming, how=how))
    playing = (course.share == 0)[:, :-1] & (course.share == 0)[:, 1:]
    moved = course.one.diff(dim=1)[playing]
    assert playing.float().mean() > 0.5
    assert ((moved > slowest - 1e-6) & (moved < fastest + 1e-6)).all()
    assert (labels[:, 1:][playing] == IDLE).all()


def test_what_the_label_map_leaves_out_is_not_taught_as_background(filming):
    sets = {"moves": {"hello": "left wave", "stroll": None}, "dance": {}}
    labels = LabelMap(
        names=LABELS.names, background="idle", sets=sets, told_by_arms=(), told_by_legs=()
    )
    how = Choreography(others=0.5, begun=0.0, pause=0.0)
    filmed = replace(filming, labels=labels, how=how)
    studio, (_, told, course) = filmed.studio(CPU), performed(filmed)
    pieces = studio.composer.repertoire.pieces
    assert {len(pieces[i].labels) for i in studio.composer.others} == {100}
    starts = studio.world.start.tolist()
    playing = course.one[course.share == 0] % len(studio.world)
    clip = np.searchsorted(starts, playing.floor().numpy(), "right") - 1
    kinds = {len(pieces[i].labels) for i in np.unique(clip)}
    assert kinds == {60, 100}  # the waves and the dance; somebody who strolls 200 frames doesn't
    assert set(told.unique().tolist()) <= {IDLE, LEFT, RIGHT, UNKNOWN}


def test_motion_that_has_no_name_is_recombined_with_other_arms(filming):
    told = LabelMap(
        names=LABELS.names, background="idle", sets=LABELS.sets, told_by_arms=(),
        told_by_legs=["walk"],
    )  # fmt: skip
    for share in (0.0, 1.0):
        how = Choreography(others=1.0, begun=0.0, pause=0.0, other_arms=share)
        _, labels, course = performed(replace(filming, labels=told, how=how))
        assert (course.limbs.arms > 0).any() == bool(share)
        assert (course.limbs.legs == 0).all()
        assert (labels[:, 130:] == IDLE).all()


def test_an_action_that_is_broken_off_has_no_label(filming):
    broken = replace(filming, how=Choreography(others=0.0, begun=1.0))
    _, labels, _ = performed(broken, frames=600)  # the first piece is whole, and has at most 380
    assert set(labels[:, 400:].unique().tolist()) == {IDLE, UNKNOWN}


def test_the_same_words_give_the_same_streams_and_others_give_others(filming):
    noisy = replace(filming, noise=option("noise/measured"))
    one, again = noisy.studio(CPU).streams(3, 0, 5), noisy.studio(CPU).streams(3, 0, 5)
    assert torch.equal(one.xyz, again.xyz)
    assert torch.equal(one.labels, again.labels)
    assert one.xyz.shape == (3, 60, len(H36M17), 3)
    assert not torch.equal(one.xyz, noisy.studio(CPU).streams(3, 0, 6).xyz)


def test_only_people_of_the_part_are_filmed_and_of_sets_without_labels_only_those_named(filming):
    (line, *_) = filming.studio(CPU).report
    assert line.startswith("train: dance dora; moves anna, berta; 7 clips")
    assert filming.recipe()["people"] == {"moves": ["anna", "berta"], "dance": ["dora"]}
    with pytest.raises(InputError, match="no motion of held_out in moves, dance"):
        replace(filming, parts=["held_out"]).studio(CPU)


def test_clips_with_missing_joints_are_left_out_and_counted(filming):
    gone = hello()
    gone[3, H36M17.index["left_wrist"]] = np.nan

    class Gappy:
        labels, problems = ("hello",), ()

        def __init__(self, subjects):
            self.subjects = subjects

        def __iter__(self):
            yield clip("whole", "anna", hello(), "hello")
            yield clip("gone", "anna", gone, "hello")

    report = replace(filming, sets={"moves": Gappy}).studio(CPU).report
    assert report[0].startswith("train: moves anna; 1 clips, 60 frames")
    assert report[-1] == "moves: 1 clips with missing joints left out"


def test_cameras_stand_before_a_person_as_often_as_wanted(filming):
    left, right = H36M17.index["left_shoulder"], H36M17.index["right_shoulder"]
    for front in (0.0, 1.0):
        studio = replace(filming, front=front, front_deg=20.0, takes=1).studio(CPU)
        across = studio.streams(60, 1).xyz
        across = (across[:, :, left] - across[:, :, right]).mean(1)
        facing = (torch.atan2(across[:, 2], across[:, 0]).abs() < 0.6).float().mean()
        assert facing > 0.9 if front else facing < 0.5


def net(tmp_path, inputs):
    torch.manual_seed(0)
    made = GASTNet(
        H36M17, inputs=inputs, filter_widths=(3, 3), channels=4, causal=True, dropout=0.0
    ).eval()
    path = tmp_path / f"tiny{inputs}.safetensors"
    save(made, path, fps=30.0, normalisation="person", training={})
    return str(path)


def test_a_lifter_that_takes_confidence_is_given_it(filming, tmp_path):
    noisy = replace(filming, noise=option("noise/measured"), lifter=net(tmp_path, 3))
    assert noisy.studio(CPU).streams(2, 0).xyz.isfinite().all()
    lift = Lift(noisy.lifter, H36M17, fps=30.0, half=False)
    xy, true = torch.randn(1, 20, 17, 2), torch.zeros(1, 20, 17, 3)
    sure = lift(xy, torch.ones(1, 20, 17), true)
    assert not torch.allclose(sure, lift(xy, torch.zeros(1, 20, 17), true))
    two = Lift(net(tmp_path, 2), H36M17, fps=30.0, half=False)
    assert torch.equal(two(xy, torch.ones(1, 20, 17), true), two(xy, torch.zeros(1, 20, 17), true))


def test_a_share_of_the_cameras_sees_exact_joints(filming, tmp_path):
    torch.manual_seed(0)
    net = GASTNet(H36M17, filter_widths=(3,), channels=4, causal=True, dropout=0.0, inputs=3)
    save(net, tmp_path / "net.safetensors", fps=30.0, normalisation="person", training={})
    noise = option("noise/measured", file="movenet", fps=30.0, cut=0.0)

    def lifted(**changes):
        made = replace(filming, lifter=str(tmp_path / "net.safetensors"), takes=1, **changes)
        return made.studio(CPU).streams(40, 3).xyz

    same = [
        (lifted(exact=share, noise=noise) == lifted(exact=share, noise=None)).all(3).all(2).all(1)
        for share in (0.0, 0.5, 1.0)
    ]
    assert [int(each.sum()) for each in (same[0], same[2])] == [0, 40]
    assert 10 < int(same[1].sum()) < 30


def test_one_lifter_runs_over_all_that_a_camera_films(filming, tmp_path):
    """The second stream of a take goes on where the first one ends."""
    whole = replace(filming, lifter=net(tmp_path, 2), frames=120, takes=1).studio(CPU)
    halves = replace(filming, lifter=net(tmp_path, 2), frames=60, takes=2).studio(CPU)
    one, two = whole.streams(2, 3), halves.streams(4, 3)
    torch.testing.assert_close(one.xyz, two.xyz.reshape(one.xyz.shape))
    assert torch.equal(one.labels, two.labels.reshape(2, 120))


def filled(filming, folder, files, seed=0):
    return list(fill(filming, folder, files=files, seed=seed, device=CPU))


def test_a_folder_is_filled_up_and_its_files_depend_on_seed_and_number_alone(filming, tmp_path):
    written = filled(filming, tmp_path / "a", 2)
    assert written == stream_files(tmp_path / "a")
    assert filled(filming, tmp_path / "a", 2) == []
    written[0].unlink()
    (third,) = filled(filming, tmp_path / "a", 2)
    again = filled(filming, tmp_path / "b", 3)[2]
    assert third.name == again.name
    assert np.array_equal(np.load(third)["xyz"], np.load(again)["xyz"])
    assert filled(filming, tmp_path / "b", 4, seed=1)[0].name not in {p.name for p in written}


def test_streams_of_another_recipe_are_refused(filming, tmp_path):
    filled(filming, tmp_path / "a", 1)
    other = replace(filming, frames=90)
    with pytest.raises(InputError, match="streams with another frames; give another folder"):
        filled(other, tmp_path / "a", 2)
    (tmp_path / "a" / "streams-0-000007.npz").write_text("no")
    with pytest.raises(InputError, match="is no file of streams; delete it"):
        read_streams(tmp_path / "a" / "streams-0-000007.npz", filming.recipe())


def weigh(often):
    return Weights(often, classes=4, idle=IDLE, onset_frames=9, onset_weight=0.3)


def cached(filming, folder, **changes):
    given = {
        "batch": 16, "batches": 4, "seed": 0, "uses": 2, "keep": 1, "begin": 1,
        "filling": lambda: False, "augmentation": option("augmentation/filmed"),
        "swap": np.arange(4), "skeleton": H36M17, "weigh": weigh,
    }  # fmt: skip
    return CachedStreams(folder, filming.recipe(), **given | changes)


def test_streams_that_were_used_go_as_soon_as_others_are_there(filming, tmp_path):
    (old,) = filled(filming, tmp_path, 1)
    streams = cached(filming, tmp_path)
    for _ in range(4):  # 64 streams a pass: used more often than wanted, as there is nothing else
        (*batches,) = streams
        assert len(batches) == 4
    assert stream_files(tmp_path) == [old]
    (new,) = filled(filming, tmp_path, 2)
    (*batches,) = streams
    assert stream_files(tmp_path) == [new]
    xyz, labels, weights = batches[0]
    assert (xyz.dtype, xyz.shape) == (torch.float32, (16, 60, len(H36M17), 3))
    assert (labels.dtype, weights.dtype) == (torch.int64, torch.float32)
    assert (weights[labels == UNKNOWN] == 0).all()


def test_a_pass_over_the_same_files_is_the_same_again(filming, tmp_path):
    filled(filming, tmp_path, 2)
    one, again = (next(iter(cached(filming, tmp_path))) for _ in range(2))
    for part, same in zip(one, again, strict=True):
        assert torch.equal(part, same)


def test_a_folder_without_streams_and_without_a_filler_says_so(filming, tmp_path):
    with pytest.raises(InputError, match=r"no streams in .*gastlive-film-streams"):
        cached(filming, tmp_path)


def test_fresh_streams_are_new_in_every_batch_and_pass(filming):
    fresh = FreshStreams(filming.studio(CPU), batch=2, batches=3, seed=0, weigh=weigh)
    batches = [*fresh, *fresh]
    assert len({xyz.sum().item() for xyz, _, _ in batches}) == 6
    assert all(weights.shape == labels.shape == (2, 60) for _, labels, weights in batches)


class Counted(torch.utils.data.IterableDataset):
    """Batches of a row that counts them."""

    def __init__(self, first, rows):
        self.first, self.rows = first, rows

    def __len__(self):
        return 3

    def __iter__(self):
        for i in range(3):
            xyz = torch.full((self.rows, 4, 17, 3), float(self.first + i))
            yield xyz, xyz[..., 0, 0].long(), xyz[..., 0, 0]


def test_batches_of_several_kinds_of_streams_have_all_in_every_batch():
    all_ = Beside(Counted(0, 2), Counted(10, 1), Counted(20, 1))
    assert len(all_) == 3
    for i, (xyz, labels, weights) in enumerate(all_):
        assert xyz[:, 0, 0, 0].tolist() == [i, i, 10 + i, 20 + i]
        assert labels[:, 0].tolist() == weights[:, 0].tolist() == [i, i, 10 + i, 20 + i]


@pytest.mark.parametrize("half", [False, True])
def test_fresh_streams_can_be_trained_on(filming, tmp_path, half):
    lifted = replace(filming, lifter=net(tmp_path, 2), half=half).studio(CPU)
    (xyz, _, _) = next(iter(FreshStreams(lifted, batch=2, batches=1, seed=0, weigh=weigh)))
    layer = torch.nn.Linear(3, 1)
    layer(xyz).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert xyz.dtype == torch.float32


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.1)
    assert true()


def test_a_filler_replaces_what_goes_until_it_is_closed(filming, tmp_path):
    filler = Filler(filming, tmp_path, files=2, seed=0)
    until(lambda: len(stream_files(tmp_path)) == 2)
    first = stream_files(tmp_path)[0]
    first.unlink()
    until(lambda: len(stream_files(tmp_path)) == 2)
    assert first not in stream_files(tmp_path)
    filler.close()
    assert not filler.is_alive()


PARENT = """
import sys
from functools import partial
from gastlive.datasets.for_heads.beside import Beside
from gastlive.datasets.for_heads.filler import Filler
from gastlive.datasets.for_heads.filmed import Filming
from gastlive.datasets.for_heads.sway import Sway
from gastlive.datasets.for_heads.choreography import Choreography
from gastlive.datasets.labels import LabelMap
from gastlive.datasets.own.bank import Bank
from gastlive.datasets.protocols import Split
from gastlive.datasets.seen.views import Views
from gastlive.gast.skeleton import H36M17
if __name__ == "__main__":
    names = ["idle", "wave", "walk"]
    filming = Filming(
        sets={"moves": partial(Bank, sys.argv[1], dataset="moves")},
        split=Split(train={"moves": ["anna"]}, val={}, held_out={}),
        labels=LabelMap(told_by_arms=(), told_by_legs=(), names=names, background="idle",
                        sets={"moves": {"hello": "wave", "stroll": "walk"}}),
        skeleton=H36M17, fps=30.0, frames=30, views=Views(), noise=None, exact=0.0, lifter=None,
        half=False,
        unlabelled={}, how=Choreography(), sway=Sway(),
    )
    filler = Filler(filming, sys.argv[2], files=1, seed=0)
    print(filler.process.pid, flush=True)
    if sys.argv[3] == "error":
        raise ValueError
    filler.process.join()
"""


@pytest.mark.parametrize("end", ["error", "interrupt", "kill"])
def test_a_filler_ends_with_the_training_however_that_ends(bank, tmp_path, end):
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py"), bank, str(tmp_path / "cache"), end],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if end != "error":
            until(lambda: stream_files(tmp_path / "cache"))
            how = {"interrupt": signal.SIGINT, "kill": signal.SIGKILL}[end]
            parent.send_signal(how)
        parent.wait(60)
    until(lambda: not running(child))


def running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_filler_that_can_not_read_its_motion_says_so_and_training_does_not_wait(
    filming, tmp_path, capfd
):
    lost = replace(filming, sets={"moves": partial(Bank, "nowhere.npz", dataset="moves")})
    filler = Filler(lost, tmp_path, files=1, seed=0)
    with pytest.raises(InputError, match="nobody who makes some"):
        cached(filming, tmp_path, filling=filler.is_alive)
    assert "gastlive: no more streams: can't read the motion bank" in capfd.readouterr().err
    assert os.listdir(tmp_path)
