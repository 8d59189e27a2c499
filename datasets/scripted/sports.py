"""Swings, as rules with wide ranges; told for the right."""

from typing import Any

from .script import Script


def swing(s: Script) -> None:
    """Both hands as on a bat, from behind the shoulder level round the body."""
    fast = s.between(0.12, 0.3)
    both(
        s,
        s.between(0.4, 1.0),
        (0.15, -0.5, s.between(0.0, 0.35)),
        lean=(0.15, 0, -s.between(0.4, 0.9)),
        root=(0, -0.06, 0.92),
        turn=-0.2,
    )
    s.to(s.between(0.0, 0.8))
    both(
        s,
        fast,
        (0.75, 0.1, s.between(-0.35, 0.0)),
        lean=(0.2, 0, 0.1),
        turn=0.4,
        root=(0.02, 0.04, 0.92),
    )
    both(
        s,
        fast,
        (0.2, 0.7, s.between(0.0, 0.4)),
        lean=(0.1, 0, s.between(0.6, 1.1)),
        turn=s.between(0.5, 1.0),
    )
    s.to(s.between(0.1, 0.4)).back(s.between(0.4, 0.9))


def tennis_swing(s: Script) -> None:
    """A hand from behind the side forward and across."""
    fast, low = s.between(0.15, 0.35), s.between(-0.5, 0.0)
    side = 1 if s.chance(0.7) else -1  # forehand or backhand
    s.to(
        s.between(0.35, 0.9),
        right=(s.between(-0.5, -0.1) if side > 0 else 0.3, -0.75 * side, low),
        lean=(0.12, 0, -s.between(0.3, 0.9) * side),
        root=(0, 0, 0.93),
        turn=-0.3 * side,
    )
    s.to(fast, right=(0.75, -0.25 * side, low + 0.15), lean=(0.15, 0, 0.1 * side), turn=0.1 * side)
    s.to(
        fast,
        right=(0.35, 0.6 * side, s.between(0.1, 0.5)),
        lean=(0.1, 0, s.between(0.4, 0.9) * side),
        root=(0.1, 0, 0.95),
        turn=0.4 * side,
    )
    s.to(s.between(0.0, 0.3)).back(s.between(0.4, 0.9))


def tennis_serve(s: Script) -> None:
    """One hand tosses up, the other goes behind the head, overhead and down across."""
    tossed = (0.5, 0.05, s.between(0.5, 0.85)) if s.chance(0.75) else s.rest.left
    s.to(
        s.between(0.4, 0.9),
        left=tossed,
        right=(-0.4, -0.3, s.between(-0.3, 0.2)),
        lean=(-0.15, -0.1, -s.between(0.3, 0.7)),
        root=(0, 0, 0.92),
    )
    s.to(s.between(0.2, 0.4), right=(-0.25, -0.1, 0.25), elbows=(0.3, 1.2))
    s.to(
        s.between(0.12, 0.4),
        right=(0.25, 0.0, 0.97),
        left=(0.2, 0.1, -0.4),
        lean=(0.05, 0, 0.1),
        root=(0.08, 0, 1.0),
    )
    s.to(
        s.between(0.15, 0.4),
        right=(0.55, 0.5, -0.6),
        lean=(s.between(0.3, 0.6), 0, 0.6),
        root=(0.15, 0, 0.93),
    )
    s.to(s.between(0.0, 0.3)).back(s.between(0.4, 0.9))


def golf_swing(s: Script) -> None:
    """Bent over, both hands low, round and up behind, down, and up on the other side."""
    lean, fast = s.between(0.35, 0.65), s.between(0.15, 0.35)
    both(s, s.between(0.4, 0.9), (0.45, 0.3, -0.8), lean=(lean, 0, 0), root=(-0.1, 0, 0.92))
    s.to(s.between(0.1, 0.8))
    both(
        s,
        s.between(0.5, 1.0),
        (0.1, -0.55, s.between(0.2, 0.6)),
        lean=(lean * 0.8, 0, -s.between(0.6, 1.1)),
        turn=-0.4,
    )
    both(s, fast, (0.45, 0.3, -0.8), lean=(lean, 0, 0), turn=0.1)
    both(
        s,
        fast,
        (0.1, 0.75, s.between(0.2, 0.6)),
        lean=(0.1, 0, s.between(0.6, 1.1)),
        turn=s.between(0.4, 0.9),
        root=(0, 0.05, 0.97),
    )
    s.to(s.between(0.2, 0.8)).back(s.between(0.5, 1.0))


def both(s: Script, seconds: float, right: tuple[float, float, float], **changes: Any) -> None:
    """Hands together, `right` from the right shoulder; the other reaches for it."""
    s.to(seconds, right=right, left=(right[0], right[1] - 0.6, right[2]), **changes)
