"""Random people and pictures: shapes, proportions, clothes, lights, and what a camera adds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..rendering.backdrops import KINDS
from ..rendering.build import PARTS
from ..rendering.outfit import Outfit, Pattern
from ..rendering.studio import Light

SKINS = ((0.90, 0.72, 0.62), (0.78, 0.57, 0.46), (0.55, 0.38, 0.29), (0.36, 0.24, 0.18))
"""Skins are mixed from neighbouring ones."""
LIMB_SPREAD = 0.06
"""Standard deviation of the logarithm of a part's length, at one height; chosen, not measured."""
GIRTHS = (0.88, 1.18)
SHAPES = 48
"""Different bodies before proportions; each is exported once."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A person without a movement.

    Attributes:
        shape: Arguments of `anny_mesh`.
        height_m: From sole to crown.
        lengths: Factors of `PARTS`.
        girths: The same across.
        outfit: Clothes.
    """

    shape: Mapping[str, float]
    height_m: float
    lengths: Mapping[str, float]
    girths: Mapping[str, float]
    outfit: Outfit


@dataclass(frozen=True, eq=False)
class Setting:
    """What is around the people, and how the camera spoils the picture.

    Attributes:
        backdrop: A name of `KINDS`.
        room: Whether floor, walls and furniture are built before the backdrop.
        seed: Of backdrop, room and grain.
        light: Lamps.
        gain: Of brightness; small is low light.
        gamma: Of contrast.
        grain: Standard deviation of a pixel's noise, of 255.
        blurred: Whether the shutter is open for half a frame.
        jpeg: Quality, up to 100.
    """

    backdrop: str
    room: bool
    seed: int
    light: Light
    gain: float
    gamma: float
    grain: float
    blurred: bool
    jpeg: int


def figure(rng: np.random.Generator, *, height_m: float) -> Figure:
    """A random person."""
    return Figure(
        shape=_shape(int(rng.integers(SHAPES))),
        height_m=height_m,
        lengths={part: float(np.exp(LIMB_SPREAD * rng.standard_normal())) for part in PARTS},
        girths={part: float(rng.uniform(*GIRTHS)) for part in PARTS},
        outfit=outfit(rng),
    )


def _shape(number: int) -> dict[str, float]:
    rng = np.random.default_rng([12, number])
    ranges = {
        "age": (0.45, 1),
        "muscle": (0.2, 0.95),
        "weight": (0.1, 1),
        "proportions": (0.2, 0.9),
    }
    shape = {name: round(rng.uniform(*within), 2) for name, within in ranges.items()}
    return {"gender": float(number % 2), **shape}


def outfit(rng: np.random.Generator) -> Outfit:
    """A skin between those of `SKINS`, hair, random clothes, a third of the shirts patterned."""
    i, share = rng.integers(len(SKINS) - 1), rng.random()
    skin = (1 - share) * np.array(SKINS[i]) + share * np.array(SKINS[i + 1])
    colours = rng.uniform(0.03, 0.9, (4, 3))
    grey = rng.uniform(0, 0.8, (4, 1))  # most clothes have muted colours
    colours = grey * colours.mean(1, keepdims=True) + (1 - grey) * colours
    shirt, trousers, shoes, second = colours.tolist()
    hair = rng.uniform(0.02, 0.2) if rng.random() < 0.75 else rng.uniform(0.3, 0.75)
    pattern = Pattern(second, float(rng.uniform(0.03, 0.12)), int(rng.integers(3)))
    return Outfit(
        skin.tolist(),
        shirt,
        trousers,
        shoes,
        (hair * np.array([1.0, 0.75, 0.55])).tolist(),
        sleeve=float(rng.choice([0.15, 0.65, 1.9], p=[0.15, 0.4, 0.45])),
        leg=float(rng.choice([0.45, 1.0], p=[0.25, 0.75])),
        pattern=pattern if rng.random() < 0.35 else None,
    )


def setting(rng: np.random.Generator, *, jpeg: tuple[float, float]) -> Setting:
    """A random setting; a fifth is filmed in low light."""
    dark = rng.random() < 0.2
    return Setting(
        backdrop=str(rng.choice(list(KINDS), p=[0.5, 0.15, 0.35])),
        room=bool(rng.random() < 0.6),
        seed=int(rng.integers(2**31)),
        light=light(rng),
        gain=float(rng.uniform(0.4, 0.65) if dark else rng.uniform(0.8, 1.25)),
        gamma=float(rng.uniform(0.55, 0.95)),
        grain=float(rng.uniform(5, 14) if dark else rng.uniform(0, 5)),
        blurred=bool(rng.random() < 0.1),
        jpeg=round(rng.uniform(*jpeg)),
    )


def light(rng: np.random.Generator) -> Light:
    """A main lamp anywhere above the horizon, also behind, and light from all around."""
    around, up = rng.uniform(-np.pi, np.pi), np.radians(rng.uniform(15, 80))
    direction = np.array([np.cos(around) * np.cos(up), np.sin(around) * np.cos(up), np.sin(up)])
    colours = rng.uniform(0.85, 1.1, (3, 3))
    strength = rng.uniform([0.3, 0.25, 0.15], [1.0, 0.6, 0.4])[:, None]
    return Light(direction, *(colours * strength))
