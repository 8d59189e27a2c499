"""The live program without its camera: from a film, or its joints on disk, to what is said."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ....conf.option import option
from ....gast.errors import InputError
from ....gast.shipped import LIFTERS, find
from ....realtime.live import naming
from ....realtime.packets import Action, Event, Frame
from ....realtime.run_folder import run_folder
from ....realtime.sources.video import Video
from ....realtime.stages.stage import Detector
from ...lifting.chain import PROGRAM
from ...lifting.ledger import content_key
from .lifted import Lifted, gathered

BEFORE_HEAD = ("detector", "tracker", "joints", "lifter")
"""Groups of the config that a film's joints depend on."""

Watch = Callable[[Iterable[Frame]], Iterable[Frame]]
"""Yields the same frames; counts them, or stops when somebody wants to."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event, and when it was first reported, in seconds of the film."""

    event: Event
    said_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """All that was said of a film; `actions` has each person's of each frame."""

    said: tuple[Said, ...]
    actions: tuple[Mapping[int, Action], ...]


class Chain:
    """Detector to decision, used for one film after another, every frame of it.

    Args:
        cfg: The program's.
        folder: Where joints of films are kept; ``None`` keeps none.

    Raises:
        InputError: A part can't be made, or the folder can't be written to.
    """

    def __init__(self, cfg: DictConfig, *, folder: str | None) -> None:
        self._cfg = cfg
        self._folder = None if folder is None else run_folder(str(Path(folder).expanduser()))
        self.lifter, self.classifier, self._decide = naming(cfg)

    @cached_property
    def detector(self) -> Detector:
        """Made when the first film needs it."""
        made: Detector = instantiate(self._cfg.detector)
        if made.layout is None:
            raise InputError("detector=none finds nobody in films; choose another detector")
        return made

    def kept(self, path: Path) -> Path | None:
        """The file with the joints of a film, there or not; an OSError if the film can't be read.

        It goes by the contents of the film, the lifter and files that the config names.
        """
        if self._folder is None:
            return None
        parts = {group: _with_contents(plain(self._cfg[group])) for group in BEFORE_HEAD}
        lifter = find(self._cfg.lifter.checkpoint, folder=LIFTERS, kind="lifter")
        key = [PROGRAM, _digest(path), _digest(lifter), parts]
        return self._folder / f"{content_key(key)[:32]}.npz"

    def lift(self, video: Video, watch: Watch) -> Lifted:
        """Detect, track and lift everybody, frame by frame as live.

        Raises:
            InputError: The film can't be read.
        """
        layout = self.detector.layout
        return gathered(
            self._lifted(video, watch),
            detector_layout="" if layout is None else layout.name,
            lifter_layout=self.lifter.layout.name,
            warnings=video.warnings,
        )

    def _lifted(self, video: Video, watch: Watch) -> Iterator[Frame]:
        joints = instantiate(self._cfg.joints, layout=self.lifter.layout.name)
        stages = (self.detector, instantiate(self._cfg.tracker), joints, self.lifter)
        self.detector.reset()
        self.lifter.reset()
        with video:
            for frame in watch(video):
                for stage in stages:
                    frame = stage(frame)
                yield frame.knowing(image=None)

    def hear(self, lifted: Lifted, watch: Watch) -> Heard:
        """What head and decision say of these joints; the actions still going on end with them."""
        self.classifier.reset()
        ended, first = list[Event](), dict[tuple[int, str, float], float]()
        actions = list[dict[int, Action]]()
        for frame in watch(lifted.frames()):
            frame = self._decide(self.classifier(frame))
            ended += frame.events
            now = {track: p.action for track, p in frame.people.items() if p.action is not None}
            for track, action in now.items():
                first.setdefault((track, action.label, action.start_s), frame.time_s)
            actions.append(now)
        ended += self._decide.finish()
        said = [Said(e, first.get((e.track, e.label, e.start_s), e.start_s)) for e in ended]
        return Heard(tuple(said), tuple(actions))


def plain(part: DictConfig) -> Any:
    """A part of the config without interpolations."""
    return OmegaConf.to_container(part, resolve=True)


def film(path: Path) -> Video:
    """A film as a source, read whole by its own time stamps; InputError if it can't be opened."""
    made: Video = option("source/video", path=str(path))
    return made


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _with_contents(part: Any) -> Any:
    """A config in which the name of a file stands for its content."""
    if isinstance(part, dict):
        return {key: _with_contents(value) for key, value in part.items()}
    if isinstance(part, list):
        return [_with_contents(value) for value in part]
    is_file = isinstance(part, str) and Path(part).expanduser().is_file()
    return _digest(Path(part).expanduser()) if is_file else part
