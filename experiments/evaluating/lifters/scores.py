"""The errors of one lifter frame by frame, and their means over all frames and by group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....datasets.for_lifters.held_out import Watched
from ....gast.errors import InputError
from ....gast.metrics import (
    acceleration_errors_mm,
    aligned_errors_mm,
    position_errors_mm,
    scaled_errors_mm,
    velocity_errors_mm,
)
from .candidates import Candidate

MEASURES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mpjpe_mm": position_errors_mm,
    "p_mpjpe_mm": aligned_errors_mm,
    "n_mpjpe_mm": scaled_errors_mm,
    "mpjve_mm": velocity_errors_mm,
    "acceleration_error_mm": acceleration_errors_mm,
}
"""Figures by name: errors of single joints, from (..., T, J, 3) each."""

START = 90
"""Frames after a recording's first one whose errors are reported one by one."""


@dataclass(frozen=True, eq=False)
class Case:
    """One view of a clip: its MPJPE, and its most typical frame.

    Attributes:
        name: Clip and camera.
        error_mm: MPJPE of the whole view.
        frame: Index of the typical frame, whose joints are `xy` (J, 2), in screen units as
            detected, `true` and `lifted` (J, 3).
    """

    name: str
    error_mm: float
    frame: int
    xy: np.ndarray
    true: np.ndarray
    lifted: np.ndarray


@dataclass(eq=False)
class Scores:
    """Errors of one lifter; all frames count the same."""

    cases: list[Case] = field(default_factory=list)
    _frames: list[dict[str, np.ndarray]] = field(default_factory=list)
    _groups: list[dict[str, np.ndarray]] = field(default_factory=list)
    _joints: list[np.ndarray] = field(default_factory=list)

    def add(self, watched: Watched, lifted: Tensor) -> None:
        """Count a recording whose V views were lifted to (V, T, J, 3).

        Raises:
            InputError: A joint with ground truth was lifted to NaN or infinity.
        """
        true = torch.from_numpy(watched.xyz)
        errors = {name: measure(lifted, true) for name, measure in MEASURES.items()}
        broken = int(errors["mpjpe_mm"].isinf().any(-1).sum())
        if broken:
            raise InputError(
                f"a lifter gives NaN or infinity in {broken} frames of {watched.name}; its weights "
                f"are broken, leave it out"
            )
        per_frame = frame_errors(errors, frames=true.shape[1])
        sides, frames = true.shape[:2]
        self._frames.append({name: values.ravel() for name, values in per_frame.items()})
        self._groups.append(
            {
                "dataset": np.full(sides * frames, watched.dataset),
                "subject": np.full(sides * frames, watched.subject),
                "action": np.tile(watched.actions, sides),
                "since": np.tile(np.arange(frames), sides),
            }
        )
        self._joints.append(errors["mpjpe_mm"].flatten(0, 1).numpy())
        self.cases += _cases(watched, lifted.numpy(), per_frame["mpjpe_mm"])

    def overall(self) -> dict[str, float | None]:
        """Each figure over all frames."""
        return _means(joined(self._frames))

    def figures(self, joints: Sequence[str]) -> dict[str, Any]:
        """Plain JSON: the figures over all frames and by group, MPJPE by joint name and time."""
        frames, groups = joined(self._frames), joined(self._groups)
        several = len(set(groups["dataset"])) > 1
        actions = np.where(groups["action"] == "", "unlabelled", groups["action"])
        subjects = groups["subject"]
        if several:
            subjects = _beside(groups["dataset"], subjects)
            actions = _beside(groups["dataset"], actions)
        by_action = dict(_grouped(frames, actions))
        by_joint = np.concatenate(self._joints).T
        since = [frames["mpjpe_mm"][groups["since"] == t] for t in range(START + 1)]
        return {
            "frames": int(np.isfinite(frames["mpjpe_mm"]).sum()),
            **_means(frames),
            "mean_over_actions": _means(
                {n: [by[n] for by in by_action.values()] for n in MEASURES}
            ),
            "by_action": by_action,
            "by_subject": dict(_grouped(frames, subjects)),
            "by_action_and_subject": dict(_grouped(frames, _beside(actions, groups["subject"]))),
            "mpjpe_mm_by_joint": {
                name: mean(errors) for name, errors in zip(joints, by_joint, strict=True)
            },
            "mpjpe_mm_by_frames_since_the_first": [mean(errors) for errors in since if len(errors)],
        }


def frame_errors(errors: Mapping[str, Tensor], *, frames: int) -> dict[str, np.ndarray]:
    """Errors of joints (..., T', J) as those of T frames (..., T).

    A difference of frames belongs to the last of them; the first frames are NaN.
    """
    return {name: _from_the_end(each.nanmean(-1), frames) for name, each in errors.items()}


def _from_the_end(values: Tensor, frames: int) -> np.ndarray:
    missing = values.new_full((*values.shape[:-1], frames - values.shape[-1]), torch.nan)
    return torch.cat([missing, values], -1).numpy()


def mean(values: Any) -> float | None:
    """Mean of the finite values, rounded to a hundredth; ``None`` without any."""
    found = np.asarray([np.nan if v is None else v for v in values], float)
    found = found[np.isfinite(found)]
    return round(float(found.mean()), 2) if found.size else None


def _means(values: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: mean(each) for name, each in values.items()}


def joined(parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The errors concatenated, by name."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _beside(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.char.strip(np.char.add(np.char.add(one.astype(str), " "), other.astype(str)))


def _grouped(
    frames: Mapping[str, np.ndarray], groups: np.ndarray
) -> Iterator[tuple[str, dict[str, Any]]]:
    names, which = np.unique(groups, return_inverse=True)
    for i, name in enumerate(names.tolist()):
        own = {measure: values[which == i] for measure, values in frames.items()}
        known = int(np.isfinite(own["mpjpe_mm"]).sum())
        if known:
            yield name, {"frames": known, **_means(own)}


def _cases(watched: Watched, lifted: np.ndarray, errors: np.ndarray) -> Iterator[Case]:
    """Each view, at the frame whose error is nearest to the view's mean."""
    for side, camera in enumerate(watched.cameras):
        known = np.isfinite(watched.xyz[side]).all((1, 2))
        if known.any():
            error = float(errors[side][known].mean())
            frame = int(np.abs(np.where(known, errors[side], np.inf) - error).argmin())
            yield Case(
                f"{watched.name}, {camera}", error, frame, watched.xy[side, frame],
                watched.xyz[side, frame], lifted[side, frame],
            )  # fmt: skip


@dataclass(eq=False)
class Result:
    """The errors of one lifter.

    Attributes:
        candidate: The lifter.
        scores: By condition, then by way: ``plain``, ``flip`` (the mean with the mirrored
            person's) and ``alone`` (each frame as the first of its stream).
        apart_mm: Largest difference between frame by frame and whole clips; ``None``: not measured.
    """

    candidate: Candidate
    scores: dict[str, dict[str, Scores]] = field(default_factory=dict)
    apart_mm: float | None = None

    def add(self, condition: str, way: str, watched: Watched, lifted: Tensor) -> None:
        """Count a recording."""
        ways = self.scores.setdefault(condition, {})
        ways.setdefault(way, Scores()).add(watched, lifted)
