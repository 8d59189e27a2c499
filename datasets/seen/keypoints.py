"""2-D keypoints of a data set, completed and smoothed as the live program does."""

import numpy as np

from ...conf.option import option
from ...gast.errors import InputError
from ...gast.units import to_screen
from ...realtime.packets import Frame, Person, Pose
from ..clip import KeypointClip


def as_live(clip: KeypointClip, layout: str) -> np.ndarray:
    """What the live program would give a lifter of this layout for a clip of detected joints.

    (T, J, 3), screen units and confidence; frames before the person is first seen repeat the first
    pose. An InputError if the person is in no frame.
    """
    stage, found = option("joints/default", layout=layout), list[Person]()
    width, height = clip.size
    for t, (xy, score) in enumerate(zip(clip.xy, clip.score, strict=True)):
        pose = Pose(clip.layout, np.where(score[:, None] > 0, xy, np.nan), score)
        time_s = t / clip.fps
        frame = Frame(None, t, time_s, time_s, width, height, people={0: Person(pose)})
        found.append(stage(frame).people[0])
    first = next((person for person in found if person.xy is not None), None)
    if first is None:
        raise InputError(f"{clip.name}: nobody is in any of its {len(found)} frames")
    whole = [first if person.xy is None else person for person in found]
    pixels = np.stack([np.asarray(person.xy) for person in whole])
    xy = to_screen(pixels, width=width, height=height)
    trust = np.stack([np.asarray(person.confidence) for person in whole])
    return np.concatenate([xy, trust[..., None]], -1).astype(np.float32)
