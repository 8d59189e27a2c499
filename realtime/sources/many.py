"""Several cameras at once."""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Self

from ...gast.addresses import masked_all
from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..clock import SYSTEM, Clock
from ..mailbox import Slots
from ..packets import Frame
from .camera import Camera, Item, Over
from .entries import EntriesFile, Entry, entries

WAIT_S = 1.0
"""Without a new frame, wishes and the file of cameras are looked at so often."""
PARTING_S = 5.0
"""So long closing waits for devices."""
_LOGGER = logging.getLogger(__name__)


class Many:
    """Cameras read side by side, each by its own thread, the newest frame of each.

    Frames come in rounds: of the cameras that have a new one, those whose turn was longest ago.
    When all together are too many, each so gets the same number of turns, and its frames stay as
    new as they can be. A camera that ends or fails leaves the others alone; the run ends with the
    last.

    Args:
        cameras: See `entries`; or the path of a file with such a list (`EntriesFile`), which is
            looked at every second: cameras are added and taken away as they are in it, and
            restarted where their entry has changed.
        at_once: Frames in a round, at most.

    Raises:
        InputError: This is no list of cameras, or one can't be opened; while iterating: all have
            failed.
    """

    live = True

    def __init__(
        self, cameras: Sequence[Any] | str, *, at_once: int, clock: Clock = SYSTEM
    ) -> None:
        if at_once < 1:
            raise InputError(f"source.at_once={at_once} is no number of pictures; give 1 or more")
        self.at_once, self.clock = at_once, clock
        self._file = EntriesFile(Path(cameras).expanduser()) if isinstance(cameras, str) else None
        wanted = entries(cameras) if self._file is None else self._file.read()
        self._slots = Slots[Item]()
        self._cameras = {entry.name: self._opened(entry) for entry in wanted}
        self._running: set[Camera] = set()
        self._before: dict[str, Camera] = {}  # the newest of each name that was taken away
        self._past: dict[str, dict[str, Any]] = {}  # figures of all that were
        self._warnings: list[str] = []
        self._wishes = SimpleQueue[tuple[str, bool]]()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self._cameras)

    @property
    def has_secrets(self) -> bool:
        """Whether there is a password, or something like it, in where one of them is."""
        given = [dict(camera.entry.values) for camera in self._there]
        return given != masked_all(given)

    @property
    def description(self) -> str:
        """Which cameras, for people; never holds a password."""
        named = (f"{c.name} ({c.source.description})" for c in self._there if c.source is not None)
        return f"{len(self._cameras)} cameras: {', '.join(named)}"

    @property
    def fps(self) -> float | None:
        """The highest that is known."""
        known = (c.source.fps for c in self._there if c.source is not None)
        return max(filter(None, known), default=None)

    @property
    def layout(self) -> Skeleton | None:
        """Of the poses that the first camera with poses brings along."""
        layouts = (c.source.layout for c in self._there if c.source is not None)
        return next(filter(None, layouts), None)

    @property
    def damaged(self) -> int:
        """Pictures so far that could not be decoded."""
        return sum(c.source.damaged for c in self._there if c.source is not None)

    @property
    def warnings(self) -> list[str]:
        """Problems that did not end the run, one line each."""
        return [*self._warnings, *(line for c in self._there for line in c.warnings)]

    def figures(self) -> dict[str, dict[str, Any]]:
        """Of each camera, by name, what the summary says; frames are those of all its starts."""
        now = {c.name: _added(self._past.get(c.name), c.figures()) for c in self._there}
        return self._past | now

    def ask(self, name: str, *, again: bool) -> None:
        """Have a camera started `again`, or taken away, at the next round; from any thread.

        Raises:
            InputError: There is no such camera, or without it the run would end.
        """
        if name not in self.figures():
            raise InputError(f"there is no camera {name!r}; there are {', '.join(self.figures())}")
        if not again and {camera.name for camera in list(self._running)} <= {name}:
            raise InputError(f"without camera {name} the run would end; Ctrl-C ends it")
        self._wishes.put((name, again))

    def rounds(self) -> Generator[list[Frame], None, None]:
        """Frames of different cameras; after a camera's last one comes one that `is_over`."""
        for camera in self._there:
            self._start(camera)
        try:
            while self._running and not self._slots.left:
                over = self._look()
                taken = self._slots.take(self.at_once, timeout_s=WAIT_S)
                # In one order, so that batches keep theirs.
                items = (taken[name] for name in self._cameras if name in taken)
                frames = [self._received(*item, replaced) for item, replaced in items]
                if found := [frame for frame in (*over, *frames) if frame is not None]:
                    yield found
            if not self._slots.left:
                self._check()
        finally:
            self.close()

    def __iter__(self) -> Iterator[Frame]:
        raise InputError("several cameras are for the program gastlive; give one source here")

    def __enter__(self) -> Self:
        iter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> None:
        """Have `rounds` end, at once."""
        self._slots.leave()

    def close(self) -> None:
        """Stop reading and close devices and files; may be called at any time."""
        self._slots.leave()
        for camera in self._there:
            camera.stop()
        until_s = self.clock() + PARTING_S
        for camera in (*self._cameras.values(), *self._before.values()):
            camera.join(max(until_s - self.clock(), 0.0))

    @property
    def lingers(self) -> bool:
        """Whether a thread of one of them is still at work, after `close`."""
        return any(camera.lingers for camera in (*self._there, *self._before.values()))

    @property
    def _there(self) -> list[Camera]:
        """A copy, since threads that ask and the one of the rounds are not the same."""
        return list(self._cameras.values())

    def _opened(self, entry: Entry) -> Camera:
        return Camera(entry, self._slots, source=entry.open())

    def _received(self, camera: Camera, item: Frame | Over, replaced: int) -> Frame | None:
        if self._cameras.get(camera.name) is not camera:
            return None  # of one that was taken away meanwhile
        if isinstance(item, Over):
            self._running.discard(camera)
            return _over(camera)
        frame = item.knowing(camera=camera.name, dropped=item.dropped + replaced)
        camera.last = frame.knowing(image=None, poses=())
        return frame if camera.is_live else frame.knowing(captured_s=self.clock())

    def _look(self) -> list[Frame | None]:
        """Do what is wished, and follow the file; the last frames of those that are taken away."""
        over: list[Frame | None] = []
        while not self._wishes.empty():
            over.append(self._granted(*self._wishes.get()))
        wanted = None if self._file is None else self._file.changed(self.clock(), self._warn)
        if wanted is None:
            return over
        new = {entry.name: entry for entry in wanted}
        for camera in self._there:
            if new.get(camera.name) != camera.entry:
                over.append(self._take_away(camera))
        for name, entry in new.items():
            if name not in self._cameras:
                self._add(entry)
        return over

    def _granted(self, name: str, again: bool) -> Frame | None:
        camera = self._cameras.get(name)
        last = None if camera is None else self._take_away(camera)
        if again:
            self._add(self._before[name].entry)
        return last

    def _add(self, entry: Entry) -> None:
        camera = Camera(entry, self._slots, before=self._before.get(entry.name))
        self._cameras[entry.name] = camera
        self._start(camera)

    def _start(self, camera: Camera) -> None:
        self._running.add(camera)
        camera.start()

    def _take_away(self, camera: Camera) -> Frame | None:
        was_running = camera in self._running
        camera.stop("taken away")
        self._slots.forget(camera.name)
        self._running.discard(camera)
        self._warnings += camera.warnings
        self._past[camera.name] = _added(self._past.get(camera.name), camera.figures())
        self._before[camera.name] = self._cameras.pop(camera.name)
        return _over(camera) if was_running else None

    def _check(self) -> None:
        last = self._there
        if last and all(camera.error for camera in last):
            first = last[0]
            raise InputError(f"all cameras have failed; {first.name}: {first.ended}")

    def _warn(self, line: str) -> None:
        self._warnings.append(line)
        _LOGGER.warning(line)


def _over(camera: Camera) -> Frame | None:
    """After its last frame; none if it never gave one."""
    if camera.last is None:
        return None
    return camera.last.knowing(is_over=True)


def _added(before: Mapping[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    if before is None:
        return new
    counted = {what: new[what] + before[what] for what in ("captured", "damaged", "reconnects")}
    return new | counted | {"restarts": before.get("restarts", 0) + 1}
