"""The clip that comes with the package."""

from pathlib import Path

from ..clock import SYSTEM, Clock
from .video import Video

PATH = Path(__file__).parent.parent / "demo" / "demo.mp4"


class Demo(Video):
    """One person, several actions one after another; arguments are those of `Video`.

    InputError if the clip is missing from this installation.
    """

    def __init__(
        self,
        *,
        realtime: bool,
        fps: float | None = None,
        repeat: int,
        frames: int | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(
            str(PATH),
            realtime=realtime,
            start_s=0.0,
            fps=fps,
            repeat=repeat,
            frames=frames,
            clock=clock,
        )
        self.name, self.description = "demo", "the embedded demo clip"
