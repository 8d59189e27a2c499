"""The chain of each camera: nets are everybody's, what is remembered is each camera's own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from .chain import Chain, together
from .packets import Event, Frame


class Lanes:
    """Pushes frames of several cameras through a chain of each, together; one's through `chain`.

    A camera's chain begins with its first frame and ends with the one that `is_over`. Ids of people
    are unique over all cameras, and events have the camera's name.

    Args:
        at_once: So many detectors run at the same time.
    """

    def __init__(self, chain: Chain, *, at_once: int = 1) -> None:
        self._chain, self._chains = chain, dict[str, Chain]()
        self._pool = None
        if at_once > 1:
            self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="detector")

    def __call__(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames, each of another camera, with the results of all stages."""
        over = [self._end(frame) for frame in frames if frame.is_over]
        going = [frame for frame in frames if not frame.is_over]
        if not going:
            return over
        chains = [self._of(frame.camera) for frame in going]
        done = together(chains, going, pool=self._pool)
        return over + [
            frame.knowing(events=_named(frame.events, frame.camera)) if frame.camera else frame
            for frame in done
        ]

    def finish(self) -> tuple[Event, ...]:
        """Events of the actions still going on when the run ended."""
        chains, self._chains = self._chains, {}
        last = [_named(chain.finish(), camera) for camera, chain in chains.items()]
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        return (*self._chain.finish(), *(event for events in last for event in events))

    def _of(self, camera: str | None) -> Chain:
        if camera is None:
            return self._chain
        if camera not in self._chains:
            self._chains[camera] = self._chain.another()
        return self._chains[camera]

    def _end(self, frame: Frame) -> Frame:
        chain = self._chains.pop(frame.camera or "", None)
        last = () if chain is None else chain.finish()
        now_s = self._chain.clock()
        return frame.knowing(events=_named(last, frame.camera), finished_s=now_s)


def _named(events: tuple[Event, ...], camera: str | None) -> tuple[Event, ...]:
    return tuple(replace(event, camera=camera) for event in events)
