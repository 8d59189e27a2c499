"""Windows of joints marked in films, to train lifters without 3-D truth, or to score them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...gast.errors import InputError
from ...gast.limits import BROKEN, opened_npz
from ...gast.skeleton import Skeleton, joint_map
from ..clip import KeypointClip
from ..keypoints import resample_keypoints
from ..seen.keypoints import as_live

FPS = 30.0
_UNIT = 8192
"""Steps in a screen unit, in files."""


class Film(NamedTuple):
    """Joints of a film (T, J, 2), screen units, completed and smoothed as live, 30 per second.

    `confidence` (T, J) is 0 for what was not marked but completed, and for parts of the head that
    stand where its one marked point is.
    """

    name: str
    xy: np.ndarray
    confidence: np.ndarray


def prepared(clips: Iterable[KeypointClip], layout: Skeleton) -> list[Film]:
    """Films in the lifter's layout; those too short or with too few joints are left out."""
    films = []
    for clip in clips:
        clip = resample_keypoints(clip, FPS)
        through = joint_map(clip.layout, layout)
        confidence = through.confidence(clip.score)
        for joint in through.approximated:
            if layout.index[joint] in layout.limbs["head"]:
                confidence[:, layout.index[joint]] = 0
        try:
            joints = as_live(clip, layout.name)
        except InputError:
            continue
        # What the live program completes was not marked where it stands.
        marked = np.minimum(confidence, joints[..., 2])
        films.append(Film(f"{clip.dataset}/{clip.name}", joints[..., :2], marked))
    return films


def save_films(path: str | Path, films: Iterable[Film], layout: Skeleton) -> None:
    """One npz that `read_films` reads: trains without the raw files."""
    films = list(films)
    np.savez_compressed(
        path,
        layout=np.array(layout.name),
        name=np.array([film.name for film in films]),
        stop=np.cumsum([len(film.xy) for film in films]),
        xy=np.concatenate([np.round(film.xy * _UNIT) for film in films])
        .clip(-32767, 32767)
        .astype(np.int16),
        confidence=np.concatenate([film.confidence * 255 for film in films]).astype(np.uint8),
    )


def read_films(path: str | Path, layout: Skeleton) -> list[Film]:
    """Films of a file; an InputError if it is none, or of another layout."""
    try:
        with opened_npz(path) as file:
            content = {key: file[key] for key in ("layout", "name", "stop", "xy", "confidence")}
        if str(content["layout"]) != layout.name:
            raise InputError(f"{path} is of layout {content['layout']}, wanted {layout.name}")
        cuts = content["stop"][:-1]
        xy = np.split(content["xy"].astype(np.float32) / _UNIT, cuts)
        confidence = np.split(content["confidence"].astype(np.float32) / 255, cuts)
        names = map(str, content["name"])
        return [Film(*film) for film in zip(names, xy, confidence, strict=True)]
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(f"{path} is no file of films; make it with save_films") from error


def films_in(
    file: str, sets: Mapping[str, Iterable[KeypointClip]], skeleton: Skeleton
) -> list[Film]:
    """Films of a file, which is made from the sets if it is not there; see `prepared`."""
    path = Path(file).expanduser()
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        films = prepared((clip for data in sets.values() for clip in data), skeleton)
        if not films:
            raise InputError(f"{', '.join(sets)} has no film to make {path} from")
        save_films(path, films, skeleton)
    return read_films(path, skeleton)


class FilmWindows:
    """Random windows of films, gathered on one device.

    Args:
        pace: Range of the film's frames in a window's frame.
        mirror: Share of windows with left and right swapped.
    """

    def __init__(
        self,
        films: list[Film],
        skeleton: Skeleton,
        *,
        pace: tuple[float, float],
        mirror: float,
        device: str | torch.device = "cpu",
    ) -> None:
        if not films:
            raise InputError("there are no films to take windows from; choose other subjects")
        lengths = torch.tensor([len(film.xy) for film in films], device=device)
        self.pace, self.mirror, self.device = pace, mirror, torch.device(device)
        self._xy = torch.from_numpy(np.concatenate([f.xy for f in films])).to(device)
        sure = np.concatenate([f.confidence for f in films])
        self._confidence = torch.from_numpy(sure).to(device)
        self._first = (lengths.cumsum(0) - lengths).repeat_interleave(lengths)
        self._swapped = torch.from_numpy(skeleton.mirror).to(device)

    def windows(
        self, count: int, *, frames: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """(N, T, J, 2) in screen units and the confidence (N, T, J).

        Every frame of every film is equally often the last; before a film's first frame, that one
        is repeated. `generator` is of the same device.
        """
        draw = torch.rand(3, count, generator=generator, device=self.device)
        last = (draw[0] * len(self._xy)).long().clamp_max(len(self._xy) - 1)
        pace = self.pace[0] + draw[1] * (self.pace[1] - self.pace[0])
        back = torch.arange(frames - 1, -1, -1, device=self.device)
        within = (last - self._first[last])[:, None] - back * pace[:, None]
        within = within.clamp_min(0)
        before = within.long()
        share, start = within - before, self._first[last][:, None]
        one = start + before
        other = torch.minimum(one + (share > 0), last[:, None])
        xy = torch.lerp(self._xy[one], self._xy[other], share[..., None, None])
        confidence = torch.minimum(self._confidence[one], self._confidence[other])
        turn = (draw[2] < self.mirror)[:, None, None]
        flipped = xy[:, :, self._swapped] * xy.new_tensor([-1.0, 1.0])
        xy = torch.where(turn[..., None], flipped, xy)
        return xy, torch.where(turn, confidence[:, :, self._swapped], confidence)
