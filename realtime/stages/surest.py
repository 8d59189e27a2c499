"""A cap on the people in a picture, so that a crowd costs no more than it may."""

import logging
from collections.abc import Sequence

from ...gast.errors import InputError
from ..packets import Pose

_LOGGER = logging.getLogger(__name__)


class Surest:
    """At most `most` poses of a picture: those of highest score, and one warning for all pictures.

    Of equal scores the lowest track ids, else the first. InputError if `most` is not positive.
    """

    def __init__(self, most: int) -> None:
        if not most > 0:
            raise InputError(f"tracker.most={most} is too small; give more than 0")
        self.most, self._is_warned = most, False

    def __call__(self, poses: Sequence[Pose]) -> list[Pose]:
        """Those to follow; all of them, in their order, where they are few enough."""
        if len(poses) <= self.most:
            return list(poses)
        if not self._is_warned:
            self._is_warned = True
            _LOGGER.warning(
                "%d people in a picture, of which the %d surest are followed; tracker.most=%d "
                "follows all, and takes longer", len(poses), self.most, len(poses),
            )  # fmt: skip
        return sorted(poses, key=lambda pose: (-pose.score, pose.track or 0))[: self.most]
