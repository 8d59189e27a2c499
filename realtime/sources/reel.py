"""A video file, open at one of its pictures, and what it has lost."""

from contextlib import suppress
from pathlib import Path

from .decoder import Decoder, Picture
from .files import ends_early
from .source import Rising


class Reel:
    """Goes from picture to picture of an open file.

    Attributes:
        picture: The one it is at; ``None`` before the first and after the last.
        read: How many pictures were decoded so far.
        damaged: How many could not be.
        patched: How many were decoded, but with parts filled in.
    """

    def __init__(self, decoder: Decoder, *, path: Path, fps: float) -> None:
        self.decoder, self.path = decoder, path
        self.picture: Picture | None = None
        self.read = self.damaged = self.patched = 0
        self._bytes = 0
        with suppress(OSError):  # an open file may have been deleted
            self._bytes = path.stat().st_size
        self._pictures, self._stamp = iter(decoder), Rising(1 / fps)

    @property
    def time_s(self) -> float:
        """File time of that picture, or of the last one."""
        return self._stamp.last_s

    def is_by(self, time_s: float) -> bool:
        """Whether its picture has a time stamp, and none after `time_s`."""
        return self.picture is not None and self.picture.time_s <= time_s

    def wind(self) -> bool:
        """Go to the next picture that can be decoded; false when there is none."""
        self.picture = None
        for picture in self._pictures:
            if picture is None:
                self.damaged += 1
                continue
            self.picture = picture
            self.read += 1
            self.patched += picture.is_patched
            self._stamp(picture.time_s)
            return True
        if self.damaged:  # a decoder on several cores may drop one without an error
            self.damaged = max(self.damaged, self.decoder.packets - self.read)
        return False

    def losses(self) -> str:
        """What is wrong with the file as far as it was read, in one line; empty if nothing is."""
        clauses = [clause for clause in (self._damage(), self._end()) if clause]
        of = f" of {self.decoder.announced}" if self.decoder.announced else ""
        return f"{'; '.join(clauses)}; {self.read}{of} pictures could be read" if clauses else ""

    def _damage(self) -> str:
        lost = [f"{self.damaged} pictures can't be decoded"] * bool(self.damaged)
        lost += [f"{self.patched} have damaged parts"] * bool(self.patched)
        return f"is damaged: {', '.join(lost)}" if lost else ""

    def _end(self) -> str:
        if self.picture is not None:  # it was not read that far
            return ""
        if self.decoder.failure:
            return f"can't be read beyond {self.time_s:.2f} s: {self.decoder.failure}"
        if self._is_growing():
            return f"was still being written while it was read, up to {self.time_s:.2f} s"
        return "is cut short, its end is missing" if ends_early(self.path) else ""

    def _is_growing(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > self._bytes
