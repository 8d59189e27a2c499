"""Words, plates and bodies on a picture; colours are BGR, points are pixels, y down."""

from functools import cache

import numpy as np

from ...gast.skeleton import Skeleton
from ..opencv import cv2
from ..packets import Person

Colour = tuple[int, int, int]
Point = tuple[int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are the first pixels outside."""

WHITE: Colour = (245, 245, 245)
GREY: Colour = (150, 146, 142)
INK: Colour = (26, 22, 20)
_PEOPLE: tuple[Colour, ...] = (
    (247, 195, 79), (77, 183, 255), (132, 214, 116), (166, 112, 250),
    (94, 227, 253), (232, 140, 190), (190, 200, 80), (110, 110, 240),
)  # fmt: skip
SIDES = {"left": 0.45, "right": -0.3}
"""How much lighter or darker a person's left and right limbs are, see `shaded`."""
_SUBPIXEL_BITS = 3


def person_colour(track: int) -> Colour:
    """The colour of a track id, the same everywhere; successive ids differ clearly."""
    return _PEOPLE[(track - 1) % len(_PEOPLE)]


def shaded(colour: Colour, amount: float) -> Colour:
    """The colour mixed with white by `amount` 0..1, or with black by -`amount`."""
    end = 255 if amount > 0 else 0
    blue, green, red = (round(part + (end - part) * abs(amount)) for part in colour)
    return blue, green, red


def write(
    image: np.ndarray,
    words: str,
    at: tuple[int, int],
    *,
    size: float = 0.42,
    colour: Colour = WHITE,
    bold: bool = False,
    align_right: bool = False,
) -> None:
    """Write words whose base line begins at the point `at`, or ends there."""
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    x, y = at
    if align_right:
        x -= width_of(words, size=size, bold=bold)
    cv2.putText(image, words, (x, y), font, size, colour, 1, cv2.LINE_AA)


def outlined(
    image: np.ndarray, words: str, at: tuple[int, int], *, size: float, colour: Colour = WHITE
) -> None:
    """`write` that can be read on any ground."""
    cv2.putText(image, words, at, cv2.FONT_HERSHEY_DUPLEX, size, INK, 3, cv2.LINE_AA)
    write(image, words, at, size=size, colour=colour, bold=True)


def width_of(words: str, *, size: float = 0.42, bold: bool = False) -> int:
    """Pixels that `write` needs across."""
    font = cv2.FONT_HERSHEY_DUPLEX if bold else cv2.FONT_HERSHEY_SIMPLEX
    return int(cv2.getTextSize(words, font, size, 1)[0][0])


def plate(image: np.ndarray, box: Box, colour: Colour, *, opacity: float = 1.0) -> None:
    """Draw a filled rectangle, clipped to the picture."""
    left, top, right, bottom = (max(edge, 0) for edge in box)
    under = image[top:bottom, left:right]
    if not under.size:
        return
    if opacity < 1:
        under[:] = cv2.addWeighted(under, 1 - opacity, np.full_like(under, colour), opacity, 0)
    else:
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), colour, cv2.FILLED)


def draw_person(
    image: np.ndarray,
    person: Person,
    *,
    layout: Skeleton,
    colour: Colour,
    scale: float,
    offset: np.ndarray,
    unit: float,
) -> np.ndarray:
    """Draw a person's 2D skeleton; returns the measured joints (n, 2) float, in picture pixels.

    Bones between measured joints are solid, bones to filled-in joints thin. Left limbs are lighter,
    right ones darker. Joints that only the detector's layout has (face, fingers) are small dots.

    Drawn is `person.xy`, in `layout`, where there is one, else `person.pose`. A joint is in the
    picture at its place times `scale` plus `offset` (2,), pixels. Lines are `unit` times as thick
    as suits a picture of 480 lines.
    """
    pose = person.pose
    if person.xy is None or person.visible is None:
        layout, xy, seen = pose.layout, pose.xy, np.isfinite(pose.xy).all(-1)
    else:
        xy, seen = person.xy, person.visible
        extra = [i for i, joint in enumerate(pose.layout.joints) if joint not in layout.index]
        _dots(image, pose.xy[extra] * scale + offset, colour, 1.5 * unit)
    points = xy * scale + offset
    _bones(image, points, seen, layout=layout, colour=colour, unit=unit)
    _dots(image, points[seen], WHITE, 2.2 * unit)
    return points[seen & np.isfinite(points).all(-1)]


def turned(xyz: np.ndarray, *, yaw: float, pitch: float) -> np.ndarray:
    """Points (..., 3) in the axes of another camera; as before, x right, y down, z forward.

    `yaw`, radians about the vertical: positive shows more of what is on the left. `pitch`, radians:
    positive looks down from above.
    """
    cos, sin = np.cos(yaw), np.sin(yaw)
    about_vertical = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    about_across = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    return xyz @ (about_across @ about_vertical).T


def draw_body(
    image: np.ndarray,
    xyz: np.ndarray,
    *,
    layout: Skeleton,
    visible: np.ndarray | None,
    colour: Colour,
    view: tuple[float, float],
    centre: tuple[float, float],
    scale: float,
) -> None:
    """Draw a person's 3D skeleton `xyz` (J, 3), metres, camera axes, far bones first.

    `visible` (J,) bool says which joints were measured, ``None`` all of them. `view` is yaw and
    pitch as in `turned`, `centre` where the root joint is in the picture, `scale` pixels a metre.
    """
    seen = np.ones(len(layout), bool) if visible is None else visible
    body = turned(xyz, yaw=view[0], pitch=view[1])
    points = body[:, :2] * scale + np.array(centre)
    order = np.argsort(-body[list(layout.bones), 2].mean(1))
    unit = scale / 90
    _bones(image, points, seen, layout=layout, colour=colour, unit=unit, order=order)
    head = points[_top_of_head(layout)]
    _dots(image, head[None], shaded(colour, 0.3), 5 * unit)


def draw_sides(image: np.ndarray, at: Point, *, colour: Colour, unit: float) -> None:
    """Draw the legend of a person's left and right limbs; `at` is its top left corner."""
    x, y = at
    stroke, step = round(16 * unit), round(15 * unit)
    for row, side in enumerate(SIDES):
        middle = y + row * step + round(5 * unit)
        start, end = _subpixel(np.array([(x, middle), (x + stroke, middle)], float))
        _line(image, start, end, shaded(colour, SIDES[side]), max(round(3 * unit), 1))
        words = x + stroke + round(6 * unit), middle + round(4 * unit)
        write(image, side, words, size=0.36 * unit, colour=GREY)


def draw_floor(
    image: np.ndarray,
    *,
    view: tuple[float, float],
    centre: tuple[float, float],
    scale: float,
    below_m: float,
    half_m: tuple[float, float],
) -> None:
    """Draw a floor grid of half metres, `below_m` metres under the root joint.

    `half_m` is how far it reaches to each side and in depth; the rest is as in `draw_body`.
    """
    across, deep = half_m
    lines = [((x, -deep), (x, deep)) for x in np.arange(-across, across + 0.01, 0.5)]
    lines += [((-across, z), (across, z)) for z in np.arange(-deep, deep + 0.01, 0.5)]
    ends = np.array([[(x, below_m, z) for x, z in line] for line in lines])
    points = turned(ends, yaw=view[0], pitch=view[1])[..., :2] * scale + np.array(centre)
    flat = _subpixel(points.reshape(-1, 2))
    for start, end in zip(flat[::2], flat[1::2], strict=True):
        _line(image, start, end, (84, 76, 70), 1)


def _bones(
    image: np.ndarray,
    points: np.ndarray,
    seen: np.ndarray,
    *,
    layout: Skeleton,
    colour: Colour,
    unit: float,
    order: np.ndarray | None = None,
) -> None:
    thick = max(round(3 * unit), 1)
    there = np.isfinite(points).all(-1)
    tints, ends = _tints(layout, colour), _subpixel(points)
    for i in range(len(layout.bones)) if order is None else order:
        child, parent = layout.bones[i]
        if not (there[child] and there[parent]):
            continue
        if seen[child] and seen[parent]:
            _line(image, ends[child], ends[parent], INK, thick + 2)
            _line(image, ends[child], ends[parent], tints[i], thick)
        else:
            _line(image, ends[child], ends[parent], shaded(tints[i], -0.35), 1)


def _line(image: np.ndarray, start: Point, end: Point, colour: Colour, thick: int) -> None:
    cv2.line(image, start, end, colour, thick, cv2.LINE_AA, _SUBPIXEL_BITS)


def _dots(image: np.ndarray, points: np.ndarray, colour: Colour, radius: float) -> None:
    size = round(radius * 2**_SUBPIXEL_BITS)
    for point in _subpixel(points[np.isfinite(points).all(-1)]):
        cv2.circle(image, point, size, colour, -1, cv2.LINE_AA, _SUBPIXEL_BITS)


def _subpixel(points: np.ndarray) -> list[Point]:
    """Points (n, 2) as OpenCV's `shift` wants them; those far outside are pulled in a little."""
    near = np.fmax(points, -10_000).clip(max=10_000) * 2**_SUBPIXEL_BITS  # NaN is far outside
    return [(x, y) for x, y in near.round().astype(int).tolist()]


@cache
def _tints(layout: Skeleton, colour: Colour) -> tuple[Colour, ...]:
    """One colour a bone: the person's left lighter, right darker."""
    sides = [layout.joints[child].partition("_")[0] for child, _ in layout.bones]
    return tuple(shaded(colour, SIDES.get(side, 0.0)) for side in sides)


@cache
def _top_of_head(layout: Skeleton) -> int:
    for joint in ("head", "head_center", "nose", "neck"):
        if joint in layout.index:
            return layout.index[joint]
    return layout.root
