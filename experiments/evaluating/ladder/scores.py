"""Figures of one rung: joints, input, labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....action.evaluation import by_label
from ....action.metrics import confusion_matrix
from ....datasets.labels import UNKNOWN
from ....gast.errors import InputError
from ....gast.metrics import acceleration_errors_mm, aligned_errors_mm, position_errors_mm
from ....gast.skeleton import Skeleton
from ..label_figures import Labelled, label_figures
from .climb import Answer
from .scenes import Scene

LabelOf = Mapping[str, Mapping[str, str | None]]
"""For each data set, every publisher's label with the head's; ``None`` leaves its frames out."""


@dataclass(eq=False)
class Scores:
    """Sums of one rung over scenes; frames count the same.

    Args:
        skeleton: Of the joints.
        labels: Of the head.
        background: One of them.
        label_of: For scenes of a data set.
    """

    skeleton: Skeleton
    labels: Sequence[str]
    background: str
    label_of: LabelOf
    _errors: dict[str, list[np.ndarray]] = field(default_factory=dict)
    _people: list[Labelled] = field(default_factory=list)
    _frames: int = 0
    _answered: int = 0

    def add(self, scene: Scene, answer: Answer) -> None:
        """Count a scene.

        Raises:
            InputError: Labels are mapped to none of the head's.
        """
        rows = len(answer.xyz)
        known = np.isfinite(answer.xyz)
        true, made = (
            torch.from_numpy(np.where(known, each, np.nan).astype(np.float32))
            for each in (scene.true, scene.made)
        )
        lifted = torch.from_numpy(answer.xyz)
        self._frames += known[..., 0, 0].size
        self._answered += int(known.all((2, 3)).sum())
        for name, errors in _joint_errors(lifted, true, made).items():
            self._keep(name, errors.flatten(0, 1).numpy())
        self._keep("wrist", wrist_errors(answer.xy, scene.exact, self.skeleton))
        labels = self._classes(scene)
        for row in range(rows):
            seen = (np.where(each[row] < 0, self.nobody, each[row])
                    for each in (answer.likeliest, answer.decided))  # fmt: skip
            self._people.append(Labelled(labels, *seen))

    @property
    def nobody(self) -> int:
        """The class of frames without an answer: after the labels and those the head lacks."""
        return len(self.labels) + 1

    def figures(self) -> dict[str, Any]:
        """Plain JSON: errors in mm, shares from 0 to 1; ``None`` where there is nothing."""
        mean = {name: _mean_of_frames(np.concatenate(e)) for name, e in self._errors.items()}
        aligned = np.concatenate(self._errors["p_mpjpe_mm"])
        wrists = np.concatenate(self._errors["wrist"])
        wrists = wrists[np.isfinite(wrists)]
        return {
            "frames": self._frames,
            "frames_answered": self._answered,
            **{name: _rounded(value, 1) for name, value in mean.items() if name != "wrist"},
            "wrists_rms_torso": _rounded(np.sqrt((wrists**2).mean()), 3) if len(wrists) else None,
            **self._label_figures(),
            "p_mpjpe_mm_by_joint": {
                joint: _mean(aligned[:, i]) for i, joint in enumerate(self.skeleton.joints)
            },
            "head_frame_accuracy_by_label": self._by_label(),
        }

    def _keep(self, name: str, errors: np.ndarray) -> None:
        self._errors.setdefault(name, []).append(errors)

    def _label_figures(self) -> dict[str, float | None]:
        place = list(self.labels).index(self.background)
        return label_figures(self._people, background=place, nobody=self.nobody)

    def _by_label(self) -> dict[str, float]:
        true = np.concatenate([each.true for each in self._people])
        likeliest = np.concatenate([each.likeliest for each in self._people])
        confusion = confusion_matrix(likeliest, true, classes=self.nobody + 1)
        return by_label(confusion, [*self.labels, "no label of the head", "nobody"])

    def _classes(self, scene: Scene) -> np.ndarray:
        """(T,) class index of each frame; a name that the head lacks can't be right."""
        place = {label: i for i, label in enumerate(self.labels)} | {"": UNKNOWN}
        if not scene.dataset:
            return np.array([place.get(str(label), len(self.labels)) for label in scene.labels])
        ours = dict(self.label_of.get(scene.dataset, {})) | {"": ""}
        try:
            return np.array([place[ours[str(label)] or ""] for label in scene.labels])
        except KeyError as error:
            raise InputError(
                f"label {error} of {scene.dataset} is none of the head's; choose labels=... as the "
                f"head was trained with"
            ) from error


def _joint_errors(lifted: Tensor, true: Tensor, made: Tensor) -> dict[str, Tensor]:
    """Errors (V, T', J) in mm by figure."""
    apart = (lifted - true) * 1000
    return {
        "mpjpe_mm": position_errors_mm(lifted, true),
        "p_mpjpe_mm": aligned_errors_mm(lifted, true),
        "made_p_mpjpe_mm": aligned_errors_mm(lifted, made),
        "acceleration_error_mm": acceleration_errors_mm(lifted, true),
        "depth_error_mm": apart[..., 2].abs(),
        "plane_error_mm": apart[..., :2].norm(dim=-1),
    }


def wrist_errors(xy: np.ndarray, exact: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Distances (V * T, 2) of both wrists from where they are, in lengths of the torso (2-D).

    The torso is that of the frame in the picture, but at least half of the clip's mean: somebody
    bowing to the camera has none. Without any `xy`, (..., J, 2), it is NaN.
    """
    at = skeleton.index
    if not {"left_wrist", "right_wrist", "thorax", "hip"} <= set(at):
        return np.full((xy.shape[0] * xy.shape[1], 2), np.nan)
    wrists = [at["left_wrist"], at["right_wrist"]]
    torso = np.linalg.norm(exact[..., at["thorax"], :] - exact[..., at["hip"], :], axis=-1)
    errors = np.linalg.norm((xy - exact)[..., wrists, :], axis=-1)
    torso = np.maximum(torso, torso.mean(-1, keepdims=True) / 2)
    return (errors / torso[..., None]).reshape(-1, 2)


def _mean_of_frames(errors: np.ndarray) -> float:
    """Mean of (F, J): over the known joints of a frame, then over frames."""
    known = np.isfinite(errors)
    counts = known.sum(-1)
    frames = np.where(known, errors, 0).sum(-1)[counts > 0] / counts[counts > 0]
    return float(frames.mean()) if len(frames) else float("nan")


def _mean(errors: np.ndarray) -> float | None:
    known = errors[np.isfinite(errors)]
    return _rounded(known.mean(), 1) if len(known) else None


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
