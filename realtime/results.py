"""What a user's program gets of a frame: plain objects with names and units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..gast.errors import InputError
from .packets import Frame
from .plain import number, numbers, seconds

UNITS = {
    "box": "left, top, right, bottom; pixels",
    "xy": "pixels, x right, y down from the top left corner",
    "xyz": "metres, x right, y down, z away from the camera, relative to the hip",
    "time_s": "seconds",
}
"""Units and axes of what `FrameResult.to_dict` returns."""


@dataclass(frozen=True, slots=True, eq=False)
class DetectedJoints:
    """The joints of one person as the detector found them.

    Attributes:
        joints: Their names, J of them.
        xy: (J, 2) float32 pixels; NaN where not found.
        confidence: (J,) float32 in 0..1.
    """

    joints: tuple[str, ...]
    xy: np.ndarray
    confidence: np.ndarray


@dataclass(frozen=True, slots=True)
class FinishedAction:
    """An action that has ended; `id` is the person's, times are those of `FrameResult.time_s`.

    `zone` is where it began, if ``zones`` are given and it was in one.
    """

    id: int
    label: str
    start_s: float
    end_s: float
    confidence: float
    zone: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded; without `zone` where there is none."""
        plain = {
            "id": self.id,
            "label": self.label,
            "start_s": seconds(self.start_s),
            "end_s": seconds(self.end_s),
            "confidence": number(self.confidence),
        }
        return plain if self.zone is None else plain | {"zone": self.zone}


@dataclass(frozen=True, slots=True, eq=False)
class PersonResult:
    """One person in view.

    Attributes:
        id: From 1 up; stays with the person, and is never used again.
        score: 0..1, confidence that this is a person.
        box: (4,) float32 left, top, right, bottom of the visible joints, pixels.
        joints: Names of the J joints of `xy`, `visible` and `xyz`.
        xy: (J, 2) float32 pixels, smoothed, those out of view filled in; NaN where unknown.
        visible: (J,) bool, which of `xy` were seen, not filled in.
        xyz: (J, 3) float32 metres, x right, y down, z away from the camera, relative to the hip;
            NaN while too little of the person has been seen.
        action: What the person does, the background class (``idle``) if nothing else; ``None``
            while `xyz` is NaN.
        confidence: 0..1, calibrated, of `action`; NaN without one.
        start_s: When `action` began; NaN without one.
        probabilities: Of every label at this moment, by name; they sum to one. Empty without
            `action`.
        detected: The joints as the detector found them.
    """

    id: int
    score: float
    box: np.ndarray
    joints: tuple[str, ...]
    xy: np.ndarray
    visible: np.ndarray
    xyz: np.ndarray
    action: str | None
    confidence: float
    start_s: float
    probabilities: Mapping[str, float]
    detected: DetectedJoints

    def to_dict(self) -> dict[str, Any]:
        """Plain data, rounded as in frames.jsonl; a missing number is None."""
        return {
            "id": self.id,
            "score": number(self.score),
            "box": numbers(self.box, 1),
            "xy": numbers(self.xy, 1),
            "visible": self.visible.tolist(),
            "xyz": numbers(self.xyz, 3),
            "action": self.action,
            "confidence": number(self.confidence),
            "start_s": None if self.action is None else seconds(self.start_s),
            "probabilities": {name: number(p) for name, p in self.probabilities.items()},
        }


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Everything known of one frame.

    Attributes:
        index: Number of the picture at the source; gaps are dropped pictures.
        time_s: Its time: of a file its own time stamp, of a camera the monotonic clock's.
        width, height: Of the picture, pixels.
        image: (H, W, 3) uint8 BGR, not copied; ``None`` of a file of keypoints.
        people: Those in view, by rising id.
        events: Actions that ended with this frame, of people in view or not.
        dropped: Pictures that a camera has dropped so far, because newer ones had come.
        age_s: From capture to result.
        joints: Names of the J joints of everyone's `xy`, `visible` and `xyz`.
        labels: What actions can be, the background class among them.
    """

    index: int
    time_s: float
    width: int
    height: int
    image: np.ndarray | None
    people: tuple[PersonResult, ...]
    events: tuple[FinishedAction, ...]
    dropped: int
    age_s: float
    joints: tuple[str, ...]
    labels: tuple[str, ...]
    _frame: Frame = field(repr=False)
    _draw: Callable[[Frame], np.ndarray] = field(repr=False)

    def draw(self, image: np.ndarray | None = None) -> np.ndarray:
        """The picture with skeletons and labels, a 3-D panel beside and a timeline below it.

        As in the live program's ``annotated.mp4``: (H, W, 3) uint8 BGR, larger than the picture.

        Args:
            image: Another picture of the same size to draw on; by default the frame's own.

        Raises:
            InputError: `image` is no such picture.
        """
        frame = self._frame
        if image is not None:
            if bgr(image).shape[:2] != (self.height, self.width):
                raise InputError(
                    f"draw got a picture of {image.shape[1]}x{image.shape[0]}, and the joints are "
                    f"those of one of {self.width}x{self.height}; scale what draw returns instead"
                )
            frame = frame.knowing(image=image)
        return self._draw(frame)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the picture; rounded as in frames.jsonl."""
        return {
            "index": self.index,
            "time_s": seconds(self.time_s),
            "width": self.width,
            "height": self.height,
            "dropped": self.dropped,
            "joints": list(self.joints),
            "units": dict(UNITS),
            "people": [person.to_dict() for person in self.people],
            "events": [event.to_dict() for event in self.events],
        }

    def to_numpy(self) -> dict[str, np.ndarray]:
        """Everyone in one array a field, N people, J joints, K labels.

        ``id`` (N,) int, ``score`` (N,), ``box`` (N, 4), ``xy`` (N, J, 2), ``visible`` (N, J),
        ``xyz`` (N, J, 3), ``action`` (N,) index into `labels`, -1 without one, ``confidence``
        (N,), ``probabilities`` (N, K), NaN without an action; units as in `PersonResult`.
        """
        joints, labels, people = len(self.joints), self.labels, self.people
        odds = [[p.probabilities.get(label, np.nan) for label in labels] for p in people]
        actions = [-1 if p.action is None else labels.index(p.action) for p in people]
        scalar, plane = (len(people),), (len(people), joints)
        return {
            "id": np.array([p.id for p in people], np.int64),
            "score": np.array([p.score for p in people], np.float32),
            "box": np.array([p.box for p in people], np.float32).reshape(*scalar, 4),
            "xy": np.array([p.xy for p in people], np.float32).reshape(*plane, 2),
            "visible": np.array([p.visible for p in people], bool).reshape(plane),
            "xyz": np.array([p.xyz for p in people], np.float32).reshape(*plane, 3),
            "action": np.array(actions, np.int64),
            "confidence": np.array([p.confidence for p in people], np.float32),
            "probabilities": np.array(odds, np.float32).reshape(*scalar, len(labels)),
        }

    def to_supervision(self) -> Any:
        """``supervision.KeyPoints`` of the joints as detected, for its annotators.

        `class_id` is the action's index into `labels`, -1 without one; `data` holds
        ``class_name``, ``tracker_id`` and ``score``. A joint that was not found is at 0, 0 with
        confidence 0, as it is there.

        Raises:
            InputError: The package supervision is not installed.
        """
        try:
            from supervision import KeyPoints
        except ImportError as error:
            raise InputError(
                "to_supervision needs the package supervision; install it: pip install supervision"
            ) from error
        if not self.people:
            return KeyPoints.empty()
        plain, found = self.to_numpy(), [person.detected for person in self.people]
        # By place, since what is `confidence` became `keypoint_confidence` in 0.28.
        return KeyPoints(
            np.nan_to_num(np.stack([each.xy for each in found])),
            plain["action"],
            np.stack([each.confidence for each in found]),
            data={
                "class_name": np.array([person.action or "" for person in self.people]),
                "tracker_id": plain["id"],
                "score": plain["score"],
            },
        )


def bgr(image: Any) -> np.ndarray:
    """The picture if it is (H, W, 3) uint8; an InputError says what to do with any other."""
    if not isinstance(image, np.ndarray):
        raise InputError(
            f"the picture is a {type(image).__name__}; give a NumPy array (H, W, 3), uint8, BGR"
        )
    what, wanted = f"the picture is {image.dtype} {image.shape}", "wanted is uint8 (H, W, 3), BGR"
    if image.dtype != np.uint8:
        raise InputError(f"{what}, {wanted}: scale it to 0..255 and use .astype(numpy.uint8)")
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise InputError(f"{what}, {wanted}: use cv2.cvtColor, such as with cv2.COLOR_GRAY2BGR")
    return np.ascontiguousarray(image)
