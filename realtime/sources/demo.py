"""The clip that comes with the package."""

from pathlib import Path

from ..clock import SYSTEM, Clock
from .video import Video

PATH = Path(__file__).parent.parent / "demo" / "demo.mp4"


class Demo(Video):
    """One person, several actions one after another; its ground truth lies beside it.

    Args:
        realtime: Play it as a camera would, see `Video`.
        fps: As so many pictures a second, see `Video`.
        repeat: How many times it is played; 0 plays it without end. At each turn the person jumps
            back to where the clip begins.
        frames: Stop after so many pictures; ``None`` plays all.
        clock: Paces and stamps.

    Raises:
        InputError: The clip is missing from this installation.
    """

    def __init__(
        self,
        *,
        realtime: bool = False,
        fps: float | None = None,
        repeat: int = 1,
        frames: int | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(
            str(PATH), realtime=realtime, fps=fps, repeat=repeat, frames=frames, clock=clock
        )
        self.name, self.description = "demo", "the embedded demo clip"
