"""How far an example of a taught action is from anything else, by scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .examples import Seen

FRAMES = 200
"""An action counts as so many frames, however many examples it has."""
REGULARISATION = 3e-3
"""scikit-learn's C, for features of unit variance."""
CALIBRATING = 4
"""One of so many background frames is not fitted to, and sets the thresholds."""
QUIET = 0.99
"""Share of those that stay below an action's threshold."""
SPREAD = 6.0
"""Log odds of the median example, over the threshold."""
MOST = 4000
"""Background frames that are fitted to."""


@dataclass(frozen=True, eq=False)
class _Plane:
    """Weights (K, C) and offsets (K,)."""

    weights: np.ndarray
    offsets: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        scores: np.ndarray = features @ self.weights.T + self.offsets
        return scores

    def thresholds(self, held: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.quantile(self(held), QUIET, axis=0)
        return found

    def above(self, row: Seen, held: np.ndarray) -> np.ndarray:
        """How far an example's own frames are above the thresholds, (F, K)."""
        return self(row.features[row.classes == row.own]) - self.thresholds(held)


@dataclass(frozen=True, eq=False)
class Margins:
    """Log odds ``features @ weights.T + offsets`` (K,) of each action against anything else.

    `judged` has of each example, by a fit without it, the class that most of its frames get, -1 for
    none, and its mean log odds, ``None`` where it is the only one.
    """

    weights: np.ndarray
    offsets: np.ndarray
    judged: tuple[tuple[int, float | None], ...]


def margins_of(
    rows: Sequence[Seen],
    shipped: np.ndarray,
    own: Sequence[np.ndarray],
    *,
    classes: int,
    seed: int,
) -> Margins:
    """Fit to examples and to frames (F, C) of the background, shipped and the user's own."""
    order = np.random.default_rng(seed).permutation(len(shipped))
    held, fitted = np.split(shipped[order], [len(shipped) // CALIBRATING])
    fitted = np.concatenate([fitted[:MOST], *own])
    held = np.concatenate([held, *own])
    whole = _fit(rows, fitted, classes)
    turns = _turns(rows)
    without = {
        turn: _fit([row for row, n in zip(rows, turns, strict=True) if n != turn], fitted, classes)
        for turn in sorted(set(turns))
        if _all_shown(rows, turns, turn, classes)
    }
    fits = [without.get(turn, whole) for turn in turns]
    above = [fit.above(row, held) for fit, row in zip(fits, rows, strict=True)]
    reach = np.median([np.median(each[:, row.own]) for each, row in zip(above, rows, strict=True)])
    scale = SPREAD / max(float(reach), 0.25 * float(whole(held).std()))
    judged = tuple(
        _judged(each * scale, row.own, turn in without)
        for each, row, turn in zip(above, rows, turns, strict=True)
    )
    offsets = whole.offsets - whole.thresholds(held)
    return Margins(whole.weights * scale, offsets * scale, judged)


def _turns(rows: Sequence[Seen]) -> list[int]:
    """Which example of its action each one is."""
    counts: dict[int, int] = {}
    turns = []
    for row in rows:
        turns.append(counts.get(row.own, 0))
        counts[row.own] = turns[-1] + 1
    return turns


def _all_shown(rows: Sequence[Seen], turns: Sequence[int], left_out: int, classes: int) -> bool:
    shown = {row.own for row, turn in zip(rows, turns, strict=True) if turn != left_out}
    return len(shown) == classes


def _judged(above: np.ndarray, own: int, known: bool) -> tuple[int, float | None]:
    best = np.where(above.max(1) > 0, above.argmax(1), -1)
    said, counts = np.unique(best, return_counts=True)
    return int(said[counts.argmax()]), round(float(above[:, own].mean()), 3) if known else None


def _fit(rows: Sequence[Seen], background: np.ndarray, classes: int) -> _Plane:
    """Log odds of each action against the rest, by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    others = np.concatenate([background, *(row.rest for row in rows)])
    features = np.concatenate([*(row.features for row in rows), others])
    named = np.concatenate([row.classes for row in rows])
    targets = np.concatenate([named, np.full(len(others), classes)])
    centre, spread = others.mean(0), others.std(0) + 0.1 * others.std()
    model = LogisticRegression(C=REGULARISATION, max_iter=200, tol=1e-3)
    each = FRAMES / np.bincount(targets)[targets]  # an action weighs as much as the background
    model.fit((features - centre) / spread, targets, sample_weight=each)
    weights, offsets = model.coef_, model.intercept_
    if classes == 1:  # scikit-learn gives the log odds of the second class alone
        weights, offsets = np.stack([-weights[0], 0 * weights[0]]), np.array([-offsets[0], 0.0])
    weights = (weights[:-1] - weights[-1]) / spread
    return _Plane(weights, offsets[:-1] - offsets[-1] - weights @ centre)
