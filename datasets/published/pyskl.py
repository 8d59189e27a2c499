"""PYSKL's pickles: Kinect skeletons of NTU RGB+D, and HRNet's joints in videos of many sets."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeGuard, TypeVar

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, broken
from ...gast.pickled import read_pickle
from ...gast.skeleton import COCO17, NTU25
from ..clip import KeypointClip, MotionClip, Problem, Segment
from ..rates import resample, resampled
from .ntu import NTU_ACTIONS, ntu_take, people_of

Clip = TypeVar("Clip", MotionClip, KeypointClip)


@dataclass(frozen=True, slots=True)
class _Annotation:
    """One clip of a file, not yet checked and converted."""

    name: str
    subject: str
    camera: str
    label: str
    content: dict[str, Any]
    wrong: str
    """Why its label can't be trusted; empty where it can."""


class Pyskl(ABC, Generic[Clip]):
    """One pickle: ``{split: {name: [clips]}, annotations: [...]}``, or only the annotations.

    It is read whole, without running code in it, and takes as much memory as the file. The data
    set's name is the file's stem; `splits` are the publisher's, such as ``xsub_train``. An
    InputError if the file is missing, broken or none of PYSKL's, or there is no such subject.

    Args:
        root: Folder of the file.
        file: Its name.
        subjects: Only these; None is all. Clips without a name of NTU RGB+D's are of ``unknown``.
        labels: Names of the actions by their numbers; None are the 60 or 120 of NTU RGB+D.
        rate: Frames per second of the file, which does not say it.
        fps: Frames per second wanted; None keeps them.

    Source: Duan et al. 2022, "PYSKL: Towards good practices", the data of the released code.
    """

    def __init__(
        self,
        root: str,
        *,
        file: str,
        subjects: list[str] | None = None,
        labels: list[str] | None = None,
        rate: float,
        fps: float | None = None,
    ) -> None:
        self.path = Path(root).expanduser() / file
        self.rate, self.fps = rate, fps
        self.dataset = self.path.stem
        self.problems: list[Problem] = []
        self.splits, contents = _read(self.path)
        beyond = any(_number(content) >= 60 for content in contents)
        self.labels: Sequence[str] = labels or NTU_ACTIONS[: 120 if beyond else 60]
        names = labels or NTU_ACTIONS
        self._annotations = [self._annotation(content, names) for content in contents]
        if subjects is not None:
            self._annotations = self._only({str(subject) for subject in subjects})

    @property
    def subjects(self) -> list[str]:
        """Subjects, sorted."""
        return sorted({annotation.subject for annotation in self._annotations})

    def __len__(self) -> int:
        """Number of clips."""
        return len(self._annotations)

    def __iter__(self) -> Iterator[Clip]:
        """Clips in the order of the file; `problems` names what can't be used."""
        self.problems = []
        for annotation in self._annotations:
            try:
                yield self._clip(annotation)
            except BROKEN as error:
                self._note(annotation, broken(error))

    @abstractmethod
    def _clip(self, annotation: _Annotation) -> Clip:
        """One clip at the wanted frame rate; an InputError if it can't be used."""

    def _note(self, annotation: _Annotation, reason: str) -> None:
        self.problems.append(Problem(f"{self.path}/{annotation.name}", reason))

    def _only(self, wanted: set[str]) -> list[_Annotation]:
        if unknown := sorted(wanted.difference(self.subjects)):
            raise InputError(
                f"{self.dataset} has no subject {', '.join(unknown)}; "
                f"choose from {', '.join(self.subjects)}"
            )
        return [annotation for annotation in self._annotations if annotation.subject in wanted]

    def _annotation(self, content: dict[str, Any], names: Sequence[str]) -> _Annotation:
        name, number, wrong = str(content.get("frame_dir", "")), _number(content), ""
        take = ntu_take(Path(name), names)
        label = self.labels[number] if 0 <= number < len(self.labels) else ""
        if not label:
            wrong = f"label {number} is none of 0 to {len(self.labels) - 1}; give labels to fit"
        elif take is not None and take.label != label:
            wrong = f"its label says {label}, its name {take.label}"
        subject, camera = (take.subject, take.camera) if take else ("unknown", "")
        return _Annotation(name, subject, camera, label, content, wrong)

    def _people(self, annotation: _Annotation, *, joints: int, coordinates: int) -> np.ndarray:
        """Joints (people, frames, joints, coordinates), float32, zeros while away."""
        if annotation.wrong:
            raise InputError(annotation.wrong)
        people, frames = (annotation.content.get(key) for key in ("keypoint", "total_frames"))
        if not _is_numbers(people, (frames, joints, coordinates)):
            wanted = f"(people, {frames}, {joints}, {coordinates})"
            raise InputError(f"'keypoint' is {_shape(people)}, wanted numbers {wanted}")
        return np.asarray(people, np.float32)


class PysklMotion(Pyskl[MotionClip]):
    """``ntu60_3danno.pkl`` and ``ntu120_3danno.pkl``: 25 Kinect joints of the two main bodies.

    Denoised by PYSKL much as `ntu` does it; float16, which is 2 mm at 4 metres. See `Pyskl`.
    """

    def _clip(self, annotation: _Annotation) -> MotionClip:
        people = self._people(annotation, joints=len(NTU25), coordinates=3)
        people = people_of(people)
        if len(people) > 2:
            self._note(annotation, f"shows {len(people)} people; the first two are read")
        if gaps := int(np.isnan(people[0]).any((1, 2)).sum()):
            self._note(annotation, f"the first person is away in {gaps} frames")
        clip = MotionClip(
            name=annotation.name,
            dataset=self.dataset,
            subject=annotation.subject,
            layout=NTU25,
            xyz=people[0],
            fps=self.rate,
            segments=(Segment(0, people.shape[1], annotation.label),),
            camera=annotation.camera,
            partner=people[1] if len(people) > 1 else None,
        )
        return resample(clip, self.fps)


class PysklKeypoints(Pyskl[KeypointClip]):
    """``ntu60_hrnet.pkl`` and its like: 17 joints of COCO in pixels. See `Pyskl`."""

    def _clip(self, annotation: _Annotation) -> KeypointClip:
        people = self._people(annotation, joints=len(COCO17), coordinates=2)
        score = annotation.content.get("keypoint_score")
        if not _is_numbers(score, people.shape[1:3]) or len(score) != len(people):
            raise InputError(f"'keypoint_score' is {_shape(score)}, wanted {people.shape[:3]}")
        seen = [self._at_rate(*person) for person in zip(people, score, strict=True)]
        seen = [person for person in seen if person[1].any()]
        if not seen:
            raise InputError(f"none of its {people.shape[1]} frames has a joint")
        if len(seen) > 2:
            self._note(annotation, f"shows {len(seen)} people; the first two are read")
        frames = len(seen[0][0])
        return KeypointClip(
            name=annotation.name,
            dataset=self.dataset,
            subject=annotation.subject,
            layout=COCO17,
            xy=seen[0][0],
            score=seen[0][1],
            size=_size(annotation.content),
            fps=self.fps or self.rate,
            segments=(Segment(0, frames, annotation.label),),
            camera=annotation.camera,
            partner=seen[1] if len(seen) > 1 else None,
        )

    def _at_rate(self, xy: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """At the wanted frame rate; a joint beside one not seen is not seen."""
        score = np.clip(np.asarray(score, np.float32), 0, 1)
        seen = np.isfinite(xy).all(-1) & (xy != 0).any(-1) & (score > 0)
        xy = np.where(seen[..., None], xy, np.nan).astype(np.float32)
        rates = {"fps": self.rate, "to_fps": self.fps or self.rate}
        xy, score = resampled(xy, **rates), resampled(score, **rates)
        gone = np.isnan(xy).any(-1)
        return np.where(gone[..., None], np.float32(0), xy), np.where(gone, np.float32(0), score)


def _read(path: Path) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    content = read_pickle(path)
    splits: Any = {}
    annotations: Any = content
    if isinstance(content, dict):
        splits, annotations = content.get("split"), content.get("annotations")
    whole = isinstance(splits, dict) and all(isinstance(part, list) for part in splits.values())
    if not whole or not isinstance(annotations, list) or not annotations:
        raise InputError(
            f"{path} has no 'split' and 'annotations'; give a pickle of github.com/kennymckormick/"
            f"pyskl"
        )
    contents = [part if isinstance(part, dict) else {} for part in annotations]
    return {str(name): [str(clip) for clip in splits[name]] for name in splits}, contents


def _number(content: dict[str, Any]) -> int:
    label = content.get("label")
    return label if isinstance(label, int) else -1


def _size(content: dict[str, Any]) -> tuple[int, int]:
    """Width and height of the picture."""
    for key in ("img_shape", "original_shape"):
        match content.get(key):
            case [int(height), int(width)]:
                return width, height
    raise InputError("has no 'img_shape'; wanted height and width of the picture in pixels")


def _is_numbers(values: Any, shape: Sequence[Any]) -> TypeGuard[np.ndarray]:
    """Whether it is an array of numbers of this shape after its first axis."""
    numbers = isinstance(values, np.ndarray) and values.dtype.kind in "fiu" and values.ndim > 0
    return numbers and values.shape[1:] == tuple(shape)


def _shape(values: Any) -> str:
    return f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else repr(values)[:20]
