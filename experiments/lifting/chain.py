"""The live program as far as its lifter."""

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ...gast.errors import InputError
from ...gast.shipped import LIFTERS, find
from ...realtime.detectors.none import NoDetector
from ...realtime.packets import Frame, RunInfo
from ...realtime.sources.keypoints import Keypoints
from ...realtime.sources.source import Source
from ...realtime.sources.video import Video
from ...realtime.stages.given_tracks import GivenTracks
from ...realtime.stages.lifting import Lift
from ...realtime.stages.stage import Detector, Stage
from .inputs import Input


class Chain:
    """Detector, tracker, joints and lifter, used for one input after another.

    The nets are made when the first input needs them. A keypoint file needs no detector, and no
    tracker if it says who is who.

    Args:
        cfg: The program's, with the groups of ``conf/chain.yaml``.

    Raises:
        InputError: `threads` is no number of CPU threads.
    """

    def __init__(self, cfg: DictConfig) -> None:
        if not isinstance(cfg.threads, int) or cfg.threads < 1:
            raise InputError(f"threads={cfg.threads} is no number of CPU threads; give 1 or more")
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
        kinds = ["tracker", "joints", "lifter", "detector" if one.is_video else "source"]
        return {
            "path": str(one.path),
            "state": one.state(),
            "label": one.label,
            "weights": self._weights,
            **{kind: self._plain[kind] for kind in kinds},
        }

    @cached_property
    def _plain(self) -> dict[str, Any]:
        plain: Any = OmegaConf.to_container(self._cfg, resolve=True)
        return plain

    @cached_property
    def _weights(self) -> str:
        path = find(self._cfg.lifter.checkpoint, folder=LIFTERS, kind="lifter")
        return hashlib.sha256(path.read_bytes()).hexdigest()

    def source(self, one: Input) -> Video | Keypoints:
        """Where the frames of an input come from.

        Raises:
            InputError: It can't be read.
        """
        return (
            Video(str(one.path))
            if one.is_video
            else Keypoints(str(one.path), **self._plain["source"])
        )

    def info(self, source: Source) -> RunInfo:
        """What there is to know before the first frame."""
        layout = source.layout or self.detector.layout
        return RunInfo(
            width=None, height=None, fps=source.fps,
            detector_layout="" if layout is None else layout.name,
            lifter_layout=self.lifter.layout.name,
            labels=(), background="", source=source.description,
        )  # fmt: skip

    def frames(self, source: Video | Keypoints) -> Iterator[Frame]:
        """Every frame with everyone in it lifted, as the live program would."""
        stages = self._stages(source)
        with source:
            for frame in source:
                for stage in stages:
                    frame = stage(frame)
                yield frame

    def _stages(self, source: Video | Keypoints) -> list[Stage]:
        is_video = isinstance(source, Video)
        detector: Detector = self.detector if is_video else NoDetector()
        detector.reset()
        self.lifter.reset()
        # Made anew, so that ids begin at 1.
        tracker: Stage = (
            GivenTracks()
            if isinstance(source, Keypoints) and source.has_tracks
            else instantiate(self._cfg.tracker)
        )
        joints = instantiate(self._cfg.joints, layout=self.lifter.layout.name)
        return [detector, tracker, joints, self.lifter]
