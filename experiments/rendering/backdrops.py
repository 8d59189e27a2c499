"""What stands behind people: pictures out of installed packages, gradients and clutter."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

PICTURES = {
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
    "skimage": tuple(
        f"data/{name}"
        for name in (
            "brick.png", "chelsea.png", "coffee.png", "grass.png", "gravel.png",
            "hubble_deep_field.jpg", "motorcycle_left.png", "motorcycle_right.png", "rocket.jpg",
        )
    ),
}  # fmt: skip
"""Pictures without people, by package; a package that is not installed gives none."""


@cache
def pictures() -> tuple[np.ndarray, ...]:
    """Those that are installed, (H, W, 3) uint8 RGB each."""
    import cv2

    found = []
    for package, names in PICTURES.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for name in names:
            image = cv2.imread(str(Path(spec.origin).parent / name), cv2.IMREAD_COLOR)
            if image is not None:
                found.append(np.ascontiguousarray(image[..., ::-1]))
    return tuple(found)


def picture(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A random part of a real picture, (H, W, 3) uint8; clutter if none is installed."""
    import cv2

    if not pictures():
        return clutter(size, rng)
    image = pictures()[rng.integers(len(pictures()))]
    height, width = image.shape[:2]
    aspect = size[0] / size[1]
    most = min(height, width / aspect)
    high = most * rng.uniform(0.35, 1.0)
    wide = min(high * aspect, width)
    top, left = rng.uniform(0, height - high), rng.uniform(0, width - wide)
    part = image[int(top) : int(top + high), int(left) : int(left + wide)]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    part = cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.4:  # out of focus
        part = cv2.GaussianBlur(part, (0, 0), rng.uniform(0.8, 4.0))
    tint = rng.uniform(0.7, 1.15, 3) * rng.uniform(0.5, 1.05)
    return np.clip(part * tint, 0, 255).astype(np.uint8)


def gradient(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Between two random colours in a random direction, (H, W, 3) uint8."""
    width, height = size
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height))
    share = np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)[..., None]
    first, second = rng.uniform(20, 245, (2, 3))
    return np.asarray(first * (1 - share) + second * share).astype(np.uint8)


def clutter(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Rectangles, ellipses and lines of all sizes, like shelves, (H, W, 3) uint8."""
    import cv2

    image = gradient(size, rng)
    width, height = size
    for _ in range(rng.integers(8, 60)):
        colour = rng.uniform(0, 255, 3)
        colour = (0.5 * colour + 0.5 * colour.mean()).tolist()
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        w, h = np.exp(rng.uniform(np.log(6), np.log(0.4 * height), 2))
        ends = (int(x), int(y)), (int(x + w), int(y + h))
        kind = rng.integers(4)
        if kind < 2:
            cv2.rectangle(image, *ends, colour, -1 if rng.random() < 0.8 else 2)
        elif kind == 2:
            axes = (int(w / 2) + 1, int(h / 2) + 1)
            cv2.ellipse(image, ends[0], axes, rng.uniform(0, 180), 0, 360, colour, -1)
        else:
            cv2.line(image, *ends, colour, int(rng.integers(1, 6)))
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.0))


KINDS = {"picture": picture, "gradient": gradient, "clutter": clutter}
"""Backdrops by name."""
