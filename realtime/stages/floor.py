"""From the picture to metres on the floor, by points of which both are known."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from ...gast.errors import InputError

LEAST = 4
"""Points that it takes."""
WANTED = (
    "give where ankles are seen, in shares of the picture, and where on the floor, metres, of four "
    "places or more: floor=[{seen: [0.2,0.9], at: [-1,2]}, ...]"
)
OFF_M = 0.3
"""How far a point may be from where the others put it."""
FLAT = 1e-3
"""Area, in the square of the points' extent, below which three of four points are on a line."""


class Floor:
    """A homography from shares of the picture's width and height to x, z on the floor, metres.

    Args:
        points: Four or more, each with ``seen``, x and y in the picture, and ``at``, x and z on the
            floor; more than four are fitted by least squares. No three of four on a line.

    Raises:
        InputError: These are no such points.

    Source: the direct linear transformation (Hartley and Zisserman 2004, section 4.1), normalised.
    """

    def __init__(self, points: Sequence[Mapping[str, Any]]) -> None:
        if isinstance(points, str | Mapping) or not isinstance(points, Sequence):
            raise InputError(f"floor={_short(points)} is no list of points; {WANTED}")
        if len(points) < LEAST:
            raise InputError(f"floor has {len(points)} points; {WANTED}")
        seen, at = (np.array([_pair(p, key) for p in points]) for key in ("seen", "at"))
        for places, name in ((seen, "seen"), (at, "at")):
            if not _spread(places):
                raise InputError(
                    f"floor's points are {name} on a line, all or all but one; give the corners of "
                    f"a rectangle"
                )
        self._matrix = _homography(seen, at)
        depth = self._projected(seen)[:, 2]
        if (np.sign(depth) != np.sign(depth[0])).any():
            raise InputError(
                "floor's points do not fit each other: no camera sees a floor so; are two swapped?"
            )
        self._matrix *= np.sign(depth[0])
        for point, here, there in zip(points, seen, at, strict=True):
            found = np.array(self(*here) or (np.inf, np.inf))
            off_m = float(np.linalg.norm(found - there))
            if not off_m <= OFF_M:
                raise InputError(
                    f"floor point seen at {list(point['seen'])} is {off_m:.1f} m from where the "
                    f"others put it; measure it again, or leave it out"
                )

    def __call__(self, x: float, y: float) -> tuple[float, float] | None:
        """Metres x, z of a place in the picture; ``None`` at the horizon and above."""
        across, along, depth = self._projected(np.array([[x, y]]))[0].tolist()
        return (across / depth, along / depth) if depth > 1e-9 else None

    def _projected(self, places: np.ndarray) -> np.ndarray:
        return np.column_stack((places, np.ones(len(places)))) @ self._matrix.T


def _homography(seen: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(3, 3), from places (N, 2) to places (N, 2)."""
    (near, to_near), (far, to_far) = _normalised(seen), _normalised(at)
    ones, zeros = np.ones((len(near), 1)), np.zeros((len(near), 3))
    rows = np.hstack((near, ones))
    system = np.vstack(
        (
            np.hstack((rows, zeros, -far[:, :1] * rows)),
            np.hstack((zeros, rows, -far[:, 1:] * rows)),
        )
    )
    matrix = np.linalg.svd(system)[2][-1].reshape(3, 3)
    found: np.ndarray = np.linalg.inv(to_far) @ matrix @ to_near
    return found / np.linalg.norm(found)


def _normalised(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Around their mean, of unit size, and the (3, 3) matrix that does so."""
    mean, size = places.mean(0), places.std()
    matrix = np.array([[1 / size, 0, -mean[0] / size], [0, 1 / size, -mean[1] / size], [0, 0, 1]])
    return (places - mean) / size, matrix


def _spread(places: np.ndarray) -> bool:
    """Whether some four of the points have no three on a line."""
    extent = float(np.ptp(places, axis=0).max())
    if not extent > 0:
        return False
    return any(
        all(_area(*three) > FLAT * extent**2 for three in combinations(four, 3))
        for four in combinations(places[:8], LEAST)
    )


def _area(one: np.ndarray, two: np.ndarray, three: np.ndarray) -> float:
    (a, b), (c, d) = two - one, three - one
    return abs(float(a * d - b * c)) / 2


def _pair(point: Any, key: str) -> tuple[float, float]:
    try:
        x, y = (float(value) for value in point[key])
    except (TypeError, ValueError, KeyError, OverflowError):
        raise InputError(f"{_short(point)} is no point of the floor; {WANTED}") from None
    if not (np.isfinite((x, y)).all() and set(point) - {"camera"} == {"seen", "at"}):
        raise InputError(f"{_short(point)} is no point of the floor; {WANTED}")
    if key == "seen" and not max(abs(x), abs(y)) <= 3:
        raise InputError(
            f"floor point seen at {[x, y]} is far outside the picture; divide pixels by its width "
            f"and height"
        )
    return x, y


def _short(given: Any) -> str:
    said = str(given)
    return said if len(said) <= 60 else f"{said[:57]}..."
