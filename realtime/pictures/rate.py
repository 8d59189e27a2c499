"""Current frames per second, over the last second."""

from collections import deque


class Rate:
    """Frames per second over the last `window_s` seconds."""

    def __init__(self, *, window_s: float = 1.0) -> None:
        self.window_s = window_s
        self._times_s: deque[float] = deque()

    def __call__(self, now_s: float) -> float:
        """Count a frame at `now_s`; returns frames per second, 0 at the first."""
        times = self._times_s
        times.append(now_s)
        while len(times) > 2 and now_s - times[0] > self.window_s:
            times.popleft()
        spent_s = now_s - times[0]
        return (len(times) - 1) / spent_s if spent_s > 0 else 0.0
