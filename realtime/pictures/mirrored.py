"""Frames as a mirror shows them."""

from dataclasses import replace

import numpy as np

from ..packets import Frame


def mirrored(frame: Frame) -> Frame:
    """The frame as a mirror shows it, to be drawn only: joints keep the names of their sides."""
    image = None if frame.image is None else np.ascontiguousarray(frame.image[:, ::-1])
    people = {
        track: replace(
            person,
            pose=replace(person.pose, xy=_flipped(person.pose.xy, frame.width)),
            xy=None if person.xy is None else _flipped(person.xy, frame.width),
            xyz=None if person.xyz is None else _flipped(person.xyz, 0),
        )
        for track, person in frame.people.items()
    }
    return frame.knowing(image=image, people=people)


def _flipped(points: np.ndarray, width: int) -> np.ndarray:
    flipped = points.copy()
    flipped[:, 0] = width - points[:, 0]
    return flipped
