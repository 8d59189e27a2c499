"""The detector of sources that bring keypoints."""

from typing import Self

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ..packets import Frame
from ..stages.stage import anew


class NoDetector:
    """Passes on the poses that came with the frame, of any layout."""

    name = "detector"
    layout: Skeleton | None = None

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Check again whether the source brings keypoints."""
        self._checked = False

    def another(self) -> Self:
        """One for another camera."""
        return anew(self)

    def __call__(self, frame: Frame) -> Frame:
        """The same frame; an InputError if the source gives pictures."""
        if not self._checked and frame.image is not None and not frame.poses:
            raise InputError(
                "detector=none needs source=keypoints and this source gives pictures; "
                "use source=keypoints or detector=movenet"
            )
        self._checked = True
        return frame
