"""Which action is another one's mirror image."""

from collections.abc import Sequence

import numpy as np

_SWAPS = {
    "left": "right", "right": "left",
    "clockwise": "counter-clockwise", "counter-clockwise": "clockwise",
}  # fmt: skip


def mirror_images(names: Sequence[str]) -> np.ndarray:
    """(K,) class index of each action's mirror image, its own where the image is none of the names.

    Left and right are swapped, and clockwise and counter-clockwise.
    """
    images = [" ".join(_SWAPS.get(word, word) for word in name.split()) for name in names]
    return np.array([names.index(i) if i in names else k for k, i in enumerate(images)])


def is_sided(name: str) -> bool:
    """Whether an action's mirror image has another name."""
    return any(word in _SWAPS for word in name.split())
