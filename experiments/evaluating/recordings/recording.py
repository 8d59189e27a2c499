"""Accuracy of a recording of the live program: ``gastlive-evaluate recording recording=[...]``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig

from ....action.evaluation import rounded as rounded_share
from ....action.metrics import Span, class_accuracies, confusion_matrix, event_score, spans
from ....conf.program import program
from ....gast.errors import InputError
from ....gast.limits import BROKEN, read_json
from ....gast.shipped import LIFTERS, find
from ....realtime.run_folder import run_folder
from ...reporting import number, table, to_json
from ..label_figures import Labelled, label_figures
from ..lifters.candidates import Whole
from .recorded import FIGURES, jitter, lifted_live, main_person, read, read_truth, rounded


@program("evaluate_recording")
def main(cfg: DictConfig) -> None:
    """Compare each frames.jsonl with the ground truth that `gastlive-render` wrote."""
    recordings, truths = _several(cfg.recording), _several(cfg.truth)
    if len(truths) not in (1, len(recordings)):
        raise InputError(
            f"truth names {len(truths)} files for {len(recordings)} recordings; give one for all "
            f"or one for each"
        )
    evaluations = {}
    for folder, truth in zip(recordings, truths * (len(recordings) // len(truths)), strict=True):
        evaluation = evaluated(folder, read_truth(truth), cfg)
        (folder / "evaluation.json").write_text(to_json(evaluation))
        evaluations[str(folder)] = evaluation
    output = run_folder(cfg.output)
    (output / "recordings.json").write_text(to_json(evaluations))
    (output / "recordings.md").write_text(page(evaluations))
    print(to_json(evaluation) if len(evaluations) == 1 else page(evaluations), end="")
    print(f"written to {output / 'recordings.md'} and evaluation.json beside each recording")


def _several(given: str | ListConfig) -> list[Path]:
    names = [given] if isinstance(given, str) else list(given)
    if not names:
        raise InputError("recording=[] or truth=[] names nothing; give one or more")
    return [Path(name).expanduser() for name in names]


def evaluated(folder: Path, truth: Mapping[str, np.ndarray], cfg: DictConfig) -> dict[str, Any]:
    """All figures of one recording.

    Raises:
        InputError: It is no recording, or its lifter is not known.
    """
    header, frames = read(folder / "frames.jsonl")
    figures = compare(header, frames, truth)
    if (path := folder / "events.jsonl").is_file():
        figures["reported_event_f1"] = events_f1(header, frames, read(path)[1], truth)
    if not cfg.alone:
        return figures
    checkpoint = cfg.checkpoint or lifter_of(folder)
    lifter = Whole(find(checkpoint, folder=LIFTERS, kind="lifter"))
    joints = instantiate(cfg.joints, layout=lifter.lifter.skeleton.name)
    return figures | jitter(header, frames, truth, joints=joints, lifter=lifter)


def lifter_of(folder: Path) -> str:
    """Which lifter made a recording, from its ``summary.json``, or `InputError`."""
    try:
        summary = read_json((folder / "summary.json").read_text(encoding="utf-8"))
        return str(summary["config"]["lifter"]["checkpoint"])
    except BROKEN as error:
        raise InputError(
            f"{folder / 'summary.json'} does not say which lifter it was; give checkpoint=NAME, or "
            f"alone=false to leave the jitter out"
        ) from error


def compare(
    header: Mapping[str, Any], frames: Sequence[Mapping[str, Any]], truth: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Figures of the `main_person` against the ground truth, frame by frame, as plain JSON.

    Shares of frames from 0 to 1, errors in mm. A frame without a person, or before the first
    decision, counts as wrong.

    Args:
        header: Of the recording.
        frames: Of the recording; `index` is the frame of the truth.
        truth: From `read_truth`.

    Raises:
        InputError: Nobody was lifted, or the truth is of another, shorter clip.
    """
    last = max((frame["index"] for frame in frames), default=0)
    if last >= len(truth["labels"]):
        raise InputError(f"the truth has {len(truth['labels'])} frames, the recording frame {last}")
    names = [*header["labels"], *sorted(set(truth["labels"].tolist()) - set(header["labels"]))]
    number = {name: i for i, name in enumerate([*names, ""])}
    background = number.get(header.get("background", "idle"), 0)  # older headers lack it
    true, decided, likeliest = [], [], []
    for frame in frames:
        person = main_person(frame)
        true.append(number[str(truth["labels"][frame["index"]])])
        action, odds = (person or {}).get("action"), (person or {}).get("probabilities")
        decided.append(number[action["label"]] if action else number[""])
        likeliest.append(int(np.argmax(odds)) if odds else number[""])
    confusion = confusion_matrix(np.array(decided), np.array(true), classes=len(number))
    lifted = lifted_live(frames, truth)
    named = Labelled(*map(np.array, (true, likeliest, decided)))
    exact = torch.from_numpy(truth["xyz"][: len(lifted)]).where(lifted.isfinite(), torch.nan)
    shares = dict(zip(number, class_accuracies(confusion), strict=True))
    return {
        "frames": len(frames),
        "frames_with_pose": int(lifted.isfinite().all((1, 2)).sum()),
        **label_figures([named], background=background, nobody=number[""]),
        **{name: rounded(figure(lifted, exact)) for name, figure in FIGURES.items()},
        "by_label": {name: round(float(s), 3) for name, s in shares.items() if np.isfinite(s)},
        "confused": confused(confusion, list(number)),
    }


def events_f1(
    header: Mapping[str, Any],
    frames: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
    truth: Mapping[str, np.ndarray],
) -> float | None:
    """F1 at 50 % overlap of the `main_person`'s events, with the times that they were given.

    Args:
        header: Of the recording, as `frames` and `events`.
        frames: Their `time_s` is that of the events.
        events: Lines of its events.jsonl.
        truth: From `read_truth`.
    """
    names = [header.get("background", "idle"), *header["labels"], *truth["labels"].tolist()]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    true = np.array([number[str(truth["labels"][frame["index"]])] for frame in frames])
    times = np.array([frame["time_s"] for frame in frames])
    tracks = {person["track"] for frame in frames if (person := main_person(frame))}
    said = list[Span]()
    for event in events:
        if event["track"] in tracks:
            start, stop = np.searchsorted(times, [event["start_s"] - 1e-3, event["end_s"] + 1e-3])
            said.append(Span(int(start), int(stop), number[event["label"]]))
    return rounded_share(event_score(said, spans(true, background=0)).f1)


def page(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """All recordings in one table."""
    figures = {
        "mpjpe_mm": "MPJPE",
        "p_mpjpe_mm": "P-MPJPE",
        "n_mpjpe_mm": "N-MPJPE",
        "mpjve_mm": "MPJVE",
        "acceleration_error_mm": "acceleration",
        "alone_acceleration_error_mm": "each frame alone",
    }
    shares = {
        "jitter_to_alone": "jitter",
        "jitter_to_smoothed_alone": "jitter, lifter only",
        "decision_frame_accuracy": "frames right",
        "event_f1": "event F1, as said",
        "reported_event_f1": "as reported",
    }
    lines = [
        [
            name,
            f"{found['frames_with_pose']} of {found['frames']}",
            *(number(found.get(figure)) for figure in figures),
            *(number(found.get(share), 2) for share in shares),
        ]
        for name, found in evaluations.items()
    ]
    head = ["recording", "frames with joints", *figures.values(), *shares.values()]
    return f"{table(head, lines)}\n\n{_EXPLAINED}\n"


_EXPLAINED = (
    "Errors in mm (MPJVE: mm per frame, acceleration: mm per frame squared) against the rendered "
    "truth. Jitter: acceleration error divided by that of the same lifter when it lifts each frame "
    "alone, from the detector's joints of that frame; lifter only: from joints that are smoothed "
    "as live. Event F1 at 50 % overlap: as said, of what was said at each frame; as reported, of "
    "events.jsonl, whose events are dated back, as of gastlive-evaluate action."
)


def confused(confusion: np.ndarray, names: list[str], *, most: int = 8) -> list[str]:
    """The commonest mistakes, worst first, in words."""
    wrong = confusion * ~np.eye(len(confusion), dtype=bool)
    worst = np.argsort(wrong, axis=None)[::-1][:most]
    pairs = [divmod(int(flat), len(names)) for flat in worst if wrong.flat[flat]]
    return [f"{names[t]} taken for {names[s] or 'nobody'}: {wrong[t, s]}" for t, s in pairs]


if __name__ == "__main__":
    main()
