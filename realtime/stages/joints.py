"""The joints stage: completes and smooths 2-D joints, in the lifter's layout."""

from dataclasses import dataclass, replace
from math import exp

import numpy as np

from ...gast.errors import InputError
from ...gast.inputs.filling import Filler
from ...gast.inputs.smoothing import Smoothed, Smoothing
from ...gast.skeleton import Skeleton, joint_map, named
from ..packets import Frame, Person, Pose
from .stage import Remembering

MARGIN = 0.02
"""How far outside the picture a joint may be and count as visible, of the longer side."""
MIN_JOINTS = 3
"""With fewer visible joints a person keeps the last pose."""
SIZE_S = 0.5
"""Time constant of the running mean of a person's size."""


@dataclass(frozen=True, slots=True)
class _Body:
    """A person's state: joints (J, 2), torso length in pixels, since when, last in view.

    `ever` (J,) bool are the joints that were in sight at least once.
    """

    smoothed: Smoothed
    size: float
    filled_s: float
    seen_s: float
    ever: np.ndarray


class Joints(Remembering):
    """Completes and smooths each person's joints: `Person.pose` to `xy`, `visible`, `confidence`.

    A joint is visible when it is finite, confident and inside the picture (or just outside). As
    detectors put joints out of view somewhere, it needs twice the confidence when the one before it
    on the limb has too little (ankle: knee, knee: hip, wrist: elbow; hip: other hip). The others
    are filled in (`gast.inputs.filling`), and all are smoothed, with speed in torso lengths. With
    fewer than three visible joints the last pose holds, or there is no `xy`. Where a joint of an
    arm or leg was never in sight, `other_xy` guesses that it does as that of the other side.

    Args:
        layout: Of the lifter; needs shoulders and hips.
        min_confidence: A joint below is filled in. MoveNet has 0.5 in sight, 0.1 to 0.25 out of it.
        ease_s: Time constant with which a joint out of view eases into the rest pose.

    Raises:
        InputError: A layout or number can't be used; in a call, so can't the detector's layout.
    """

    name = "joints"

    def __init__(
        self,
        layout: str,
        *,
        min_confidence: float,
        ease_s: float = 0.5,
        smoothing: Smoothing,
        patience_s: float,
    ) -> None:
        if not 0 <= min_confidence <= 1:
            raise InputError(f"joints.min_confidence={min_confidence} is not a share; give 0 to 1")
        if not patience_s > 0:
            raise InputError(f"joints.patience_s={patience_s} is too short; give more than 0")
        self.layout, self.fill = named(layout), Filler(named(layout), ease_s=ease_s)
        self.smooth = smoothing
        self.min_confidence, self.patience_s = min_confidence, patience_s
        self._support = _support(self.layout)
        self.reset()

    def reset(self) -> None:
        """Drop everyone's past."""
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
        xy, visible, confidence = self._read(person.pose, frame)
        body = self._bodies.get(track)
        if visible.sum() >= MIN_JOINTS:
            body = self._advance(body, xy, visible, frame.time_s)
        elif body is None:
            return person
        else:
            visible = np.zeros_like(visible)
            body = replace(body, seen_s=frame.time_s)
        self._bodies[track] = body
        other = self.fill.otherwise(body.smoothed.value, ~body.ever)
        return replace(
            person,
            xy=body.smoothed.value.astype(np.float32),
            visible=visible,
            confidence=trust(confidence, visible),
            other_xy=None if other is None else other.astype(np.float32),
        )

    def _read(self, pose: Pose, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pixels (J, 2) in the lifter's layout, which are visible (J,), and confidences (J,)."""
        to_layout = joint_map(pose.layout, self.layout)
        missing = ~(np.isfinite(pose.xy).all(-1) & np.isfinite(pose.confidence))
        xy = to_layout(np.where(missing[:, None], 0, pose.xy).astype(np.float64))
        confidence = to_layout.confidence(np.where(missing, -1, pose.confidence))
        picture = np.array([frame.width, frame.height])
        margin = MARGIN * picture.max()
        inside = ((xy >= -margin) & (xy <= picture + margin)).all(-1)
        alone = confidence[self._support] < self.min_confidence
        sure = confidence >= np.where(alone, 2, 1) * self.min_confidence
        return xy, sure & inside, confidence

    def _advance(
        self, body: _Body | None, xy: np.ndarray, visible: np.ndarray, time_s: float
    ) -> _Body:
        if body is None:
            size = self.fill.size(xy, visible, None)
            filled = self.fill(xy, visible, size=size)
            smoothed = self.smooth(filled, None, dt_s=0.0, unit=size)
            return _Body(smoothed, size, time_s, time_s, visible)
        dt_s = time_s - body.filled_s
        if dt_s == 0:
            return body
        size = self.fill.size(xy, visible, body.size)
        size += exp(-dt_s / SIZE_S) * (body.size - size)
        filled = self.fill(xy, visible, size=size, before=body.smoothed.value, dt_s=dt_s)
        smoothed = self.smooth(filled, body.smoothed, dt_s=dt_s, unit=size)
        return _Body(smoothed, size, time_s, time_s, body.ever | visible)


def trust(confidence: np.ndarray, visible: np.ndarray) -> np.ndarray:
    """A detector's confidences (..., J) as lifters are given them: 0..1, 0 where not visible."""
    return np.where(visible, confidence, 0).clip(0, 1).astype(np.float32)


def _support(layout: Skeleton) -> np.ndarray:
    """(J,) what each depends on: the joint before it on its limb, the other hip, or itself."""
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
