"""Validates a noise model: its errors against those measured on takes it was not fitted to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...datasets.seen.completion import kind_of
from ...datasets.seen.noise import Noise
from ...gast.skeleton import H36M17
from .observed_errors import SETTLING, errors_of
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
    """Errors (T, J, 2) of one take, NaN where unknown, and (T, J): 1 where a joint was lost."""

    error: np.ndarray
    lost: np.ndarray


def check(
    sights: Sequence[Sight], noises: Mapping[str, Noise], *, seed: int, repeats: int = 20
) -> str:
    """A markdown table of each kind of joint, as measured and by each noise.

    Noises are applied to each take `repeats` times; nothing was fitted to the takes.
    """
    parts = {"watched": [taken for sight in sights if (taken := _measured(sight))]}
    for name, noise in noises.items():
        rng = np.random.default_rng(seed)
        parts[name] = [
            taken
            for _ in range(repeats)
            for sight in sights
            if (taken := _simulated(sight, noise, rng))
        ]
    rows = [
        [kind, name, *figures(taken, kind).cells]
        for kind in dict.fromkeys(kind_of(joint) for joint in H36M17.joints)
        for name, taken in parts.items()
    ]
    lines = [HEADER, ["---"] * len(HEADER), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _measured(sight: Sight) -> Taken | None:
    errors = errors_of(sight)
    return Taken(errors.final[SETTLING:], errors.lost[SETTLING:]) if errors else None


def _simulated(sight: Sight, noise: Noise, rng: np.random.Generator) -> Taken | None:
    """Errors of the noise in the same frames and joints."""
    errors = errors_of(sight)
    if errors is None:
        return None
    since = slice(-len(errors.final), None)
    exact, xyz = sight.exact[None, since], sight.xyz[None, since]
    noisy, seen = noise.apply(exact.copy(), H36M17, rng, xyz)
    known = np.isfinite(errors.final)
    error = np.where(known, (noisy[0] - exact[0]) / errors.size, np.nan)
    lost = np.where(known[..., 0], ~seen[0], np.nan)
    return Taken(error[SETTLING:], lost[SETTLING:])


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
