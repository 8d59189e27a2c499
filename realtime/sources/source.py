"""What all sources share: a thread that reads ahead and a mailbox to the pipeline."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing
from threading import Event, Thread
from typing import Self

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..clock import SYSTEM, Clock
from ..mailbox import Latest, Mailbox, Queue
from ..packets import Frame
from .upright import Upright

# Pictures read ahead from a file: enough to hide decoding, few enough to need little memory.
AHEAD = 4
# Seconds put between two pictures that a coarse clock stamps alike.
TICK_S = 1e-3
# How long to wait for the thread of a source that is closed; one stuck in a driver is left behind.
PARTING_S = 2.0

log = logging.getLogger(__name__)


class Rising:
    """Makes time stamps rise strictly: one that does not is put `step_s` after the last."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.last_s = -step_s

    def __call__(self, time_s: float) -> float:
        """The stamp in place of `time_s`."""
        self.last_s = time_s if time_s > self.last_s else self.last_s + self.step_s
        return self.last_s


class Source(ABC):
    """Iterating opens it, reads in a thread of its own and yields frames; leaving closes it.

    A live source is read newest-first: frames that the pipeline is too slow for are dropped and
    counted in `Frame.dropped`. Any other is read whole. An error while reading is raised in the
    iteration, after every frame before it. `Frame.time_s` rises strictly, whatever the device or
    file says.

    Attributes:
        name: Kind of source.
        description: Which one, for people; never holds a password.
        fps: Nominal pictures per second, ``None`` while unknown.
        live: Like a camera: newest first.
        layout: Of the poses that its frames bring along; ``None`` of pictures.
        upright: Turns its frames, see `Upright`.
        warnings: Problems that did not end the run, one line each.
        damaged: Pictures so far that could not be decoded and are left out.
        reconnects: How often a lost connection came back.
        silence_s: After so long without a frame the source counts as dead; ``None`` never.
    """

    live = False
    layout: Skeleton | None = None
    silence_s: float | None = None
    damaged: int = 0
    reconnects: int = 0

    def __init__(
        self,
        name: str,
        description: str,
        *,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self.name, self.description, self.clock = name, description, clock
        self.upright = Upright(rotate=rotate, mirror=mirror)
        self.fps: float | None = None
        self.warnings: list[str] = []
        self._running: tuple[Mailbox[Frame], Thread] | None = None
        self._left: Thread | None = None  # behind, in a driver

    @abstractmethod
    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """Frames until the end or until `stop` is set; closing it closes the device or file."""

    def __iter__(self) -> Iterator[Frame]:
        self.close()
        box: Mailbox[Frame] = Latest() if self.live else Queue(AHEAD)
        thread = Thread(target=self._write, args=(box,), name=self.name, daemon=True)
        self._running = box, thread
        thread.start()
        count = 0
        try:
            for frame in box.items(timeout_s=self.silence_s):
                count = frame.index + 1
                yield self._received(frame, box)
        except TimeoutError:
            raise self.silent(count) from None
        finally:
            self._part(box, thread)

    def close(self) -> None:
        """Stop reading and close the device or file; may be called at any time."""
        if self._running is not None:
            self._part(*self._running)
            self._running = None

    @property
    def lingers(self) -> bool:
        """Whether it is closed and its thread is still in a driver or decoder."""
        return self._left is not None and self._left.is_alive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warn(self, line: str) -> None:
        """Add to `warnings` and to the log."""
        self.warnings.append(line)
        log.warning(line)

    def silent(self, frames: int) -> InputError:
        """The error of a source that delivered nothing for `silence_s` after so many frames."""
        return InputError(
            f"{self.description} stopped delivering after {frames} frames; check the cable"
        )

    def _received(self, frame: Frame, box: Mailbox[Frame]) -> Frame:
        if self.live:
            return frame.knowing(dropped=box.dropped, unix_s=self.clock.unix_s(frame.time_s))
        # A file is read ahead and waits for the pipeline, so the age of a label counts from here,
        # not from when the picture was read.
        return frame.knowing(captured_s=self.clock())

    def _write(self, box: Mailbox[Frame]) -> None:
        error: BaseException | None = None
        try:
            with closing(self.read(box.left)) as frames:
                for frame in frames:
                    if not box.put(self.upright(frame)):
                        break
        except BaseException as caught:
            error = caught
        box.close(error)

    def _part(self, box: Mailbox[Frame], thread: Thread) -> None:
        box.leave()
        if thread.ident is not None:  # else it is about to start, and finds that nobody reads
            thread.join(PARTING_S)
            self._left = thread if thread.is_alive() else None
