"""What hands do, as rules with wide ranges; told for the right."""

from typing import Any

import numpy as np

from .script import Script, elbows, near, other


def gesture(s: Script) -> None:
    """Nothing that has a name: hands that talk, scratch, hold a phone; weight that shifts."""
    what = s.count(0, 5)
    if what == 0:  # talking
        for _ in range(s.count(2, 7)):
            s.to(
                s.between(0.3, 0.9),
                right=near(s, (0.5, -0.1, -0.35), 0.2),
                left=near(s, (0.5, 0.1, -0.35), 0.2),
                lean=near(s, (0.05, 0, 0), 0.08),
            )
    elif what == 1:  # at the head or face
        s.to(s.between(0.5, 1.0), right=near(s, (0.2, 0.2, 0.35), 0.08), elbows=(0.3, 0.6))
        s.to(s.between(0.3, 1.5))
    elif what == 2:  # looking at what is held
        s.to(s.between(0.5, 1.0), right=near(s, (0.5, 0.15, -0.3), 0.08), lean=(0.15, 0, 0))
        s.to(s.between(1.0, 3.0))
    elif what == 3:  # weight from leg to leg, looking about
        for side in (1, -1):
            s.to(
                s.between(0.6, 1.5),
                root=(0, 0.08 * side, 0.97),
                turn=s.between(0, 0.3) * side,
                lean=(0.05, -0.05 * side, s.between(0, 0.4) * side),
            )
    else:  # a step
        s.to(s.between(0.3, 0.5), right_foot=(0.15, -0.15, 0.06))
        s.to(s.between(0.2, 0.4), right_foot=(s.between(0.1, 0.4), -0.15, 0), root=(0.1, 0, 0.97))
    s.back(s.between(0.4, 1.0))


def wave(s: Script) -> None:
    """A hand, or both, that goes to and fro above the elbow or above the head."""
    up, out, ahead = s.between(0.1, 0.95), s.between(0.0, 0.6), s.between(0.05, 0.6)
    wide, both = s.between(0.12, 0.5), s.chance(0.2)
    beat = s.between(0.16, 0.9)
    lifted = elbows(s)
    for i in range(s.count(2, 10)):
        side = wide * (1 if i % 2 else -1)
        hand = (ahead, -out + side, up - abs(side) * s.between(0, 0.3))
        changes: dict[str, Any] = {"right": hand, "elbows": lifted}
        if both:
            changes["left"] = (ahead, out - side, hand[2])
        s.to(s.between(0.3, 0.8) if i == 0 else beat * s.between(0.8, 1.2), **changes)
    s.back(s.between(0.3, 0.9))


def clap(s: Script) -> None:
    """Both hands meet before the chest, or higher."""
    up, ahead, beat = s.between(-0.5, 0.3), s.between(0.3, 0.95), s.between(0.12, 0.5)
    wide, inside = s.between(0.12, 0.85), s.between(0.26, 0.34)
    for i in range(s.count(2, 9)):
        for apart in (wide, 0.0):
            hand = (ahead, inside - apart, up + 0.1 * apart)
            s.to(
                s.between(0.3, 0.7) if i == 0 and apart else beat * s.between(0.8, 1.2),
                right=hand,
                left=other(hand),
                elbows=(0.4, 0.4),
            )
    s.back(s.between(0.3, 0.8))


def throw(s: Script) -> None:
    """One hand from behind the head forward, from below, or both from the chest or overhead."""
    how, fast = s.count(0, 4), s.between(0.15, 0.4)
    step = {"left_foot": (s.between(0.15, 0.6), 0.15, 0)} if s.chance(0.5) else {}
    if how < 2:  # overarm
        s.to(
            s.between(0.35, 0.9),
            right=(s.between(-0.55, -0.2), s.between(-0.6, -0.2), s.between(0.1, 0.6)),
            left=near(s, (0.4, 0.2, -0.2), 0.2),
            lean=(-0.1, 0, s.between(-0.8, -0.2)),
            root=(-0.05, 0, 0.95),
            elbows=(0.3, 0.9),
        )
        s.to(fast * 0.6, right=(0.3, -0.25, s.between(0.5, 0.85)), lean=(0.1, 0, 0.1), **step)
        s.to(
            fast * 0.6,
            right=(s.between(0.7, 0.95), s.between(-0.1, 0.3), s.between(-0.3, 0.2)),
            lean=(s.between(0.15, 0.5), 0, s.between(0.2, 0.7)),
            root=(0.15, 0, 0.93),
        )
        s.to(0.2, right=(0.4, 0.3, -0.7))
    elif how == 2:  # underarm
        s.to(s.between(0.3, 0.8), right=(s.between(-0.8, -0.4), -0.1, -0.7), lean=(0.25, 0, -0.2))
        s.to(
            fast * 1.3,
            right=(s.between(0.6, 0.95), 0, s.between(-0.4, 0.4)),
            lean=(0.2, 0, 0.2),
            root=(0.12, 0, 0.93),
            **step,
        )
    else:  # both hands
        up = s.between(-0.3, 0.7)
        hand = (s.between(0.1, 0.4), 0.2, up)
        s.to(s.between(0.3, 0.8), right=hand, left=other(hand), root=(0, 0, s.between(0.8, 0.97)))
        hand = (s.between(0.4, 0.8), 0.15, max(up + 0.3, 0.3))
        s.to(fast, right=hand, left=other(hand), root=(0.05, 0, 0.99))
    s.to(s.between(0.0, 0.3)).back(s.between(0.3, 0.8))


def catch(s: Script) -> None:
    """Both hands go to meet something, close, and bring it to the chest."""
    hand = np.array((s.between(0.5, 0.9), s.between(-0.1, 0.15), s.between(-0.5, 0.7)))
    aside = (0, s.between(-0.35, 0.35), 0)
    left = np.add(other(hand), aside)
    s.to(s.between(0.25, 0.7), right=hand + aside, left=left, root=(0.05, 0, s.between(0.9, 0.98)))
    s.to(s.between(0.05, 0.4))
    near = (s.between(0.25, 0.4), 0.25, s.between(-0.55, -0.2))
    s.to(s.between(0.15, 0.4), right=near, left=other(near)).back(s.between(0.3, 0.8))


def punch(s: Script) -> None:
    """A fist, or one after the other, straight, round or from below; from guard or from rest."""
    guard = {
        "right": (0.3, 0.05, s.between(-0.3, 0.1)),
        "left": (0.35, -0.05, s.between(-0.3, 0.1)),
    }
    if s.chance(0.55):
        s.to(s.between(0.25, 0.7), **guard, root=(0, 0, s.between(0.9, 0.98)))
    for i in range(s.count(1, 4)):
        side = "right" if i % 2 == 0 else "left"
        sign = 1 if side == "right" else -1
        up, fast = s.between(-0.35, 0.25), s.between(0.1, 0.45)
        far = np.array((s.between(0.65, 0.99), s.between(0.0, 0.3) * sign, up))
        how = s.count(0, 4)
        if how == 0:  # round
            s.to(fast, **{side: (0.35, -0.7 * sign, up)}, elbows=(1.2, 1.2))
            far = np.array((0.65, 0.5 * sign, up))
        elif how == 1 and s.chance(0.5):  # from below
            s.to(fast, **{side: (0.25, 0.0, -0.6)})
            far = np.array((0.55, 0.15 * sign, s.between(0.1, 0.4)))
        twist = s.between(0.1, 0.7) * sign
        s.to(fast, **{side: far}, lean=(0.12, 0, twist), root=(s.between(0, 0.15), 0, 0.95))
        s.to(fast * s.between(0.8, 1.6), **{side: guard[side]}, lean=(0.06, 0, 0))
    s.back(s.between(0.25, 0.7))


def push(s: Script) -> None:
    """Both hands, or one, from the chest forward."""
    near = (s.between(0.2, 0.4), s.between(-0.2, 0.1), s.between(-0.3, 0.05))
    far = (s.between(0.8, 0.98), s.between(-0.1, 0.15), s.between(-0.2, 0.15))
    both = s.chance(0.85)
    step = {"right_foot": (s.between(0.2, 0.5), -0.15, 0)} if s.chance(0.4) else {}
    s.to(s.between(0.3, 0.7), right=near, **({"left": other(near)} if both else {}))
    s.to(
        s.between(0.2, 0.7),
        right=far,
        **({"left": other(far)} if both else {}),
        **step,
        lean=(s.between(0.05, 0.35), 0, 0),
        root=(s.between(0, 0.2), 0, 0.95),
    )
    s.to(s.between(0.0, 0.5)).back(s.between(0.4, 0.9))


def knock(s: Script) -> None:
    """A fist before the shoulder that goes a little forward and back."""
    hand = np.array((s.between(0.45, 0.75), s.between(-0.1, 0.2), s.between(-0.1, 0.45)))
    beat, deep = s.between(0.1, 0.28), s.between(0.08, 0.25)
    s.to(s.between(0.35, 0.8), right=hand)
    for _ in range(s.count(2, 6)):
        s.to(beat, right=hand + deep * np.array((1, 0, -s.between(0, 0.4))))
        s.to(beat, right=hand)
    s.back(s.between(0.35, 0.8))


def grab_high(s: Script) -> None:
    """A hand reaches up, closes, and comes down."""
    s.to(
        s.between(0.4, 1.0),
        right=(s.between(0.1, 0.65), s.between(-0.3, 0.15), s.between(0.7, 0.97)),
        lean=(s.between(-0.05, 0.1), s.between(0, 0.2), 0),
        root=(0.03, 0, 1.0),
    )
    s.to(s.between(0.1, 0.6)).back(s.between(0.4, 1.0))


def swipe(s: Script) -> None:
    """A hand goes across before the chest."""
    up = s.between(-0.3, 0.3)
    outside = (s.between(0.3, 0.6), -s.between(0.4, 0.8), up)
    inside = (s.between(0.45, 0.7), s.between(0.3, 0.65), up + s.between(-0.15, 0.15))
    one, other = (outside, inside) if s.chance(0.5) else (inside, outside)
    s.to(s.between(0.35, 0.8), right=one).to(s.between(0.25, 0.7), right=other)
    s.back(s.between(0.35, 0.8))


def cross_arms(s: Script) -> None:
    """Both forearms cross before the chest."""
    up = s.between(-0.45, 0.15)
    hand = (s.between(0.3, 0.6), s.between(0.5, 0.75), up)
    s.to(s.between(0.4, 0.9), right=hand, left=other(hand)).to(s.between(0.1, 1.0))
    s.back(s.between(0.4, 0.9))


def rotate_arms(s: Script) -> None:
    """Straight arms, both or one, go round at the shoulder."""
    beat, way, both = s.between(0.5, 1.6), 1 if s.chance(0.5) else -1, s.chance(0.9)
    out, rounds = s.between(0.1, 0.5), s.count(1, 4)
    level = 0.95 * np.sqrt(1 - out**2)
    for i in range(rounds * 8):
        angle = way * (i + 1) * np.pi / 4
        hand = (level * np.sin(angle), -out, -level * np.cos(angle))
        s.to(beat / 8, right=hand, **({"left": other(hand)} if both else {}))
