"""What noise does to a small motion, in figures; noise.json has those of the numpy code.

Made at commit 3ce9fc0, the last with numpy noise, by ``figures`` of 3,000 clips (20 batches of
150): per joint, in torso lengths. The torch noise must have the same distribution.
"""

import numpy as np

from gastlive.gast.inputs.filling import REST
from gastlive.gast.skeleton import H36M17

FRAMES = 48


def motion(people=150):
    """People who turn and swing their arms, float32: (N, T, 17, 2) and (N, T, 17, 3), torso 1."""
    sides = {"left_": 1, "right_": -1}
    pose = np.zeros((17, 3))
    for i, joint in enumerate(H36M17.joints):
        side = sides.get(joint[: joint.find("_") + 1], 1)
        across, down = REST[joint.replace("right_", "left_")]
        pose[i, :2] = side * across * 2, down * 2
    time = np.arange(FRAMES) / 30
    who = np.arange(people)[:, None]
    xyz = np.broadcast_to(pose, (people, FRAMES, 17, 3)).copy()
    swing = np.sin(5 * time + who)
    for joint, share in (("elbow", 0.5), ("wrist", 1.0), ("knee", 0.2), ("ankle", 0.4)):
        for side, sign in sides.items():
            xyz[:, :, H36M17.index[side + joint], 2] += 0.6 * sign * share * swing
            xyz[:, :, H36M17.index[side + joint], 1] -= 0.3 * share * np.abs(swing)
    angle = who + 0.5 * time
    cos, sin = np.cos(angle)[..., None], np.sin(angle)[..., None]
    x, z = xyz[..., 0], xyz[..., 2]
    xyz = np.stack([x * cos + z * sin, xyz[..., 1], z * cos - x * sin], -1).astype(np.float32)
    return xyz[..., :2].copy(), xyz


def figures(batches):
    """Of errors (N, T, J, 2) and seen (N, T, J) in batches: each a list of J numbers."""
    error = np.concatenate([e for e, _ in batches]).astype(np.float64)
    seen = np.concatenate([s for _, s in batches])
    distance = np.linalg.norm(error, axis=-1).reshape(-1, error.shape[2])
    moving = error - error.mean(1, keepdims=True)
    variance = (moving**2).mean((0, 1, 3))
    alike = {
        f"lag_{lag}": (moving[:, :-lag] * moving[:, lag:]).mean((0, 1, 3)) / variance
        for lag in (1, 5, 15)
    }
    found = {
        "mean_x": error[..., 0].mean((0, 1)),
        "mean_y": error[..., 1].mean((0, 1)),
        "rms": np.sqrt((error**2).mean((0, 1, 3))),
        "median": np.median(distance, 0),
        "most": np.quantile(distance, 0.95, axis=0),
        "tremble": np.sqrt((np.diff(error, axis=1) ** 2).mean((0, 1, 3))),
        "seen": seen.mean((0, 1)),
        **alike,
    }
    return {name: np.round(values, 4).tolist() for name, values in found.items()}
