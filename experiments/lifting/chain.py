"""The live program up to its lifter, for files."""

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ...conf.option import option
from ...gast.errors import InputError
from ...gast.shipped import LIFTERS, find
from ...realtime.detectors.none import NoDetector
from ...realtime.packets import Frame, RunInfo
from ...realtime.sources.keypoints import Keypoints
from ...realtime.sources.source import Source
from ...realtime.sources.video import Video
from ...realtime.stages.lifting import Lift
from ...realtime.stages.stage import Detector, Stage
from ...realtime.stages.tracker import Tracker
from .hindsight import with_hindsight
from .in_camera_axes import in_camera_axes
from .inputs import Input

PROGRAM = 2
"""To be raised when the same input gives other results than before, so that it is lifted anew."""


class Chain:
    """Detector, tracker, joints and lifter, used for one input after another.

    The nets of the program's `cfg` are made when the first input needs them. A keypoint file needs
    no detector, and no tracker if it has ids.

    Raises:
        InputError: `threads` is no number of CPU threads, `field_of_view_deg` no angle.
    """

    def __init__(self, cfg: DictConfig) -> None:
        if not isinstance(cfg.threads, int) or cfg.threads < 1:
            raise InputError(f"threads={cfg.threads} is no number of CPU threads; give 1 or more")
        angle = cfg.field_of_view_deg
        if not isinstance(angle, int | float) or not 0 < angle < 180:
            raise InputError(f"field_of_view_deg={angle} is no field of view; give 20 to 120")
        self._cfg = cfg

    @cached_property
    def detector(self) -> Detector:
        """Of videos."""
        made: Detector = instantiate(self._cfg.detector)
        return made

    @cached_property
    def lifter(self) -> Lift:
        """Of all inputs."""
        torch.set_num_threads(self._cfg.threads)
        made: Lift = instantiate(self._cfg.lifter)
        return made

    def recipe(self, one: Input) -> dict[str, Any]:
        """Everything that a result for this input depends on, as plain data."""
        kinds = ["tracker", "joints", "lifter", *(["detector"] if one.is_video else [])]
        source = self._turn if one.is_video else self._stated | self._turn
        return {
            "path": one.place,
            "state": one.state(),
            "label": one.label,
            "weights": self._weights,
            "program": PROGRAM,
            "field_of_view_deg": self._plain["field_of_view_deg"],
            **{kind: self._plain[kind] for kind in kinds},
            **({"source": source} if source else {}),
        }

    @cached_property
    def _plain(self) -> dict[str, Any]:
        plain: Any = OmegaConf.to_container(self._cfg, resolve=True)
        return plain

    @property
    def _turn(self) -> dict[str, Any]:
        """How pictures are turned, if they are."""
        given = {key: self._plain["source"].get(key) for key in ("rotate", "mirror")}
        return {key: value for key, value in given.items() if value is not None}

    @property
    def _stated(self) -> dict[str, Any]:
        """What keypoint files don't state."""
        source = self._plain["source"]
        return {key: value for key, value in source.items() if key not in ("rotate", "mirror")}

    @cached_property
    def _weights(self) -> str:
        path = find(self._cfg.lifter.checkpoint, folder=LIFTERS, kind="lifter")
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def source(self, one: Input, path: Path) -> Video | Keypoints:
        """The frames of an input whose file is at `path`; an InputError if it can't be read."""
        return (
            option("source/video", path=str(path), **self._turn)
            if one.is_video
            else Keypoints(str(path), **self._stated, **self._turn)
        )

    def info(self, source: Source, description: str) -> RunInfo:
        """The run as known before the first frame."""
        layout = source.layout or self.detector.layout
        return RunInfo(
            width=None, height=None, fps=source.fps,
            detector_layout="" if layout is None else layout.name,
            lifter_layout=self.lifter.layout.name,
            labels=(), background="", source=description,
        )  # fmt: skip

    @property
    def locate(self) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        """`in_camera_axes` of people whom this lifter lifted, by the assumed field of view."""
        return locating(self.lifter, field_of_view_deg=self._cfg.field_of_view_deg)

    def frames(self, source: Video | Keypoints) -> Iterator[Frame]:
        """Every frame with everyone in it lifted, from the first frame of a person on."""
        detector: Detector = self.detector if isinstance(source, Video) else NoDetector()
        joints = instantiate(self._cfg.joints, layout=self.lifter.layout.name)
        detector.reset()
        self.lifter.reset()
        with source:
            for frame in self._tracked(source, map(detector, source)):
                yield self.lifter(joints(frame))

    def _tracked(self, source: Video | Keypoints, frames: Iterator[Frame]) -> Iterator[Frame]:
        if isinstance(source, Keypoints) and source.has_tracks:
            most = {"most": self._cfg.tracker.most} if "most" in self._cfg.tracker else {}
            return map(option("tracker/given", **most), frames)
        tracker: Stage = instantiate(self._cfg.tracker)  # anew, so that ids begin at 1
        if isinstance(tracker, Tracker):
            return with_hindsight(frames, tracker)
        return map(tracker, frames)


def locating(lifter: Lift, *, field_of_view_deg: float) -> Callable[..., Any]:
    """`in_camera_axes` of people whom that lifter lifted."""
    return partial(
        in_camera_axes,
        root=lifter.layout.root,
        field_of_view_deg=field_of_view_deg,
        faces_person=lifter.card.normalisation == "person",
    )
