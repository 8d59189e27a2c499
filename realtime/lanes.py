"""The chain of each camera: nets are everybody's, what is remembered is each camera's own."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event as Signal
from threading import Thread

from .chain import AFTER, DETECTOR, Chain, together
from .mailbox import Queue
from .packets import Event, Frame
from .sources.many import Many

Pair = tuple[Chain | None, Frame]
"""A frame whose poses are detected, and its camera's chain; none of one that never gave a frame."""
ENDING_S = 5.0
"""A detector at work takes no longer."""


class Lanes:
    """Frames of several cameras on their way through a chain of each, `another` of `chain`.

    Detectors of a round of frames run at the same time, in threads of their own, and those of the
    next round while the stages after them work on this one. A camera's chain begins with its first
    frame and ends with the one that `is_over`. Ids of people are unique over all cameras, and
    events have the camera's name.
    """

    def __init__(self, chain: Chain, source: Many) -> None:
        self._chain, self._source = chain, source
        self._chains: dict[str, Chain] = {}
        self._pool = ThreadPoolExecutor(source.at_once, thread_name_prefix="detector")
        self._is_quiet = Signal()

    def detected(self) -> Generator[list[Pair], None, None]:
        """Rounds of frames with their poses, from another thread; its errors are raised here."""
        box: Queue[list[Pair]] = Queue(1)
        rounds = self._source.rounds()
        thread = Thread(target=self._detect, args=(rounds, box), name="detecting", daemon=True)
        thread.start()
        try:
            yield from box
        finally:
            box.leave()
            self._source.stop()
            self._is_quiet.wait(ENDING_S)

    def __call__(self, pairs: Sequence[Pair]) -> list[Frame]:
        """The frames of a round with the results of all stages."""
        over = [self._ended(*pair) for pair in pairs if pair[1].is_over]
        going = [(chain, frame) for chain, frame in pairs if chain and not frame.is_over]
        if not going:
            return over
        chains, frames = zip(*going, strict=True)
        done = together(chains, frames, stages=AFTER)
        return over + [frame.knowing(events=_named(frame.events, frame.camera)) for frame in done]

    def finish(self) -> tuple[Event, ...]:
        """Events of the actions still going on when the run ended; after `detected` has."""
        chains, self._chains = self._chains, {}
        self._pool.shutdown(wait=self._is_quiet.is_set())
        last = (_named(chain.finish(), camera) for camera, chain in chains.items())
        return tuple(event for events in last for event in events)

    def _detect(self, rounds: Generator[list[Frame], None, None], box: Queue[list[Pair]]) -> None:
        error: BaseException | None = None
        try:
            for frames in rounds:
                pairs = [self._of(frame) for frame in frames]
                if not box.put(list(self._pool.map(self._posed, pairs))):
                    break
        except BaseException as caught:
            error = caught
        self._is_quiet.set()
        box.close(error)
        rounds.close()  # a stuck driver may take its time

    def _of(self, frame: Frame) -> Pair:
        """The frame with its camera's chain, which is made or, with the last frame, given up."""
        camera = frame.camera or ""
        if frame.is_over:
            return self._chains.pop(camera, None), frame
        if camera not in self._chains:
            self._chains[camera] = self._chain.another()
        return self._chains[camera], frame

    def _posed(self, pair: Pair) -> Pair:
        chain, frame = pair
        if chain is None or frame.is_over:
            return chain, frame
        return chain, together([chain], [frame], stages=DETECTOR)[0]

    def _ended(self, chain: Chain | None, frame: Frame) -> Frame:
        last = () if chain is None else chain.finish()
        return frame.knowing(events=_named(last, frame.camera), finished_s=self._chain.clock())


def _named(events: tuple[Event, ...], camera: str | None) -> tuple[Event, ...]:
    return tuple(replace(event, camera=camera) for event in events)
