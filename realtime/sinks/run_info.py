"""What a sink may know of the run before its first frame."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The run, as far as it is known before the first picture.

    Attributes:
        width: Pixels; ``None`` while the source does not know.
        height: Pixels; ``None`` while the source does not know.
        fps: Pictures per second the source promises; ``None`` where it promises none.
        detector_layout: Name of the layout of `Person.pose`.
        lifter_layout: Name of the layout of `Person.xy` and `Person.xyz`.
        labels: Class names in the order of `Person.probabilities`, length K.
        background: The label that means nothing in particular.
        source: What is being watched, in words; without credentials.
    """

    width: int | None
    height: int | None
    fps: float | None
    detector_layout: str
    lifter_layout: str
    labels: tuple[str, ...]
    background: str
    source: str
