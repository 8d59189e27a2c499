"""Training on fixed pairs of 2-D and 3-D joints."""

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from torch.utils.data import DataLoader

from gastlive.datasets import process_seed
from gastlive.datasets.clip import Problem
from gastlive.datasets.for_lifters.paired import Paired
from gastlive.datasets.pair import Pair
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M16, H36M17

FPS = 50.0
LENGTHS = {"S1": (7, 20), "S5": (30,), "S8": (12,), "S9": (9,)}


class Counted:
    """Pairs whose joints say which clip and frame they are: x is the frame, y the clip.

    In 3-D joint j is at (j, frame, clip) from the root.
    """

    dataset, detections = "counted", "exact"

    def __init__(self, lengths=LENGTHS):
        self.lengths, self.problems = lengths, [Problem("a", "b")]

    @property
    def subjects(self):
        return list(self.lengths)

    def read(self, subjects=None):
        number = 0
        for subject, lengths in self.lengths.items():
            for frames in lengths:
                number += 1
                if subject in (subjects or self.lengths):
                    yield self.pair(subject, frames, number)

    def __iter__(self):
        return self.read()

    def pair(self, subject, frames, number):
        xy = np.empty((frames, 17, 2), "f4")
        xyz = np.empty((frames, 17, 3), "f4")
        xy[..., 0], xy[..., 1] = 1 + np.arange(frames)[:, None], number
        xyz[:] = np.arange(17)[:, None] * [1.0, 0, 0]
        xyz[:, 1:, 1:] = np.stack([1 + np.arange(frames), np.full(frames, number)], -1)[:, None]
        name = f"{subject}/{number}"
        return Pair(name, subject, "Walking", "C1", H36M17, xy, xyz + 5, FPS)


def paired(pairs=None, **changes):
    given = {"train": ["S1", "S5", "S8"], "val": ["S8"], "test": ["S9"], "fps": FPS, "frames": 9,
             "normalisation": "screen", "batch": 8, "one_frame": True, "causal": True,
             "seed": 0}  # fmt: skip
    data = Paired(H36M17, pairs=pairs or Counted(), **given | changes)
    data.setup()
    return data


def windows(data):
    """All windows of the first pass: xy (N, T, J, 2), xyz (N, T, J, 3), seen (N, T, J)."""
    return a_pass(data.train_dataloader())


def a_pass(loader):
    batches = list(loader)
    return [torch.cat(part).numpy() for part in zip(*batches, strict=True)]


@pytest.mark.parametrize(("causal", "at"), [(True, 8), (False, 4)])
def test_every_frame_is_lifted_once_and_once_mirrored(causal, at):
    xy, xyz, seen = windows(paired(causal=causal))
    assert xy.shape == (2 * (7 + 20 + 30), 9, 17, 2)
    assert (xyz.shape[:3], seen.shape) == (xy.shape[:3], xy.shape[:3])
    lifted = {(int(clip), int(frame)) for frame, clip in np.abs(xy[:, at, 0])}
    assert len(lifted) == 7 + 20 + 30
    assert (xy[:, at, 0, 0] > 0).sum() == 7 + 20 + 30
    known = xyz[:, at, 1:]
    assert np.isfinite(known).all()
    np.testing.assert_array_equal(known[..., 1], np.abs(xy[:, at, 1:, 0]))
    np.testing.assert_array_equal(known[..., 2], xy[:, at, 1:, 1])


def test_before_its_clip_a_window_shows_the_first_frame_which_is_no_truth():
    xy, xyz, _ = windows(paired(mirror=False))
    first = xy[:, 8, 0, 0] == 3  # the third frame of a clip
    np.testing.assert_array_equal(xy[first][:, :, 0, 0], [[1, 1, 1, 1, 1, 1, 1, 2, 3]] * 3)
    unknown = np.isnan(xyz[first]).all((2, 3))
    np.testing.assert_array_equal(unknown, [[True] * 6 + [False] * 3] * 3)


def test_after_its_clip_a_centred_window_shows_the_last_frame():
    xy, xyz, _ = windows(paired(mirror=False, causal=False))
    last = (xy[:, 4, 0] == [7, 1]).all(-1)
    np.testing.assert_array_equal(xy[last][0, :, 0, 0], [3, 4, 5, 6, 7, 7, 7, 7, 7])
    np.testing.assert_array_equal(np.isnan(xyz[last][0]).all((1, 2)), [False] * 5 + [True] * 4)


def test_a_window_never_shows_two_clips():
    for one_frame in (True, False):
        xy, _, _ = windows(paired(one_frame=one_frame))
        assert (xy[..., 1] == xy[:, :1, :1, 1]).all()


def test_whole_windows_cover_every_frame_once():
    loader = paired(one_frame=False, mirror=False).train_dataloader()
    starts = set()
    for _ in range(3):
        xy, xyz, _ = a_pass(loader)
        known = np.isfinite(xyz).all((2, 3))
        frames = [(clip, frame) for frame, clip in xy[known][:, 0].tolist()]
        assert len(frames) == len(set(frames)) == 7 + 20 + 30
        assert (np.diff(xy[..., 0, 0])[known[:, 1:] & known[:, :-1]] == 1).all()
        starts.add(tuple(sorted(known.sum(1))))
    assert len(starts) > 1, "a pass tiles the clips from other frames"


def test_a_mirrored_person_has_left_and_right_swapped():
    pair = Counted().pair("S1", 5, 1)
    pair.xy[:] = np.random.default_rng(0).normal(size=pair.xy.shape)
    pair.xyz[:] = np.random.default_rng(1).normal(size=pair.xyz.shape)
    pair.xy[:, 3] = np.nan

    class One(Counted):
        def read(self, subjects=None):
            yield pair

    plain, mirrored = [], []
    data = paired(One(), frames=1)
    for x, y, seen in zip(*windows(data), strict=True):
        (plain if not seen[0, 3] else mirrored).append((x[0], y[0], seen[0]))
    assert len(plain) == len(mirrored) == 5
    swap, flip = H36M17.mirror, np.array([-1, 1], "f4")
    for xy, xyz, seen in plain:
        (twin,) = (m for m in mirrored if np.allclose(m[0][0], xy[0] * flip))
        np.testing.assert_array_equal(twin[0], xy[swap] * flip)
        np.testing.assert_array_equal(twin[1], xyz[swap] * [-1, 1, 1])
        np.testing.assert_array_equal(twin[2], seen[swap])


def test_the_same_seed_gives_the_same_batches_and_each_pass_another_order():
    one, other = paired(seed=3).train_dataloader(), paired(seed=3).train_dataloader()
    passes = [[next(iter(loader))[0] for _ in range(2)] for loader in (one, other)]
    assert torch.equal(passes[0][0], passes[1][0])
    assert torch.equal(passes[0][1], passes[1][1])
    assert not torch.equal(passes[0][0], passes[0][1])
    assert not torch.equal(next(iter(paired(seed=4).train_dataloader()))[0], passes[0][0])


class Group:
    """Stands for torch.distributed in one of several training processes."""

    def __init__(self, rank, ranks):
        self.rank, self.ranks = rank, ranks

    def is_initialized(self):
        return True

    def get_rank(self):
        return self.rank

    def get_world_size(self):
        return self.ranks


def lifted_by(loader):
    """Clip and frame of each window's newest frame, batch by batch; mirrored frames below zero."""
    return [[(int(c), int(f)) for f, c in xy[:, -1, 0].tolist()] for xy, _, _ in loader]


@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize("batches", [None, 40])
def test_training_processes_share_the_windows_out_in_as_many_batches(ranks, batches, monkeypatch):
    shares = []
    for rank in range(ranks):
        monkeypatch.setattr(process_seed, "distributed", Group(rank, ranks))
        shares.append(lifted_by(paired(batches=batches).train_dataloader()))
    assert len({len(share) for share in shares}) == 1
    once = [[window for batch in share for window in batch] for share in shares]
    if batches is None:
        assert len(set().union(*once)) == 2 * (7 + 20 + 30)
        assert sum(map(len, once)) < 2 * (7 + 20 + 30) + ranks
    for batch in zip(*shares, strict=True):
        assert len(set().union(*map(set, batch))) >= sum(map(len, batch)) - ranks


@pytest.mark.filterwarnings("ignore:This DataLoader will create", "ignore:.*use of fork")
@pytest.mark.parametrize("batches", [None, 31])
def test_workers_of_a_loader_share_the_windows_out_and_draw_new_ones_each_pass(batches):
    alone = sorted(lifted_by(paired(batches=batches).train_dataloader()))
    windows = paired(batches=batches).train_dataloader().dataset
    loader = DataLoader(windows, batch_size=None, num_workers=2)
    assert sorted(lifted_by(loader)) == alone
    assert sorted(lifted_by(loader)) != alone


@pytest.mark.parametrize("batches", [1, 14, 15, 16, 40])
def test_an_epoch_may_have_any_number_of_batches(batches):
    """Once through are 15 batches of 8."""
    sizes = [len(xy) for xy, _, _ in paired(batches=batches).train_dataloader()]
    assert len(sizes) == batches
    assert sum(size != 8 for size in sizes) == batches // 15


def test_frames_that_are_not_known_are_never_lifted_and_never_truth():
    class Holes(Counted):
        def pair(self, subject, frames, number):
            pair = super().pair(subject, frames, number)
            pair.xyz[2] = pair.xyz[4, 0] = pair.xyz[5, 3] = np.nan
            return pair

    xy, xyz, _ = windows(paired(Holes(), mirror=False))
    lifted = set(xy[:, 8, 0, 0].astype(int) - 1)
    assert {2, 4} & lifted == set()
    assert {0, 1, 3, 5, 6} <= lifted
    fifth = xyz[xy[:, 8, 0, 0] == 6][:, 8]
    assert np.isnan(fifth[:, 3]).all()
    assert np.isfinite(np.delete(fifth, 3, 1)).all()
    _, dense, _ = windows(paired(Holes(), mirror=False, one_frame=False))
    assert np.isfinite(dense).all((2, 3)).sum() == 7 + 20 + 30 - 3 * 3
    clip = next(iter(paired(Holes()).clips("test")))
    assert np.isnan(clip.xyz[[2, 4]]).all()


def test_validation_shows_whole_clips_of_subjects_that_are_not_trained_on():
    data = paired()
    (batch,) = data.val_dataloader()
    assert [part.shape for part in batch] == [(1, 12, 17, 2), (1, 12, 17, 3), (1, 12, 17)]
    assert (batch[0][0, :, 0, 0] == torch.arange(1, 13)).all()
    assert data.report == [
        "train: counted subjects S1, S5; 3 clips, 57 frames; 1 problems",
        "val: counted subjects S8; 1 clips, 12 frames; 1 problems",
    ]


def test_without_validation_subjects_all_are_trained_and_validated_on():
    data = paired(val=[])
    assert [xy.shape[1] for xy, _, _ in data.val_dataloader()] == [7, 20, 30, 12]
    assert data.report == ["train: counted subjects S1, S5, S8; 4 clips, 69 frames; 1 problems"]


def test_test_clips_are_told_apart():
    (clip,) = paired().clips("test")
    name, subject, action, camera, xy, xyz = clip
    assert (name, subject, action, camera) == ("S9/5", "S9", "Walking", "C1")
    assert (xy.shape, xyz.shape) == ((9, 17, 2), (9, 17, 3))
    assert (xyz[:, 0] == 0).all()
    assert (xyz[:, 3, 0] == 3).all()
    with pytest.raises(InputError, match="no split 'tests'; choose one of train, val, test"):
        next(paired().clips("tests"))


def test_pairs_come_in_the_wanted_layout_and_rate():
    data = Paired(
        H36M16, pairs=Counted(), train=["S1"], val=[], test=[], normalisation="screen", fps=10.0,
        frames=[3, 3], one_frame=True, causal=True, batch=128, seed=0,
    )  # fmt: skip
    data.setup()
    xy, xyz, _ = windows(data)
    assert (xy.shape[1:], xyz.shape[1:]) == ((9, 16, 2), (9, 16, 3))
    assert set(np.abs(xy[:, 8, 0, 0])) == {1, 6, 11, 16}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": ["S8"]}, "subject S8 is trained and tested on; leave it in one"),
        ({"train": ["S8"]}, "no subject is left to train on; give train="),
        ({"pairs": Counted({"S1": ()} | {s: (9,) for s in ("S5", "S8", "S9")}), "train": ["S1"]},
         "counted has nothing of train subjects S1: a b"),
    ],
)  # fmt: skip
def test_a_split_that_can_not_be_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        paired(**changes)


# One command


def save(root, name, subjects, *, joints, stored, cameras, sides, detections, recordings):
    rng = np.random.default_rng(0)
    motion = {s: {r: rng.normal(size=(60, stored, 3)).astype("f4") for r in recordings}
              for s in subjects}  # fmt: skip
    view = rng.uniform(1, 400, (60, joints, 2)).astype("f4")
    seen = {s: {r: [view] * cameras for r in recordings} for s in subjects}
    np.savez(root / f"data_3d_{name}.npz", positions_3d=motion)
    metadata = {"num_joints": joints, "keypoints_symmetry": sides}
    np.savez(root / f"data_2d_{name}_{detections}.npz", positions_2d=seen, metadata=metadata)


def save_h36m(root):
    sides = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    subjects = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")
    save(root, "h36m", subjects, joints=17, stored=32, cameras=4, sides=sides,
         detections="cpn_ft_h36m_dbb", recordings=["Eating"])  # fmt: skip


def save_humaneva(root):
    subjects = [f"{part}/S{n}" for part in ("Train", "Validate") for n in (1, 2, 3)]
    save(root, "humaneva15", subjects, joints=17, stored=15, cameras=3,
         sides=[[*range(1, 17, 2)], [*range(2, 17, 2)]], detections="detectron_pt_coco",
         recordings=[f"{name} 1 chunk0" for name in ("Jog", "Walking", "Box", "Gestures")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("experiment", "write", "frames", "fps"),
    [("human36m", save_h36m, 4 * 4 * 12, 10), ("humaneva", save_humaneva, 3 * 3 * 3 * 12, 12)],
)
def test_who_has_the_files_trains_and_evaluates_with_one_command(
    tmp_path, experiment, write, frames, fps
):
    write(tmp_path)
    given = [f"data_root={tmp_path}"]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        train = compose("train_lifter", [f"+experiment={experiment}", "net=gast27s", *given])
        test = compose("evaluate_lifter", [f"+experiment=evaluate_{experiment}", *given])
    data = instantiate(train.datamodule)
    data.setup()
    assert f"{frames} frames; " in data.report[0]
    batch = next(iter(data.train_dataloader()))
    joints = len(data.skeleton)
    assert batch[0].shape == (train.paired.batch, 27, joints, 2)
    net = instantiate(train.lifter).eval()
    assert not net.net.causal
    assert net.strided(batch[0][:2]).shape == (2, 1, joints, 3)
    held_out = instantiate(test.held_out, normalisation=train.normalisation)
    watched = list(held_out.watch(*held_out.conditions))
    assert {w.subject for w in watched} == set(train.paired.test)
    assert all(w.xy.shape == (1, 12, joints, 2) for w in watched)
    assert test.fps == train.fps == fps
    assert test.skeleton == train.skeleton
