"""The skeletons of the last minutes, from which examples can be cut."""

from dataclasses import dataclass
from threading import Lock

import numpy as np

from ..packets import Frame
from ..stages.ring_buffer import RingBuffer

PEOPLE = 8
"""Of more people those seen last are kept."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of one person's motion: stream times (T,) s, and (T, J, 3) metres from the root."""

    time_s: np.ndarray
    xyz: np.ndarray


class Recent:
    """Each person's lifted joints of the last `minutes`; written by one thread, read by any."""

    def __init__(self, *, minutes: float, fps: float = 30.0) -> None:
        self._capacity = max(round(minutes * 60 * fps), 1)
        self._rings: dict[int, RingBuffer] = {}
        self._lock = Lock()

    def __call__(self, frame: Frame) -> None:
        """Keep the joints of everyone in view."""
        with self._lock:
            for track, person in frame.people.items():
                if person.xyz is not None:
                    ring = self._rings.pop(track, None)
                    ring = ring or RingBuffer(self._capacity, len(person.xyz))
                    ring.push(frame.time_s, person.xyz)
                    self._rings[track] = ring  # last in the order of dicts
            while len(self._rings) > PEOPLE:
                del self._rings[next(iter(self._rings))]

    def forget(self) -> None:
        """Drop everyone: joints of another layout come, or times of another stream."""
        with self._lock:
            self._rings.clear()

    @property
    def people(self) -> list[int]:
        """Track ids of those kept, who was seen last at the end."""
        with self._lock:
            return list(self._rings)

    def between(self, track: int, start_s: float, end_s: float) -> Stretch | None:
        """A person's joints from `start_s` to `end_s`; ``None`` where nothing is kept of it."""
        with self._lock:
            ring = self._rings.get(track)
            if ring is None:
                return None
            times_s = ring.times_s
            inside = (times_s >= start_s) & (times_s <= end_s)
            found = Stretch(times_s[inside], ring.values[inside])  # a mask copies
        return found if len(found.time_s) else None
