"""Rendered clips with ground truth: the demo clip, or what ``gastlive-render`` wrote."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ....datasets.camera_axes import turned_towards
from ....datasets.process_seed import generator_of
from ....datasets.seen.ground_truth import input_and_truth
from ....datasets.seen.noise import Noise
from ....gast.errors import InputError
from ....gast.limits import BROKEN, opened_npz
from ....gast.skeleton import COCO17, H36M17
from ....gast.units import to_screen
from ....realtime.packets import Frame, Person, Pose
from ....realtime.sources.demo import PATH as DEMO
from .scenes import DETECTOR, EXACT, NOISE, TRUTH, OfFrames, OfJoints, OfPicture, Scene

Watch = Callable[[Path], Sequence[Frame]]
"""A clip to its frames with the people that the live program tracks in it, without pictures."""

ARRAYS = ("coco17_px", "h36m17_px", "h36m17_m", "labels", "fps", "size_px")


@dataclass(frozen=True, eq=False)
class Film:
    """A clip and its ground truth, see `experiments.rendering.truth.Truth` for the arrays.

    `path` is that of the clip; ``None`` where the ground truth is all there is.
    """

    name: str
    path: Path | None
    coco17_px: np.ndarray
    h36m17_px: np.ndarray
    h36m17_m: np.ndarray
    labels: np.ndarray
    fps: float
    size: tuple[int, int]

    def screen(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels to screen units, float32."""
        width, height = self.size
        return to_screen(pixels.astype(np.float32), width=width, height=height)


class Films:
    """Renders whose person is moved by held-out people, or whoever was rendered.

    Args:
        where: ``demo``, the ground truth (npz) of a clip, or a folder of such; the clip lies beside
            it, ``NAME.mp4`` of ``NAME.npz`` or ``NAME_truth.npz``.
        noise: Of the simulated detector; `draws` are made of each clip.
        watch: The live program's detector and tracker.
        fps: Frame rate of the clips.

    Raises:
        InputError: There is no ground truth, it is broken, or the frame rate is another.
    """

    name = "renders"

    def __init__(
        self, where: str, *, noise: Noise, draws: int, seed: int, watch: Watch, fps: float
    ) -> None:
        if draws < 1:
            raise InputError(f"draws={draws}: give 1 or more draws of the noise for each clip")
        self.films = read_films(where, fps=fps)
        self.noise, self.draws, self.seed, self.fps = noise, draws, seed, fps
        self._watch, self._watched = watch, dict[Path, Sequence[Frame]]()
        frames = sum(len(film.labels) for film in self.films)
        self.report = [f"renders {where}: {len(self.films)} clips, {frames} frames"]

    def rungs(self) -> Mapping[str, str]:
        """See `Ground`."""
        filmed = any(film.path is not None for film in self.films)
        why = "" if filmed else "no clip beside the ground truth"
        return {TRUTH: "", EXACT: "", NOISE: "", DETECTOR: why}

    def scenes(self, rung: str, normalisation: str) -> Iterator[Scene]:
        """See `Ground`; at the rung of the detector those of which there is a clip."""
        for number, film in enumerate(self.films):
            if rung != DETECTOR or film.path is not None:
                yield self._scene(rung, film, number, normalisation)

    def _scene(self, rung: str, film: Film, number: int, normalisation: str) -> Scene:
        camera = film.h36m17_m.astype(np.float64)
        if normalisation == "person":
            true = turned_towards(camera, root=H36M17.root)
        else:
            true = (camera - camera[:, H36M17.root, None]).astype(np.float32)
        exact = film.screen(film.h36m17_px)
        both = torch.from_numpy(exact), torch.from_numpy(camera)
        made_xy, truth = input_and_truth(*both, H36M17, normalisation=normalisation)
        made = truth.numpy()
        given: OfJoints | OfPicture | OfFrames
        if rung == TRUTH:
            given = OfJoints(made[None])
        elif rung == EXACT:
            given = OfFrames(exact_frames(film))
        elif rung == NOISE or film.path is None:
            given = self._noisy(made_xy, truth, number)
        else:
            given = OfFrames(self._seen(film, film.path))
        return Scene(
            name=film.name,
            dataset="",
            labels=film.labels,
            fps=film.fps,
            true=true[None],
            made=made[None],
            exact=exact[None],
            given=given,
        )

    def _noisy(self, xy: Tensor, xyz: Tensor, number: int) -> OfPicture:
        many = [each.expand(self.draws, *each.shape) for each in (xy, xyz)]
        errors = generator_of(self.seed, number)
        noisy, confidence = self.noise.apply(many[0], H36M17, errors, many[1])
        return OfPicture(noisy.numpy(), confidence.numpy())

    def _seen(self, film: Film, path: Path) -> Sequence[Frame]:
        if path not in self._watched:
            frames = self._watch(path)
            if len(frames) > len(film.labels):
                raise InputError(
                    f"{path} has {len(frames)} frames, its ground truth {len(film.labels)}; render "
                    f"it anew"
                )
            self._watched[path] = frames
        return self._watched[path]


def exact_frames(film: Film) -> list[Frame]:
    """What a perfect detector of COCO joints finds in a film."""
    sure, (width, height) = np.ones(len(COCO17), np.float32), film.size
    return [
        Frame(
            image=None, index=i, time_s=i / film.fps, captured_s=i / film.fps,
            width=width, height=height, people={1: Person(Pose(COCO17, xy, sure))},
        )
        for i, xy in enumerate(film.coco17_px)
    ]  # fmt: skip


def read_films(where: str, *, fps: float) -> list[Film]:
    """The films, see `Films`, by path."""
    if where == "demo":
        return [_read(DEMO.parent / "demo_truth.npz", fps)]
    path = Path(where).expanduser()
    found = sorted(path.rglob("*.npz")) if path.is_dir() else [path]
    if not found or not found[0].is_file():
        raise InputError(
            f"films={where}: no ground truth (npz) there; give demo, or what gastlive-render wrote"
        )
    return [_read(each, fps) for each in found]


def _read(path: Path, fps: float) -> Film:
    try:
        with opened_npz(path) as file:
            arrays = {name: file[name] for name in ARRAYS}
    except BROKEN as error:
        raise InputError(f"{path} is no truth that gastlive-render wrote: {error}") from error
    rate, size = float(arrays.pop("fps")), arrays.pop("size_px").tolist()
    if rate != fps:
        raise InputError(f"{path} has {rate:g} frames/s, wanted {fps:g}; give fps={rate:g}")
    name = path.stem.removesuffix("_truth")
    clip = path.with_name(f"{name}.mp4")
    return Film(
        name=name, path=clip if clip.is_file() else None, fps=rate, size=tuple(size), **arrays
    )
