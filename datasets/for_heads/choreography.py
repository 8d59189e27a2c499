"""How streams in the world go on: pauses, turns, paces, and whose limbs people have."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Choreography:
    """How streams go on; pairs are ranges, drawn evenly.

    Attributes:
        pause: Share of pieces before which the person holds a pose for `pause_s`.
        long_pause: Share of those that last `long_pause_s`.
        blend_s: Of the transition from pose to pose.
        turn: Share of transitions in which the person turns, by up to `turn_deg`.
        pace: Factor of each piece's speed.
        mirror: Share of pieces in which left and right are swapped.
        early_s: At most so much of a stream has passed when the person comes into view.
        begun: Share of pieces that are an action broken off, without a label.
        others: Share of pieces of motion without labels, as background, if there is any;
            `backwards` of them, and `slowed` to a third, at least, of their speed.
        other_arms: Share of pieces told by the legs, and of motion without labels, in which the
            arms are of somebody who rests, walks or does something without a label; so people
            learn what a kick is by the leg.
        other_legs: The same of pieces told by the arms, and their legs.
    """

    pause: float = 0.6
    pause_s: tuple[float, float] = (0.3, 1.5)
    long_pause: float = 0.15
    long_pause_s: tuple[float, float] = (1.5, 4.0)
    blend_s: tuple[float, float] = (0.2, 0.8)
    turn: float = 0.25
    turn_deg: float = 150.0
    pace: tuple[float, float] = (0.5, 1.6)
    mirror: float = 0.5
    early_s: float = 1.0
    begun: float = 0.06
    others: float = 0.03
    backwards: float = 0.3
    slowed: float = 0.2
    other_arms: float = 0.5
    other_legs: float = 0.35
