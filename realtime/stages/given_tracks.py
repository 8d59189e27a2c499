"""Who is who as the keypoint file says it."""

from ...gast.errors import InputError
from ..packets import Frame, Person


class GivenTracks:
    """Names people as their poses are named: `Frame.poses` to `Frame.people`.

    Raises:
        InputError: In a call, a pose says no id, or two of a picture say the same.
    """

    name = "tracker"

    def reset(self) -> None:
        """Nothing to forget."""

    def __call__(self, frame: Frame) -> Frame:
        """Name the people of this picture."""
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
