"""What legs and trunk do, as rules with wide ranges; told for the right."""

from typing import Any

import numpy as np

from .script import Script, near, other, standing


def seated(s: Script) -> None:
    """Go to a seat at once; where what follows begins."""
    s.to(0.05, **_seat(s))


def sit_down(s: Script) -> None:
    """Hips go down behind the feet, the trunk forward and back again."""
    seat = _seat(s)
    half = (seat["root"][0] * 0.7, 0, (1 + seat["root"][2]) / 2)
    s.to(
        s.between(0.4, 1.0),
        root=half,
        lean=(s.between(0.3, 0.9), 0, 0),
        right=near(s, (0.4, 0, -0.7), 0.15),
        left=near(s, (0.4, 0, -0.7), 0.15),
    )
    s.to(s.between(0.3, 0.8), **seat)


def stand_up(s: Script) -> None:
    """From a seat; begins seated, see `seated`."""
    x, _, z = np.asarray(s.now.root)
    s.to(
        s.between(0.3, 0.8),
        lean=(s.between(0.4, 1.0), 0, 0),
        root=(x * 0.7, 0, z + 0.08),
    )
    upright = standing(s.rng)
    s.to(
        s.between(0.4, 1.0),
        root=(0, 0, 0.98),
        lean=(0.05, 0, 0),
        left=upright.left,
        right=upright.right,
    )


def bend_down(s: Script) -> None:
    """The trunk goes down, a hand or both towards the floor, and up again."""
    deep, low = s.between(0.8, 1.8), s.between(0.55, 0.97)
    hand = (s.between(0.1, 0.5), s.between(0.0, 0.25), -0.95)
    both = {"left": other(hand)} if s.chance(0.5) else {}
    s.to(
        s.between(0.5, 1.2),
        lean=(deep, 0, s.between(-0.3, 0.3)),
        right=hand,
        root=(s.between(-0.2, 0.0), 0, low),
        **both,
    )
    s.to(s.between(0.0, 0.8)).back(s.between(0.5, 1.2))


def squat(s: Script) -> None:
    """Hips go down between the feet and up, once or more."""
    hands = s.count(0, 4)
    kinds: list[dict[str, Any]] = [
        {"right": (0.95, 0.05, 0.0), "left": (0.95, -0.05, 0.0)},
        {"right": (0.3, 0.25, -0.1), "left": (0.3, -0.25, -0.1)},
        {"right": (0.0, 0.1, 0.35), "left": (0.0, -0.1, 0.35), "elbows": (1.2, 1.2)},
        {},
    ]
    wide, beat, low = s.between(0.12, 0.35), s.between(0.4, 1.1), s.between(0.35, 0.72)
    feet = {"right_foot": (0, -wide, 0), "left_foot": (0, wide, 0), "knees": (0.5, 0.5)}
    for _ in range(s.count(1, 4)):
        s.to(
            beat,
            root=(-s.between(0.1, 0.25), 0, low),
            lean=(s.between(0.15, 0.8), 0, 0),
            **kinds[hands],
            **feet,
        )
        s.to(s.between(0.0, 0.4))
        s.to(beat * s.between(0.7, 1.1), root=(0, 0, 0.96), lean=(0.05, 0, 0))
    s.back(0.3)


def lunge(s: Script) -> None:
    """A long step forward, back or aside, hips down, and back or on to the next."""
    far, low, beat = s.between(0.6, 1.1), s.between(0.5, 0.78), s.between(0.4, 0.9)
    hips = {"right": (0.0, -0.42, -0.62), "left": (0.0, 0.42, -0.62)} if s.chance(0.4) else {}
    how = s.count(0, 4)
    trunk = (s.between(0.0, 0.4), 0, 0)
    for _ in range(s.count(1, 3)):
        if how < 2:  # forward
            s.to(
                beat * 0.6, right_foot=(far * 0.6, -0.12, 0.12), root=(far * 0.25, 0, 0.92), **hips
            )
            s.to(
                beat * 0.7,
                right_foot=(far, -0.12, 0),
                left_foot=(-0.05, 0.12, 0.08),
                root=(far * s.between(0.4, 0.6), 0, low),
                lean=trunk,
            )
        elif how == 2:  # back
            s.to(
                beat * 0.6,
                right_foot=(-far * 0.6, -0.12, 0.12),
                root=(-far * 0.25, 0, 0.92),
                **hips,
            )
            s.to(beat * 0.7, right_foot=(-far, -0.12, 0.1), root=(-far * 0.45, 0, low), lean=trunk)
        else:  # aside
            s.to(beat * 0.6, right_foot=(0, -far * 0.6, 0.1), root=(0, -far * 0.3, 0.92), **hips)
            s.to(beat * 0.7, right_foot=(0, -far, 0), root=(0, -far * 0.6, low), lean=trunk)
        s.to(s.between(0.0, 0.5))
        s.to(
            beat * 0.6,
            root=(0.1, 0, 0.92),
            right_foot=(0.2, -0.12, 0.1),
            left_foot=s.rest.left_foot,
        )
        s.back(beat * 0.5)


def kick(s: Script) -> None:
    """A foot goes up, forward, aside or round, with or without the knee drawn up first."""
    aside, fast = s.between(-0.2, 1.5), s.between(0.15, 0.45)
    height, far = s.between(0.15, 1.1), s.between(0.55, 0.95)
    level = np.sqrt(max(far**2 - (0.95 - height) ** 2, 0.05))
    foot = (level * np.cos(aside), -0.15 - level * np.sin(aside), height)
    arms = {"right": near(s, s.rest.right, 0.25), "left": near(s, s.rest.left, 0.25)}
    back, tilt = -s.between(0.0, 0.5) * height, s.between(0.0, 0.6) * height
    lean = (back * np.cos(aside), tilt * np.sin(max(aside, 0)), 0)
    root = (0.02, 0.1, 0.95)
    if s.chance(0.3):
        s.to(
            s.between(0.2, 0.4),
            right_foot=(s.between(-0.6, -0.2), -0.15, 0.05),
            root=(0.05, 0.08, 0.95),
        )
    if s.chance(0.6):
        s.to(fast, right_foot=(0.25, -0.15, s.between(0.25, 0.6)), root=root, lean=lean, **arms)
    s.to(
        fast,
        right_foot=foot,
        root=root,
        lean=lean,
        turn=s.between(-0.2, 0.6) * s.chance(0.5),
        **arms,
    )
    s.to(s.between(0.05, 0.15))
    if s.chance(0.5):
        s.to(fast, right_foot=(0.2, -0.15, s.between(0.2, 0.4)))
    s.back(s.between(0.25, 0.7))


def elbow_to_knee(s: Script) -> None:
    """A knee goes up to meet the other side's elbow."""
    beat = s.between(0.4, 0.9)
    behind = {"right": (0.0, 0.15, 0.35), "left": (0.0, -0.15, 0.35), "elbows": (1.3, 1.3)}
    for i in range(s.count(1, 5)):
        side, sign = ("right", -1) if i % 2 == 0 else ("left", 1)
        s.to(
            beat,
            **behind,
            **{f"{side}_foot": (s.between(0.0, 0.25), 0.1 * sign, s.between(0.45, 0.7))},
            lean=(s.between(0.3, 0.7), 0.1 * sign, 0.6 * sign),
            root=(0, -0.08 * sign, 0.96),
        )
        s.to(
            beat * 0.8,
            **{f"{side}_foot": (0, 0.13 * sign, 0)},
            lean=(0.05, 0, 0),
            root=(0, 0, 0.98),
        )
    s.back(s.between(0.3, 0.7))


def _seat(s: Script) -> dict[str, Any]:
    low = s.between(0.45, 0.62)
    return {
        "root": (-s.between(0.3, 0.5), 0, low),
        "lean": (s.between(-0.25, 0.25), 0, 0),
        "right": near(s, (0.55, 0.0, -0.6), 0.12),
        "left": near(s, (0.55, 0.0, -0.6), 0.12),
        "knees": s.rng.uniform(0, 0.5, 2),
    }
