"""Joints in films: building clips, and readers of a folder with one file per clip."""

from dataclasses import replace
from math import ceil

import numpy as np

from ..gast.errors import InputError
from ..gast.interpolation import NEAR
from .clip import KeypointClip, Segment
from .motion import ClipFolder, Take
from .rates import resampled


class KeypointFolder(ClipFolder[KeypointClip]):
    """Films of one file a clip, see `ClipFolder`."""

    def _resampled(self, clip: KeypointClip) -> KeypointClip:
        return resample_keypoints(clip, self.fps)

    def _check(self, take: Take, clip: KeypointClip) -> None:
        """Refuse a clip without any joint."""
        if not (clip.score > 0).any():
            raise InputError(f"none of its {len(clip.xy)} frames has a joint")
        if len(clip.xy) < 2:
            self._note(take, "has a single frame")


def resample_keypoints(clip: KeypointClip, fps: float | None) -> KeypointClip:
    """A clip of one person at another frame rate, see `resampled`; None leaves it unchanged.

    A joint beside one that was not seen is not seen.
    """
    if fps is None or fps == clip.fps:
        return clip
    seen = clip.score > 0
    xy = np.where(seen[..., None], clip.xy, np.nan).astype(np.float32)
    xy, score = (resampled(values, fps=clip.fps, to_fps=fps) for values in (xy, clip.score))
    gone = np.asarray(np.isnan(xy).any(-1))
    ratio = fps / clip.fps
    segments = [
        Segment(ceil(s.start * ratio - NEAR), min(ceil(s.stop * ratio - NEAR), len(xy)), s.label)
        for s in clip.segments
    ]
    return replace(
        clip,
        xy=np.where(gone[..., None], np.float32(0), xy),
        score=np.where(gone, np.float32(0), score),
        fps=fps,
        segments=tuple(segment for segment in segments if segment.start < segment.stop),
    )
