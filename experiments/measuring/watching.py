"""Runs the live program's first stages on filmed takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...datasets.camera_axes import turned_towards
from ...gast.skeleton import H36M17, joint_map
from ...realtime.packets import Frame, Person
from ...realtime.stages.stage import Stage
from .files import read, write
from .filming import Filmed

LEAST_PX = 20.0
"""A person this near to the truth is the one, however short the torso looks."""


@dataclass(frozen=True, eq=False)
class Sight:
    """One take as the live program saw it, joints of `H36M17`; also the arrays of its npz.

    Attributes:
        observed: (T, 17, 2) float32 pixels, ``Person.xy``; NaN where the person wasn't found.
        detected: (T, 17, 2) float32 pixels, ``Person.pose`` before completing and smoothing.
        visible: (T, 17) bool, ``Person.visible``.
        confidence: (T, 17) float32 of the detector.
        exact: (T, 17, 2) float32 pixels, ground truth.
        xyz: (T, 17, 3) float32, metres, ground truth `turned_towards` the root.
        others: (T, P, 17, 3) float32, pixels and depth in metres of other people.
        depth: (T,) float32, metres, of the root.
        size: (2,) width and height of the picture.
        source: () ``dataset/clip``.
    """

    observed: np.ndarray
    detected: np.ndarray
    visible: np.ndarray
    confidence: np.ndarray
    exact: np.ndarray
    xyz: np.ndarray
    others: np.ndarray
    depth: np.ndarray
    size: np.ndarray
    fps: np.ndarray
    source: np.ndarray

    def save(self, path: Path) -> None:
        """Write the npz, whole or not at all."""
        write(path, self, compressed=True)


def read_sight(path: Path) -> Sight:
    """The take in a file; InputError if it is broken."""
    return read(path, Sight, "the take")


def watch(filmed: Filmed, stages: Sequence[Stage]) -> Sight:
    """Push a take's pictures through fresh stages up to `Joints`.

    The track that is nearest to the person at first is followed until it ends, as live: a detector
    that takes a second person for the first one errs.
    """
    for stage in stages:
        stage.reset()
    people: list[Person | None] = []
    track: int | None = None
    fps = float(filmed.fps)
    for i, image in enumerate(filmed.pictures()):
        frame = _frame(image, i, fps=fps)
        for stage in stages:
            frame = stage(frame)
        if track not in frame.people:
            inside = ((filmed.exact[i] >= 0) & (filmed.exact[i] <= filmed.size)).all(-1)
            track = nearest(frame.people, filmed.exact[i], inside)
        person = None if track is None else frame.people[track]
        people.append(person if person is not None and person.xy is not None else None)
    return _sight(people, filmed)


def _frame(image: np.ndarray, index: int, *, fps: float) -> Frame:
    height, width = image.shape[:2]
    return Frame(image, index, index / fps, index / fps, width, height)


def nearest(people: Mapping[int, Person], exact: np.ndarray, inside: np.ndarray) -> int | None:
    """Track of the person nearest to the exact joints (J, 2), if nearer than a torso's length.

    Only joints `inside` (J,) the picture count: beyond its edge nothing can be found.
    """
    if not inside.any():
        return None
    torso = float(np.linalg.norm(exact[H36M17.index["thorax"]] - exact[H36M17.root]))
    distances = {
        track: float(np.median(np.linalg.norm(person.xy - exact, axis=-1)[inside]))
        for track, person in people.items()
        if person.xy is not None
    }
    track = min(distances, key=distances.__getitem__, default=None)
    return None if track is None or distances[track] > max(torso, LEAST_PX) else track


def _sight(people: Sequence[Person | None], filmed: Filmed) -> Sight:
    shape = (len(people), len(H36M17))
    observed, detected = np.full((2, *shape, 2), np.nan, np.float32)
    visible, confidence = np.zeros(shape, bool), np.zeros(shape, np.float32)
    for i, person in enumerate(people):
        if person is not None:
            observed[i], visible[i] = person.xy, person.visible
            read = joint_map(person.pose.layout, H36M17)
            detected[i] = read(person.pose.xy)
            confidence[i] = read.confidence(person.pose.confidence)
    return Sight(
        observed=observed,
        detected=detected,
        visible=visible,
        confidence=confidence,
        exact=filmed.exact,
        xyz=turned_towards(filmed.xyz, root=H36M17.root),
        others=filmed.others,
        depth=filmed.xyz[:, H36M17.root, 2],
        size=filmed.size,
        fps=filmed.fps,
        source=filmed.source,
    )
