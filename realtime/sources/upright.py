"""Cameras that hang sideways, and those that give mirror images."""

from dataclasses import replace

import numpy as np

from ...gast.errors import InputError
from ..packets import Frame, Pose


class Upright:
    """Frames as an upright camera that does not mirror would have taken them.

    Left and right are then the person's own, in the picture, in 2-D and in 3-D. Poses that a frame
    brings along are turned with its picture, and their sides swapped where it was mirrored.

    Args:
        rotate: Degrees clockwise: 90, 180 or 270; 0 and ``None`` leave pictures as they are.
        mirror: The pictures, once rotated, are mirror images.

    Raises:
        InputError: `rotate` is another angle.
    """

    def __init__(self, *, rotate: int | None, mirror: bool | None) -> None:
        if rotate not in (None, 0, 90, 180, 270):
            raise InputError(f"rotate={rotate}: pictures can be turned by 90, 180 or 270 degrees")
        self.rotate, self.mirror = rotate or 0, bool(mirror)

    def __call__(self, frame: Frame) -> Frame:
        """The frame, turned."""
        if not self.rotate and not self.mirror:
            return frame
        image, (width, height) = frame.image, (frame.width, frame.height)
        if image is not None:
            image = np.rot90(image, -self.rotate // 90)
            image = np.ascontiguousarray(image[:, ::-1] if self.mirror else image)
        if self.rotate in (90, 270):
            width, height = height, width
        poses = tuple(self._pose(pose, frame.width, frame.height) for pose in frame.poses)
        return frame.knowing(image=image, width=width, height=height, poses=poses)

    def _pose(self, pose: Pose, width: int, height: int) -> Pose:
        xy, confidence = pose.xy.copy(), pose.confidence
        for _ in range(self.rotate // 90):
            xy[:, 0], xy[:, 1] = height - xy[:, 1], xy[:, 0].copy()
            width, height = height, width
        if self.mirror:
            xy[:, 0] = width - xy[:, 0]
            xy, confidence = xy[pose.layout.mirror], confidence[pose.layout.mirror]
        return replace(pose, xy=xy, confidence=confidence)
