"""Lifted people who train a head in seconds."""

import numpy as np

from gastlive.datasets.for_heads.lifted import LiftedClip, Origin, save_lifted

LABELS = ("stand", "wave", "kick")
MOVED = {"stand": 0, "wave": 16, "kick": 6}


def lifted_people(folder):
    """Four people that do each action once, a joint an action."""
    rng = np.random.default_rng(0)
    for person in "abcd":
        origin = Origin("h36m17", 30.0, "net", "ab", "mine", person, LABELS, 0, "k1")
        clips = []
        for i, label in enumerate(LABELS):
            xyz = rng.normal(0, 0.01, (40, 17, 3)).astype(np.float32)
            xyz[:, MOVED[label], 1] += np.sin(np.arange(40) / 3)
            ones = np.ones(40, np.float32)
            actions = np.full(40, i, np.int16)
            clips.append(LiftedClip(f"{person}_{label}", 0, xyz, actions, ones, ones, origin))
        save_lifted(folder, origin, clips)
    return folder
