"""Renders takes to files of pictures with ground truth, for any detector to watch later."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...datasets.clip import MotionClip, Problem
from ..rendering.body import Body, anny_mesh
from ..rendering.build import built
from ..rendering.camera import Camera
from ..rendering.rig import Posing
from ..rendering.scene import Performance, Scene
from ..rendering.studio import Studio
from ..rendering.truth import Truth
from .files import read, write
from .scenery import backdrop_of, scenery
from .takes import Role, Take

NEAREST_M = 0.3
"""No joint comes closer to the camera's plane."""
APART_M = 0.35
"""Two people's hips keep this distance if any place in reach allows it."""
SHUTTER = 2
"""Pictures that make a blurred one; the shutter is open for half the time between frames."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """One take's T pictures and truth, joints of `H36M17`; also the arrays of its npz.

    Attributes:
        jpeg: (B,) uint8, the JPEG files one after another.
        ends: (T,) where each file ends.
        exact: (T, 17, 2) float32 pixels, also beyond the picture.
        xyz: (T, 17, 3) float32, camera axes, metres.
        others: (T, P, 17, 3) float32, pixels and depth in metres of other people.
        size: (2,) width and height of the pictures.
        source: () ``dataset/clip``.
        setting: () JSON of what varies.
    """

    jpeg: np.ndarray
    ends: np.ndarray
    exact: np.ndarray
    xyz: np.ndarray
    others: np.ndarray
    size: np.ndarray
    fps: np.ndarray
    source: np.ndarray
    setting: np.ndarray

    def pictures(self) -> Iterator[np.ndarray]:
        """Each picture decoded, (H, W, 3) uint8, BGR."""
        import cv2

        starts = [0, *self.ends[:-1]]
        for start, end in zip(starts, self.ends, strict=True):
            yield np.asarray(cv2.imdecode(self.jpeg[start:end], cv2.IMREAD_COLOR))

    def save(self, path: Path) -> None:
        """Write the npz, whole or not at all."""
        write(path, self, compressed=False)  # the pictures are


def read_filmed(path: Path) -> Filmed:
    """The take in a file; InputError if it is broken."""
    return read(path, Filmed, "the pictures")


@dataclass(frozen=True, eq=False)
class Staged:
    """A take ready to be filmed: bodies, their performances of equal length, the camera."""

    bodies: list[Body]
    performances: list[Performance]
    camera: Camera

    @property
    def reach_m(self) -> float:
        """How far anybody's hips come from the middle, over the floor."""
        ways = [performance.posing.hips[:, :2] for performance in self.performances]
        return float(max(np.linalg.norm(way, axis=-1).max() for way in ways))


def stage(take: Take, *, fps: float) -> Staged:
    """Put people and camera in place; InputError if a clip lacks joints."""
    bodies = [_body(role) for role in take.cast]
    performances = [
        _perform(role, body, fps=fps) for role, body in zip(take.cast, bodies, strict=True)
    ]
    if len(performances) > 1:
        performances[1] = _beside(performances, take)
    return Staged(bodies, performances, _camera(take, bodies, performances))


def film(take: Take, *, fps: float) -> Filmed:
    """Render a take.

    Raises:
        InputError: The clip can't be used, or there is nothing to draw with.
    """
    shutter = SHUTTER if take.setting.blurred else 1
    step = 2 if take.setting.blurred else 1
    staged = stage(take, fps=step * fps)
    truths = [
        Truth.of(performance, body, staged.camera)
        for performance, body in zip(staged.performances, staged.bodies, strict=True)
    ]
    frames = range(0, len(truths[0].labels) - shutter + 1, step)
    files = list(_files(take, staged, frames, shutter))
    px, xyz = (
        [_exposed(getattr(truth, name), frames, shutter) for truth in truths]
        for name in ("h36m17_px", "h36m17_m")
    )
    others = [
        np.concatenate([p, m[..., 2:]], -1) for p, m in zip(px[1:], xyz[1:], strict=True)
    ]  # fmt: skip
    return Filmed(
        jpeg=np.concatenate(files),
        ends=np.cumsum([len(file) for file in files]),
        exact=px[0],
        xyz=xyz[0],
        others=np.stack(others, 1) if others else np.zeros((len(px[0]), 0, 17, 3), np.float32),
        size=truths[0].size_px,
        fps=np.array(float(fps)),
        source=truths[0].sources[0],
        setting=np.array(json.dumps(_described(take))),
    )


def _files(take: Take, staged: Staged, frames: Sequence[int], shutter: int) -> Iterator[np.ndarray]:
    import cv2

    setting, size = take.setting, take.size
    rng = np.random.default_rng(setting.seed)
    behind = backdrop_of(setting.backdrop, size, rng)
    things = scenery(rng, camera=staged.camera, reach_m=staged.reach_m) if setting.room else []
    curve = 255 * (np.arange(256) / 255) ** setting.gamma * setting.gain
    curve = np.clip(curve, 0, 255).astype(np.uint8)
    grain = rng.normal(0, setting.grain, (2 * size[1], 2 * size[0], 3)).astype(np.int16)
    with Studio(
        staged.camera, staged.bodies, light=setting.light, backdrop=behind, scenery=things
    ) as studio:
        for i in frames:
            image = np.mean([_drawn(studio, staged, i + k) for k in range(shutter)], 0)
            y, x = rng.integers(size[1]), rng.integers(size[0])
            noise = grain[y : y + size[1], x : x + size[0]]
            image = np.clip(curve[image.astype(np.uint8)] + noise, 0, 255).astype(np.uint8)
            quality = [cv2.IMWRITE_JPEG_QUALITY, setting.jpeg]
            yield cv2.imencode(".jpg", image[..., ::-1], quality)[1]


def _drawn(studio: Studio, staged: Staged, frame: int) -> np.ndarray:
    return studio.draw(
        [
            body.posed(performance.posing.frame(frame))
            for body, performance in zip(staged.bodies, staged.performances, strict=True)
        ]
    )


def _exposed(joints: np.ndarray, frames: Sequence[int], shutter: int) -> np.ndarray:
    """Joints in the middle of each exposure."""
    return np.mean([joints[np.array(frames) + k] for k in range(shutter)], 0).astype(np.float32)


def _body(role: Role) -> Body:
    figure = role.figure
    mesh = built(
        anny_mesh(figure.shape, height_m=figure.height_m),
        lengths=figure.lengths,
        girths=figure.girths,
        height_m=figure.height_m,
    )
    return Body(mesh, figure.outfit)


class _One:
    """A motion set of one clip."""

    def __init__(self, clip: MotionClip) -> None:
        self.clip = clip
        self.labels: Sequence[str] = ()
        self.problems: list[Problem] = []

    def __iter__(self) -> Iterator[MotionClip]:
        yield self.clip


def _perform(role: Role, body: Body, *, fps: float) -> Performance:
    sets = {role.shot.source: _One(role.clip)}
    return Scene(sets=sets, shots=[role.shot], blend_s=0.0, centred=True).perform(body, fps=fps)


def _beside(performances: Sequence[Performance], take: Take) -> Performance:
    """The second one beside the first, for as long: stays at its end, or is cut."""
    first, second = performances
    frames = len(first.labels)
    at = np.minimum(np.arange(frames), len(second.labels) - 1)
    posing = Posing(second.posing.turns[at], second.posing.hips[at])
    way = posing.hips[:, :2] - first.posing.hips[:, :2]
    angles = np.arange(8) * np.pi / 4
    turned = [_turned(take.beside, angle) for angle in angles]
    nearest = [np.linalg.norm(way + offset, axis=-1).min() for offset in turned]
    fits = [i for i, distance in enumerate(nearest) if distance >= APART_M]
    offset = turned[fits[0] if fits else int(np.argmax(nearest))]
    posing = posing.moved(np.array([*offset, 0.0]))
    return Performance(posing, first.labels, tuple(second.sources[i] for i in at), first.fps)


def _turned(vector: np.ndarray, angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]]) @ vector


def _camera(take: Take, bodies: Sequence[Body], performances: Sequence[Performance]) -> Camera:
    """As near as the view says, and farther until nobody is beside or behind it."""
    view, height_m = take.view, take.cast[0].figure.height_m
    half = np.tan(np.radians(view["field_of_view_deg"]) / 2)
    distance = height_m / (2 * half * view["share"])
    joints = np.concatenate(
        [
            np.stack(list(body.rig.joints_of(performance.posing).values()), 1).reshape(-1, 3)
            for body, performance in zip(bodies, performances, strict=True)
        ]
    )
    while True:
        camera = Camera(
            azimuth_deg=0.0,  # the person is turned instead
            elevation_deg=view["elevation_deg"],
            distance_m=distance,
            target_m=(
                view["aside"] * distance * half * take.size[0] / take.size[1],
                0.0,
                view["aim"] * height_m,
            ),
            field_of_view_deg=view["field_of_view_deg"],
            width=take.size[0],
            height=take.size[1],
        )
        if camera.to_camera(joints)[:, 2].min() > NEAREST_M:
            return camera
        distance += 0.2


def _described(take: Take) -> dict[str, object]:
    setting = take.setting
    return {
        "view": dict(take.view),
        "people": len(take.cast),
        "backdrop": setting.backdrop,
        "room": setting.room,
        "gain": setting.gain,
        "gamma": setting.gamma,
        "grain": setting.grain,
        "blurred": setting.blurred,
        "jpeg": setting.jpeg,
        "shape": dict(take.cast[0].figure.shape),
        "height_m": take.cast[0].figure.height_m,
    }
