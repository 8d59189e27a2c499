"""Steps and jumps, as rules with wide ranges."""

import numpy as np

from .script import DOWN, Script, other


def walk(s: Script) -> None:
    """Steps forward, arms against legs, or in pockets."""
    swing = s.between(0.05, 0.45) * s.chance(0.85)
    _steps(
        s,
        stride=(0.35, 0.85),
        beat=(0.42, 0.75),
        lift=(0.06, 0.16),
        bounce=0.0,
        arms=(swing, 0.05, -0.92),
        lean=s.between(0, 0.12),
        steps=s.count(3, 7),
    )


def carry(s: Script) -> None:
    """Steps with something in both hands."""
    hand = (s.between(0.4, 0.7), s.between(0.0, 0.25), s.between(-0.6, -0.2))
    s.to(0.4, right=hand, left=other(hand))
    _steps(
        s,
        stride=(0.3, 0.7),
        beat=(0.45, 0.8),
        lift=(0.06, 0.14),
        bounce=0.0,
        arms=None,
        lean=s.between(-0.1, 0.1),
        steps=s.count(3, 7),
    )


def jog(s: Script) -> None:
    """Quick steps on the spot or forward, elbows bent."""
    spot = s.chance(0.5)
    _steps(
        s,
        stride=(0.0, 0.1) if spot else (0.5, 1.1),
        beat=(0.24, 0.45),
        lift=(0.05, 0.6),
        bounce=s.between(0.02, 0.08),
        arms=(s.between(0.05, 0.4), s.between(0.2, 0.5), s.between(-0.75, -0.3)),
        lean=s.between(0.0, 0.25),
        steps=s.count(5, 11),
    )


def hop(s: Script) -> None:
    """Both feet leave the floor, forward or on the spot."""
    far = s.between(0.0, 0.6)
    for i in range(s.count(1, 4)):
        at = far * (i + 1)
        s.to(
            s.between(0.25, 0.5),
            root=(far * i, 0, s.between(0.7, 0.85)),
            lean=(0.4, 0, 0),
            right=(-0.3, -0.2, -0.8),
            left=(-0.3, 0.2, -0.8),
        )
        hand = (s.between(0.2, 0.7), -0.2, s.between(-0.6, 0.2))
        up = s.between(0.08, 0.3)
        s.to(
            0.25,
            root=(at - far / 2, 0, 1 + up),
            right_foot=(at - far / 2, -0.12, up + 0.05),
            left_foot=(at - far / 2, 0.12, up + 0.05),
            right=hand,
            left=other(hand),
            lean=(0.1, 0, 0),
        )
        s.to(
            0.25,
            root=(at, 0, 0.85),
            right_foot=(at, -0.12, 0),
            left_foot=(at, 0.12, 0),
            lean=(0.25, 0, 0),
        )
    s.to(
        s.between(0.2, 0.5),
        root=(far * (i + 1), 0, 0.98),
        lean=(0.05, 0, 0),
        right=DOWN,
        left=other(DOWN),
    )


def jumping_jack(s: Script) -> None:
    """Feet jump apart while hands meet overhead, and back."""
    wide, beat, bounce = s.between(0.3, 0.6), s.between(0.28, 0.55), s.between(0.0, 0.06)
    high = s.between(0.5, 0.95)
    for _ in range(s.count(2, 6)):
        side = (0, -0.85, s.between(0.1, 0.4))
        half_way = {
            "right": side, "left": other(side), "root": (0, 0, 0.96 + bounce),
            "right_foot": (0, -wide * 0.6, bounce), "left_foot": (0, wide * 0.6, bounce),
        }  # fmt: skip
        s.to(beat / 2, **half_way)
        top = (0.05, s.between(-0.2, 0.25), high)
        s.to(
            beat / 2,
            right=top,
            left=other(top),
            root=(0, 0, 0.99 * np.sqrt(1 - wide**2 * 0.6)),
            right_foot=(0, -wide, 0),
            left_foot=(0, wide, 0),
        )
        s.to(beat / 2, **half_way)
        s.to(
            beat / 2,
            right=DOWN,
            left=other(DOWN),
            root=(0, 0, 0.97),
            right_foot=(0, -0.1, 0),
            left_foot=(0, 0.1, 0),
        )


def _steps(
    s: Script,
    *,
    stride: tuple[float, float],
    beat: tuple[float, float],
    lift: tuple[float, float],
    bounce: float,
    arms: tuple[float, float, float] | None,
    lean: float,
    steps: int,
) -> None:
    """Steps; `arms` are how far hands swing, and where, forward and up; None holds them."""
    stride_, time, high = s.between(*stride), s.between(*beat), s.between(*lift)
    behind = s.between(0.0, 1.0)  # whether the foot goes up in front or behind
    feet, root = {"left": 0.0, "right": 0.0}, 0.0
    swing, ahead, up = arms or (0.0, 0.0, 0.0)
    for i in range(steps):
        side, other = ("right", "left") if i % 2 == 0 else ("left", "right")
        start, stop = feet[side], feet[other] + stride_
        sign = 1 if side == "left" else -1
        at = (start + stop) / 2 - behind * high
        root = (feet[other] + stop) / 2
        hands = {"left": (ahead, 0.12, up), "right": (ahead, -0.12, up)} if arms else {}
        s.to(
            time / 2,
            **{f"{side}_foot": (at, 0.1 * sign, high)},
            root=((root + feet[other]) / 2, -0.02 * sign, 0.985 - bounce * 0.3),
            lean=(lean, 0, 0),
            **hands,
        )
        feet[side] = stop
        drop = 0.985 * np.sqrt(max(1 - (stride_ / 2) ** 2, 0.5))
        if arms:
            hands = {
                side: (ahead - swing, 0.1 * sign, up),
                other: (ahead + swing, -0.05 * sign, up + swing * 0.3),
            }
        s.to(
            time / 2,
            **{f"{side}_foot": (stop, 0.1 * sign, 0.0)},
            root=(root, 0, drop + bounce),
            lean=(lean, 0, 0.15 * swing * sign),
            **hands,
        )
