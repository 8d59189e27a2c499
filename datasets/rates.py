"""Clips at another frame rate or joint layout."""

from dataclasses import replace
from math import ceil

import numpy as np

from ..gast.errors import InputError
from ..gast.interpolation import NEAR, interpolated
from ..gast.skeleton import Skeleton, joint_map
from .clip import MotionClip, Segment


def resampled(values: np.ndarray, *, fps: float, to_fps: float) -> np.ndarray:
    """Frames (T, ...) at another rate, from the first frame on, by linear interpolation in time.

    Where a new frame falls on an old one it is that frame, so 120 to 30 takes every fourth. There
    is no low-pass before: hardly anything a body does lies above 15 Hz, and a filter would shorten
    bones. A value next to a missing one (NaN) is missing.

    Raises:
        InputError: A rate is not more than 0.
    """
    if fps <= 0 or to_fps <= 0:
        raise InputError(f"can't go from {fps:g} to {to_fps:g} frames per second; give more than 0")
    if fps == to_fps or len(values) == 0:
        return values
    count = int((len(values) - 1) * to_fps / fps + NEAR) + 1
    return interpolated(values, np.arange(count) * fps / to_fps)


def resample(clip: MotionClip, fps: float | None) -> MotionClip:
    """The clip at another frame rate, labels and all; see `resampled`. None leaves it alone.

    A stretch so short that none of the new frames falls into it is lost.

    Raises:
        InputError: The rate is not more than 0.
    """
    if fps is None or fps == clip.fps:
        return clip
    xyz = resampled(clip.xyz, fps=clip.fps, to_fps=fps)
    ratio = fps / clip.fps
    segments = [
        Segment(ceil(s.start * ratio - NEAR), min(ceil(s.stop * ratio - NEAR), len(xyz)), s.label)
        for s in clip.segments
    ]
    kept = tuple(segment for segment in segments if segment.start < segment.stop)
    partner = clip.partner
    if partner is not None:
        partner = resampled(partner, fps=clip.fps, to_fps=fps)
    return replace(clip, xyz=xyz, fps=fps, segments=kept, partner=partner)


def at_layout(clip: MotionClip, layout: Skeleton) -> MotionClip:
    """The clip with the joints of another layout; one made from a missing joint is missing.

    Raises:
        InputError: The clip's layout has nothing to make one of the joints from.
    """
    if clip.layout is layout:
        return clip
    mapped = joint_map(clip.layout, layout)

    def moved(xyz: np.ndarray) -> np.ndarray:
        missing = np.isnan(xyz).any(-1)
        joints = mapped(np.where(missing[..., None], 0, xyz))
        joints[(missing[..., None, :] & (mapped.weights != 0)).any(-1)] = np.nan
        return joints

    partner = None if clip.partner is None else moved(clip.partner)
    return replace(clip, xyz=moved(clip.xyz), layout=layout, partner=partner)
