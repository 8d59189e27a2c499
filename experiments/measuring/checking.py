"""Validates a noise model: its errors against those measured on takes it was not fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...datasets.seen.completion import kind_of
from ...datasets.seen.noise import Noise
from ...datasets.seen.situations import SITUATIONS
from ...gast.skeleton import H36M17
from .observed_errors import SETTLING, around, errors_of
from .watching import Sight

LAGS = (1, 5, 15)
"""Frames."""
TAILS = (0.1, 0.2, 0.4)
"""Lengths of the torso."""


@dataclass(frozen=True)
class Figures:
    """Errors of one kind of joints, in torso lengths.

    Attributes:
        rms: Root mean square, a coordinate.
        moving: Standard deviation about each take's mean, a coordinate.
        autocorrelation: Of that at `LAGS`.
        tails: Share of distances beyond `TAILS`.
        lost: Share of joints in the picture that were not detected.
    """

    rms: float
    moving: float
    autocorrelation: tuple[float, ...]
    tails: tuple[float, ...]
    lost: float

    @property
    def cells(self) -> list[str]:
        """Cells of a table row, in the order of `HEADER`."""
        lengths = [f"{value:.3f}" for value in (self.rms, self.moving)]
        lags = [f"{value:.2f}" for value in self.autocorrelation]
        return [*lengths, *lags, *(f"{100 * share:.1f}" for share in (*self.tails, self.lost))]


HEADER = [
    "joint", "noise", "rms", "moving", *(f"lag {lag}" for lag in LAGS),
    *(f"> {tail:g} %" for tail in TAILS), "lost %",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Taken:
    """Errors (T, J, 2) of one take, NaN where unknown, and (T, J): 1 where a joint was lost.

    With the situation and the detector's confidence (T, J), 0 where a joint was lost.
    """

    error: np.ndarray
    lost: np.ndarray
    situation: np.ndarray | None = None
    confidence: np.ndarray | None = None


BY_SITUATION = [
    "situation", "noise", "frames", "rms", "tremble", "half tremble below", "lag 1", "> 0.2 %",
    "lost %", "confidence right", "wrong",
]  # fmt: skip
RIGHT, WRONG = 0.1, 0.2
"""Torso lengths below or beyond which a joint is in the right or in a wrong place."""


def check(
    sights: Sequence[Sight], noises: Mapping[str, Noise], *, seed: int, repeats: int = 20
) -> str:
    """Markdown tables of each kind of joint and each situation, as watched and by each noise.

    Noises are applied to each take `repeats` times; nothing was fitted to the takes.
    """
    parts = {"watched": [taken for sight in sights if (taken := _measured(sight))]}
    for name, noise in noises.items():
        generator = torch.Generator().manual_seed(seed)
        parts[name] = [
            taken for sight in sights for taken in _simulated(sight, noise, generator, repeats)
        ]
    rows = [
        [kind, name, *figures(taken, kind).cells]
        for kind in dict.fromkeys(kind_of(joint) for joint in H36M17.joints)
        for name, taken in parts.items()
    ]
    situations = [
        [situation, name, *_by_situation(taken, i)]
        for i, situation in enumerate(SITUATIONS)
        for name, taken in parts.items()
    ]
    return _table(HEADER, rows) + "\n" + _table(BY_SITUATION, situations)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _measured(sight: Sight) -> Taken | None:
    errors = errors_of(sight)
    if errors is None:
        return None
    since = slice(SETTLING, None)
    sure = np.where(errors.lost == 0, errors.confidence, 0)
    return Taken(errors.final[since], errors.lost[since], errors.situation[since], sure[since])


def _simulated(sight: Sight, noise: Noise, generator: torch.Generator, repeats: int) -> list[Taken]:
    """Errors of the noise in the same frames and joints."""
    errors = errors_of(sight)
    if errors is None:
        return []
    since = slice(-len(errors.final), None)
    exact, xyz = (torch.from_numpy(clip[None, since]).float() for clip in (sight.exact, sight.xyz))
    scene = around(sight, since)
    found = noise.apply(
        exact.repeat(repeats, 1, 1, 1), H36M17, generator, xyz.repeat(repeats, 1, 1, 1),
        type(scene)(*(None if part is None else part.repeat_interleave(repeats, 0)
                      for part in scene)),
    )  # fmt: skip
    known, after = np.isfinite(errors.final), slice(SETTLING, None)
    noisy = (found.xy - exact).numpy() / errors.size
    sure = found.confidence.numpy()
    return [
        Taken(
            np.where(known, error, np.nan)[after],
            np.where(np.isfinite(errors.lost), own == 0, np.nan)[after],
            errors.situation[after],
            own[after],
        )
        for error, own in zip(noisy, sure, strict=True)
    ]


def _by_situation(taken: Sequence[Taken], situation: int) -> list[str]:
    """Cells of a table row, in the order of `BY_SITUATION`."""
    errors, steps, losses, right, wrong = ([np.zeros(0)] for _ in range(5))
    for take in taken:
        if take.situation is None or take.confidence is None:
            continue
        at: np.ndarray = take.situation == situation
        both = at[1:] & at[:-1]
        errors.append(take.error[at])
        steps.append(np.diff(take.error, axis=0)[both])
        losses.append(take.lost[at])
        distance = np.linalg.norm(take.error, axis=-1)
        seen = at & (take.confidence > 0)
        right.append(take.confidence[seen & (distance < RIGHT)])
        wrong.append(take.confidence[seen & (distance > WRONG)])
    error = np.concatenate([own.reshape(-1, 2) for own in errors])
    step = np.concatenate([own.reshape(-1, 2) for own in steps])
    distance = np.linalg.norm(error, axis=-1)
    distance = distance[np.isfinite(distance)]
    rms, tremble = _rms(error), _rms(step)
    alike = 1 - tremble**2 / (2 * rms**2) if rms else float("nan")
    return [
        str(len(distance)), f"{rms:.3f}", f"{tremble:.4f}", f"{_median(step):.4f}", f"{alike:.3f}",
        f"{100 * _mean(distance > WRONG):.1f}", f"{100 * _mean(np.concatenate(losses)):.1f}",
        f"{_mean(np.concatenate(right)):.2f}", f"{_mean(np.concatenate(wrong)):.2f}",
    ]  # fmt: skip


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _median(vectors: np.ndarray) -> float:
    length = np.linalg.norm(vectors, axis=-1)
    known = length[np.isfinite(length)]
    return float(np.median(known)) if len(known) else float("nan")


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(_mean(values**2)))


def figures(taken: Sequence[Taken], kind: str) -> Figures:
    """Figures of all joints of a kind; NaN if they were never in the picture."""
    at = [i for i, joint in enumerate(H36M17.joints) if kind_of(joint) == kind]
    tracks = [take.error[:, i] for take in taken for i in at]
    tracks = [track for track in tracks if np.isfinite(track[:, 0]).sum() > max(LAGS)]
    if not tracks:
        unknown = float("nan")
        return Figures(unknown, unknown, (unknown,) * len(LAGS), (unknown,) * len(TAILS), unknown)
    errors = np.concatenate(tracks)
    moving = [track - np.nanmean(track, 0) for track in tracks]
    variance = max(float(np.nanmean(np.concatenate(moving) ** 2)), 1e-12)
    covariances = (np.nanmean(np.concatenate([m[:-n] * m[n:] for m in moving])) for n in LAGS)
    distance = np.linalg.norm(errors, axis=-1)
    distance = distance[np.isfinite(distance)]
    return Figures(
        rms=float(np.sqrt(np.nanmean(errors**2))),
        moving=float(np.sqrt(variance)),
        autocorrelation=tuple(float(value / variance) for value in covariances),
        tails=tuple(float((distance > tail).mean()) for tail in TAILS),
        lost=float(np.nanmean(np.concatenate([take.lost[:, at] for take in taken]))),
    )
