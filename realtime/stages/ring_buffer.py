"""The last seconds of one person, resampled to the rate of a windowed head."""

import numpy as np

from ...gast.errors import InputError

TOLERANCE = 0.02
"""Share of a frame that time stamps may be off and still count as evenly spaced."""


class RingBuffer:
    """The newest `capacity` time-stamped samples (J, C) of one person.

    Across a gap longer than `max_gap_s` the sample before it holds; a line would be slow motion.
    InputError if a number is not positive or, in a call, a sample has another shape.
    """

    # Every sample is written twice, a capacity apart, so that the last n always lie in a row and
    # are given as a view; only resampled windows are allocated.

    def __init__(
        self, capacity: int, joints: int, coordinates: int = 3, *, max_gap_s: float = 0.5
    ) -> None:
        if not (capacity > 0 and joints > 0 and coordinates > 0 and max_gap_s > 0):
            raise InputError(
                f"ring buffer of {capacity=}, {joints=}, {coordinates=}, {max_gap_s=}: "
                f"give numbers above 0"
            )
        self.capacity, self.max_gap_s = capacity, max_gap_s
        self._values = np.zeros((2 * capacity, joints, coordinates), np.float32)
        self._times_s = np.zeros(2 * capacity)
        self.reset()

    def reset(self) -> None:
        """Drop all samples."""
        self._count = 0

    def __len__(self) -> int:
        """Samples held, at most `capacity`."""
        return min(self._count, self.capacity)

    @property
    def values(self) -> np.ndarray:
        """All samples (n, J, C), oldest first; a view, valid until the next `push`."""
        return self._values[self._held]

    @property
    def times_s(self) -> np.ndarray:
        """Their stream times (n,), increasing; a view, valid until the next `push`."""
        return self._times_s[self._held]

    @property
    def _held(self) -> slice:
        if not self._count:
            return slice(0, 0)
        end = (self._count - 1) % self.capacity + self.capacity + 1
        return slice(end - len(self), end)

    def push(self, time_s: float, value: np.ndarray) -> bool:
        """Take a sample (J, C); false if it is at the newest's time. An earlier one resets."""
        if value.shape != self._values.shape[1:]:
            raise InputError(
                f"ring buffer of shape {self._values.shape[1:]} was given {value.shape}; "
                f"make it with the joints of what is pushed"
            )
        if self._count and time_s <= (newest_s := self.times_s[-1]):
            if time_s == newest_s:
                return False
            self.reset()
        place = self._count % self.capacity
        for spot in (place, place + self.capacity):
            self._values[spot], self._times_s[spot] = value, time_s
        self._count += 1
        return True

    def window(self, window_s: float, fps: float, now_s: float | None = None) -> np.ndarray:
        """The last `window_s` seconds as (T, J, C) float32, T = `window_s` * `fps` rounded.

        Frame T - 1 is at stream time `now_s`, by default the newest sample's. Between samples it is
        linear in time; outside, the oldest and newest hold. A buffer that needs no resampling gives
        a read-only view, valid until the next `push`.

        Raises:
            InputError: There is no sample yet, or `capacity` samples do not reach back so far.
        """
        wanted_s = self._wanted(window_s, fps, now_s)
        times_s, values = self.times_s[-len(wanted_s) :], self.values[-len(wanted_s) :]
        if len(times_s) == len(wanted_s) and self._even(times_s, wanted_s, fps):
            values.flags.writeable = False
            return values
        return self._resampled(wanted_s)

    def covered(self, window_s: float, fps: float, now_s: float | None = None) -> float:
        """Share of `window`'s frames between the oldest and the newest sample."""
        if not self._count:
            return 0.0
        wanted_s = self._wanted(window_s, fps, now_s)
        slack_s = TOLERANCE / fps
        oldest_s, newest_s = self.times_s[[0, -1]]
        return float(((wanted_s >= oldest_s - slack_s) & (wanted_s <= newest_s + slack_s)).mean())

    def _wanted(self, window_s: float, fps: float, now_s: float | None) -> np.ndarray:
        if not self._count:
            raise InputError("ring buffer is empty; push a sample before asking for a window")
        frames = round(window_s * fps)
        if frames < 1:
            raise InputError(f"a window of {window_s} s at {fps} frames/s has no frame; ask longer")
        last_s = self.times_s[-1] if now_s is None else now_s
        wanted_s = last_s + np.arange(1 - frames, 1) / fps
        if self._count > self.capacity and wanted_s[0] < self.times_s[0] - TOLERANCE / fps:
            raise InputError(
                f"ring buffer of {self.capacity} samples reaches {last_s - self.times_s[0]:.2f} s "
                f"back, a window of {window_s} s was wanted; raise its capacity"
            )
        return wanted_s

    def _even(self, times_s: np.ndarray, wanted_s: np.ndarray, fps: float) -> bool:
        return bool(np.abs(times_s - wanted_s).max() * fps <= TOLERANCE)

    def _resampled(self, wanted_s: np.ndarray) -> np.ndarray:
        times_s, values = self.times_s, self.values
        if len(times_s) == 1:
            return np.repeat(values, len(wanted_s), 0)
        after = np.clip(np.searchsorted(times_s, wanted_s), 1, len(times_s) - 1)
        before = after - 1
        gap_s = times_s[after] - times_s[before]
        share = np.clip((wanted_s - times_s[before]) / gap_s, 0, 1)
        share[(gap_s > self.max_gap_s) & (share < 1)] = 0
        weight = share[:, None, None].astype(np.float32)
        return values[before] * (1 - weight) + values[after] * weight
