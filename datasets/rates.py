"""Clips at another frame rate or joint layout."""

from dataclasses import replace
from math import ceil

import numpy as np

from ..gast.errors import InputError
from ..gast.interpolation import NEAR, interpolated
from ..gast.skeleton import JointMap, Skeleton, joint_map
from .clip import MotionClip, Segment


def resampled(values: np.ndarray, *, fps: float, to_fps: float) -> np.ndarray:
    """Frames (T, ...) at another rate; an InputError if a rate is not more than 0.

    See `interpolated`: 120 to 30 takes every fourth frame. There is no low-pass before it: a body
    does little above 15 Hz, and a filter would shorten bones.
    """
    if fps <= 0 or to_fps <= 0:
        raise InputError(f"can't go from {fps:g} to {to_fps:g} frames per second; give more than 0")
    if fps == to_fps or len(values) == 0:
        return values
    count = int((len(values) - 1) * to_fps / fps + NEAR) + 1
    return interpolated(values, np.arange(count) * fps / to_fps)


def resample(clip: MotionClip, fps: float | None) -> MotionClip:
    """The clip at another frame rate, see `resampled`; None leaves it unchanged.

    A segment into which none of the new frames falls is lost.
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
    """The clip in another layout, see `mapped`; an InputError if a joint can't be made."""
    if clip.layout is layout:
        return clip
    through = joint_map(clip.layout, layout)
    partner = None if clip.partner is None else mapped(clip.partner, through)
    return replace(clip, xyz=mapped(clip.xyz, through), layout=layout, partner=partner)


def mapped(points: np.ndarray, through: JointMap) -> np.ndarray:
    """Points (T, J, C) in another layout (T, J', C); a joint made from a missing one is NaN."""
    missing = np.isnan(points).any(-1)
    joints = through(np.where(missing[..., None], 0, points).astype(points.dtype))
    joints[(missing[:, None, :] & (through.weights != 0)).any(-1)] = np.nan
    return joints
