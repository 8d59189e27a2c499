"""Cut clips as heads are trained and scored on them, and where they come from."""

import dataclasses
import pickle
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from gastlive.action.head import of_bodies
from gastlive.action.mirroring import mirror_images
from gastlive.conf.option import option
from gastlive.datasets import process_seed
from gastlive.datasets.clip import MotionClip, Problem, Segment
from gastlive.datasets.for_heads.augmentation import Augmentation
from gastlive.datasets.for_heads.clip_data import ActionClips, samples
from gastlive.datasets.for_heads.labelled import Joints, gaps_filled, to_lifted
from gastlive.datasets.labels import UNKNOWN, LabelMap, OwnLabels
from gastlive.datasets.protocols import ByName
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import KINECT20

LABELS = ("left kick", "right kick", "wave")
ROOT = KINECT20.root
PROTOCOL = ByName(held_out="_v3", val="_v2")
STILL = Augmentation(
    yaw_deg=0, tilt_deg=0, mirror=0, speed=(1, 1), size=(1, 1), jitter=0, hold=0, drop=0, slow=0
)


def motion(name: str, label: str, *, frames: int = 20, partner: bool = False) -> MotionClip:
    rng = np.random.default_rng(abs(LABELS.index(label)))
    xyz = rng.normal(size=(1, 20, 3)) + np.linspace(0, 1, frames)[:, None, None]
    other = (xyz + 2).astype(np.float32) if partner else None
    segments = (Segment(0, frames, label),)
    return MotionClip(
        name, "mine", "anna", KINECT20, xyz.astype(np.float32), 30.0, segments, partner=other
    )


class Mine:
    """A data set in memory."""

    labels = LABELS

    def __init__(self, clips: list[MotionClip]) -> None:
        self.clips, self.problems = clips, [Problem("spoilt", "is spoilt")]

    def __iter__(self) -> Iterator[MotionClip]:
        return iter(self.clips)


def everything(**how) -> Mine:
    return Mine(
        [motion(f"{label}_v{view}", label, **how) for label in LABELS for view in (1, 2, 3)]
    )


def data_of(data: Mine, **changes) -> ActionClips:
    settings = dict(
        protocol=PROTOCOL, skeleton=KINECT20, labels=OwnLabels(), batch=3, augmentation=STILL
    )
    return option("datamodule/clips", data=data, **{**settings, **changes})


def test_a_clip_is_seen_from_a_camera_that_looks_along_the_ground():
    clip = motion("a", "wave", partner=True)
    seen = to_lifted(clip, KINECT20, LABELS)
    x, y, z = np.moveaxis(clip.xyz - clip.xyz[:, ROOT : ROOT + 1], -1, 0)
    np.testing.assert_allclose(seen.xyz, np.stack([x, -z, y], -1))
    np.testing.assert_allclose(seen.partner - seen.xyz, np.tile([2, -2, 2], (20, 20, 1)), atol=1e-5)
    assert set(seen.actions) == {2}


def test_gaps_are_filled_from_where_a_joint_was_to_where_it_will_be():
    xyz = motion("a", "wave").xyz
    spoilt = xyz.copy()
    spoilt[5:8, 3] = np.nan
    spoilt[:2, 4] = np.nan
    spoilt[:, 7] = np.nan
    filled = gaps_filled(spoilt, KINECT20)
    np.testing.assert_allclose(filled[5:8, 3], xyz[5:8, 3], atol=1e-5)
    np.testing.assert_allclose(filled[:2, 4], xyz[[2, 2], 4])
    np.testing.assert_allclose(filled[:, 7], xyz[:, ROOT])
    spoilt[:, ROOT] = np.nan
    assert gaps_filled(spoilt, KINECT20) is None


def test_a_clip_without_a_root_is_named_and_left_out():
    lost = motion("lost_v1", "wave")
    lost.xyz[:, ROOT] = np.nan
    joints = Joints(Mine([lost, motion("b_v1", "wave")]), KINECT20, fps=30.0)
    assert [clip.name for clip in joints.read("train", PROTOCOL)] == ["b_v1"]
    assert joints.problems() == [
        "spoilt: is spoilt", "lost_v1: the root joint is in none of its frames",
    ]  # fmt: skip


def test_each_part_of_a_protocol_has_its_clips():
    data = data_of(everything())
    data.setup()
    names = {part: {s.name for s in data.clips(part)} for part in ("train", "val", "held_out")}
    assert names == {
        part: {f"{label}_v{view}" for label in LABELS}
        for part, view in (("train", 1), ("val", 2), ("held_out", 3))
    }
    assert data.labels.names == LABELS
    assert data.labels.background is None
    assert "spoilt: is spoilt" in data.report
    assert data.report[0] == "train: mine anna; 3 recordings, 3 views, 60 frames"
    data.clips("train")
    assert sum(line.startswith("train: ") for line in data.report) == 1, "read twice, said once"


def test_refitting_trains_on_those_who_chose():
    data = data_of(everything(), refit=True)
    data.setup()
    assert len(data.train.samples) == 6
    assert len(data.clips("held_out")) == 3


def test_a_windowed_head_is_given_windows_and_a_streaming_one_streams():
    data = data_of(everything(frames=12), frames=30, crop=1.0)
    data.windows(8)
    data.setup()
    xyz, labels, weights = next(iter(data.train_dataloader()))
    assert xyz.shape == (3, 1, 8, 20, 3)
    assert labels.shape == weights.shape == (3,)
    data = data_of(everything(frames=12), frames=30)
    data.windows(None)
    data.setup()
    xyz, labels, weights = next(iter(data.train_dataloader()))
    assert xyz.shape == (3, 1, 30, 20, 3)
    assert (labels[:, :12] >= 0).all()
    assert (labels[:, 12:] == UNKNOWN).all()
    assert (weights[:, 12:] == 0).all()
    assert (weights[:, 0] < weights[:, 11]).all()
    torch.testing.assert_close(xyz[:, :, 12], xyz[:, :, 11])


def test_an_onset_is_the_clips_first_third_at_any_pace_and_wherever_the_clip_is_cut():
    frames, cut = 300, 96
    clip = motion("a_v1", "wave", frames=frames)
    clip.xyz[:, ROOT] = 0
    clip.xyz[:, 1] = np.linspace(0, 1, frames)[:, None]  # a joint that says where in the clip it is
    quick = dataclasses.replace(STILL, speed=(0.5, 2.0), drop=0.3)
    data = data_of(Mine([clip, motion("a_v2", "wave")]), frames=cut, augmentation=quick)
    data.windows(None)
    data.setup()
    (sample,) = data.train.samples
    whole = data.train.class_weights[sample.label]
    starts = set()
    for seed in range(40):
        xyz, labels, weights = data.train.draw(sample, np.random.default_rng(seed))
        place = xyz[0, :, 1, 0] * (frames - 1)
        assert (labels == sample.label).all()
        onset = place < frames // 3
        clear = np.abs(place - frames // 3) > 1
        np.testing.assert_allclose(weights[onset & clear], 0.3 * whole)
        np.testing.assert_allclose(weights[~onset & clear], whole)
        starts.add(bool(onset[0]))
    assert starts == {True, False}


class Group:
    """Stands for torch.distributed in one of several training processes."""

    def __init__(self, rank: int, ranks: int) -> None:
        self.rank, self.ranks = rank, ranks

    def is_initialized(self) -> bool:
        return True

    def get_rank(self) -> int:
        return self.rank

    def get_world_size(self) -> int:
        return self.ranks


def numbered(clips: int, **changes) -> ActionClips:
    """So many training clips, each of a label of its own."""
    names = [f"action {i}" for i in range(clips)]
    data = Mine([
        dataclasses.replace(
            motion(f"{name}_v{1 if i else 2}", "wave", frames=6), segments=(Segment(0, 6, name),)
        )
        for i, name in enumerate([names[0], *names])
    ])  # fmt: skip
    data.labels = tuple(names)
    module = data_of(data, **changes)
    module.windows(4)
    module.setup()
    return module


def labels_of(loader) -> list[list[int]]:
    return [labels.tolist() for _, labels, _ in loader]


WITH_WORKERS = pytest.mark.filterwarnings(
    "ignore:This DataLoader will create", "ignore:.*use of fork"
)  # on a machine of one core; from Python 3.12 on


@WITH_WORKERS
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(("batch", "sizes"), [(32, [25, 25]), (20, [16, 17, 17])])
def test_every_clip_is_shown_once_an_epoch_in_another_order_each_time(workers, batch, sizes):
    train = numbered(50, batch=batch).train
    next(iter(train))  # somebody looks at a batch first
    loader = DataLoader(train, batch_size=None, num_workers=workers)
    first, second = labels_of(loader), labels_of(loader)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(50))
    assert sorted(map(len, first)) == sizes
    assert len(loader) == len(sizes)
    assert first != second


@WITH_WORKERS
def test_how_many_workers_load_the_clips_changes_nothing():
    one, two = (
        sorted(
            DataLoader(
                numbered(20, batch=4, augmentation=option("augmentation/live")).train,
                None,
                num_workers=workers,
            ),
            key=lambda batch: batch[1].tolist(),
        )
        for workers in (0, 2)
    )
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@pytest.mark.parametrize(("clips", "ranks", "batch"), [(50, 2, 32), (7, 3, 1), (33, 4, 4)])
def test_training_processes_share_the_clips_out_in_as_many_batches(
    clips, ranks, batch, monkeypatch
):
    shares = []
    for rank in range(ranks):
        monkeypatch.setattr(process_seed, "distributed", Group(rank, ranks))
        data = numbered(clips, batch=batch)
        shares.append(labels_of(data.train_dataloader()))
        assert len(data.train_dataloader()) == len(shares[0]) == len(shares[-1])
    assert sorted(chain(*chain(*shares))) == list(range(clips))


def test_processes_vary_clips_in_ways_of_their_own(monkeypatch):
    drawn = []
    for rank in range(2):
        monkeypatch.setattr(process_seed, "distributed", Group(rank, 2))
        data = numbered(
            2, batch=1, augmentation=option("augmentation/live", mirror=0, slow=0, hold=0)
        )
        data.train.samples = data.train.samples[:1] * 2
        drawn.append(next(iter(data.train)))
    assert drawn[0][1] == drawn[1][1]
    assert not torch.equal(drawn[0][0], drawn[1][0])


def test_a_spawned_worker_has_its_share_though_it_knows_no_process_group(monkeypatch):
    monkeypatch.setattr(process_seed, "distributed", Group(1, 2))
    train = numbered(7, batch=2).train
    pickled, expected = pickle.dumps(train), labels_of(train)
    monkeypatch.undo()
    assert labels_of(pickle.loads(pickled)) == expected
    assert sum(map(len, expected)) == 3


def test_fewer_clips_than_training_processes_are_refused(monkeypatch):
    monkeypatch.setattr(process_seed, "distributed", Group(0, 4))
    with pytest.raises(InputError, match="3 training clips can't be shared out among 4 processes"):
        next(iter(numbered(3).train))


def test_validation_shows_clips_as_they_are():
    data = data_of(Mine([motion("a_v1", "wave"), motion("b_v2", "wave", frames=9),
                         motion("c_v2", "left kick", frames=14)]))  # fmt: skip
    data.setup()
    (batch,) = data.val_dataloader()
    assert batch[0].shape == (2, 1, 14, 20, 3)
    assert batch[2].sum(1).tolist() == [9, 14]


def test_a_mirror_swaps_left_and_right_in_labels_too():
    names = ["kick left", "kick right", "wave", "turn clockwise", "turn counter-clockwise", "left"]
    assert mirror_images(names).tolist() == [1, 0, 2, 4, 3, 5]
    data = data_of(everything(), augmentation=option("augmentation/live", mirror=1.0))
    data.windows(4)
    data.setup()
    (batch,) = data.train_dataloader()
    assert sorted(batch[1].tolist()) == [0, 1, 2]
    sample = next(s for s in data.train.samples if s.label == 0)
    assert data.train.draw(sample, np.random.default_rng(0))[1] == 1


def test_stretches_with_other_labels_are_other_samples():
    clip = motion("a", "wave", frames=20)
    seen = to_lifted(clip, KINECT20, LABELS)
    seen.actions[:5], seen.actions[5:8], seen.actions[8:12] = 0, UNKNOWN, 1
    labels = LabelMap(told_by_arms=(), told_by_legs=(), 
        names=["kick", "wave"], background=None,
        sets={"mine": {"left kick": "kick", "right kick": None, "wave": "wave"}},
    )  # fmt: skip
    found = samples([seen], labels)
    assert [(s.xyz.shape[1], s.label) for s in found] == [(5, 0), (8, 1)]


def test_a_second_person_is_taken_where_asked():
    clips = [motion("a_v1", "wave", partner=True), motion("b_v1", "wave"), motion("c_v2", "wave")]
    data = data_of(Mine(clips), bodies=2, batch=2)
    data.windows(6)
    data.setup()
    xyz, _, _ = next(iter(data.train_dataloader()))
    assert sorted(xyz.flatten(2).any(-1).sum(1).tolist()) == [1, 2]
    assert len(samples([to_lifted(clips[0], KINECT20, LABELS)], data.labels)[0].xyz) == 1


def test_logits_of_two_bodies_are_averaged():
    head = option("head/tcn", skeleton=KINECT20, labels=LABELS, channels=8).eval()
    two = torch.randn(1, 2, 5, 20, 3)
    both = of_bodies(head, two)
    torch.testing.assert_close(both, (head(two[:, 0]) + head(two[:, 1])) / 2)
    alone = two.clone()
    alone[:, 1] = 0
    torch.testing.assert_close(of_bodies(head, alone), head(two[:, 0]))
    torch.testing.assert_close(of_bodies(head, two[:, 0]), head(two[:, 0]))


def test_a_protocol_that_leaves_nothing_is_refused():
    data = data_of(Mine([motion("a_v3", "wave")]))
    with pytest.raises(InputError, match="leaves no clip for train; give more data"):
        data.setup()


def test_streams_of_cut_clips_want_a_background():
    streams = option(
        "datamodule/streams",
        data=everything(),
        protocol=PROTOCOL,
        skeleton=KINECT20,
        labels=OwnLabels(),
        frames=30,
    )
    with pytest.raises(InputError, match=r"want a background label; add labels\.background=idle"):
        streams.setup()
    streams = option(
        "datamodule/streams",
        data=everything(),
        protocol=PROTOCOL,
        skeleton=KINECT20,
        labels=OwnLabels(background="idle"),
        frames=30,
    )
    streams.setup()
    assert streams.labels.names == ("idle", *LABELS)
