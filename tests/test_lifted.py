"""Lifted clips on disk, and the streams that are put together from them."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint

from gastlive.action.checkpoint import load_head
from gastlive.action.deployed import HEADS
from gastlive.action.evaluation import figures, scored
from gastlive.action.head_task import HeadTask
from gastlive.conf.option import option
from gastlive.datasets import process_seed
from gastlive.datasets.clip import MotionClip, Segment
from gastlive.datasets.for_heads.augmentation import Piece, Splice, mirrored
from gastlive.datasets.for_heads.labelled import Lifted
from gastlive.datasets.for_heads.lifted import (
    Cameras,
    LiftedClip,
    Origin,
    content_key,
    facing,
    frame_actions,
    joint_speed,
    read_folder,
    read_lifted,
    save_lifted,
    travel_speed,
)
from gastlive.datasets.for_heads.stream_composer import Repertoire, Streams, continuous
from gastlive.datasets.for_heads.stream_data import padded_batches
from gastlive.datasets.labels import UNKNOWN, LabelMap
from gastlive.datasets.process_seed import generator_of
from gastlive.datasets.protocols import Split
from gastlive.datasets.seen.assumed_noise import DetectorNoise
from gastlive.datasets.seen.views import Views
from gastlive.experiments.lift_dataset import Studio, lifter
from gastlive.gast.checkpoint import save
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import Lifter
from gastlive.gast.skeleton import H36M17
from gastlive.gast.windowed import in_chunks

LABELS = LabelMap(
    told_by_arms=(),
    told_by_legs=(),
    names=["idle", "wave", "kick"],
    background="idle",
    sets={"mine": {"hello": "wave", "front kick": "kick", "stand": "idle", "junk": None}},
)
HELLO, KICK, STAND, JUNK = range(4)
IDLE, WAVE, KICKED = range(3)
QUIET = option(
    "augmentation/live",
    yaw_deg=0,
    tilt_deg=0,
    mirror=0,
    speed=(1, 1),
    size=(1, 1),
    jitter=0,
    hold=0,
    drop=0,
)


def cameras_of(**changes):
    given = {"count": 4, "front": 0.6, "views": Views(), "noise": DetectorNoise()}
    return Cameras(**given | changes)


def origin(subject="a", **changes):
    base = Origin("h36m17", 30.0, "net", "ab", "mine", subject, tuple(LABELS.sets["mine"]), 0, "k1")
    return replace(base, **changes)


def standing():
    """A body of about the right shape, facing the camera: (J, 3), camera axes."""
    pose = np.zeros((17, 3), np.float32)
    for side, x in (("left", 1), ("right", -1)):
        places = {
            "hip": (0.1, 0), "knee": (0.12, 0.4), "ankle": (0.12, 0.8),
            "shoulder": (0.2, -0.5), "elbow": (0.3, -0.3), "wrist": (0.35, -0.1),
        }  # fmt: skip
        for joint, (across, down) in places.items():
            pose[H36M17.index[f"{side}_{joint}"], :2] = x * across, down
    for joint, down in {"spine": -0.25, "thorax": -0.5, "nose": -0.65, "head": -0.75}.items():
        pose[H36M17.index[joint], 1] = down
    return pose


def lifted(name, actions, *, view=0, speed=1.0, travel=0.0, subject="a", shift=0.0, **changes):
    actions = np.asarray(actions, np.int16)
    xyz = np.repeat(standing()[None], len(actions), 0)
    xyz[:, H36M17.index["left_wrist"], 0] += shift + np.arange(len(actions)) * 0.01
    speeds = np.broadcast_to(np.float32(speed), actions.shape).copy()
    travels = np.broadcast_to(np.float32(travel), actions.shape).copy()
    return LiftedClip(name, view, xyz, actions, speeds, travels, origin(subject, **changes))


def world(frames=50):
    """(T, J, 3) in world axes, someone who walks a little."""
    pose = standing()[:, [0, 2, 1]] * [1, 1, -1]
    drift = np.linspace(0, 1, frames)[:, None, None] * [0.3, 0.2, 0.0]
    return (pose + drift).astype(np.float32)


def test_lifted_clips_come_back_from_disk(tmp_path):
    clips = [lifted("one", [HELLO] * 20), lifted("two", [KICK] * 7, view=3, speed=0.2)]
    path = save_lifted(tmp_path / "sub", origin(), clips)
    assert path.name == "mine-a-k1.npz"
    assert list(path.parent.iterdir()) == [path]
    read = read_lifted(path)
    assert [(c.name, c.view, len(c.xyz)) for c in read] == [("one", 0, 20), ("two", 3, 7)]
    assert read[0].origin == origin()
    assert np.abs(read[1].xyz - clips[1].xyz).max() < 1e-3
    assert read[1].actions.tolist() == [KICK] * 7
    assert read[1].speed == pytest.approx(0.2, abs=1e-3)


def test_only_the_subjects_asked_for_are_read(tmp_path):
    for subject in ("1", "10", "2"):
        clips = [lifted(f"of {subject}", [HELLO] * 9, subject=subject)]
        save_lifted(tmp_path, origin(subject), clips)
    read = read_folder(tmp_path, [("mine", "1"), ("mine", "2"), ("other", "10")])
    assert {clip.origin.subject for clip in read} == {"1", "2"}


def test_a_folder_that_can_not_be_read_says_why(tmp_path):
    with pytest.raises(
        InputError, match=r"no lifted clips of any wanted subject \(mine-a.*gastlive-lift-dataset"
    ):
        read_folder(tmp_path, [("mine", "a")])
    save_lifted(tmp_path, origin(), [lifted("one", [HELLO] * 9)])
    again = origin(key="k2")
    save_lifted(tmp_path, again, [lifted("one", [HELLO] * 9, key="k2")])
    with pytest.raises(InputError, match="two liftings of mine a with seed 0"):
        read_folder(tmp_path, [("mine", "a")])
    (tmp_path / again.file).unlink()
    more = origin(key="k3", seed=1)
    save_lifted(tmp_path, more, [lifted("one", [HELLO] * 9, key="k3", seed=1)])
    assert len(read_folder(tmp_path, [("mine", "a")])) == 2
    strange = origin("b", lifter_sha256="cd")
    save_lifted(tmp_path, strange, [lifted("b", [HELLO] * 9, subject="b", lifter_sha256="cd")])
    with pytest.raises(InputError, match="mixes lifters"):
        read_folder(tmp_path, [("mine", "a"), ("mine", "b")])
    (tmp_path / "mine-c-k1.npz").write_text("hello")
    with pytest.raises(InputError, match="no file of lifted clips; delete it"):
        read_folder(tmp_path, [("mine", "c")])


def test_a_file_of_another_version_is_refused(tmp_path):
    path = save_lifted(tmp_path, origin(version=7), [lifted("one", [HELLO] * 9, version=7)])
    with pytest.raises(InputError, match="format version 7, wanted 2"):
        read_lifted(path)


def test_the_key_changes_with_the_content_and_with_the_recipe():
    clip = MotionClip("one", "mine", "a", H36M17, world(), 30.0, (Segment(0, 50, "hello"),))
    moved = replace(clip, xyz=clip.xyz + 1e-3)
    renamed = replace(clip, segments=(Segment(0, 50, "stand"),))
    keys = [content_key([c], cameras_of()) for c in (clip, moved, renamed)]
    keys += [content_key([clip], cameras_of(noise=DetectorNoise(bias=0.04)))]
    assert len(set(keys)) == 4
    assert content_key([replace(clip)], cameras_of()) == keys[0]


def test_every_frame_has_the_label_of_its_segment():
    segments = (Segment(0, 2, "hello"), Segment(3, 5, "front kick"))
    clip = MotionClip("one", "mine", "a", H36M17, world(6), 30.0, segments)
    assert frame_actions(clip, list(LABELS.sets["mine"])).tolist() == [0, 0, -1, 1, 1, -1]


def test_speed_is_that_of_the_fastest_joint_in_metres_a_second():
    xyz = np.zeros((30, 17, 3))
    xyz[:, 3, 2] = np.arange(30) * 0.05
    speed = joint_speed(xyz, 30.0)
    assert speed.shape == (30,)
    assert speed[5:-5] == pytest.approx(1.5)


def test_people_face_the_camera_at_zero_and_its_right_at_a_quarter_turn():
    front = standing()[None, None]
    turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # front (0, 0, -1) to (1, 0, 0)
    assert (np.array([0, 0, -1]) @ turn).tolist() == [1, 0, 0]
    assert facing(front, H36M17) == pytest.approx(0, abs=1e-6)
    assert facing(front @ turn, H36M17) == pytest.approx(np.pi / 2)


def test_cameras_see_the_front_as_often_as_wanted():
    cameras = cameras_of(count=10, front=0.7, noise=None)
    joints, relative = cameras.see(world(), H36M17, generator_of(0))
    assert (joints.shape, relative.shape) == ((10, 50, 17, 3), (10, 50, 17, 3))
    frontal = np.abs(facing(relative, H36M17)) <= np.radians(60)
    assert 7 <= frontal.sum() < 10
    assert len(np.unique(relative[:, 0, 3], axis=0)) == 10
    assert np.abs(relative[:, :, H36M17.root]).max() < 1e-6


def test_noise_changes_what_is_detected_and_not_the_truth():
    rngs = [generator_of(0) for _ in range(2)]
    seen, exact = cameras_of(noise=None).see(world(), H36M17, rngs[0])
    noisily_seen, noisy = cameras_of().see(world(), H36M17, rngs[1])
    assert np.array_equal(exact, noisy)
    assert np.abs(seen - noisily_seen)[..., :2].max() > 1e-3
    assert (seen[..., 2] == 1).all()


def test_a_joint_that_noise_loses_has_no_confidence():
    lost = DetectorNoise(0, 0, 0, 0, 0, lost=0, cut=1)
    joints, _ = cameras_of(noise=lost).see(world(), H36M17, generator_of(0))
    knee, elbow = H36M17.index["left_knee"], H36M17.index["left_elbow"]
    assert (joints[:, -1, knee, 2] == 0).all()
    assert (joints[..., elbow, 2] == 1).all()


@torch.inference_mode()
@pytest.mark.parametrize("normalisation", ["person", "screen"])
def test_lifting_in_chunks_equals_lifting_at_once(normalisation):
    torch.manual_seed(0)
    net = option("net/gast27", skeleton=H36M17, channels=8).eval()
    lifter = Lifter(net, skeleton=H36M17, normalisation=normalisation).eval()
    xy = torch.from_numpy(cameras_of(count=2).see(world(70), H36M17, generator_of(0))[0])
    assert (in_chunks(net, lifter.units, xy, frames=50) - lifter(xy)).abs().max() < 1e-5


def studio(tmp_path, **changes):
    settings = {
        "lifter_checkpoint": None, "fps": 30.0, "seed": 0, "output": str(tmp_path / "out"),
        "count": {},
    }  # fmt: skip
    return Studio(H36M17, cameras_of(count=2), OmegaConf.create({**settings, **changes}))


def filmed(tmp_path, **changes):
    segments = (Segment(0, 40, "hello"),)
    clips = [MotionClip("one", "mine", "a", H36M17, world(40), 30.0, segments)]
    holed = world(20)
    holed[3, 4] = np.nan
    clips.append(MotionClip("two", "mine", "a", H36M17, holed, 30.0, segments))
    return studio(tmp_path, **changes).film(clips, "mine", "a", ["hello", "bye"])


def test_what_is_lifted_already_is_not_lifted_again(tmp_path):
    assert filmed(tmp_path) == "1 clips (1 with missing joints left out)"
    (path,) = (tmp_path / "out").iterdir()
    written = path.stat().st_mtime_ns
    assert filmed(tmp_path).endswith("nothing to do")
    assert path.stat().st_mtime_ns == written
    filmed(tmp_path, seed=1)
    assert len(list((tmp_path / "out").iterdir())) == 2
    clips = read_lifted(path)
    assert [(c.name, c.view, c.xyz.shape) for c in clips] == [
        ("one", 0, (40, 17, 3)),
        ("one", 1, (40, 17, 3)),
    ]
    assert clips[0].origin.labels == ("hello", "bye")


def test_a_set_may_be_seen_in_another_number_of_views(tmp_path):
    filmed(tmp_path, count={"mine": 3, "other": 1})
    (path,) = (tmp_path / "out").iterdir()
    assert [clip.view for clip in read_lifted(path)] == [0, 1, 2]


@pytest.mark.parametrize("inputs", [2, 3])
def test_clips_are_lifted_by_the_lifter_of_the_file(tmp_path, inputs):
    torch.manual_seed(0)
    net, path = (
        option("net/gast27", skeleton=H36M17, channels=8, inputs=inputs).eval(),
        tmp_path / "net.safetensors",
    )
    save(net, path, fps=30.0, normalisation="person", training={})
    lift, name, sha256 = lifter(str(path), H36M17, 30.0)
    joints, true = cameras_of(count=2).see(world(40), H36M17, generator_of(0))
    joints[..., 2] *= np.random.default_rng(0).random(joints.shape[:-1])
    whole = Lifter(net, skeleton=H36M17, normalisation="person").eval()
    with torch.inference_mode():
        assert np.abs(lift(joints, true) - whole(torch.from_numpy(joints)).numpy()).max() < 1e-5
    assert (name, len(sha256)) == ("net", 64)
    with pytest.raises(InputError, match=r"fps=30.0, wanted 25.0"):
        lifter(str(path), H36M17, 25.0)


def test_labels_are_ours_and_strange_ones_are_named():
    places = LABELS.places("mine", ["junk", "front kick", "stand"])
    assert places.tolist() == [UNKNOWN, KICKED, IDLE]
    with pytest.raises(InputError, match="labels of mine without a counterpart: fly; add them"):
        LABELS.places("mine", ["fly", "hello"])
    with pytest.raises(InputError, match="labels swim are used and not named"):
        LabelMap(
            told_by_arms=(),
            told_by_legs=(),
            names=["idle"],
            background="idle",
            sets={"mine": {"x": "swim"}},
        )
    with pytest.raises(InputError, match="labels rest are used"):
        LabelMap(told_by_arms=(), told_by_legs=(), names=["idle"], background="rest", sets={})


def test_nobody_is_in_two_parts_of_a_split():
    split = Split(train={"mine": ["1", "2"]}, val={"mine": ["3"]}, held_out={"mine": ["4"]})
    assert split.subjects("mine", ["train", "val"]) == ["1", "2", "3"]
    assert split.subjects("yours", ["train"]) == []
    for train, val, held_out in ((["1"], ["1"], []), (["1"], [], ["1"]), ([], ["1"], ["1"])):
        with pytest.raises(InputError, match=r"subject 1 of mine is in .* leave it in one"):
            Split(train={"mine": train}, val={"mine": val}, held_out={"mine": held_out})
    with pytest.raises(InputError, match="no part test in a split"):
        split.subjects("mine", ["test"])


def composed(program):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose(program)


@pytest.mark.parametrize(
    ("program", "part"), [("train_action", "protocol"), ("lift_dataset", "split")]
)
def test_the_promised_subjects_are_held_out(program, part):
    split = instantiate(composed(program)[part])
    promised = {
        "utd_mhad": {"2", "4", "6", "8"},
        "nw_ucla": {"09", "10"},
        "precog16": {"9", "10", "11", "12"},
        "hdm05": {"mm", "tr"},
        "cmu": {"07", "86"},
        "msr_action3d": {"09", "10"},
    }
    for data, subjects in promised.items():
        assert set(split.subjects(data, ["held_out"])) == subjects
        assert not subjects & set(split.subjects(data, ["train", "val"]))
    films = {("penn_action", "test"), ("jhmdb", "test")}
    assert set(split.parts["val"]) == films  # other films than those of the training choose
    trained = {data for data, _ in split.parts["train"]}
    assert trained == {*promised, "mocap6", "penn_action", "jhmdb", "scripted"}


def test_lifting_takes_only_the_subjects_that_may_be_trained_on():
    assert list(composed("lift_dataset").parts) == ["train", "val"]


def test_the_everyday_labels_are_sixteen_actions_and_more():
    labels = instantiate(composed("train_action").labels)
    used = {ours for sets in labels.sets.values() for ours in sets.values()} - {None}
    assert used == set(labels.names)
    assert len(labels.names) >= 17


def test_every_label_that_a_reader_knows_has_a_counterpart():
    from gastlive.datasets.published.jhmdb import Jhmdb
    from gastlive.datasets.published.mocap6 import Mocap6
    from gastlive.datasets.published.msr_action3d import MsrAction3d
    from gastlive.datasets.published.nw_ucla import NwUcla
    from gastlive.datasets.published.penn_action import PennAction
    from gastlive.datasets.published.precog16 import Precog16
    from gastlive.datasets.published.utd_mhad import UtdMhad

    labels = instantiate(composed("train_action").labels)
    for data in (Jhmdb, Mocap6, MsrAction3d, NwUcla, PennAction, Precog16, UtdMhad):
        assert set(labels.sets[data.dataset]) == set(data.labels)


def test_sports_that_three_sets_show_have_labels_of_their_own():
    labels = option("labels/everyday")
    for label in ("bend down", "tennis swing", "tennis serve", "golf swing"):
        assert sum(label in ours.values() for ours in labels.sets.values()) >= 3


def test_the_shipped_head_keeps_its_labels():
    assert load_head(HEADS / "everyday.safetensors")[1].labels == option("labels/everyday").names


def repertoire(clips):
    return Repertoire(clips, LABELS, H36M17)


def test_a_person_who_still_stands_or_stands_again_is_idle():
    speed = np.ones(20)
    speed[:4] = speed[-6:] = 0.1
    cut = repertoire([lifted("one", [HELLO] * 20, speed=speed)])
    assert cut.pieces[0].labels.tolist() == [IDLE] * 4 + [WAVE] * 10 + [IDLE] * 6
    assert {label: len(acts) for label, acts in cut.acts.items()} == {WAVE: 1, IDLE: 1}


def test_labels_within_a_long_recording_are_left_as_they_are():
    actions = [HELLO] * 10 + [KICK] * 10 + [JUNK] * 5 + [-1] * 5
    cut = repertoire([lifted("one", actions, speed=np.r_[np.zeros(5), np.ones(25)])])
    assert cut.pieces[0].labels.tolist() == [WAVE] * 10 + [KICKED] * 10 + [UNKNOWN] * 10
    assert sorted(cut.acts) == [WAVE, KICKED]


def test_the_still_ends_of_a_clip_to_leave_out_are_left_out():
    cut = repertoire([lifted("one", [JUNK] * 20, speed=np.r_[np.zeros(5), np.ones(15)])])
    assert set(cut.pieces[0].labels) == {UNKNOWN}


def test_joined_pieces_pause_and_blend_without_a_jump():
    one = repertoire([lifted("one", [HELLO] * 20)]).pieces[0]
    two = repertoire([lifted("two", [KICK] * 15, shift=0.5)]).pieces[0]
    splice = Splice(pause=1.0, pause_frames=(10, 10), blend_frames=(6, 6), sway=0.0)
    joined = splice.join([one, two], IDLE, np.random.default_rng(0))
    labels = joined.labels.tolist()
    assert len(labels) == len(joined.xyz) == 20 + 10 + 6 + 15
    assert labels[:20] == [WAVE] * 20
    assert labels[-15:] == [KICKED] * 15
    assert sorted(labels[20:-15]) == [UNKNOWN] * 6 + [IDLE] * 10
    assert np.abs(np.diff(joined.xyz, axis=0)).max() < 0.15


def test_without_pauses_pieces_are_only_blended():
    pieces = [Piece(np.full((5, 17, 3), i, np.float32), np.full(5, WAVE)) for i in range(3)]
    joined = Splice(pause=0.0, blend_frames=(6, 6)).join(pieces, IDLE, np.random.default_rng(0))
    assert joined.labels.tolist() == ([WAVE] * 5 + [UNKNOWN] * 6) * 2 + [WAVE] * 5
    assert (np.diff(joined.xyz[:, 0, 0]) >= 0).all()


def test_on_the_way_to_what_is_done_in_place_people_walk():
    labels = LabelMap(told_by_arms=(), told_by_legs=(), 
        names=["idle", "walk", "kick"], background="idle", walking="walk",
        in_place={"mine": ["front kick"]},
        sets={"mine": {"hello": "idle", "front kick": "kick", "junk": None, "stand": "idle"}},
    )  # fmt: skip
    travel = [1.0] * 8 + [0.1] * 4 + [1.0] * 2 + [0.1] * 6 + [1.0] * 5
    clips = [lifted("one", [action] * 25, travel=travel) for action in (KICK, HELLO)]
    kicks, hello = (piece.labels for piece in Repertoire(clips, labels, H36M17).pieces)
    assert kicks.tolist() == [1] * 8 + [2] * 17  # five frames are no way
    assert set(hello) == {0}
    (gone,) = Repertoire([lifted("one", [KICK] * 9, travel=1.0)], labels, H36M17).pieces
    assert set(gone.labels) == {1}
    assert labels.on_the_way("yours", ["front kick"]).tolist() == [False]
    with pytest.raises(InputError, match="labels run are used and not named"):
        LabelMap(
            told_by_arms=(),
            told_by_legs=(),
            names=["idle"],
            background="idle",
            walking="run",
            sets={},
        )


def test_travel_is_of_the_root_over_the_ground():
    xyz = np.zeros((30, 17, 3), np.float32)
    xyz[:, :, 0] += np.arange(30)[:, None] / 30  # 1 m/s
    xyz[:, H36M17.root, 2] += np.arange(30) / 3
    travel = travel_speed(xyz, H36M17, 30.0)
    assert travel == pytest.approx(np.ones(30), abs=1e-5)
    assert travel_speed(xyz[:3], H36M17, 30.0).shape == (3,)


def test_a_mirror_swaps_left_and_right():
    pose = standing()
    pose[H36M17.index["left_wrist"]] = 0.5, -0.8, 0.2
    swapped = mirrored(pose, H36M17)
    assert swapped[H36M17.index["right_wrist"]].tolist() == pytest.approx([-0.5, -0.8, 0.2])
    assert swapped[H36M17.index["left_wrist"]].tolist() == pytest.approx([0.35, -0.1, 0.0])
    assert np.array_equal(mirrored(swapped, H36M17), pose)


def test_varied_people_keep_their_root_their_height_and_their_shape():
    xyz = np.repeat(standing()[None], 30, 0)
    turned = replace(QUIET, yaw_deg=30.0).vary(
        xyz[None], H36M17, np.random.default_rng(2), mirror=False
    )[0]
    assert np.abs(turned - xyz).max() > 0.02
    assert np.abs(turned[..., 1] - xyz[..., 1]).max() < 1e-6
    assert np.linalg.norm(turned, axis=-1) == pytest.approx(np.linalg.norm(xyz, axis=-1), abs=1e-5)
    rough = option("augmentation/live", hold=1.0).vary(
        xyz[None], H36M17, np.random.default_rng(1), mirror=False
    )[0]
    assert np.abs(rough[:, H36M17.root]).max() == 0
    assert rough.dtype == np.float32


def test_a_piece_at_double_speed_is_half_as_long():
    piece = repertoire([lifted("one", [HELLO] * 10 + [KICK] * 11)]).pieces[0]
    fast = replace(QUIET, speed=(2.0, 2.0)).pace(piece, np.random.default_rng(0))
    assert fast.labels.tolist() == [WAVE] * 5 + [KICKED] * 6
    assert np.abs(fast.xyz - piece.xyz[::2]).max() < 1e-6
    slow = replace(QUIET, speed=(0.5, 0.5)).pace(piece, np.random.default_rng(0))
    assert np.abs(slow.xyz[:40:2] - piece.xyz[:20]).max() < 1e-6
    lossy = replace(QUIET, drop=0.5).pace(piece, np.random.default_rng(0))
    assert len(lossy.labels) < len(piece.labels)


def streams(clips, **changes):
    settings = dict(
        frames=60, batch=3, batches=2, classes=3, seed=0, splice=Splice(), augmentation=QUIET,
        onset_frames=4, onset_weight=0.25,
    )  # fmt: skip
    return Streams(repertoire(clips), **{**settings, **changes})


CLIPS = [
    lifted("one", [HELLO] * 25),
    lifted("one", [HELLO] * 25, view=1),
    lifted("two", [KICK] * 30, shift=0.2),
    lifted("three", [STAND] * 40, speed=0.0),
]


def test_streams_are_of_one_length_and_weigh_what_is_known():
    data = streams(CLIPS)
    for xyz, labels, weights in data:
        assert xyz.shape == (3, 60, 17, 3)
        assert labels.shape == weights.shape == (3, 60)
        assert ((weights > 0) == (labels >= 0)).all()
    assert len(list(data)) == len(data) == 2


def test_an_actions_first_frames_count_less():
    data = streams(CLIPS)
    data.weights.classes[:] = 1.0
    labels = np.array([WAVE] * 6 + [IDLE] * 6 + [KICKED] * 6 + [UNKNOWN] + [WAVE] * 5)
    first = [0.25] * 4
    expected = [1.0] * 12 + [*first, 1.0, 1.0, 0.0, *first, 1.0]
    assert data.weights(labels).tolist() == expected


def test_rare_actions_count_more():
    clips = [*CLIPS, *(lifted(f"more {i}", [HELLO] * 25) for i in range(60))]
    weights = streams(clips).weights.classes
    assert weights[KICKED] > weights[WAVE]


def test_every_pass_shows_something_new_and_the_same_seed_the_same():
    data, again = (
        streams(
            CLIPS,
            augmentation=option(
                "augmentation/live",
            ),
        ),
        streams(
            CLIPS,
            augmentation=option(
                "augmentation/live",
            ),
        ),
    )
    first, second = (next(iter(data))[0] for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(next(iter(again))[0], first)


def test_each_training_process_and_each_worker_draws_streams_of_its_own(monkeypatch):
    def first_of(rank, worker):
        info = SimpleNamespace(id=worker, num_workers=2)
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
        monkeypatch.setattr(process_seed, "get_worker_info", lambda: info)
        data = streams(
            CLIPS,
            augmentation=option(
                "augmentation/live",
            ),
            batches=5,
        )
        batches = list(data)
        assert (len(batches), len(data)) == (3 - worker, 5)
        return batches[0][0]

    drawn = [first_of(rank, worker) for rank in range(2) for worker in range(2)]
    for i, one in enumerate(drawn):
        assert not any(torch.equal(one, other) for other in drawn[:i])


def test_continuous_streams_show_every_recording_once():
    pieces = continuous(repertoire(CLIPS), frames=40, splice=Splice(), rng=np.random.default_rng(0))
    labels = np.concatenate([piece.labels for piece in pieces])
    assert (labels == WAVE).sum() == 25
    assert (labels == KICKED).sum() == 30
    assert (labels == IDLE).sum() >= 40
    assert all(len(piece.labels) >= 40 for piece in pieces[:-1])


def test_short_streams_are_padded_with_frames_that_do_not_count():
    pieces = [Piece(np.zeros((n, 17, 3), np.float32), np.full(n, WAVE)) for n in (5, 9, 7)]
    batches = list(padded_batches(pieces, 2))
    assert [tuple(xyz.shape[:2]) for xyz, _, _ in batches] == [(2, 7), (1, 9)]
    assert (batches[0][1][0] >= 0).sum() == 5
    assert batches[0][2].sum() == 12


@pytest.fixture
def folder(tmp_path):
    for subject in ("a", "b"):
        clips = [
            lifted(f"{subject}{i}", [action] * 30, subject=subject, shift=0.3 * i)
            for i, action in enumerate((HELLO, KICK, STAND))
        ]
        save_lifted(tmp_path, origin(subject), clips)
    return tmp_path


def data_of(folder: Path, **changes):
    split = Split(train={"mine": ["a"]}, val={"mine": ["b"]}, held_out={})
    settings = dict(labels=LABELS, protocol=split, skeleton=H36M17, frames=50, batch=2, batches=2)
    return option("datamodule/streams", data=Lifted(str(folder)), **{**settings, **changes})


def test_training_and_validation_know_only_their_own_subjects(folder):
    data = data_of(folder)
    data.setup()
    assert {name for _, _, name in data.train.repertoire.recordings} == {"a0", "a1", "a2"}
    assert sum((labels == WAVE).sum() for _, labels, _ in data.val_dataloader()) == 30
    assert data.lifter == ("net", "ab")
    assert data.report[0].startswith("train: mine a; 3 recordings, 3 views, 90 frames")


def test_clips_that_do_not_fit_the_configuration_are_refused(folder):
    with pytest.raises(InputError, match="have h36m17 at 30 fps, wanted h36m17 at 25; lift anew"):
        data_of(folder, fps=25.0).setup()


def right(head, data):
    """A head's figures on the validation streams."""
    result = scored(head.eval().per_frame, data.val_dataloader())
    return figures(result, head, background="idle", temperature=1.0)


@pytest.mark.filterwarnings("ignore")  # Lightning's own
def test_a_head_is_trained_on_streams_by_descent(folder, tmp_path):
    data = data_of(folder, batches=30, batch=4)
    data.setup()
    callback = ModelCheckpoint(tmp_path, monitor="val/class_accuracy", mode="max")
    trainer = pl.Trainer(
        max_steps=90, accelerator="cpu", logger=False, callbacks=[callback],
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    task = partial(
        HeadTask,
        smoothing=0.05,
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        scheduler=partial(torch.optim.lr_scheduler.ConstantLR, factor=1.0),
    )
    torch.manual_seed(0)
    head = option("head/tcn", skeleton=H36M17, labels=LABELS.names, channels=16, dilations=(1, 2))
    before = right(head, data)
    assert option("training/descent", task=task, trainer=trainer).fit(head, data) == {"steps": 90}
    after = right(head, data)
    assert not head.training
    assert after["class_accuracy"] > max(0.6, before["class_accuracy"])


def test_training_that_ends_before_its_first_validation_says_so(folder, tmp_path):
    trainer = SimpleNamespace(
        fit=lambda *_, **__: None, checkpoint_callbacks=[ModelCheckpoint(tmp_path)],
        callbacks=[], limit_val_batches=1.0, global_step=0,
    )  # fmt: skip
    head = option("head/tcn", skeleton=H36M17, labels=LABELS.names, channels=8)
    with pytest.raises(InputError, match="ended before its first validation; give it more"):
        option("training/descent", task=lambda head: head, trainer=trainer).fit(head, None)
    trainer.checkpoint_callbacks = []
    with pytest.raises(InputError, match="no ModelCheckpoint among its callbacks; add one"):
        option("training/descent", task=lambda head: head, trainer=trainer).fit(head, None)
