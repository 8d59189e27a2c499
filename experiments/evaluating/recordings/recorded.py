"""Recordings of the live program: their joints, and each frame lifted alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ....datasets.camera_axes import turned_towards
from ....gast.errors import InputError
from ....gast.limits import BROKEN, opened_npz, read_json
from ....gast.metrics import acceleration_error_mm, mpjpe_mm, mpjve_mm, n_mpjpe_mm, p_mpjpe_mm
from ....gast.skeleton import H36M17, Skeleton, named
from ....gast.units import to_screen
from ....realtime.packets import Frame, Person, Pose
from ....realtime.stages.joints import Joints
from ...reporting import ratio
from ..lifters.candidates import Whole

Record = Mapping[str, Any]
"""A line of a ``frames.jsonl``."""


FIGURES = {
    "mpjpe_mm": mpjpe_mm,
    "p_mpjpe_mm": p_mpjpe_mm,
    "n_mpjpe_mm": n_mpjpe_mm,
    "mpjve_mm": mpjve_mm,
    "acceleration_error_mm": acceleration_error_mm,
}


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and lines of a ``frames.jsonl`` or ``events.jsonl``.

    Raises:
        InputError: It is none.
    """
    try:
        whole, _, _ = path.read_text().rpartition("\n")  # a killed run may end in half a line
        header, *frames = [read_json(line) for line in whole.splitlines()]
    except BROKEN as error:
        raise InputError(f"{path} is no {path.name} of gastlive: {error}") from error
    return header, frames


def read_truth(path: Path) -> dict[str, np.ndarray]:
    """Ground truth of a clip, as `gastlive-render` wrote it.

    Returns:
        ``labels`` (T,) and ``xyz`` (T, J, 3), metres, relative to the root, in the axes of a
        camera turned towards the person, like the output of lifters.

    Raises:
        InputError: It is no such file.
    """
    try:
        with opened_npz(path) as file:
            return {
                "labels": file["labels"],
                "xyz": turned_towards(file["h36m17_m"], root=H36M17.root),
            }
    except BROKEN as error:
        raise InputError(f"{path} is no truth that gastlive-render wrote: {error}") from error


def main_person(frame: Record) -> Record | None:
    """The person detected with the highest score."""
    return max(frame["people"], key=lambda person: person["score"] or 0, default=None)


def rounded(value: Tensor) -> float | None:
    """For JSON, which has no NaN."""
    return round(value.item(), 1) if value.isfinite() else None


def lifted_live(frames: Sequence[Mapping[str, Any]], truth: Mapping[str, np.ndarray]) -> Tensor:
    """Recorded 3-D joints (T, J, 3) of the `main_person`, NaN where there are none.

    Raises:
        InputError: There are none at all.
    """
    count = max(frame["index"] for frame in frames) + 1
    lifted = torch.full((count, *truth["xyz"].shape[1:]), torch.nan)
    for frame in frames:
        if (person := main_person(frame)) and person["xyz"] is not None:
            lifted[frame["index"]] = torch.tensor(person["xyz"])
    if not lifted.isfinite().any():
        raise InputError("nobody in the recording has 3-D joints; record with a lifter")
    return lifted


def jitter(
    header: Mapping[str, Any],
    frames: Sequence[Mapping[str, Any]],
    truth: Mapping[str, np.ndarray],
    *,
    joints: Joints,
    lifter: Whole,
) -> dict[str, float | None]:
    """Acceleration errors (mm per frame squared), live and with each frame lifted alone.

    ``alone`` neither smooths nor lifts with a past; ``smoothed_alone`` lifts the live program's
    smoothed 2-D joints, so that its ratio is the lifter's own. Over frames that both have.

    Args:
        header: Of the recording, as `frames`.
        frames: As above.
        truth: From `read_truth`.
        joints: Completes and smooths 2-D joints as live.
        lifter: The one of the live program.
    """
    live, figures = lifted_live(frames, truth), dict[str, float | None]()
    for way, forget in (("alone", True), ("smoothed_alone", False)):
        alone = lifted_alone(header, frames, joints=joints, lifter=lifter, forget=forget)
        both = live.isfinite() & alone.isfinite()
        exact = torch.from_numpy(truth["xyz"][: len(live)]).where(both, torch.nan)
        errors = [acceleration_error_mm(each, exact) for each in (live, alone)]
        figures[f"{way}_acceleration_error_mm"] = rounded(errors[1])
        figures[f"jitter_to_{way}"] = ratio(*(e.item() if e.isfinite() else None for e in errors))
    return figures


@torch.inference_mode()
def lifted_alone(
    header: Record, frames: Sequence[Record], *, joints: Joints, lifter: Whole, forget: bool
) -> Tensor:
    """3-D joints (T, J, 3) of the `main_person`, each frame lifted without a past; NaN without any.

    Args:
        header: Of the recording.
        frames: Of the recording; `index` says which of the T each is.
        joints: Completes and smooths 2-D joints.
        lifter: Lifts them.
        forget: Complete and smooth without the frames before, too.

    Raises:
        InputError: The recording does not say which joints it has.
    """
    if not header.get("layout"):
        raise InputError("the recording does not say which 2-D joints it has; give alone=false")
    layout, across = named(header["layout"]), len(joints.layout)
    count = max(frame["index"] for frame in frames) + 1
    joined = np.full((count, across, 3), np.nan, np.float32)
    joints.reset()
    for record in frames:
        if forget:
            joints.reset()
        frame, person = _frame(record, header, layout), main_person(record)
        people = joints(frame).people
        if person and (found := people[person["track"]]).xy is not None:
            screen = to_screen(found.xy, width=frame.width, height=frame.height)
            joined[record["index"]] = np.c_[screen, found.confidence]
    given, lifted = torch.from_numpy(joined), torch.full((count, across, 3), torch.nan)
    known = given.isfinite().all(-1).all(-1)
    if known.any():
        lifted[known] = lifter.alone(given[known][None])[0]
    return lifted


def _frame(record: Record, header: Record, layout: Skeleton) -> Frame:
    return Frame(
        image=None,
        index=record["index"],
        time_s=record["time_s"],
        captured_s=record["time_s"],
        width=record.get("width", header["width"]),
        height=record.get("height", header["height"]),
        people={person["track"]: Person(_pose(person, layout)) for person in record["people"]},
    )


def _pose(person: Record, layout: Skeleton) -> Pose:
    xy = np.array([_floats(joint or (None, None)) for joint in person["xy"]], np.float32)
    return Pose(layout, xy, np.array(_floats(person["confidence"]), np.float32))


def _floats(values: Sequence[float | None]) -> list[float]:
    return [np.nan if value is None else value for value in values]
