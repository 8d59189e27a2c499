"""Actions taught with a few examples."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from gastlive.action.checkpoint import load_head
from gastlive.action.decision import Decision
from gastlive.action.deployed import deployed
from gastlive.action.heads.few import Prototypes
from gastlive.action.heads.several import together
from gastlive.action.online_metrics import detections
from gastlive.action.teaching.background import (
    SHIPPED,
    Background,
    load_background,
    save_background,
)
from gastlive.action.teaching.examples import PHASES, TURNS, Example, described, see
from gastlive.action.teaching.prototypes import Backdrop, fit_prototypes
from gastlive.action.teaching.stretch import Stretch, best_stretch
from gastlive.action.teaching.teach import teach
from gastlive.conf.option import option
from gastlive.datasets.clip import MotionClip
from gastlive.datasets.motion import runs
from gastlive.datasets.own.lifted_video import LiftedVideo, save_lifted_video
from gastlive.experiments import train_action
from gastlive.experiments.training.few import examples_of
from gastlive.gast.errors import InputError
from gastlive.gast.shipped import LIFTERS, digest
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import streamed

HEIGHTS = {
    "hip": 0.0, "right_hip": 0.0, "left_hip": 0.0, "right_knee": 0.45, "left_knee": 0.45,
    "right_ankle": 0.9, "left_ankle": 0.9, "spine": -0.25, "thorax": -0.5, "nose": -0.65,
    "head": -0.75,
}  # fmt: skip
"""Of a standing person's joints below the root, metres; arms are below."""


def standing(frames, *, size=1.0, seed=0):
    """Somebody who stands and faces the camera, swaying a little: (T, 17, 3)."""
    pose = np.zeros((17, 3))
    for joint, place in H36M17.index.items():
        side = (-0.15 if joint.startswith("right") else 0.15) * (joint.count("_") > 0)
        if "shoulder" in joint:
            pose[place] = [1.2 * side, -0.5, 0]
        elif "elbow" in joint:
            pose[place] = [1.5 * side, -0.22, 0]
        elif "wrist" in joint:
            pose[place] = [1.6 * side, 0.05, -0.05]
        else:
            pose[place] = [side * 0.7, HEIGHTS.get(joint, -0.65), 0]
    noise = np.random.default_rng(seed).normal(0, 0.004, (frames, 17, 3))
    return (size * pose + noise).astype(np.float32)


def moved(xyz, start, stop, *joints, by, times=2):
    """The same, with joints moved up and down between two frames."""
    wave = np.zeros(len(xyz))
    wave[start:stop] = np.sin(np.linspace(0, times * np.pi, stop - start)) ** 2
    for joint in joints:
        xyz[:, H36M17.index[joint]] += wave[:, None] * np.asarray(by)
    return xyz


def raises(side="right", *, frames=60, seed=0, size=1.0):
    """Lifts an arm twice."""
    xyz = standing(frames, seed=seed, size=size)
    xyz = moved(xyz, 10, 50, f"{side}_wrist", by=[0, -0.9 * size, -0.2])
    return moved(xyz, 10, 50, f"{side}_elbow", by=[0, -0.4 * size, -0.1])


def bows(*, frames=60, seed=0, size=1.0):
    """Bends the trunk and the knees."""
    xyz = standing(frames, seed=seed, size=size)
    upper = [j for j in H36M17.joints if HEIGHTS.get(j, -0.65) < -0.3 or "elbow" in j]
    xyz = moved(xyz, 10, 50, *upper, by=[0, 0.35 * size, -0.4 * size], times=1)
    return moved(xyz, 10, 50, "right_wrist", "left_wrist", by=[0, 0.2, -0.5], times=1)


def examples(count=3):
    return [
        *(Example("raise", raises(seed=i), 30.0, name=f"r{i}") for i in range(count)),
        *(Example("bow", bows(seed=i), 30.0, name=f"b{i}") for i in range(count)),
    ]


@pytest.fixture(scope="module")
def everyday():
    return deployed("everyday", layout="h36m17")


@pytest.fixture(scope="module")
def background():
    return load_background()


@pytest.fixture(scope="module")
def taught(everyday, background):
    return teach(examples(), *everyday, background=background)


@torch.inference_mode()
def said(taught, xyz):
    """Labels of what a head and its decision say of somebody."""
    odds = taught.head(torch.from_numpy(xyz)[None])[0].softmax(-1).numpy()
    decision = Decision(taught.head.labels, background=taught.background, tuned=taught.decision)
    return [taught.head.labels[d.event.label] for d in detections(odds, decision, fps=30.0)]


# The stretch of a take


def test_the_movement_of_a_take_is_found_between_waiting_and_standing():
    xyz = moved(standing(150), 60, 100, "right_wrist", by=[0, -0.9, 0])
    start, stop = best_stretch(xyz, fps=30.0)
    assert 50 <= start <= 64
    assert 96 <= stop <= 110


def test_a_short_pause_belongs_to_the_movement_and_a_fidget_before_it_does_not():
    xyz = moved(standing(240), 20, 28, "left_ankle", by=[0.15, 0, 0], times=1)
    xyz = moved(xyz, 100, 120, "right_wrist", by=[0, -0.9, 0], times=1)
    xyz = moved(xyz, 130, 150, "right_wrist", by=[0, -0.9, 0], times=1)
    start, stop = best_stretch(xyz, fps=30.0)
    assert 90 <= start <= 104
    assert 146 <= stop <= 160


def test_a_joint_that_was_not_seen_does_not_move():
    xyz = moved(standing(150), 60, 100, "right_wrist", by=[0, -0.9, 0])
    xyz = moved(xyz, 0, 40, "left_wrist", by=[2, 0, 0])
    visible = np.ones((150, 17), bool)
    visible[:, H36M17.index["left_wrist"]] = False
    assert best_stretch(xyz, fps=30.0, visible=visible).start >= 50


def test_a_take_in_which_nobody_moves_is_kept_whole():
    assert best_stretch(np.repeat(standing(1), 90, 0), fps=30.0) == (0, 90)


def test_of_a_long_movement_the_most_moving_four_seconds_are_taken():
    xyz = moved(standing(300), 0, 300, "left_wrist", by=[0, -0.3, 0], times=14)
    xyz = moved(xyz, 150, 290, "right_wrist", by=[0, -0.9, 0], times=8)
    start, stop = best_stretch(xyz, fps=30.0)
    assert stop - start == 120
    assert start >= 140


# Teaching


@pytest.mark.parametrize(("show", "label"), [(raises, "raise"), (bows, "bow")])
def test_another_body_that_does_it_is_named(taught, show, label):
    assert set(said(taught, show(frames=90, seed=9, size=1.15))) == {label}


def test_whoever_stands_or_does_something_else_gives_silence(taught):
    assert said(taught, standing(300, seed=5)) == []
    steps = moved(standing(200, seed=6), 20, 180, "right_knee", by=[0, -0.2, -0.2], times=8)
    assert said(taught, steps) == []


def test_an_example_that_is_unlike_the_others_is_named(everyday, background):
    wrong = Example("bow", raises(seed=7), 30.0, name="odd")
    found = teach([*examples(), wrong], *everyday, background=background)
    assert [each.name for each in found.examples if each.is_unlike] == ["odd"]
    assert "odd: " in found.report()[6]
    assert "they make it raise" in found.report()[6]


def test_a_single_example_of_each_is_enough_and_has_no_others_to_be_judged_by(everyday, background):
    found = teach(examples(1), *everyday, background=background)
    assert [each.margin for each in found.examples] == [None, None]
    assert set(said(found, raises(frames=90, seed=9))) == {"raise"}


def test_one_action_alone_can_be_taught(everyday, background):
    found = teach(examples()[:3], *everyday, background=background)
    assert found.head.labels == ("idle", "raise")
    assert set(said(found, raises(frames=90, seed=9))) == {"raise"}
    assert said(found, bows(frames=90, seed=9)) == []


def test_left_and_right_are_kept_apart_where_names_say_so(everyday, background):
    shown = [Example("right raise", raises("right", seed=i), 30.0) for i in range(3)]
    both = [*shown, *(Example("left raise", raises("left", seed=i), 30.0) for i in range(3))]
    found = teach(both, *everyday, background=background)
    for side, other in (("right", "left"), ("left", "right")):
        xyz = torch.from_numpy(raises(side, frames=90, seed=9))[None]
        odds = found.head(xyz)[0].softmax(-1).mean(0)
        own, mirrored = (odds[found.head.labels.index(f"{s} raise")] for s in (side, other))
        assert own > 1.1 * mirrored  # the trunk itself hardly tells them apart


def test_without_a_side_in_its_name_the_mirror_image_is_the_same_action(
    taught, everyday, background
):
    assert set(said(taught, raises("left", frames=90, seed=9))) == {"raise"}
    one_sided = teach(examples(), *everyday, background=background, mirror=False)
    odds = [
        made.head(torch.from_numpy(raises("left", seed=9))[None])[0].softmax(-1)[:, 1].mean()
        for made in (taught, one_sided)
    ]
    assert odds[1] < odds[0]


def test_the_head_says_what_was_fitted(everyday, background):
    seen = [
        see(each, ["raise", "bow"], everyday[0], np.random.default_rng(0), mirror=True)
        for each in examples()
    ]
    features = described(everyday[0], torch.from_numpy(background.xyz[:20]))[:, 15::6]
    flat = features.reshape(-1, features.shape[-1])
    fit, _ = fit_prototypes(
        seen, Backdrop(flat, np.arange(len(flat)) % 3), flat[:0], classes=2, seed=0
    )
    layer = Prototypes(flat.shape[1], classes=2, groups=len(fit.groups), phases=PHASES)
    fit.fill(layer, enter=0.5)
    with torch.inference_mode():
        found = layer(torch.from_numpy(flat).float()).numpy()
    np.testing.assert_allclose(found, fit.odds(flat), atol=1e-3)
    assert ((found > 0).mean(0) < 0.01).all()  # of the background: 0.003 of what is not fitted to


def test_the_phases_of_an_action_follow_each_other_and_a_short_one_has_fewer(everyday):
    def phases(frames):
        take = Example("raise", raises(), 30.0, stretch=Stretch(10, 10 + frames))
        seen = see(take, ["raise"], everyday[0], np.random.default_rng(0), mirror=False)
        return seen.phases.reshape(TURNS + 1, -1)

    long, short = phases(40), phases(1)
    assert set(long[0]) == set(range(PHASES))
    assert (np.diff(long) >= 0).all()
    assert (long == long[0]).all()
    assert 0 < len(set(short[0])) < PHASES


def test_what_the_head_knew_stays_with_keep_but_for_what_is_replaced(everyday, background, taught):
    head, card = everyday
    found = teach([*examples(), Example("jog", bows(seed=8), 30.0)], *everyday,
                  background=background, keep=True)  # fmt: skip
    labels = found.head.labels
    assert labels[0] == "idle"
    assert set(labels) == ({*head.labels, "raise", "bow"} - set(found.replaced)) | {"jog"}
    assert len(set(labels)) == len(labels)
    assert found.decision == dict(card.decision)
    assert taught.head.labels == ("idle", "raise", "bow")


@torch.inference_mode()
def test_kept_labels_are_as_likely_to_each_other_as_before(everyday, background):
    head, card = everyday
    found = teach(examples(), *everyday, background=background, keep=True)
    xyz = torch.from_numpy(bows(seed=4))[None]
    kept = [head.labels.index(label) for label in found.head.labels[:-2]]
    before = (head(xyz)[..., kept] / card.temperature).softmax(-1)
    after = found.head(xyz)[..., : len(kept)].softmax(-1)
    torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-4)


def test_the_user_s_own_background_silences_what_it_shows(everyday, background):
    shrugs = [moved(standing(120, seed=i), 10, 110, "right_wrist", by=[0, -0.75, -0.2], times=5)
              for i in range(3)]  # fmt: skip
    probed = moved(standing(120, seed=8), 10, 110, "right_wrist", by=[0, -0.75, -0.2], times=5)
    odds = []
    for others in ([], shrugs):
        found = teach(examples(), *everyday, background=background, others=others)
        with torch.inference_mode():
            odds.append(found.head(torch.from_numpy(probed)[None])[0].softmax(-1)[:, 0].mean())
    assert odds[1] > odds[0]


def test_the_same_examples_and_seed_give_the_same_head(taught, everyday, background):
    again = teach(examples(), *everyday, background=background)
    for one, other in zip(again.head.parameters(), taught.head.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@torch.inference_mode()
def test_its_file_is_a_head_that_streams_and_that_classifier_loads(taught, tmp_path):
    path = tmp_path / "mine.safetensors"
    taught.save(path, lifter=("gast81", "ab"), training={"note": "here"}, half=True)
    head, card = load_head(path, layout="h36m17")
    assert (card.labels, card.background, card.lifter) == (
        ("idle", "raise", "bow"),
        "idle",
        "gast81",
    )
    assert card.decision == taught.decision
    assert [each["name"] for each in card.training["examples"]][:2] == ["r0", "r1"]
    xyz = torch.from_numpy(raises(seed=3))[None]
    torch.testing.assert_close(head(xyz), taught.head(xyz), rtol=0, atol=0.3)  # float16
    torch.testing.assert_close(streamed(head, xyz), head(xyz), rtol=0, atol=2e-3)
    stage = option("classifier/everyday", checkpoint=str(path), layout="h36m17", runtime="torch")
    assert stage.labels == card.labels


def test_what_has_been_taught_can_be_taught_something_else(taught, everyday, background):
    card = replace(everyday[1], temperature=1.0, labels=taught.head.labels)
    again = teach(examples()[3:], taught.head, card, background=background)
    assert again.head.labels == ("idle", "bow")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"given": []}, "no example"),
        ({"given": [Example("idle", raises(), 30.0)]}, "'idle' is the background"),
        ({"given": [Example("a", raises()[:5], 30.0)]}, "0.2 s long"),
        ({"given": [Example("a", raises()[:, :16], 30.0)]}, r"joints \(60, 16, 3\)"),
        ({"given": [Example("a", raises() * np.nan, 30.0)]}, "perhaps with gaps"),
        ({"streams": "coco17"}, "the background has coco17"),
    ],
)
def test_what_can_t_be_taught_is_one_line(everyday, background, change, words):
    streams = replace(background, layout=change.get("streams", "h36m17"))
    with pytest.raises(InputError, match=words):
        teach(change.get("given", examples()), *everyday, background=streams)


def test_heads_beside_each_other_can_be_taught_too(everyday, background, tmp_path):
    head, card = everyday
    torch.manual_seed(0)
    gru = option("head/gru", skeleton=H36M17, labels=head.labels).eval()
    both = together([(head, card), (gru, card)], ["everyday", "gru"])
    done = teach(examples(), both, card, background=background)
    path = tmp_path / "mine.safetensors"
    done.save(path, lifter=("mine", "ab"), training={}, half=False)
    xyz = torch.from_numpy(raises())[None]
    with torch.inference_mode():
        torch.testing.assert_close(load_head(path)[0](xyz), done.head(xyz))


def test_only_a_streaming_head_with_a_background_can_be_taught(everyday, background):
    graphs = option("head/costgcn", skeleton=H36M17, labels=("idle", "x"))
    with pytest.raises(InputError, match="a CoSTGCN can't be taught"):
        teach(examples(), graphs, everyday[1], background=background)
    with pytest.raises(InputError, match="knows no background"):
        teach(examples(), everyday[0], replace(everyday[1], background=None), background=background)


# The background


def test_the_shipped_background_is_small_and_of_the_shipped_lifter(background):
    assert SHIPPED.stat().st_size < 2_000_000
    assert background.lifter_sha256 == digest(LIFTERS / f"{background.lifter}.safetensors"), (
        "gastlive-film-streams +experiment=background background=action/weights/background.npz"
    )


def test_a_background_s_file_holds_what_was_written(tmp_path):
    xyz = np.random.default_rng(0).normal(size=(2, 5, 17, 3)).astype(np.float16)
    save_background(Background(xyz, "h36m17", 30.0, "net", "ab", "note"), tmp_path / "b.npz")
    read = load_background(tmp_path / "b.npz")
    assert np.array_equal(read.xyz, xyz)
    assert (read.layout, read.fps, read.lifter, read.note) == ("h36m17", 30.0, "net", "note")


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_another_file_is_no_background(tmp_path, content):
    (tmp_path / "b.npz").write_bytes(content)
    with pytest.raises(InputError, match="is no file of background streams"):
        load_background(tmp_path / "b.npz")


# Folders


def recorded(path, xyz):
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = np.arange(len(xyz), dtype=np.int32)
    save_lifted_video(path, LiftedVideo(
        source="cam.mp4", label="", layout="h36m17", fps=30.0, width=64, height=48,
        lifter="gast81", detector="MoveNet", person=np.ones(len(xyz), np.int32), frame=frame,
        time_s=frame / 30, xy=np.ones((len(xyz), 17, 2), np.float32),
        visible=np.ones((len(xyz), 17), bool), xyz=xyz,
    ))  # fmt: skip


def test_a_folder_of_a_few_clips_becomes_a_head_without_training(tmp_path, monkeypatch, capsys):
    for i in range(2):
        recorded(tmp_path / f"clips/raise/{i}.npz", raises(seed=i))
        recorded(tmp_path / f"clips/bow/{i}.npz", bows(seed=i))
    recorded(tmp_path / "clips/idle/a.npz", standing(90, seed=3))
    argv = ["gastlive-train-action", "data=folder", f"data.path={tmp_path / 'clips'}", "few=true",
            "name=mine", f"hydra.run.dir={tmp_path / 'run'}"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_action.main()
    head, card = load_head(tmp_path / "run/mine.safetensors")
    assert head.labels == ("idle", "bow", "raise")
    assert card.training["background_s"] == 3.0
    assert card.lifter == "gast81"
    printed = capsys.readouterr().out
    assert "raise/1.npz" in printed
    assert "says bow, raise, and else idle" in printed


def test_few_wants_clips_of_the_user_s_own(tmp_path, monkeypatch, capsys):
    argv = ["gastlive-train-action", f"data.folder={tmp_path}", "few=true", "name=mine",
            f"hydra.run.dir={tmp_path / 'run'}"]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit):
        train_action.main()
    assert "give data=folder data.path=" in capsys.readouterr().err


def test_a_row_of_a_recording_is_its_stretch_and_what_is_in_no_row_is_background():
    class Clips(list):
        background = "idle"

    parts = [("idle", 60), ("raise", 90), ("idle", 95), ("bow", 130), ("idle", 200)]
    xyz = np.concatenate([raises(frames=100), bows(frames=100)])
    segments = runs([label for label, _ in parts], stops=[stop for _, stop in parts])
    clip = MotionClip("long", "folder", "anna", H36M17, xyz, 30.0, segments)
    found, others = examples_of(Clips([clip]), H36M17, fps=30.0)
    assert [(e.label, len(e.xyz), e.stretch) for e in found] == [
        ("raise", 95, Stretch(60, 90)),
        ("bow", 110, Stretch(5, 40)),
    ]
    assert [len(each) for each in others] == [60, 70]
