"""Recognition in a loop of the user's own."""

from math import inf
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..gast.errors import InputError
from .clock import SYSTEM, Clock
from .packets import Frame
from .results import FinishedAction, FrameResult, bgr

if TYPE_CHECKING:
    from .recognition import Recognition


class Recognizer:
    """Recognises what people do in pictures that are handed over one by one.

    Making one loads the nets, which takes seconds; each is independent of all others, and its calls
    must not overlap. It may be used as a context manager, which frees the nets at its end.

    Examples:
        >>> recognizer = Recognizer(classifier="everyday")
        >>> result = recognizer(image, time_s=0.04)
        >>> result.people[0].action

    Args:
        fps: Pictures without a time stamp are so many a second; by default they are those of a
            camera, stamped by `clock` (monotonic seconds) when they come.
        options: As on the command line of ``gastlive``: a group to the name of an option or a
            weights file (``lifter="gast27s"``), or to its values (``decision={"enter": 0.6}``); a
            key to its value (``threads=2``, ``**{"detector.threads": 1}``).

    Attributes:
        labels: What actions can be.
        background: That of the labels which means none of the others.

    Raises:
        InputError: No such option, or it can't be used here; one line says what to do.
    """

    _index: int
    _last_s: float
    _is_timed: bool | None

    def __init__(self, *, fps: float | None = None, clock: Clock = SYSTEM, **options: Any) -> None:
        if given := [key for key in options if key.partition(".")[0] == "source"]:
            raise InputError(
                f"{given[0]}={options[given[0]]!r} is no option of a Recognizer, which gets its "
                f"pictures from you; use gastlive.watch for a source"
            )
        if fps is not None and not (_is_number(fps) and 0 < fps < inf):
            raise InputError(f"fps={fps!r} is no number of pictures a second; give 1 to 240")
        # Imported here: what composes and computes comes with the first Recognizer.
        from ..conf.option import chain
        from .recognition import Recognition

        self._recognition: Recognition | None = Recognition(chain(options))
        self.labels, self.background = self._recognition.labels, self._recognition.background
        self.fps, self._clock = fps, clock
        self.reset()

    def __call__(self, image: np.ndarray, *, time_s: float | None = None) -> FrameResult:
        """What everyone in the next picture does.

        Args:
            image: (H, W, 3) uint8, BGR as OpenCV reads them. It is neither copied nor changed.
            time_s: When it was taken, seconds from any start; not before that of the picture
                before. Given for all pictures of a stream or for none.

        Raises:
            InputError: No such picture or time, or the recognizer is closed.
        """
        now_s, picture = self._clock(), bgr(image)
        height, width = picture.shape[:2]
        frame_s = self._time_s(time_s, now_s)
        frame = Frame(picture, self._index, frame_s, now_s, width, height)
        result = self._open()(frame)
        self._last_s, self._is_timed, self._index = frame_s, time_s is not None, self._index + 1
        return result

    def finish(self) -> tuple[FinishedAction, ...]:
        """The actions still going on when a stream has ended; then call `reset`, or be done."""
        return self._open().finish()

    def reset(self) -> None:
        """Begin another stream: everyone is forgotten, and time may start anywhere."""
        self._open().begin(fps=self.fps, source="pictures")
        self._index, self._last_s, self._is_timed = 0, -inf, None

    def close(self) -> None:
        """Free the nets; the recognizer can't be used any more, its results can."""
        self._recognition = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> "Recognition":
        if self._recognition is None:
            raise InputError("this Recognizer is closed; make another one")
        return self._recognition

    def _time_s(self, given: float | None, now_s: float) -> float:
        if self._is_timed not in (None, given is not None):
            raise InputError(
                f"time_s={given} after pictures {'with' if self._is_timed else 'without'} time_s: "
                f"give it for all or for none, or call reset() for another stream"
            )
        if given is None:
            return now_s if self.fps is None else self._index / self.fps
        if not _is_number(given) or not -inf < given < inf:
            raise InputError(f"time_s={given!r} is no time; give seconds, such as 0.04")
        if given < self._last_s:
            raise InputError(
                f"time_s={given} is before {self._last_s}, that of the picture before; "
                f"call reset() first for another stream"
            )
        return float(given)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
