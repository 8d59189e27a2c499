"""Counts and problems of data sets, to look at before training."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..realtime.stages.joints import MARGIN
from .clip import KeypointClip, MotionClip, Problem
from .pair import Pair

MOST = 5
"""Problems of a set that are printed; the others are only counted."""

Recording = MotionClip | KeypointClip | Pair


class Checkable(Protocol):
    """A `MotionSet`, a set of `KeypointClip`s or a `PairSet`."""

    problems: list[Problem]

    def __iter__(self) -> Iterator[Recording]:
        """Clips or pairs, one by one."""


@dataclass
class Count:
    """What a set holds.

    Attributes:
        subjects: Frames of each subject.
        actions: Frames of each action; unlabelled frames are under an empty name.
        missing: Joints that are not known or not seen, of all `joints` in all frames.
        holes: Frames with a missing joint.
        problems: Of files that are wrong; those that only wait for something are in `waiting`.
        outside: Joints of keypoint sets beyond the picture and its margin, completed as live.
    """

    name: str
    subjects: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    cameras: set[str] = field(default_factory=set)
    clips: int = 0
    frames: int = 0
    seconds: float = 0.0
    joints: int = 0
    missing: int = 0
    holes: int = 0
    outside: int = 0
    problems: list[Problem] = field(default_factory=list)
    waiting: list[Problem] = field(default_factory=list)

    def add(self, clip: Recording) -> None:
        """Count one more recording; keypoints that can't be used are a problem instead."""
        if isinstance(clip, KeypointClip):
            if reason := _reason(clip):
                self.problems.append(Problem(clip.name, reason))
                return
            self.outside += int(_outside(clip).sum())
        gone = _gone(clip)
        frames = len(gone)
        self.clips, self.frames = self.clips + 1, self.frames + frames
        self.seconds += frames / clip.fps
        self.joints, self.missing = self.joints + gone.size, self.missing + int(gone.sum())
        self.holes += int(gone.any(1).sum())
        self.subjects[clip.subject] = self.subjects.get(clip.subject, 0) + frames
        for action, count in _frames_by_action(clip, frames).items():
            self.actions[action] = self.actions.get(action, 0) + count
        if clip.camera:
            self.cameras.add(clip.camera)


def _gone(clip: Recording) -> np.ndarray:
    """(T, J), the joints that are missing."""
    if isinstance(clip, KeypointClip):
        return clip.score == 0
    gone = ~np.isfinite(clip.xyz).all(-1)
    return gone | ~np.isfinite(clip.xy).all(-1) if isinstance(clip, Pair) else gone


def _outside(clip: KeypointClip) -> np.ndarray:
    """(T, J), the joints that were marked where the live program wouldn't believe them."""
    margin = MARGIN * max(clip.size)
    inside = (clip.xy >= -margin) & (clip.xy <= np.array(clip.size) + margin)
    return (clip.score > 0) & ~inside.all(-1)


def _reason(clip: KeypointClip) -> str:
    """Why keypoints can't be used; empty if they can."""
    frames, joints = len(clip.xy), len(clip.layout)
    people = [(clip.xy, clip.score), *([clip.partner] if clip.partner else [])]
    for xy, score in people:
        if xy.shape != (frames, joints, 2) or score.shape != (frames, joints):
            wanted = f"({frames}, {joints}, 2) and ({frames}, {joints})"
            return f"joints are {xy.shape}, scores {score.shape}, wanted {wanted}"
        if wrong := int((~((score >= 0) & (score <= 1))).sum()):
            return f"{wrong} scores are not between 0 and 1"
        if wrong := int((~np.isfinite(xy).all(-1) & (score > 0)).sum()):
            return f"{wrong} joints with a score are NaN or infinite"
    if min(clip.size) < 1:
        return f"its picture is {clip.size[0]} x {clip.size[1]} pixels"
    if (stop := max((segment.stop for segment in clip.segments), default=0)) > frames:
        return f"an action ends at frame {stop} of {frames}"
    return ""


def _frames_by_action(clip: Recording, count: int) -> dict[str, int]:
    if isinstance(clip, Pair):
        return {clip.action: count}
    frames: dict[str, int] = {}
    for segment in clip.segments:
        frames[segment.label] = frames.get(segment.label, 0) + segment.stop - segment.start
    if unlabelled := count - sum(frames.values()):
        frames[""] = unlabelled
    return frames


def counted(name: str, data: Checkable) -> Count:
    """Read a set once, clip by clip."""
    count = Count(name)
    for clip in data:
        count.add(clip)
    count.waiting = [problem for problem in data.problems if problem.waits]
    count.problems = [*(p for p in data.problems if not p.waits), *count.problems]
    return count


def lines(count: Count) -> list[str]:
    """The count as text, line by line."""
    if count.waiting and not count.frames:
        return [f"{count.name}: {_waiting(count)}", *_problems(count)]
    text = [
        f"{count.name}: {count.clips} clips, {count.frames} frames, {count.seconds:.0f} s",
        f"  {len(count.subjects)} subjects: {_tally(count.subjects)}",
        f"  {len(count.actions.keys() - {''})} actions: {_tally(count.actions)}",
    ]
    if count.cameras:
        text.append(f"  {len(count.cameras)} cameras: {', '.join(sorted(count.cameras))}")
    share = 100 * count.missing / max(count.joints, 1)
    text.append(f"  {count.missing} joints missing ({share:.2f} %), in {count.holes} frames")
    if count.outside:
        share = 100 * count.outside / count.joints
        text.append(f"  {count.outside} joints outside the picture ({share:.2f} %)")
    text += [f"  {_waiting(count)}"] if count.waiting else []
    return text + _problems(count)


def _waiting(count: Count) -> str:
    many = len(count.waiting)
    how = count.waiting[0].reason.partition("; ")[2]
    return f"{many} video{'s' * (many > 1)}, not lifted yet; {how}, or train, which does it first"


def _problems(count: Count) -> list[str]:
    text = [f"  {len(count.problems)} problems"]
    text += [f"    {problem.file}: {problem.reason}" for problem in count.problems[:MOST]]
    if (rest := len(count.problems) - MOST) > 0:
        text.append(f"    and {rest} more")
    return text


def _tally(frames: Mapping[str, int]) -> str:
    counts = (f"{name or 'unlabelled'} {frames[name]}" for name in sorted(frames, key=_order))
    return ", ".join(counts) or "none"


def _order(name: str) -> tuple[bool, int, str]:
    """Sorting key: numbers by size, an empty name last."""
    return (not name, len(name) if name.lstrip("Ss").isdigit() else 0, name)


def report(sets: Mapping[str, Checkable]) -> list[str]:
    """The lines on every set."""
    return [line for name, data in sets.items() for line in lines(counted(name, data))]


def print_report(sets: Mapping[str, Checkable]) -> bool:
    """Print the report, each set once it is read.

    False if one of them holds no frame, nor anything that waits to be lifted.
    """
    counts = []
    for name, data in sets.items():
        counts.append(counted(name, data))
        print("\n".join(lines(counts[-1])), flush=True)
    return all(count.frames or count.waiting for count in counts)
