"""From what a detector saw to the joints a lifter wants."""

from dataclasses import dataclass, replace
from math import exp

import numpy as np

from ...gast.errors import InputError
from ...gast.inputs.filling import Filler
from ...gast.inputs.smoothing import OneEuro, Smoothed, Smoothing
from ...gast.skeleton import Skeleton, joint_map, named
from ..packets import Frame, Person, Pose
from .stage import Remembering

MARGIN = 0.02
"""How far outside the picture a joint may still be believed, of the longer side."""
MIN_JOINTS = 3
"""With fewer joints in view a person holds still."""
SIZE_S = 0.5
"""Time constant with which a person's size follows what is seen."""


@dataclass(frozen=True, slots=True)
class _Body:
    """What is remembered of a person.

    Attributes:
        smoothed: (J, 2) pixels.
        size: Torso length in pixels.
        filled_s: Stream time of `smoothed`.
        seen_s: Stream time when the person was in view last.
    """

    smoothed: Smoothed
    size: float
    filled_s: float
    seen_s: float


class Joints(Remembering):
    """Completes and smooths each person's joints: `Person.pose` to `Person.xy` and `visible`.

    The pose is read in the lifter's layout, joint by name. A joint is visible when it is finite,
    sure enough and inside the picture (or just outside). Because detectors put joints that are
    out of view somewhere, with little confidence but not none, a joint must be twice as sure when
    the one before it on the limb is not (ankle: knee, knee: hip, wrist: elbow; hip: other hip).
    Joints that aren't visible are filled in as `gast.inputs.filling` says. All are smoothed
    per joint and coordinate; the unit of speed is the person's torso length. With fewer than three
    visible joints a person keeps the last pose, and without any such past is left without `xy`,
    which later stages skip.

    A left and right that the detector swaps for a moment are not swapped back: from one picture
    to the next that can't be told from legs that pass each other.

    Args:
        layout: Of the lifter; needs shoulders and hips.
        min_confidence: A joint below is filled in. MoveNet is sure at 0.5, and gives legs out of
            view 0.1 to 0.25.
        ease_s: Time constant with which a joint out of view eases into the rest pose.
        smoothing: One-Euro by default.
        patience_s: Stream time for which a person out of view is remembered.

    Raises:
        InputError: The layout is unknown or lacks shoulders or hips, or a number is out of range;
            when called, the detector's layout can't be read in the lifter's.
    """

    name = "joints"

    def __init__(
        self,
        layout: str,
        *,
        min_confidence: float = 0.25,
        ease_s: float = 0.5,
        smoothing: Smoothing | None = None,
        patience_s: float = 1.0,
    ) -> None:
        if not 0 <= min_confidence <= 1:
            raise InputError(f"joints.min_confidence={min_confidence} is not a share; give 0 to 1")
        if not patience_s > 0:
            raise InputError(f"joints.patience_s={patience_s} is too short; give more than 0")
        self.layout, self.fill = named(layout), Filler(named(layout), ease_s=ease_s)
        self.smooth = OneEuro() if smoothing is None else smoothing
        self.min_confidence, self.patience_s = min_confidence, patience_s
        self._support = _support(self.layout)
        self.reset()

    def reset(self) -> None:
        """Forget everybody."""
        self._bodies: dict[int, _Body] = {}

    def step(self, frame: Frame) -> Frame:
        """Write each person's joints. Time that runs backwards forgets everybody."""
        self._bodies = {
            track: body
            for track, body in self._bodies.items()
            if frame.time_s - body.seen_s <= self.patience_s
        }
        people = {track: self._complete(track, p, frame) for track, p in frame.people.items()}
        return frame.knowing(people=people)

    def _complete(self, track: int, person: Person, frame: Frame) -> Person:
        xy, visible = self._read(person.pose, frame)
        body = self._bodies.get(track)
        if visible.sum() >= MIN_JOINTS:
            body = self._advance(body, xy, visible, frame.time_s)
        elif body is None:
            return person
        else:
            visible = np.zeros_like(visible)
            body = replace(body, seen_s=frame.time_s)
        self._bodies[track] = body
        return replace(person, xy=body.smoothed.value.astype(np.float32), visible=visible)

    def _read(self, pose: Pose, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Places (J, 2), not finite where not seen, and which of them to believe (J,)."""
        to_layout = joint_map(pose.layout, self.layout)
        missing = ~(np.isfinite(pose.xy).all(-1) & np.isfinite(pose.confidence))
        xy = to_layout(np.where(missing[:, None], 0, pose.xy).astype(np.float64))
        confidence = to_layout.confidence(np.where(missing, -1, pose.confidence))
        picture = np.array([frame.width, frame.height])
        margin = MARGIN * picture.max()
        inside = ((xy >= -margin) & (xy <= picture + margin)).all(-1)
        alone = confidence[self._support] < self.min_confidence
        return xy, (confidence >= np.where(alone, 2, 1) * self.min_confidence) & inside

    def _advance(
        self, body: _Body | None, xy: np.ndarray, visible: np.ndarray, time_s: float
    ) -> _Body:
        if body is None:
            size = self.fill.size(xy, visible, None)
            filled = self.fill(xy, visible, size=size)
            return _Body(self.smooth(filled, None, dt_s=0.0, unit=size), size, time_s, time_s)
        dt_s = time_s - body.filled_s
        if dt_s == 0:
            return body
        size = self.fill.size(xy, visible, body.size)
        size += exp(-dt_s / SIZE_S) * (body.size - size)
        filled = self.fill(xy, visible, size=size, before=body.smoothed.value, dt_s=dt_s)
        smoothed = self.smooth(filled, body.smoothed, dt_s=dt_s, unit=size)
        return _Body(smoothed, size, time_s, time_s)


def _support(layout: Skeleton) -> np.ndarray:
    """(J,) the joint that vouches for each: the one before it on its limb, the other hip, or none.

    What needs nobody vouches for itself.
    """
    support = np.arange(len(layout))
    for limb, members in layout.limbs.items():
        for joint in members:
            parent = layout.parents[layout.joints[joint]]
            if limb.endswith(("_arm", "_leg")) and parent and layout.index[parent] in members:
                support[joint] = layout.index[parent]
    for side in ("left", "right"):
        hip = layout.index[f"{side}_hip"]
        support[hip] = layout.mirror[hip]
    return support
