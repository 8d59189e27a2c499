"""How fast the chain is just now."""

from collections import deque
from typing import Any

import numpy as np

from ..packets import Frame
from ..pictures.rate import Rate


class Figures:
    """Ages of labels, rate and drops over the last `window_s` seconds, twice a second anew."""

    def __init__(self, *, window_s: float = 10.0, every_s: float = 0.5) -> None:
        self.window_s, self.every_s = window_s, every_s
        self.newest: dict[str, Any] = {}
        self._rate = Rate(window_s=2.0)
        self._ages: deque[tuple[float, float, int]] = deque()
        self._due_s, self._frames = 0.0, 0

    def __call__(self, frame: Frame, now_s: float) -> dict[str, Any]:
        """Count a frame that was done at `now_s`; returns the figures last made."""
        self._frames += 1
        fps = self._rate(now_s)
        self._ages.append((now_s, (now_s - frame.captured_s) * 1e3, frame.dropped))
        while now_s - self._ages[0][0] > self.window_s:
            self._ages.popleft()
        if now_s >= self._due_s:
            self._due_s = now_s + self.every_s
            p50, p99 = np.percentile([age for _, age, _ in self._ages], (50, 99)).tolist()
            self.newest = {
                "age_ms": {"p50": round(p50, 1), "p99": round(p99, 1)},
                "fps": round(fps, 1),
                "frames": self._frames,
                "dropped": frame.dropped,
                "dropped_lately": max(frame.dropped - self._ages[0][2], 0),
                "stages_ms": {name: round(s * 1e3, 2) for name, s in frame.spent_s.items()},
            }
        return self.newest
