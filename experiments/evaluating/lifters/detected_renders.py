"""Rendered clips with the 2-D joints that the live program's detector found in them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ....datasets.for_lifters.held_out import Watched
from ....gast.errors import InputError
from ....gast.skeleton import H36M17, Skeleton
from ....gast.units import to_screen
from ....realtime.stages.joints import trust
from ...measuring.watching import Sight, read_sight

EXACT, DETECTED = "exact 2-D joints", "as detected"


class DetectedViews:
    """What ``gastlive-measure-noise`` filmed, see `Sight`; conditions `EXACT` and `DETECTED`.

    As detected, a frame in which nobody was found has the 2-D joints and confidences of the frame
    before, the first ones those of the first in which somebody was, and no ground truth.

    Args:
        folder: Of the takes, one npz each.
        skeleton: Layout of the joints.
        fps: Frame rate of the clips.

    Raises:
        InputError: There is no take, or the layout is not theirs.
    """

    def __init__(self, folder: str, skeleton: Skeleton, *, fps: float) -> None:
        found = sorted(Path(folder).expanduser().glob("*.npz"))
        self.files = [file for file in found if not file.stem.endswith(".part")]
        if not self.files:
            raise InputError(f"no take (.npz) in {folder}; film some with gastlive-measure-noise")
        if skeleton is not H36M17:
            raise InputError(f"takes have joints of h36m17, not of {skeleton.name}")
        self.folder, self.fps = folder, fps
        self.conditions, self.report = [EXACT, DETECTED], list[str]()

    def watch(self, condition: str) -> Iterator[Watched]:
        """The takes in the order of their names."""
        frames = missed = 0
        for file in self.files:
            sight = read_sight(file)
            if sight.fps != self.fps:
                raise InputError(f"{file} has {sight.fps} frames/s, wanted {self.fps:g}")
            found = np.isfinite(sight.observed).all((1, 2))
            frames, missed = frames + len(found), missed + int((~found).sum())
            if condition == EXACT or found.any():
                yield _watched(file.stem, sight, found, exact=condition == EXACT)
        if condition == DETECTED:
            self.report.append(
                f"{self.folder}: {len(self.files)} takes, {frames} frames, in {missed} of which "
                f"nobody was found"
            )


def _watched(name: str, sight: Sight, found: np.ndarray, *, exact: bool) -> Watched:
    width, height = sight.size.tolist()
    pixels, sure, true = sight.exact, np.ones(sight.visible.shape, np.float32), sight.xyz
    if not exact:
        last = np.maximum.accumulate(np.where(found, np.arange(len(found)), found.argmax()))
        pixels, sure = sight.observed[last], trust(sight.confidence, sight.visible)[last]
        true = np.where(found[:, None, None], true, np.nan)
    source = str(sight.source)
    return Watched(
        name=f"take {name}, {source}",
        dataset=source.partition("/")[0],
        subject="",
        actions=np.full(len(found), ""),
        cameras=["camera"],
        xy=to_screen(pixels, width=width, height=height).astype(np.float32)[None],
        xyz=true.astype(np.float32)[None],
        confidence=sure[None],
    )
