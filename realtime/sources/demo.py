"""The clip that comes with the package."""

from pathlib import Path

from ..clock import SYSTEM, Clock
from .video import Video

PATH = Path(__file__).parent.parent / "demo" / "demo.mp4"


class Demo(Video):
    """One person, several actions one after another; its ground truth lies beside it.

    Args:
        realtime: Play it as a camera would, see `Video`.
        clock: Paces and stamps.

    Raises:
        InputError: The clip is missing from this installation.
    """

    def __init__(self, *, realtime: bool = False, clock: Clock = SYSTEM) -> None:
        super().__init__(str(PATH), realtime=realtime, clock=clock)
        self.name, self.description = "demo", "the embedded demo clip"
