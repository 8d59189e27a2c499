"""In which part of the picture somebody stands."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame, Person

MOST = 256
"""Changes of zone that are remembered of a person, for events that began long ago."""
WANTED = (
    "give zones=[{name: door, corners: [[0,0.5],[0.4,0.5],[0.4,1],[0,1]]}], shares of the picture"
)


class Zones:
    """Named polygons in the picture, and when each person was in which.

    A person is where their ankles are, those in view, else the hips: in the picture, not on the
    floor, since the camera's place is not known. Of zones that overlap, the first counts. Who is
    out of view for `patience_s` has no past.

    Args:
        zones: Each with a ``name`` and ``corners``, three or more x, y in shares of the picture's
            width and height, from the top left corner; with ``camera`` it is that one's alone, of
            several.
        layout: Of `Person.xy`.

    Raises:
        InputError: These are no such zones.
    """

    def __init__(
        self, zones: Sequence[Mapping[str, Any]], layout: Skeleton, *, patience_s: float
    ) -> None:
        self._zones = [(_name(zone), _corners(zone), zone.get("camera")) for zone in zones]
        names = [(name, camera) for name, _, camera in self._zones]
        if len(set(names)) < len(names):
            named = ", ".join(name for name, _ in names)
            raise InputError(f"zones named {named}: give each its own name")
        self._parts = [
            [layout.index[f"{side}_{part}"] for side in ("left", "right")]
            for part in ("ankle", "hip")
        ]
        self.patience_s = patience_s
        self.reset()

    def reset(self) -> None:
        """Forget everyone."""
        self._seen_s: dict[int, float] = {}
        self._past: dict[int, deque[tuple[float, str | None]]] = {}

    def step(self, frame: Frame) -> None:
        """Remember where everyone in this frame is."""
        if not self._zones:
            return
        for track in [t for t, s in self._seen_s.items() if frame.time_s - s > self.patience_s]:
            del self._seen_s[track], self._past[track]
        for track, person in frame.people.items():
            if person.xy is not None:
                zone = self._zone(person, frame)
                past = self._past.setdefault(track, deque(maxlen=MOST))
                self._seen_s[track] = frame.time_s
                if not past or past[-1][1] != zone:
                    past.append((frame.time_s, zone))

    def at(self, track: int, time_s: float) -> str | None:
        """The zone that a person was in; before they came, the one they came in."""
        past = self._past.get(track, ())
        before = [zone for since_s, zone in past if since_s <= time_s]
        return before[-1] if before else past[0][1] if past else None

    def _zone(self, person: Person, frame: Frame) -> str | None:
        assert person.xy is not None
        feet, hips = self._parts
        there = feet if person.visible is None else [j for j in feet if person.visible[j]]
        x, y = person.xy[there or hips].mean(0) / (frame.width, frame.height)
        here = (zone for zone in self._zones if zone[2] in (None, frame.camera))
        return next((name for name, corners, _ in here if inside(x, y, corners)), None)


def inside(x: float, y: float, corners: np.ndarray) -> bool:
    """Whether a point is inside a polygon (N, 2): a ray from it crosses an odd number of sides."""
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, 0).T
    crosses = (y0 > y) != (y1 > y)
    along = (y - y0[crosses]) / (y1 - y0)[crosses]
    return bool(np.count_nonzero(x < x0[crosses] + along * (x1 - x0)[crosses]) % 2)


def _name(zone: Any) -> str:
    if (
        not isinstance(zone, Mapping)
        or set(zone) - {"camera"} != {"name", "corners"}
        or not zone["name"]
    ):
        raise InputError(f"{_short(zone)} is no zone; {WANTED}")
    return str(zone["name"])


def _corners(zone: Mapping[str, Any]) -> np.ndarray:
    try:
        corners = np.array(zone["corners"], np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise InputError(f"zone {zone['name']} is no polygon of three or more corners; {WANTED}")
    if not ((corners >= 0) & (corners <= 1)).all():
        raise InputError(
            f"zone {zone['name']} has corners outside 0 to 1; divide pixels by the picture's width "
            f"and height"
        )
    return corners


def _short(given: Any) -> str:
    said = str(given)
    return said if len(said) <= 60 else f"{said[:57]}..."
