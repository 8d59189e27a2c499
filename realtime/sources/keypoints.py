"""2-D keypoints from a file instead of a camera and a detector."""

from collections.abc import Generator
from pathlib import Path
from threading import Event

import numpy as np

from ...gast.errors import InputError
from ...gast.skeleton import LAYOUTS, Skeleton, named
from ..clock import SYSTEM, Clock
from ..packets import Frame, Pose
from .files import shown
from .keypoint_files import keypoint_file
from .keypoint_formats.written import Record
from .source import Source

LARGEST = 1_000_000
"""Of widths, heights and rates that are no mistake."""


class Keypoints(Source):
    """Frames without a picture, with the poses that a file holds; goes with ``detector=none``.

    Forms, in pixels or in shares of the picture, which are told apart by their size:

    - the ``frames.jsonl`` that the live program writes; a last line that a crash cut off is left
      out, with a warning;
    - the JSON of GAST-Net's reference (``{"data": [{"frame_index", "skeleton": [{"pose",
      "score"}]}]}``, frames counted from one, poses nested or flat);
    - AlphaPose's JSON and COCO's results (a list of ``image_id``, ``keypoints`` x, y, confidence,
      maybe ``idx``), COCO's annotations of one film, MMPose's predictions;
    - a folder of OpenPose's JSON, a file ``*_keypoints.json`` a frame;
    - ``.npy`` or ``.npz`` with an array ``keypoints`` (T, J, 2 or 3) of one person or (M, T, J, 2
      or 3) of several, or (T, 33, 4) of MediaPipe: x, y, depth, visibility; an ``.npz`` may also
      have ``layout``, ``width``, ``height`` and ``fps``;
    - an ``.npz`` of VideoPose3D, read without running what is pickled in it;
    - a folder with ``0.npy``, ``1.npy``, ..., each (J, 2 or 3) or MediaPipe's numbers in a row.

    A joint that is null or not a number becomes NaN with confidence zero.

    Args:
        path: The file, or the folder with a file a frame.
        fps, width, height: Of the pictures, where the file does not state them.
        layout: Name, where the file does not state it; by default coco17 for the reference's JSON,
            else by the number of joints, which is a warning where the form leaves it open.
        film: Which, where a file of VideoPose3D holds several; of a run with several cameras the
            camera's name.
        rotate, mirror: See `Upright`.

    Attributes:
        has_tracks: Whether the file has track ids, which ``tracker=given`` needs.

    Raises:
        InputError: No such file, none of the forms, size, rate or layout unknown; while iterating:
            a broken line, or a time not later than the one before.
    """

    layout: Skeleton

    def __init__(
        self,
        path: str,
        *,
        fps: float | None = None,
        width: int | None = None,
        height: int | None = None,
        layout: str | None = None,
        film: str | None = None,
        rotate: int | None = None,
        mirror: bool | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(
            "keypoints", f"keypoints {shown(path)}", rotate=rotate, mirror=mirror, clock=clock
        )
        self.path = Path(path).expanduser()
        if not self.path.exists():
            raise InputError(f"{self.description}: no such file; give the path of a keypoint file")
        self._file = keypoint_file(self.path, film=film)
        self.has_tracks = self._file.has_tracks
        self.layout = named(self._layout_name(layout))
        known = {"width": self._known("width", width), "height": self._known("height", height)}
        if not self._file.has_times or self._file.header.get("fps") or fps:
            known["fps"] = self.fps = self._known("fps", fps)
        self._check(known)
        self.width, self.height = int(known["width"] or 0), int(known["height"] or 0)
        if self._file.is_normalised:
            self.warn(
                f"{self.description}: coordinates up to 1 are shares of the picture, "
                f"{self.width}x{self.height}"
            )

    def read(self, stop: Event) -> Generator[Frame, None, None]:
        """The file's frames, in order."""
        last_s = -np.inf
        for where, entry in self._file.entries(self.warn):
            if stop.is_set():
                return
            try:
                frame = self._frame(self._file.translate(entry))
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise InputError(
                    f"{where} is no frame of {self.layout.name} poses ({error!r}); mend it"
                ) from error
            if not last_s < frame.time_s < np.inf:
                raise InputError(f"{where}: time {frame.time_s} s doesn't come after {last_s} s")
            last_s = frame.time_s
            yield frame

    def _layout_name(self, given: str | None) -> str:
        stated = self._file.header.get("layout")
        if stated is not None and given not in (None, stated):
            raise InputError(
                f"{self.description}: layout={given}, but the file itself says {stated}"
            )
        name = stated or given or self._file.usual_layout
        if name is not None and self._file.is_guessed and not stated and not given:
            self.warn(
                f"{self.description}: {len(named(name))} joints are taken for {name}; "
                f"source.layout=... says otherwise"
            )
        if name is None:
            raise InputError(
                f"{self.description} doesn't say its layout; give it as source.layout=..., one of "
                f"{', '.join(LAYOUTS)}"
            )
        return str(name)

    def _known(self, key: str, given: float | None) -> float | None:
        stated = self._file.header.get(key)
        if stated is not None and given is not None and stated != given:
            raise InputError(
                f"{self.description}: {key}={given}, but the file itself says {stated}"
            )
        return given if stated is None else stated

    def _check(self, known: dict[str, float | None]) -> None:
        """Ask at once for everything that is missing or can't be."""
        wrong = {key: value for key, value in known.items() if not _is_size(value)}
        if wrong:
            has = ", ".join("no " + key if v is None else f"{key}={v}" for key, v in wrong.items())
            give = " ".join(f"source.{key}=..." for key in wrong)
            raise InputError(f"{self.description} has {has}; give {give}")

    def _frame(self, record: Record) -> Frame:
        index = int(record["index"])
        time_s = record["time_s"] if self._file.has_times else index / (self.fps or 1)
        return Frame(
            image=None,
            index=index,
            time_s=float(time_s),
            captured_s=self.clock(),
            width=int(record.get("width", self.width)),
            height=int(record.get("height", self.height)),
            dropped=int(record.get("dropped", 0)),
            poses=tuple(self._pose(person) for person in record["people"]),
        )

    def _pose(self, person: Record) -> Pose:
        xy = np.array([(None, None) if p is None else p for p in person["xy"]], np.float32)
        xy, confidence = xy.reshape(-1, 2), np.array(person["confidence"], np.float32).reshape(-1)
        if not len(xy) == len(confidence) == len(self.layout):
            raise ValueError(f"{len(self.layout)} joints wanted, {len(xy)} given")
        if self._file.is_normalised:
            xy = xy * np.array((self.width, self.height), np.float32)
        seen = np.isfinite(xy).all(1) & np.isfinite(confidence)
        xy = np.where(seen[:, None], xy, np.float32(np.nan))
        confidence = np.where(seen, confidence, np.float32(0)).clip(0, 1)
        score, track = person.get("score"), person.get("track")
        return Pose(
            self.layout,
            xy,
            confidence,
            float(confidence.mean() if score is None else score),
            track=int(track) if self.has_tracks and track is not None else None,
        )


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value <= LARGEST
