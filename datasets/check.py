"""What data sets hold and what is wrong with them, before anything is trained on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from .clip import MotionClip, Problem
from .pair import Pair

MOST = 5
"""Problems of a set that are shown; the others are counted."""


class Checkable(Protocol):
    """A `MotionSet` or `PairSet`."""

    problems: list[Problem]

    def __iter__(self) -> Iterator[MotionClip | Pair]:
        """Clips or pairs, one by one."""


@dataclass
class Count:
    """What a set holds.

    Attributes:
        name: Of the set.
        subjects: Who moves: frames of each.
        actions: Labelled frames of each action; those of no action are under an empty name.
        cameras: Who saw it.
        clips: Recordings.
        frames: In all of them.
        seconds: In all of them.
        joints: In all frames.
        missing: Joints that are not known, or not seen.
        holes: Frames in which one is missing.
        problems: Of reading it.
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
    problems: list[Problem] = field(default_factory=list)

    def add(self, clip: MotionClip | Pair) -> None:
        """One recording more."""
        frames = len(clip.xyz)
        gone = ~np.isfinite(clip.xyz).all(-1)
        if isinstance(clip, Pair):
            gone |= ~np.isfinite(clip.xy).all(-1)
        self.clips, self.frames = self.clips + 1, self.frames + frames
        self.seconds += frames / clip.fps
        self.joints, self.missing = self.joints + gone.size, self.missing + int(gone.sum())
        self.holes += int(gone.any(1).sum())
        self.subjects[clip.subject] = self.subjects.get(clip.subject, 0) + frames
        for action, shown in _shown(clip).items():
            self.actions[action] = self.actions.get(action, 0) + shown
        if clip.camera:
            self.cameras.add(clip.camera)


def _shown(clip: MotionClip | Pair) -> dict[str, int]:
    """How many frames show each action."""
    if isinstance(clip, Pair):
        return {clip.action: len(clip.xyz)}
    shown: dict[str, int] = {}
    for segment in clip.segments:
        shown[segment.label] = shown.get(segment.label, 0) + segment.stop - segment.start
    if rest := len(clip.xyz) - sum(shown.values()):
        shown[""] = rest
    return shown


def counted(name: str, data: Checkable) -> Count:
    """Read a set once, clip by clip."""
    count = Count(name)
    for clip in data:
        count.add(clip)
    count.problems = list(data.problems)
    return count


def lines(count: Count) -> list[str]:
    """A set in plain words."""
    told = [
        f"{count.name}: {count.clips} clips, {count.frames} frames, {count.seconds:.0f} s",
        f"  {len(count.subjects)} subjects: {_tally(count.subjects)}",
        f"  {len(count.actions.keys() - {''})} actions: {_tally(count.actions)}",
    ]
    if count.cameras:
        told.append(f"  {len(count.cameras)} cameras: {', '.join(sorted(count.cameras))}")
    share = 100 * count.missing / max(count.joints, 1)
    told.append(f"  {count.missing} joints missing ({share:.2f} %), in {count.holes} frames")
    told.append(f"  {len(count.problems)} problems")
    told += [f"    {problem.file}: {problem.reason}" for problem in count.problems[:MOST]]
    if (rest := len(count.problems) - MOST) > 0:
        told.append(f"    and {rest} more")
    return told


def _tally(frames: Mapping[str, int]) -> str:
    told = (f"{name or 'unlabelled'} {frames[name]}" for name in sorted(frames, key=_order))
    return ", ".join(told) or "none"


def _order(name: str) -> tuple[bool, int, str]:
    """Numbers in their order, what has no name last."""
    return (not name, len(name) if name.lstrip("Ss").isdigit() else 0, name)


def report(sets: Mapping[str, Checkable]) -> list[str]:
    """Lines on every set: who, what, how much, what is missing, and what could not be read."""
    return [line for name, data in sets.items() for line in lines(counted(name, data))]


def print_report(sets: Mapping[str, Checkable]) -> bool:
    """Print the report set by set, as they are read.

    Returns:
        Whether every set holds something.
    """
    counts = []
    for name, data in sets.items():
        counts.append(counted(name, data))
        print("\n".join(lines(counts[-1])), flush=True)
    return all(count.frames for count in counts)
