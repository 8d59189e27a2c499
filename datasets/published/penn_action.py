"""Penn Action: fifteen sports and exercises in films, joints marked by hand."""

from collections.abc import Iterable, Iterator

import numpy as np

from ...gast.errors import InputError
from ...gast.limits import BROKEN, broken
from ...gast.skeleton import PENN13
from ..clip import KeypointClip, Problem, Segment
from ..formats.matlab import read_matlab, read_matlab_texts
from ..keypoints import KeypointFolder
from ..motion import Take

FPS = 30.0
"""Assumed: films differ, and the files don't say."""


class PennAction(KeypointFolder):
    """2,326 films of 15 actions, one action and one person each; only the labels are read.

    ``NNNN.mat`` holds 13 joints in pixels and which of them are visible, by hand. Nobody is named,
    so the `subject` is the published part, ``train`` or ``test``, and begins the clip's name.
    `camera` is the side that is seen: front, back, or left and right as the person faces in the
    picture. The publisher's list has left before right; the files have right before left (those who
    face the camera have their first shoulder on the picture's left; the hidden side and the arm
    that serves say the same). Published by the University of Pennsylvania for research.

    Source: Zhang, Zhu, Derpanis 2013, "From actemes to action: a strongly-supervised
        representation for detailed action understanding".
    """

    dataset = "penn_action"
    publisher = "the University of Pennsylvania (M. Zhang, K. Derpanis)"
    labels = (
        "baseball pitch",
        "baseball swing",
        "bench press",
        "bowl",
        "clean and jerk",
        "golf swing",
        "jump rope",
        "jumping jacks",
        "pullup",
        "pushup",
        "situp",
        "squat",
        "strum guitar",
        "tennis forehand",
        "tennis serve",
    )

    def __iter__(self) -> Iterator[KeypointClip]:
        """See `ClipFolder`; files whose part is not known are problems whatever is chosen."""
        yield from super().__iter__()
        self.problems = self._broken + self.problems

    def _find(self) -> Iterable[Take]:
        self._broken: list[Problem] = []
        for path, _ in self._files(r"\d{4}\.mat"):
            try:
                (flag,) = read_matlab(path, ["train"])
                yield Take(path, subject="train" if flag.ravel()[0] > 0 else "test")
            except BROKEN as error:
                self._broken.append(Problem(str(path), broken(error)))

    def _read(self, take: Take) -> KeypointClip:
        x, y, visible, size = read_matlab(take.path, ["x", "y", "visibility", "dimensions"])
        action, pose = read_matlab_texts(take.path, ["action", "pose"])
        label = action.replace("_", " ")
        if not x.shape == y.shape == visible.shape or x.shape[1:] != (len(PENN13),):
            raise InputError(
                f"{take.path}: 'x', 'y' and 'visibility' are {x.shape}, {y.shape} and "
                f"{visible.shape}, wanted (frames, 13) of each"
            )
        if label not in self.labels:
            raise InputError(f"{take.path}: action {action!r} is none of Penn Action's")
        if size.size < 2 or not size.ravel()[:2].min() > 0:
            raise InputError(f"{take.path}: 'dimensions' is {size.tolist()}, wanted height, width")
        xy = np.stack([x, y], -1).astype(np.float32)
        seen = (visible > 0) & np.isfinite(xy).all(-1)
        height, width = (int(side) for side in size.ravel()[:2])
        return KeypointClip(
            name=f"{take.subject}_{take.name}",
            dataset=self.dataset,
            subject=take.subject,
            layout=PENN13,
            xy=np.where(seen[..., None], xy, np.float32(0)),
            score=seen.astype(np.float32),
            size=(width, height),
            fps=FPS,
            by_hand=True,
            segments=(Segment(0, len(xy), label),),
            camera=pose,
        )
