"""Recognition in a camera, file, folder or address, frame by frame."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..gast.errors import InputError
from .packets import Frame
from .results import FrameResult
from .sources.kinds import kind_of

if TYPE_CHECKING:
    from .recognition import Recognition
    from .sources.source import Source


def watch(source: int | str | Path, /, **options: Any) -> Generator[FrameResult, None, None]:
    """What everyone in each frame of a source does, as the program ``gastlive`` finds it.

    >>> for frame in watch("clip.mp4"):
    ...     print([person.action for person in frame.people])

    A file is read whole; of a camera the newest picture is taken, and those that came meanwhile are
    dropped. With the last frame of a file the actions still going on have finished. Leaving the
    loop closes the source.

    Args:
        source: Number of a camera or its path (``/dev/video0``), a video, a folder of pictures, a
            file of keypoints or a folder with a file of them a frame, an address (``rtsp://``, ``http://``),
            or ``"demo"``, the clip that comes with the package.
        options: As those of `Recognizer`; the source's own, too: ``source={"start_s": 2}``.

    Raises:
        InputError: Nothing of that kind is there, no such option, or it can't be used here; in the
            loop: the source failed.
    """
    values = options.pop("source", {})
    if not isinstance(values, dict):
        raise InputError(
            f"source={values!r}: what is watched comes first, watch({source!r}); source= takes "
            f"its values, such as source={{'start_s': 2}}"
        )
    kind, chosen = kind_of(source)
    if kind == "keypoints":
        options = {"detector": "none"} | options
    # Imported here: what composes and computes comes with the first use.
    from hydra.utils import instantiate

    from ..conf.option import chain
    from .recognition import Recognition, in_one_line

    cfg = chain({"source": kind, **options, **_below("source", {**chosen, **values})})
    with in_one_line():
        opened = instantiate(cfg.source)
    recognition = Recognition(cfg)
    recognition.begin(fps=opened.fps, source=opened.description, layout=opened.layout)
    return _results(opened, recognition)


def _below(part: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{part}.{key}": value for key, value in values.items()}


def _results(source: "Source", recognition: "Recognition") -> Generator[FrameResult, None, None]:
    with source:
        if source.live:
            for frame in source:
                yield recognition(frame)
            return
        before: Frame | None = None  # one behind, to know which is the last
        for frame in source:
            if before is not None:
                yield recognition(before.knowing(captured_s=source.clock()))
            before = frame
        if before is not None:
            yield recognition(before.knowing(captured_s=source.clock()), is_last=True)
