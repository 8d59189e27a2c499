"""People who only stand, sit, talk with their hands, turn and walk about."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from gastlive.action.metrics import Span
from gastlive.action.online_metrics import Detection
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.for_heads.augmentation import Augmentation
from gastlive.datasets.for_heads.choreography import Choreography
from gastlive.datasets.for_heads.filmed import Filming
from gastlive.datasets.for_heads.quiet import (
    SITUATIONS,
    Pastime,
    QuietStreams,
    QuietStudio,
)
from gastlive.datasets.for_heads.quiet_beside import QuietPieces
from gastlive.datasets.for_heads.stream_composer import Weights
from gastlive.datasets.for_heads.sway import Sway
from gastlive.datasets.labels import LabelMap
from gastlive.datasets.own.bank import Bank, write_bank
from gastlive.datasets.protocols import Split
from gastlive.datasets.seen.views import Views
from gastlive.experiments.evaluating.heads.quiet_counting import KINDS, Said, counted, kinds
from gastlive.experiments.evaluating.heads.quiet_report import write
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

CPU = torch.device("cpu")
STAND, SIT, TALK, TURN, WALK = range(len(SITUATIONS))
IDLE, WAVING, WALKING = range(3)
LABELS = LabelMap(
    told_by_arms=(), told_by_legs=(),
    names=["idle", "wave", "walk"], background="idle", walking="walk",
    sets={"moves": {"nothing": "idle", "hello": "wave", "stroll": "walk"}},
)  # fmt: skip
ALL_DAY = Pastime(seated=0.0, talks=0.0, walks=0.0, turns=0.0, jumps=0.0, gaps=0.0)


def body(hips=0.95, *, hands_up=False):
    """(J, 3), world axes, somebody who looks along y with the hips at this height."""
    up = hips - 0.95
    places = {
        "hip": (0, 0, 0.95), "spine": (0, 0, 1.2), "thorax": (0, 0, 1.45), "nose": (0, 0.1, 1.6),
        "head": (0, 0, 1.75), "left_hip": (-0.1, 0, 0.95), "left_knee": (-0.1, 0.02, 0.5),
        "left_ankle": (-0.1, 0, 0.1), "left_shoulder": (-0.2, 0, 1.45),
        "left_elbow": (-0.25, 0, 1.75 if hands_up else 1.15),
        "left_wrist": (-0.25, 0.05, 2.0 if hands_up else 0.9),
    }  # fmt: skip
    pose = np.zeros((len(H36M17), 3), np.float32)
    for joint, (x, y, z) in places.items():
        moved = 0 if "knee" in joint or "ankle" in joint else up
        if up and moved == 0:
            y += 0.42  # the thighs are level
        pose[H36M17.index[joint]] = x, y, z + moved
        if joint.startswith("left"):
            pose[H36M17.index[joint.replace("left", "right")]] = -x, y, z + moved
    return pose


def still(**how):
    return np.repeat(body(**how)[None], 60, 0)


def stroll():
    xyz = still()
    xyz[..., 1] += 0.04 * np.arange(60)[:, None]
    for side, phase in (("left", 0), ("right", np.pi)):
        for joint, reach in (("knee", 0.45), ("ankle", 0.85)):
            xyz[:, H36M17.index[f"{side}_{joint}"], 1] += (
                reach * 0.4 * np.sin(np.arange(60) / 5 + phase)
            )
    return xyz


def hello():
    xyz = still()
    xyz[:, H36M17.index["left_wrist"], 2] += 0.4 * np.sin(np.arange(60) / 4)
    return xyz


MOVES = {
    "stands": (still(), "nothing"), "sits": (still(hips=0.55), "nothing"),
    "waves": (hello(), "hello"), "walks": (stroll(), "stroll"),
    "up": (still(hands_up=True), "nothing"),
}  # fmt: skip


def filming_of(tmp_path, *names):
    clips = [
        MotionClip(name, "moves", "anna", H36M17, xyz, 30.0, (Segment(0, 60, label),))
        for name, (xyz, label) in MOVES.items()
        if name in names
    ]
    write_bank(tmp_path / "bank.npz", clips, layout=H36M17, fps=30.0)
    return Filming(
        sets={"moves": partial(Bank, str(tmp_path / "bank.npz"), dataset="moves")},
        split=Split(train={"moves": ["anna"]}, val={}, held_out={}), labels=LABELS,
        skeleton=H36M17, fps=30.0, frames=60, views=Views(), noise=None, exact=0.0, lifter=None,
        half=False, unlabelled={}, how=Choreography(), sway=Sway(), body_spread=0.0,
    )  # fmt: skip


@pytest.fixture
def filming(tmp_path):
    return filming_of(tmp_path, *MOVES)


def quiet(filming, how, count=12, frames=300):
    return QuietStudio(filming.studio(CPU), how).streams(count, frames, 0)


def height(xyz):
    """(N, T) of the thorax above the lower ankle; y is down, cameras look level."""
    ankles = [H36M17.index[f"{side}_ankle"] for side in ("left", "right")]
    return (xyz[:, :, ankles] - xyz[:, :, [H36M17.index["thorax"]]]).norm(dim=-1).amax(-1)


def speed(xyz, joint):
    both = [H36M17.index[f"{side}_{joint}"] for side in ("left", "right")]
    return xyz[:, :, both].diff(dim=1).norm(dim=-1).mean()


def test_who_stands_and_who_sits_hardly_moves_and_has_the_height_of_it(filming):
    stands, sits = quiet(filming, ALL_DAY), quiet(filming, replace(ALL_DAY, seated=1.0))
    assert (stands.situations == STAND).all()
    assert (sits.situations == SIT).all()
    assert speed(stands.xyz, "wrist") < 0.01
    assert height(stands.xyz).min() > 1.25 > 1.1 > height(sits.xyz).max()


def test_who_rests_with_the_arms_up_is_nobody_to_start_from(filming):
    xyz = quiet(filming, ALL_DAY, count=30).xyz
    wrists = [H36M17.index[f"{side}_wrist"] for side in ("left", "right")]
    head = xyz[:, :, [H36M17.index["head"]]]
    assert ((xyz[:, :, wrists] - head).norm(dim=-1) > 0.6).all()


def test_who_talks_moves_the_forearms_and_nothing_else(filming):
    stands, talks = quiet(filming, ALL_DAY), quiet(filming, replace(ALL_DAY, talks=1.0))
    assert (talks.situations == TALK).all()
    assert speed(talks.xyz, "wrist") > 3 * speed(stands.xyz, "wrist")
    assert speed(talks.xyz, "knee") < 2 * speed(stands.xyz, "knee")


def test_who_walks_is_on_the_way_and_the_labels_say_so(filming):
    studio = QuietStudio(filming.studio(CPU), replace(ALL_DAY, walks=1.0))
    made = studio.streams(4, 200, 0)
    assert (made.situations == WALK).all()
    assert (studio.labels(made.situations) == WALKING).all()
    assert (studio.labels(torch.tensor([[STAND, SIT, TALK, TURN]])) == IDLE).all()


def test_turns_are_told_from_standing(filming):
    made = quiet(filming, replace(ALL_DAY, turns=1.0), frames=600)
    assert set(made.situations.unique().tolist()) == {STAND, TURN}


def test_a_track_jumps_to_somebody_else_and_back(filming):
    how = replace(ALL_DAY, jumps=1.0, jump_s=(0.5, 0.5))
    plain, jumping = quiet(filming, ALL_DAY), quiet(filming, how)
    steps = jumping.xyz.diff(dim=1).norm(dim=-1).amax(-1)
    there = jumping.faults[:, 1:]
    assert (there.sum(1) == 2).all()
    assert steps[there].min() > plain.xyz.diff(dim=1).norm(dim=-1).max()


def test_who_is_not_found_for_a_while_goes_on_where_they_are_then(filming):
    walks = replace(ALL_DAY, walks=1.0)
    made = quiet(filming, replace(walks, gaps=1.0, gap_s=(0.9, 0.9)))
    assert (made.faults.sum(1) == 1).all()
    assert made.xyz.shape == quiet(filming, walks).xyz.shape


def test_the_same_words_give_the_same_streams_and_others_others(filming):
    studio = QuietStudio(filming.studio(CPU), Pastime())
    one, again, other = (studio.streams(3, 90, word) for word in (1, 1, 2))
    torch.testing.assert_close(one.xyz, again.xyz)
    assert not torch.equal(one.xyz, other.xyz)


def test_without_anybody_who_stands_still_there_is_nobody_quiet(tmp_path):
    studio = filming_of(tmp_path, "waves").studio(CPU)
    with pytest.raises(InputError, match="nobody in this motion stands still"):
        QuietStudio(studio, Pastime())


def test_so_many_hours_are_filmed_batch_by_batch(filming):
    streams = QuietStreams(filming.studio(CPU), Pastime(), hours=0.1, seed=0)
    assert len(streams) == 2
    batches = list(streams)
    assert [xyz.shape[:2] for xyz, *_ in batches] == [(9, 600)] * 2
    assert all(set(labels.unique().tolist()) <= {IDLE, WALKING} for _, labels, _ in batches)


MIRRORED = Augmentation(
    yaw_deg=0, tilt_deg=0, mirror=0.5, speed=(1, 1), size=(1, 1), jitter=0, hold=0, drop=0, slow=0
)


def pieces(streams, **changes):
    given = {
        "frames": 90, "batch": 4, "batches": 30, "seed": 0, "augmentation": MIRRORED,
        "weights": Weights(np.array([0, 0, 2]), classes=3, idle=IDLE, onset_frames=9,
                           onset_weight=0.3), "skeleton": H36M17,
    }  # fmt: skip
    return QuietPieces(streams, **given | changes)


def test_a_training_sees_pieces_of_quiet_streams_and_often_how_somebody_arrives(filming):
    streams = QuietStreams(filming.studio(CPU), Pastime(), hours=0.01, seed=0)
    whole = torch.cat([xyz for xyz, *_ in streams]).numpy()
    rng = np.random.default_rng(0)
    whole = np.concatenate([whole, MIRRORED.vary(whole, H36M17, rng, mirror=True)])
    both = pieces(streams)
    batches = list(both)
    assert len(batches) == len(both) == 30
    first = 0
    for xyz, labels, weights in batches:
        assert xyz.shape == (4, 90, 17, 3)
        assert set(labels.unique().tolist()) <= {IDLE, WALKING}
        assert (weights > 0).all()
        for piece in xyz.numpy():
            starts = np.argwhere(np.abs(whole[:, :511] - piece[0]).max((2, 3)) < 1e-5)
            found = [a for i, a in starts if np.allclose(whole[i, a : a + 90], piece, atol=1e-5)]
            assert found
            first += found[0] == 0
    assert 15 < first < 50  # a quarter of 120
    assert not torch.equal(next(iter(both))[0], batches[0][0])


def test_a_piece_is_no_longer_than_a_stream(filming):
    streams = QuietStreams(filming.studio(CPU), Pastime(), hours=0.01, seed=0)
    with pytest.raises(InputError, match="quiet streams have 600 frames, wanted 601"):
        pieces(streams, frames=601)


NAMES = ("idle", "wave", "walk", "jog")


def said(events, situations, faults=()):
    at = np.zeros(len(situations), bool)
    at[list(faults)] = True
    found = [Detection(Span(a, b, NAMES.index(label)), a) for a, b, label in events]
    return Said(found, np.array(situations), at)


def test_of_who_walks_only_that_may_be_said_and_of_others_not_even_that():
    situations = [STAND] * 100 + [WALK] * 100
    events = [(120, 150, "walk"), (150, 180, "jog"), (40, 60, "walk"), (160, 170, "wave")]
    found = counted([said(events, situations)], NAMES, ["walk", "jog"], fps=10.0)
    assert (found["allowed"], found["false"]) == (2, 2)
    assert found["false_per_hour"] == 360  # in 20 s
    assert found["false_s"] == 3.0
    assert {k: v["false"] for k, v in found["by_label"].items()} == {"walk": 1, "wave": 1}
    assert found["by_situation"]["walk"]["false"] == found["by_situation"]["stand"]["false"] == 1
    assert found["by_situation"]["walk"]["hours"] == round(10 / 3600, 4)


def test_the_first_second_and_the_one_after_a_fault_are_counted_apart():
    stream = said([(5, 40, "wave"), (33, 50, "wave"), (60, 70, "wave")], [STAND] * 80, [32])
    going_on = [KINDS[kind] for kind in kinds(stream, fps=10.0)]
    assert going_on[:10] == ["appear"] * 10
    assert going_on[10:32] == ["stand"] * 22
    assert going_on[32:42] == ["faults"] * 10
    found = counted([stream], NAMES, ["walk"], fps=10.0)
    false = {kind: part["false"] for kind, part in found["by_situation"].items() if part["false"]}
    assert false == {"appear": 1, "faults": 1, "stand": 1}


def test_the_report_says_how_often_in_all_and_by_situation(tmp_path):
    found = counted([said([(40, 50, "wave")], [STAND] * 100)], NAMES, ["walk"], fps=10.0)
    silent = counted([said([], [STAND] * 100)], NAMES, ["walk"], fps=10.0)
    about = {"command": "gastlive-evaluate quiet", "seed": 0, "data": ["few"], "lifter": "gast81"}
    shown = write({"mine": found, "silent": silent}, about, folder=tmp_path)
    assert "| mine | 0.00 | 1 | 360.0 | 1.0 | 0 |" in shown
    page = (tmp_path / "report.md").read_text()
    assert "| wave | 1 | 0 |" in page
    assert "| silent | 0.0 | - | - | - | - | 0.0 | - |" in page
    assert (tmp_path / "report.json").is_file()
