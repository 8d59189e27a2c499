"""Track ids as a keypoint file gives them, instead of a tracker."""

from collections.abc import Sequence
from typing import Self

from ...gast.errors import InputError
from ..packets import Frame, Person, Pose
from .surest import Surest


class GivenTracks:
    """`Frame.poses` to `Frame.people` by `Pose.track`; InputError if an id is missing or double.

    Args:
        most: Of more people in a picture the surest are taken, with one warning.
    """

    name = "tracker"

    def __init__(self, *, most: int) -> None:
        self._surest = Surest(most)

    def reset(self) -> None:
        """Nothing to reset."""

    def another(self) -> Self:
        """Refused: two cameras' files may call two people by one number."""
        raise InputError(
            "tracker=given goes by the ids of one file, and people of several cameras may have "
            "the same; use tracker=oks"
        )

    def __call__(self, frame: Frame) -> Frame:
        """Write `Frame.people`, by rising id."""
        _check(frame.poses, frame.index)
        people = {pose.track: Person(pose=pose) for pose in self._surest(frame.poses)}
        return frame.knowing(people=dict(sorted(people.items())))


def _check(poses: Sequence[Pose], index: int) -> None:
    seen = set[int]()
    for pose in poses:
        if pose.track is None or pose.track in seen:
            what = "no id" if pose.track is None else f"the id {pose.track} twice"
            raise InputError(
                f"tracker=given goes by the ids of a keypoint file, and frame {index} has {what}; "
                f"use tracker=oks"
            )
        seen.add(pose.track)
