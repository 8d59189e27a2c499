"""Running a head on everyone in view at its own frame rate: frame by frame, or on windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import torch

from ...gast.device import device as pick
from ...gast.streaming import Streaming
from .batching import ByTrack, Streams, together
from .ring_buffer import RingBuffer
from .stage import LARGEST_GAP_S, anew

JITTER = 0.2
"""Share of a frame by which a camera may be early or late and its samples be given as they are."""
CROWD = 4
"""Most samples that a ring buffer takes for a frame of the head; a faster camera's are dropped."""
ROUNDING_S = 1e-6
"""Sums of frame times are off by less; what is due so soon is due now."""


Runner = TypeVar("Runner")
Call = tuple[Runner, Mapping[int, np.ndarray], float]
"""A runner, and arguments of its `step`."""


@dataclass(slots=True)
class _Seen:
    """A person's newest sample, when the head is due next, and its last logits (K,)."""

    time_s: float
    xyz: np.ndarray
    due_s: float
    logits: np.ndarray | None = None


class StreamRunner:
    """Steps a streaming head, (N, J, 3) and a state to (N, K) logits, at its own rate `fps`.

    Samples at nearly that rate are passed on unchanged, others are resampled by interpolation, so
    that the head sees the same rate whether the camera gives 10 or 60 pictures a second.
    """

    def __init__(
        self,
        head: Streaming,
        *,
        fps: float,
        patience_s: float,
        device: torch.device | None = None,
    ) -> None:
        self.fps, self.patience_s = fps, patience_s
        self._streams = Streams(head, patience_s=patience_s, device=device)
        self.reset()

    def reset(self) -> None:
        """Drop everyone's past."""
        self._streams = anew(self._streams)
        self._seen: dict[int, _Seen] = {}

    def step(self, people: Mapping[int, np.ndarray], time_s: float) -> ByTrack:
        """Newest logits (K,) of each person, given one more pose (J, 3) each."""
        return self.together([(self, people, time_s)])[0]

    def together(self, calls: Sequence[Call[Self]]) -> list[ByTrack]:
        """What `step` gives for each call, in one batch; all are runners of one head."""
        due = [runner._all_due(people, time_s) for runner, people, time_s in calls]
        turns = (len(samples) for one in due for samples in one.values())
        for turn in range(max(turns, default=0)):
            batches = [{t: s[turn] for t, s in one.items() if turn < len(s)} for one in due]
            steps = [
                (runner._streams, batch, time_s)
                for (runner, _, time_s), batch in zip(calls, batches, strict=True)
            ]
            for (runner, _, _), found in zip(calls, together(steps), strict=True):
                for track, scores in found.items():
                    runner._seen[track].logits = scores
        return [
            {t: logits for t in people if (logits := runner._seen[t].logits) is not None}
            for runner, people, _ in calls
        ]

    def _all_due(
        self, people: Mapping[int, np.ndarray], time_s: float
    ) -> dict[int, list[np.ndarray]]:
        remembered = self._streams.remembered
        self._seen = {track: seen for track, seen in self._seen.items() if track in remembered}
        return {track: self._due(track, xyz, time_s) for track, xyz in people.items()}

    def _due(self, track: int, xyz: np.ndarray, time_s: float) -> list[np.ndarray]:
        """The samples (J, 3) that the head is due now, oldest first."""
        seen, frame_s = self._seen.get(track), 1 / self.fps
        if seen is None or time_s - seen.time_s > LARGEST_GAP_S:
            logits = None if seen is None else seen.logits
            self._seen[track] = _Seen(time_s, xyz, time_s + frame_s, logits)
            return [xyz]
        before_s, before = seen.time_s, seen.xyz
        seen.time_s, seen.xyz = time_s, xyz
        off_s = max(abs(time_s - seen.due_s), abs(time_s - before_s - frame_s))
        if off_s < JITTER * frame_s:
            seen.due_s = time_s + frame_s
            return [xyz]
        samples = []
        while seen.due_s <= time_s + ROUNDING_S:
            share = min((seen.due_s - before_s) / (time_s - before_s), 1.0)
            seen.due_s += frame_s
            samples.append((before + share * (xyz - before)).astype(np.float32))
        return samples


@dataclass(slots=True)
class _Watched:
    """A person's recent past, when the head is due next, and its last logits (K,)."""

    buffer: RingBuffer
    seen_s: float
    due_s: float
    logits: np.ndarray | None = None


class WindowRunner:
    """Runs a windowed head, (N, frames, J, 3) to (N, K) logits, on the last frames of each person.

    The windows are at the rate `fps` it was trained at, and come every `every_s` of stream time.
    """

    def __init__(
        self,
        head: torch.nn.Module,
        *,
        joints: int,
        frames: int,
        fps: float,
        patience_s: float,
        every_s: float,
        device: str = "cpu",
    ) -> None:
        self.device = pick(device)
        self.head, self.joints, self.fps = head.eval().to(self.device), joints, fps
        self.window_s, self.patience_s, self.every_s = frames / fps, patience_s, every_s
        self.reset()

    def reset(self) -> None:
        """Drop everyone's past."""
        self._watched: dict[int, _Watched] = {}

    def step(self, people: Mapping[int, np.ndarray], time_s: float) -> ByTrack:
        """Newest logits (K,) of each person, given one more pose (J, 3) each."""
        return self.together([(self, people, time_s)])[0]

    @torch.inference_mode()
    def together(self, calls: Sequence[Call[Self]]) -> list[ByTrack]:
        """What `step` gives for each call, in one batch; all are runners of one head."""
        due = [each for runner, people, s in calls for each in runner._all_due(people, s)]
        if due:
            windows = np.stack([each.buffer.window(self.window_s, self.fps) for each in due])
            logits = self.head(torch.from_numpy(windows).to(self.device)).cpu().numpy()
            for each, row in zip(due, logits, strict=True):
                each.logits = row
        return [
            {t: logits for t in people if (logits := runner._watched[t].logits) is not None}
            for runner, people, _ in calls
        ]

    def _all_due(self, people: Mapping[int, np.ndarray], time_s: float) -> list[_Watched]:
        self._watched = {
            track: watched
            for track, watched in self._watched.items()
            if time_s - watched.seen_s <= self.patience_s
        }
        due = [track for track, xyz in people.items() if self._push(track, xyz, time_s)]
        return [self._watched[track] for track in due]

    def _push(self, track: int, xyz: np.ndarray, time_s: float) -> bool:
        """Store a sample; true when the head is due."""
        watched = self._watched.get(track)
        if watched is None:
            buffer = RingBuffer(int(CROWD * self.window_s * self.fps) + 2, self.joints)
            watched = self._watched[track] = _Watched(buffer, time_s, time_s)
        newest_s = watched.buffer.times_s[-1:]
        if not len(newest_s) or time_s - newest_s[0] >= 1 / (CROWD * self.fps):
            watched.buffer.push(time_s, xyz)
        watched.seen_s = time_s
        if time_s < watched.due_s - ROUNDING_S:
            return False
        watched.due_s = time_s + self.every_s
        return True
