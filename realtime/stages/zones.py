"""In which part of the picture, or of the floor, somebody stands."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame, Person
from .floor import WANTED as FLOOR_WANTED
from .floor import Floor

MOST = 256
"""Changes of zone that are remembered of a person, for events that began long ago."""
WANTED = (
    "give zones=[{name: door, corners: [[0,0.5],[0.4,0.5],[0.4,1],[0,1]]}], shares of the picture"
)


COORDINATES = ("picture", "floor")


class Zones:
    """Named polygons in the picture or on the floor, and when each person was in which.

    A person is where their ankles are, those in view, else the hips; on the floor, where ankles out
    of view are believed to be. Of zones that overlap, the first counts. Who is out of view for
    `patience_s` has no past.

    Args:
        zones: Each with a ``name`` and ``corners``, three or more: x, y in shares of the picture's
            width and height, from the top left corner; or, with ``coordinates: floor``, metres.
            With ``camera`` it is that one's alone, of several.
        layout: Of `Person.xy`.
        floor: Points for `Floor`, with ``camera`` for that one of several; zones on the floor need
            them.

    Raises:
        InputError: These are no such zones.
    """

    def __init__(
        self,
        zones: Sequence[Mapping[str, Any]],
        layout: Skeleton,
        *,
        floor: Sequence[Mapping[str, Any]] = (),
        patience_s: float,
    ) -> None:
        if isinstance(zones, str | Mapping) or not isinstance(zones, Sequence):
            raise InputError(f"zones={_short(zones)} is no list of zones; {WANTED}")
        self._zones = [
            (_name(zone), _camera(zone), _on_floor(zone), _corners(zone)) for zone in zones
        ]
        names = [(name, camera) for name, camera, _, _ in self._zones]
        if len(set(names)) < len(names):
            named = ", ".join(name for name, _ in names)
            raise InputError(f"zones named {named}: give each its own name")
        self._floors = _floors(floor)
        for name, camera, on_floor, _ in self._zones:
            if on_floor and not self._floors.keys() & {camera, None}:
                raise InputError(f"zone {name} is on a floor that is not given; {FLOOR_WANTED}")
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
        size = (frame.width, frame.height)
        place: tuple[float, float] | None
        place = tuple((person.xy[there or hips].mean(0) / size).tolist())
        floor, below = self._floors.get(frame.camera, self._floors.get(None)), None
        if floor is not None:
            below = floor(*(person.xy[there or feet].mean(0) / size).tolist())
        for name, camera, on_floor, corners in self._zones:
            at = below if on_floor else place
            if camera in (None, frame.camera) and at is not None and inside(*at, corners):
                return name
        return None


def inside(x: float, y: float, corners: np.ndarray) -> bool:
    """Whether a point is inside a polygon (N, 2): a ray from it crosses an odd number of sides."""
    (x0, y0), (x1, y1) = corners.T, np.roll(corners, -1, 0).T
    crosses = (y0 > y) != (y1 > y)
    along = (y - y0[crosses]) / (y1 - y0)[crosses]
    return bool(np.count_nonzero(x < x0[crosses] + along * (x1 - x0)[crosses]) % 2)


def _floors(points: Sequence[Mapping[str, Any]]) -> dict[str | None, Floor]:
    """A floor for each camera that has points of its own; ``None``: of all others."""
    if isinstance(points, str | Mapping) or not isinstance(points, Sequence):
        raise InputError(f"floor={_short(points)} is no list of points; {FLOOR_WANTED}")
    return {
        camera: Floor([point for point in points if _camera(point) == camera])
        for camera in dict.fromkeys(map(_camera, points))
    }


def _camera(given: Any) -> str | None:
    name = given.get("camera") if isinstance(given, Mapping) else None
    return None if name is None else str(name)


def _name(zone: Any) -> str:
    keys, more = {"name", "corners"}, {"coordinates", "camera"}
    if not isinstance(zone, Mapping) or set(zone) - more != keys or not zone["name"]:
        raise InputError(f"{_short(zone)} is no zone; {WANTED}")
    return str(zone["name"])


def _on_floor(zone: Mapping[str, Any]) -> bool:
    given = zone.get("coordinates", "picture")
    if given not in COORDINATES:
        raise InputError(
            f"zone {zone['name']} has coordinates={_short(given)}; give picture or floor"
        )
    return bool(given == "floor")


def _corners(zone: Mapping[str, Any]) -> np.ndarray:
    try:
        corners = np.array(zone["corners"], np.float64)
    except (TypeError, ValueError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise InputError(f"zone {zone['name']} is no polygon of three or more corners; {WANTED}")
    if _on_floor(zone):
        if not np.isfinite(corners).all():
            raise InputError(f"zone {zone['name']} has corners that are no numbers; give metres")
    elif not ((corners >= 0) & (corners <= 1)).all():
        raise InputError(
            f"zone {zone['name']} has corners outside 0 to 1; divide pixels by the picture's width "
            f"and height"
        )
    return corners


def _short(given: Any) -> str:
    said = str(given)
    return said if len(said) <= 60 else f"{said[:57]}..."
