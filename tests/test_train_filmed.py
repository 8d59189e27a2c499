"""Heads trained on streams that are filmed meanwhile."""

import multiprocessing
import sys

import numpy as np
import pytest

from gastlive.action.checkpoint import load_head
from gastlive.action.head_task import HeadTask
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.for_heads.labelled import to_lifted
from gastlive.datasets.for_heads.lifted import save_lifted
from gastlive.datasets.for_heads.stream_cache import stream_files
from gastlive.datasets.own.bank import write_bank
from gastlive.experiments import film_streams, train_action
from gastlive.gast.skeleton import H36M17

SETS = ("nw_ucla", "precog16", "hdm05", "mocap6", "msr_action3d", "cmu", "scripted")


def moving(subject, label, joint, rest=0):
    """Somebody of about the right shape, of whom one joint goes up and down after a rest."""
    rng = np.random.default_rng(len(label))
    pose = rng.normal(0, 0.02, (17, 3)).astype(np.float32)
    for name, (x, z) in {
        "hip": (0, 1), "spine": (0, 1.2), "thorax": (0, 1.5), "nose": (0, 1.6), "head": (0, 1.7),
        "hip_": (0.1, 1), "knee_": (0.1, 0.5), "ankle_": (0.1, 0.1), "shoulder_": (0.2, 1.5),
        "elbow_": (0.2, 1.2), "wrist_": (0.2, 0.9),
    }.items():  # fmt: skip
        for side, sign in (("left", -1), ("right", 1)):
            at = H36M17.index[f"{side}_{name[:-1]}" if name.endswith("_") else name]
            pose[at] += [sign * x, 0, z]
    xyz = np.repeat(pose[None], 60, 0)
    xyz[rest:, H36M17.index[joint], 2] += 0.3 * np.sin(np.arange(60 - rest) / 4)
    where = (f"{label} {subject}", "utd_mhad", subject, H36M17, xyz, 30.0)
    return MotionClip(*where, (Segment(0, 60, label),))


MOVES = {"wave": "right_wrist", "squat": "hip", "walk": "left_ankle"}


@pytest.fixture
def given(tmp_path, monkeypatch):
    """A motion bank of three people, and a fourth one's clips for validation."""
    people = {who: [moving(who, label, joint) for label, joint in MOVES.items()] for who in "1357"}
    clips = [clip for who in "135" for clip in people[who]]
    write_bank(tmp_path / "bank.npz", clips, layout=H36M17, fps=30.0)
    monkeypatch.setenv("GASTLIVE_BANK", str(tmp_path / "bank.npz"))
    held = [to_lifted(clip, H36M17, tuple(MOVES)) for clip in people["7"]]
    save_lifted(tmp_path / "lifted", held[0].origin, held)
    return tmp_path


PEOPLE = ("protocol.train.utd_mhad=['1','3','5']", "+protocol.val.utd_mhad=['7']")


def program(main, monkeypatch, node, *overrides):
    argv = ["program", *PEOPLE, *(f"~{node}.sets.{name}" for name in SETS), f"{node}.frames=30"]
    monkeypatch.setattr(sys, "argv", [*argv, f"+{node}.takes=1", *overrides])
    main()


def train(given, monkeypatch, *overrides):
    program(
        train_action.main, monkeypatch, "datamodule.filming", "+experiment=everyday_filmed",
        "filming@datamodule.filming=bank", "head.channels=8",
        "datamodule.filming.lifter=null", f"datamodule.folder={given}/streams", "steps=4",
        "datamodule.files=1", "datamodule.batch=2", "datamodule.batches=2", "threads=1",
        "+training.trainer.enable_progress_bar=false", f"hydra.run.dir={given}/run",
        "decision.quiet_hours=0.01", "datamodule.composed=0.0",
        *(overrides if "~data" in overrides else (f"data.folder={given}/lifted", *overrides)),
    )  # fmt: skip


def test_a_head_is_trained_on_streams_of_a_process_that_ends_with_the_training(
    given, monkeypatch, capsys
):
    train(given, monkeypatch)
    assert load_head(given / "run/everyday.safetensors")[1].training["steps"] == 4
    assert 1 <= len(stream_files(given / "streams")) <= 2
    assert not multiprocessing.active_children()
    assert "waiting for the first 1 files" in capsys.readouterr().out


def test_quiet_people_are_filmed_for_the_calibration_where_somebody_rests(
    given, monkeypatch, capsys
):
    clips = [moving(who, label, joint, 20) for who in "135" for label, joint in MOVES.items()]
    write_bank(given / "bank.npz", clips, layout=H36M17, fps=30.0)
    train(given, monkeypatch)
    validation = load_head(given / "run/everyday.safetensors")[1].training["validation"]
    assert validation["quiet_hours"] == 0.05  # one batch of nine people, 20 s each
    assert validation["quiet_false_per_hour"] is not None
    assert "rejecting: 1 of 1 validation batches" in capsys.readouterr().out


def test_quiet_people_are_a_share_of_the_batch(given, monkeypatch, capsys):
    clips = [moving(who, label, joint, 20) for who in "135" for label, joint in MOVES.items()]
    write_bank(given / "bank.npz", clips, layout=H36M17, fps=30.0)
    seen = []
    whole = HeadTask.training_step

    def watched(task, batch, *rest):
        seen.append(batch[1])
        return whole(task, batch, *rest)

    monkeypatch.setattr(HeadTask, "training_step", watched)
    train(given, monkeypatch, "datamodule.batch=4", "datamodule.quiet=0.5",
          "datamodule.composed=0", "datamodule.quiet_hours=0.01")  # fmt: skip
    assert "filming 0.01 hours of people who do nothing" in capsys.readouterr().out
    names = load_head(given / "run/everyday.safetensors")[1].labels
    quiet = {names.index("idle"), names.index("walk")}
    assert [len(labels) for labels in seen] == [4] * 4
    assert all(set(labels[2:].unique().tolist()) <= quiet for labels in seen)


def test_lifted_clips_vary_by_themselves(given, monkeypatch):
    clips = [to_lifted(moving("1", label, joint), H36M17, tuple(MOVES))
             for label, joint in MOVES.items()]  # fmt: skip
    save_lifted(given / "lifted", clips[0].origin, clips)
    sizes = []
    whole = HeadTask.training_step

    def watched(task, batch, *rest):
        knee, ankle = (batch[0][:, :, H36M17.index[f"left_{joint}"]] for joint in ("knee", "ankle"))
        sizes.append((knee - ankle).norm(dim=-1).median(1).values)
        return whole(task, batch, *rest)

    monkeypatch.setattr(HeadTask, "training_step", watched)
    train(given, monkeypatch, "datamodule.composed=0.5", "datamodule.augmentation.size=[5,5]")
    assert len(sizes) == 4
    assert all(shank[0] < 1 < shank[1] for shank in sizes)  # a filmed one, a lifted one


def test_shares_that_leave_no_room_for_filmed_streams_are_refused(given, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        train(given, monkeypatch, "datamodule.quiet=0.8", "datamodule.composed=0.2")
    assert "composed=0.2 and quiet=0.8 can't be shares" in capsys.readouterr().err


def test_where_nobody_rests_the_calibration_does_without(given, monkeypatch, capsys):
    train(given, monkeypatch)
    validation = load_head(given / "run/everyday.safetensors")[1].training["validation"]
    assert validation["quiet_hours"] == 0
    said = capsys.readouterr().out
    assert "the background is not fitted: nobody in this motion stands still" in said


def test_a_training_that_breaks_ends_the_process_too(given, monkeypatch):
    def broken(*_):
        raise ValueError("broken")

    monkeypatch.setattr(HeadTask, "training_step", broken)
    with pytest.raises(SystemExit):  # Hydra prints the traceback
        train(given, monkeypatch)
    assert not multiprocessing.active_children()


def test_streams_filmed_beforehand_are_enough(given, monkeypatch, capsys):
    program(
        film_streams.main, monkeypatch, "filming", "filming=bank", "filming.lifter=null",
        f"folder={given}/streams", "files=2", f"hydra.run.dir={given}/filmed",
    )  # fmt: skip
    assert "2 files of 64 streams written" in capsys.readouterr().out
    files = stream_files(given / "streams")
    train(given, monkeypatch, "datamodule.filler=false")
    assert stream_files(given / "streams") == files


def test_streams_of_another_lifter_than_the_validation_are_refused(given, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        train(given, monkeypatch, "datamodule.filming.lifter=gast27s")
    assert "lifted by no lifter, streams by gast27s" in capsys.readouterr().err


def test_without_lifted_clips_the_validation_is_filmed_too(given, monkeypatch, capsys):
    program(
        film_streams.main, monkeypatch, "filming", "filming=bank", "filming.lifter=null",
        f"folder={given}/streams", "files=1", f"hydra.run.dir={given}/filmed",
    )  # fmt: skip
    people = ["protocol.train.utd_mhad=['1','3']", "+protocol.val.utd_mhad=['5']"]
    clips = (
        "~data",
        "datamodule.data=null",
        "datamodule.filler=false",
        "+datamodule.held=6",
        "datamodule.composed=0",
    )
    with pytest.raises(SystemExit):
        train(given, monkeypatch, *clips, *people)
    assert "streams with another people; give another folder" in capsys.readouterr().err
    train(given, monkeypatch, *clips, *people, "datamodule.filler=true",
          f"datamodule.folder={given}/others", f"hydra.run.dir={given}/again")  # fmt: skip
    assert "val: utd_mhad 5; 3 clips" in capsys.readouterr().out
    validation = load_head(given / "again/everyday.safetensors")[1].training["validation"]
    assert 0 < validation["frames"] <= 6 * 30


def test_a_head_is_trained_from_rules_alone(tmp_path, monkeypatch, capsys):
    """Without a data set on the machine."""
    monkeypatch.setenv("GASTLIVE_DATA", str(tmp_path / "nothing"))
    node = "datamodule.filming"
    argv = [
        "gastlive-train-action", "+experiment=scripted", f"datamodule.folder={tmp_path}/streams",
        f"{node}.sets.scripted.takes=1", f"{node}.sets.scripted.actions=[wave,squat]",
        f"{node}.lifter=null", f"{node}.frames=60",
        "datamodule.files=1", "+datamodule.begin=1", "+datamodule.held=4", "datamodule.batches=2",
        "datamodule.batch=4", "+training.trainer.max_epochs=1", "decision.quiet_hours=0",
        "head.channels=4", "threads=1", f"hydra.run.dir={tmp_path}/run",
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", argv)
    train_action.main()
    assert "filmed: scripted 1, 2, 3, 4, 5, 6, 7, 8" in capsys.readouterr().out
    card = load_head(tmp_path / "run/scripted.safetensors")[1]
    assert card.labels[0] == card.background == "idle"
    assert card.training["steps"] == 2
