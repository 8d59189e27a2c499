"""Fits how far a taught action's examples are from anything else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import logsumexp, softmax

from ..heads.few import Prototypes
from .examples import PHASES, Seen

SHRINKAGE = 0.3
"""Of the covariance within classes, towards a multiple of the unit matrix."""
OWN = 0.15
"""Share of the examples in that covariance; the rest is the background's."""
COSINES = 15.0
"""A cosine of 1 as log odds, before they are sharpened."""
CALIBRATING = 4
"""One of so many background frames is not fitted to, and sets the thresholds."""
QUIET, RESTING = 0.997, 0.8
"""Shares that stay below an action's threshold: of those, and of what is around the examples."""
SURE = 5.5
"""Log odds of the median example."""
CLEAR = 0.1
"""Log odds needed above the threshold, at which somebody who stands as between the examples is."""


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What is none of the actions: features (F, C), and a group of like ones (F,) for each."""

    features: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """Unit vectors of classes (K, PHASES, C) and groups (G, C) of ``features @ whiten.T + shift``.

    `sharpness` and `thresholds` (K,) make log odds of their `margins`.
    """

    whiten: np.ndarray
    shift: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    sharpness: float
    thresholds: np.ndarray

    def margins(self, features: np.ndarray) -> np.ndarray:
        """(F, C) to (F, K), neither sharpened nor above a threshold; phases are alike."""
        along = _unit(features @ self.whiten.T + self.shift)
        others = logsumexp(COSINES * along @ self.groups.T, axis=-1, keepdims=True)
        phases = logsumexp(COSINES * (self.classes @ along.T), axis=1).T - np.log(PHASES)
        found: np.ndarray = phases - others
        return found

    def odds(self, features: np.ndarray) -> np.ndarray:
        """(F, C) to log odds (F, K): above 0 where an action should be said, see `Prototypes`."""
        margins = self.margins(features)
        shares = softmax(self.sharpness * margins, axis=-1)
        return self.sharpness * (margins - shares @ self.thresholds[:, None])

    @torch.no_grad()
    def fill(self, layer: Prototypes, *, enter: float) -> None:
        """Put it into a head, in which log odds of 0 become the probability `enter`."""
        layer.whiten.weight.copy_(torch.from_numpy(self.whiten))
        layer.whiten.bias.copy_(torch.from_numpy(self.shift))
        classes = self.classes.reshape(-1, self.classes.shape[-1])
        layer.classes.weight.copy_(torch.from_numpy(self.sharpness * COSINES * classes))
        offsets = np.log(enter / (1 - enter))
        offsets = offsets - self.sharpness * (self.thresholds + np.log(PHASES))
        layer.classes.bias.copy_(torch.from_numpy(offsets.repeat(PHASES)))
        layer.others.weight.copy_(torch.from_numpy(COSINES * self.groups))
        layer.sharpness.fill_(self.sharpness)


Judgement = tuple[int, float | None]
"""Class that most of an example's frames get, -1 for none, and its own one's mean log odds."""


def fit_prototypes(
    rows: Sequence[Seen], shipped: Backdrop, own: np.ndarray, *, classes: int, seed: int
) -> tuple[Fit, list[Judgement]]:
    """A fit, and how each example looks to one without it, ``None`` where it is the only one.

    `own` (F, C) are the user's background, a group of its own.
    """
    order = np.random.default_rng(seed).permutation(len(shipped.features))
    held, fitted = np.split(order, [len(order) // CALIBRATING])
    rest = np.concatenate([own, *(row.rest for row in rows)])
    known = Backdrop(
        np.concatenate([shipped.features[fitted], rest]),
        np.concatenate([shipped.groups[fitted], np.full(len(rest), shipped.groups.max() + 1)]),
    )
    quiet = np.concatenate([shipped.features[held], own])
    turns, fits = _turns(rows), dict[int, Fit]()
    whole = _fit(rows, known, quiet, classes)
    for turn in sorted(set(turns)):
        others = [row for row, n in zip(rows, turns, strict=True) if n != turn]
        if len({row.own for row in others}) == classes:
            fits[turn] = _fit(others, known, quiet, classes)
    reach = [
        np.median(fit.odds(row.features[row.classes == row.own])[:, row.own])
        for row, fit in ((row, fits.get(n, whole)) for row, n in zip(rows, turns, strict=True))
    ]
    least = 0.25 * float(whole.margins(quiet).std())
    sharpness = SURE / max(float(np.median(reach)), least)
    judged = [
        _judged(_sharpened(fits.get(turn, whole), sharpness), row, turn in fits)
        for row, turn in zip(rows, turns, strict=True)
    ]
    return _sharpened(whole, sharpness), judged


def _sharpened(fit: Fit, sharpness: float) -> Fit:
    return replace(fit, sharpness=sharpness, thresholds=fit.thresholds + CLEAR / sharpness)


def _turns(rows: Sequence[Seen]) -> list[int]:
    """Which example of its action each one is."""
    counts: dict[int, int] = {}
    turns = []
    for row in rows:
        turns.append(counts.get(row.own, 0))
        counts[row.own] = turns[-1] + 1
    return turns


def _judged(fit: Fit, row: Seen, known: bool) -> Judgement:
    odds = fit.odds(row.features[row.classes == row.own])
    best = np.where(odds.max(1) > 0, odds.argmax(1), -1)
    said, counts = np.unique(best, return_counts=True)
    return int(said[counts.argmax()]), round(float(odds[:, row.own].mean()), 3) if known else None


def _fit(rows: Sequence[Seen], known: Backdrop, quiet: np.ndarray, classes: int) -> Fit:
    centre = known.features.mean(0)
    spread = known.features.std(0) + 0.1 * known.features.std()
    named = np.concatenate([row.classes for row in rows])
    phases = np.concatenate([row.phases for row in rows])
    mine = (np.concatenate([row.features for row in rows]) - centre) / spread
    theirs = (known.features - centre) / spread
    places = np.unique(known.groups)
    means = _means(mine, named, phases, classes)
    others = np.stack([theirs[known.groups == g].mean(0) for g in places])
    within = (1 - OWN) * _scatter(theirs - others[np.searchsorted(places, known.groups)])
    within = within + OWN * _scatter(mine - means[named, phases])
    shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * within.diagonal().mean() * np.eye(len(within))
    white = np.linalg.cholesky(np.linalg.inv(shrunk)).T
    whiten = (white / spread).astype(np.float32)
    made = Fit(
        whiten, (-whiten @ centre).astype(np.float32), _unit(means @ white.T),
        _unit(others @ white.T), 1.0, np.zeros(classes),
    )  # fmt: skip
    thresholds = np.quantile(made.margins(quiet), QUIET, axis=0)
    rest = np.concatenate([row.rest for row in rows])
    if len(rest):
        thresholds = np.maximum(thresholds, np.quantile(made.margins(rest), RESTING, axis=0))
    return replace(made, thresholds=thresholds)


def _means(features: np.ndarray, named: np.ndarray, phases: np.ndarray, classes: int) -> np.ndarray:
    """(K, PHASES, C); the whole action's where an example is too short for a phase."""
    made = []
    for place in range(classes):
        own = named == place
        parts = [own & (phases == phase) for phase in range(PHASES)]
        made.append([features[part if part.any() else own].mean(0) for part in parts])
    return np.array(made)


def _scatter(around: np.ndarray) -> np.ndarray:
    found: np.ndarray = around.T @ around / len(around)
    return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    found: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
    return found
