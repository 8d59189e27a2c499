"""Which kind of source a number, path or address is."""

from pathlib import Path
from typing import Any

from ...gast.errors import InputError
from .keypoint_files import SUFFIXES, frames_in

EMBEDDED = ("demo", "crowd")
"""Sources that come with the package."""


def kind_of(source: int | str | Path) -> tuple[str, dict[str, Any]]:
    """The option of the group ``source`` that reads it, and the values which say where it is.

    InputError if it is no number, path or address.
    """
    if isinstance(source, bool) or not isinstance(source, int | str | Path):
        raise InputError(
            f"watch got a {type(source).__name__}; give the number of a camera, a path or an "
            f"address, or hand pictures to a gastlive.Recognizer"
        )
    text = str(source)
    if text.isdigit() or text.startswith("/dev/"):
        return "webcam", {"device": source}
    if "://" in text:
        return "stream", {"url": text}
    path = Path(text).expanduser()
    if text in EMBEDDED and not path.exists():
        return text, {}
    if path.suffix.lower() in SUFFIXES or (path.is_dir() and frames_in(path)):
        return "keypoints", {"path": text}
    return ("images", {"folder": text}) if path.is_dir() else ("video", {"path": text})
