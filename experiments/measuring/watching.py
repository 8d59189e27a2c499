"""Renders takes and runs the live program's first stages on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ...datasets.camera_axes import turned_towards
from ...gast.errors import InputError
from ...gast.skeleton import H36M17, joint_map
from ...realtime.packets import Frame, Person
from ...realtime.stages.stage import Stage
from ..rendering.body import Body
from ..rendering.camera import Camera
from ..rendering.renderer import Renderer
from ..rendering.truth import Truth
from .takes import Take

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
        size: (2,) width and height of the picture.
        source: () ``dataset/clip``.
    """

    observed: np.ndarray
    detected: np.ndarray
    visible: np.ndarray
    confidence: np.ndarray
    exact: np.ndarray
    xyz: np.ndarray
    size: np.ndarray
    fps: np.ndarray
    source: np.ndarray

    def save(self, path: Path) -> None:
        """Write the npz, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, **vars(self))
        part.replace(path)


def read_sight(path: Path) -> Sight:
    """The take in a file; InputError if it is broken."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return Sight(**{field.name: file[field.name] for field in fields(Sight)})
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise InputError(f"can't read the take {path}: {error}; delete it and run again") from error


def watch(take: Take, body: Body, stages: Sequence[Stage], *, fps: float) -> Sight:
    """Render a take and push its pictures through fresh stages up to `Joints`.

    Raises:
        InputError: The clip can't be used, or there is nothing to draw with.
    """
    performance, camera = take.stage(body, fps=fps)
    truth = Truth.of(performance, body, camera)
    for stage in stages:
        stage.reset()
    people = []
    with Renderer(camera, body.look, body.mesh.faces, room_m=_room(camera)) as renderer:
        for i in range(len(truth.labels)):
            image = renderer.draw(*body.posed(performance.posing.frame(i)))
            frame = _frame(_compressed(image, take.jpeg), i, fps=fps)
            for stage in stages:
                frame = stage(frame)
            people.append(_whose(frame.people, truth.h36m17_px[i]))
    return _sight(people, truth)


def _room(camera: Camera) -> tuple[float, float]:
    away = float(np.linalg.norm(camera.position_m[:2]))
    return max(3.0, away / 2), max(5.0, away / 2)


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """RGB as a camera's JPEG, decoded to BGR."""
    import cv2

    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _frame(image: np.ndarray, index: int, *, fps: float) -> Frame:
    height, width = image.shape[:2]
    return Frame(image, index, index / fps, index / fps, width, height)


def _whose(people: Mapping[int, Person], exact: np.ndarray) -> Person | None:
    """The person nearest to the exact joints (J, 2), if nearer than a torso's length."""
    torso = float(np.linalg.norm(exact[H36M17.index["thorax"]] - exact[H36M17.root]))
    distances = {
        track: float(np.median(np.linalg.norm(person.xy - exact, axis=-1)))
        for track, person in people.items()
        if person.xy is not None
    }
    track = min(distances, key=distances.__getitem__, default=None)
    if track is None or distances[track] > max(torso, LEAST_PX):
        return None
    return people[track]


def _sight(people: Sequence[Person | None], truth: Truth) -> Sight:
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
        exact=truth.h36m17_px,
        xyz=turned_towards(truth.h36m17_m, root=H36M17.root),
        size=truth.size_px,
        fps=truth.fps,
        source=truth.sources[0],
    )
