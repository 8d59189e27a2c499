"""How much memory this process holds, and whether it grows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

MEGABYTE = 2**20


class Memory:
    """Resident memory over a run, in megabytes, of which at most `limit` samples are kept.

    A sample is taken every `every_s` seconds (30 microseconds each); beyond `limit`, only every
    second, fourth ... is kept. `read` gives megabytes; ``None`` asks the system.
    """

    def __init__(
        self,
        *,
        every_s: float = 1.0,
        limit: int = 256,
        read: Callable[[], float] | None = None,
    ) -> None:
        self._read, self.every_s, self.limit = read or resident_mb(), every_s, limit
        self._looks: list[tuple[float, float]] = []
        self._count, self._stride, self._next_s = 0, 1, float("-inf")
        self._now = self._peak = 0.0

    def look(self, now_s: float) -> float:
        """Megabytes at `now_s`, or as sampled at most `every_s` seconds before."""
        if now_s >= self._next_s:
            self._next_s = now_s + self.every_s
            self._now = self._read()
            self._peak = max(self._peak, self._now)
            self._keep(now_s)
        return self._now

    def figures(self) -> dict[str, float | None]:
        """``now``, ``peak`` and ``growth_mb_per_min``; a run under a minute has no growth."""
        now, growth = self._read(), self.growth_mb_per_min()
        self._peak = max(self._peak, now, _kernel_peak_mb())
        return {
            "now": round(now, 1),
            "peak": round(self._peak, 1),
            "growth_mb_per_min": None if growth is None else round(growth, 3),
        }

    def growth_mb_per_min(self) -> float | None:
        """Median slope of the run's second half (Theil 1950; Sen 1968); ``None`` under a minute.

        Loading is over by then, and a single jump does not count.
        """
        if not self._looks or self._looks[-1][0] - self._looks[0][0] < 60:
            return None
        time_s, mb = np.array(self._looks).T
        late = time_s >= (time_s[0] + time_s[-1]) / 2
        one, other = np.triu_indices(int(late.sum()), 1)
        run_s, rise_mb = (v[late][other] - v[late][one] for v in (time_s, mb))
        return float(np.median(60 * rise_mb / run_s))

    def _keep(self, now_s: float) -> None:
        if self._count % self._stride == 0:
            if len(self._looks) == self.limit:
                self._looks, self._stride = self._looks[::2], self._stride * 2
            if self._count % self._stride == 0:
                self._looks.append((now_s, self._now))
        self._count += 1


def resident_mb() -> Callable[[], float]:
    """A function that reads the resident memory of this process, in megabytes."""
    process = psutil.Process()
    return lambda: process.memory_info().rss / MEGABYTE


def _kernel_peak_mb() -> float:
    """Peak as Linux records it; 0 elsewhere, where the largest sample is the peak."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    marks = [line.split() for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return float(marks[0][1]) / 1024 if marks else 0.0
