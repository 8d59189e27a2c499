"""The live program from a rung on: what the stages above it answer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ....conf.option import option
from ....gast.skeleton import Skeleton
from ....gast.units import to_pixels
from ....realtime.live import naming
from ....realtime.packets import Frame, Person, Pose
from ....realtime.stages.stage import Detector, Stage
from .scenes import Given, OfFrames, OfJoints, OfPicture, Scene

SIZE = 1000
"""Pixels of the picture whose joints are known in screen units alone."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What came out, V rows of T frames.

    Attributes:
        xy: (V, T, J, 2) float32, the lifter's input in screen units; NaN where there is none.
        xyz: (V, T, J, 3) float32, the head's input; NaN where there is none.
        likeliest: (V, T) index into the head's labels, -1 where there is none.
        decided: The same after the decision.
    """

    xy: np.ndarray
    xyz: np.ndarray
    likeliest: np.ndarray
    decided: np.ndarray


class Chain:
    """The stages from `Joints` on, made once for all scenes; of the lifter at `checkpoint`."""

    def __init__(self, cfg: DictConfig, checkpoint: str) -> None:
        own: Any = OmegaConf.merge(cfg, {"lifter": {"checkpoint": checkpoint}})
        self.lifter, self.classifier, self.decision = naming(own)
        self.joints: Stage = instantiate(cfg.joints, layout=self.lifter.layout.name)

    @property
    def layout(self) -> Skeleton:
        """Of the lifter's joints."""
        return self.lifter.layout

    def answer(self, scene: Scene) -> Answer:
        """Push a scene through the stages that are above what it gives."""
        rows, frames = scene.true.shape[:2]
        if not isinstance(scene.given, OfFrames):
            rows = len(_first(scene.given))
        stages: Sequence[Stage] = (self.joints, self.lifter, self.classifier, self.decision)
        stages = stages[_begin(scene.given) :]
        for stage in stages:
            stage.reset()
        joints = len(self.layout)
        answer = Answer(
            np.full((rows, frames, joints, 2), np.nan, np.float32),
            np.full((rows, frames, joints, 3), np.nan, np.float32),
            np.full((rows, frames), -1),
            np.full((rows, frames), -1),
        )
        for frame in _frames(scene.given, self.layout, scene.fps):
            for stage in stages:
                frame = stage(frame)
            for row, person in _rows(frame, scene.given):
                self._note(answer, row, frame, person)
        return answer

    def _note(self, answer: Answer, row: int, frame: Frame, person: Person) -> None:
        at = row, frame.index
        if person.xy is not None:
            size = np.array([frame.width, frame.height], np.float32)
            answer.xy[at] = (person.xy * 2 - size) / size[0]
        if person.xyz is not None:
            answer.xyz[at] = person.xyz
        if person.probabilities is not None:
            answer.likeliest[at] = int(person.probabilities.argmax())
        if person.action is not None:
            answer.decided[at] = self.classifier.labels.index(person.action.label)


def _first(given: OfJoints | OfPicture) -> np.ndarray:
    return given.xyz if isinstance(given, OfJoints) else given.xy


def _begin(given: Given) -> int:
    """The first stage that a rung needs, of joints, lifter, head and decision."""
    return {OfFrames: 0, OfPicture: 1, OfJoints: 2}[type(given)]


def _rows(frame: Frame, given: Given) -> Iterator[tuple[int, Person]]:
    """Everyone by row; of a film the person detected with the highest score."""
    if not isinstance(given, OfFrames):
        yield from ((track - 1, person) for track, person in frame.people.items())
    elif frame.people:
        yield 0, max(frame.people.values(), key=lambda person: person.pose.score)


def _frames(given: Given, layout: Skeleton, fps: float) -> Iterable[Frame]:
    if isinstance(given, OfFrames):
        return given.frames
    if isinstance(given, OfJoints):
        return _of_joints(given, layout, fps)
    return _of_picture(given, layout, fps)


def _of_joints(given: OfJoints, layout: Skeleton, fps: float) -> Iterator[Frame]:
    blank = Pose(
        layout, np.full((len(layout), 2), np.nan, np.float32), np.ones(len(layout), np.float32)
    )
    for i in range(given.xyz.shape[1]):
        yield _frame(i, fps, [Person(blank, xyz=xyz) for xyz in given.xyz[:, i]])


def _of_picture(given: OfPicture, layout: Skeleton, fps: float) -> Iterator[Frame]:
    pixels = to_pixels(given.xy, width=SIZE, height=SIZE)
    for i in range(pixels.shape[1]):
        yield _frame(
            i, fps,
            [
                Person(Pose(layout, xy, sure), xy=xy, visible=sure > 0, confidence=sure)
                for xy, sure in zip(pixels[:, i], given.confidence[:, i], strict=True)
            ],
        )  # fmt: skip


def _frame(index: int, fps: float, people: Sequence[Person]) -> Frame:
    time_s = index / fps
    return Frame(None, index, time_s, time_s, SIZE, SIZE, people=dict(enumerate(people, 1)))


class Watcher:
    """The live program's detector and tracker, on one clip after another."""

    def __init__(self, cfg: DictConfig) -> None:
        self._cfg = cfg
        self._detector: Detector | None = None

    def __call__(self, path: Path) -> list[Frame]:
        """Everyone tracked in a clip; without the pictures."""
        if self._detector is None:
            self._detector = instantiate(self._cfg.detector)
        detector, tracker = self._detector, instantiate(self._cfg.tracker)
        detector.reset()
        with option("source/video", path=str(path)) as source:
            return [tracker(detector(frame)).knowing(image=None, poses=()) for frame in source]
