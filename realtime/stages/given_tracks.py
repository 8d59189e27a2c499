"""Track ids as a keypoint file gives them, instead of a tracker."""

from typing import Self

from ...gast.errors import InputError
from ..packets import Frame, Person


class GivenTracks:
    """`Frame.poses` to `Frame.people` by `Pose.track`; InputError if an id is missing or double."""

    name = "tracker"

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
        people: dict[int, Person] = {}
        for pose in frame.poses:
            if pose.track is None or pose.track in people:
                what = "no id" if pose.track is None else f"the id {pose.track} twice"
                raise InputError(
                    f"tracker=given goes by the ids of a keypoint file, and frame {frame.index} "
                    f"has {what}; use tracker=oks"
                )
            people[pose.track] = Person(pose=pose)
        return frame.knowing(people=dict(sorted(people.items())))
