"""Keypoints of a data set on their way to a lifted set."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from gastlive.conf.option import option
from gastlive.datasets.clip import KeypointClip, Segment
from gastlive.datasets.for_heads.lifted import Cameras, read_lifted
from gastlive.datasets.for_heads.stream_composer import Repertoire
from gastlive.datasets.labels import LabelMap
from gastlive.datasets.seen.keypoints import as_live
from gastlive.datasets.seen.views import Views
from gastlive.experiments.lift_dataset import Studio, even
from gastlive.gast.checkpoint import save
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17

PLACES = {
    "nose": (0, -130), "eye": (6, -136), "ear": (12, -132), "shoulder": (40, -100),
    "elbow": (55, -60), "wrist": (60, -20), "hip": (22, 0), "knee": (24, 80), "ankle": (26, 160),
}  # fmt: skip


def seen(frames=12, *, away=0, **changes) -> KeypointClip:
    """Someone who stands in the middle of the picture and goes right, unseen at first."""
    xy = np.zeros((frames, 17, 2), np.float32)
    for i, joint in enumerate(COCO17.joints):
        across, down = PLACES[joint.removeprefix("left_").removeprefix("right_")]
        xy[:, i] = 320 + (across if joint.startswith("left_") else -across), 240 + down
    xy[:, :, 0] += np.arange(frames)[:, None]
    score = np.full((frames, 17), 0.9, np.float32)
    score[:away] = 0
    clip = KeypointClip(
        "one", "filmed", "a", COCO17, xy, score, (640, 480), 30.0, (Segment(0, frames, "hello"),)
    )
    return replace(clip, **changes)


def test_keypoints_become_what_the_live_program_gives_its_lifter():
    xy = as_live(seen(), "h36m17")[..., :2]
    assert xy.shape == (12, 17, 2)
    assert np.abs(xy[0, H36M17.index["hip"]]).max() < 1e-6  # the middle of the picture
    wrist = H36M17.index["left_wrist"]
    assert xy[0, wrist] == pytest.approx([60 / 320, -20 / 320], abs=1e-5)
    assert (np.diff(xy[:, wrist, 0]) > 0).all()


def test_before_somebody_comes_they_are_where_they_come():
    xy = as_live(seen(away=4), "h36m17")[..., :2]
    assert np.array_equal(xy[:4], xy[[4] * 4])
    with pytest.raises(InputError, match="one: nobody is in any of its 12 frames"):
        as_live(seen(away=12), "h36m17")


def test_keypoints_are_lifted_as_one_view(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "net.safetensors"
    save(
        option("net/gast27", skeleton=H36M17, channels=8).eval(),
        path,
        fps=30.0,
        normalisation="person",
        training={},
    )
    cfg = OmegaConf.create({
        "lifter_checkpoint": str(path), "fps": 30.0, "seed": 0, "count": {},
        "output": str(tmp_path / "out"),
    })  # fmt: skip
    studio = Studio(H36M17, Cameras(count=3, front=0.6, views=Views(), noise=None), cfg)
    assert studio.film([seen()], "filmed", "a", ["hello"]) == "1 clips"
    (file,) = (tmp_path / "out").iterdir()
    (clip,) = read_lifted(file)
    assert clip.xyz.shape == (12, 17, 3)
    assert set(clip.actions) == {0}
    assert np.isnan(clip.speed).all()
    labels = LabelMap(
        told_by_arms=(),
        told_by_legs=(),
        names=["idle", "wave"],
        background="idle",
        sets={"filmed": {"hello": "wave"}},
    )
    (piece,) = Repertoire([clip], labels, H36M17).pieces
    assert set(piece.labels) == {1}  # somebody who hardly moves is not idle in a film of waving
    assert np.isfinite(clip.xyz).all()
    assert studio.film([seen()], "filmed", "a", ["hello"]).endswith("nothing to do")


def test_keypoints_at_another_rate_are_brought_to_the_lifters():
    clip = even(seen(fps=25.0, frames=26), H36M17, 30.0)
    assert (clip.fps, len(clip.xy), clip.segments) == (30.0, 31, (Segment(0, 31, "hello"),))
    assert clip.xy[30] == pytest.approx(seen(frames=26).xy[25])
