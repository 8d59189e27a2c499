"""How right a recording of the live program is: ``gastlive-evaluate-recording recording=...``."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from ..action.metrics import (
    class_accuracies,
    confusion_matrix,
    event_score,
    frame_accuracy,
    spans,
)
from ..conf.program import program
from ..gast.errors import InputError
from ..gast.metrics import mpjpe_mm, p_mpjpe_mm


@program("evaluate_recording")
def main(cfg: DictConfig) -> None:
    """Compare frames.jsonl with the ground truth that `gastlive-render` wrote."""
    header, frames = read(Path(cfg.recording) / "frames.jsonl")
    results = compare(header, frames, read_truth(Path(cfg.truth).expanduser()))
    Path(cfg.output).parent.mkdir(parents=True, exist_ok=True)
    Path(cfg.output).write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    print(f"written to {cfg.output}")


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and frames of a ``frames.jsonl``.

    Raises:
        InputError: It is not one.
    """
    try:
        whole, _, _ = path.read_text().rpartition("\n")  # a killed run may end in half a line
        header, *frames = [json.loads(line) for line in whole.splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is no frames.jsonl of gastlive: {error}") from error
    return header, frames


def read_truth(path: Path) -> dict[str, np.ndarray]:
    """What `gastlive-render` knows of a clip.

    Raises:
        InputError: It is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in ("labels", "h36m17_relative_m")}
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} is no truth that gastlive-render wrote: {error}") from error


def compare(
    header: dict[str, Any], frames: list[dict[str, Any]], truth: dict[str, np.ndarray]
) -> dict[str, Any]:
    """Figures of one recorded person against the truth, frame by frame.

    Args:
        header: Of the recording.
        frames: Of the recording; `index` says which frame of the truth each is.
        truth: Arrays ``labels`` (T,) and ``h36m17_relative_m`` (T, J, 3).

    Returns:
        Plain JSON: shares of frames from 0 to 1, errors in mm. A frame without a person, or
        before the decision, counts as wrong. Transitions that the truth labels with the
        background count like any other frame.

    Raises:
        InputError: Nobody was lifted, or the truth is of another, shorter clip.
    """
    last = max((frame["index"] for frame in frames), default=0)
    if last >= len(truth["labels"]):
        raise InputError(f"the truth has {len(truth['labels'])} frames, the recording frame {last}")
    names = [*header["labels"], *sorted(set(truth["labels"].tolist()) - set(header["labels"]))]
    number = {name: i for i, name in enumerate([*names, ""])}
    background = number.get("idle", 0)
    true, said, best, lifted, exact = [], [], [], [], []
    for frame in frames:
        person = max(frame["people"], key=lambda p: p["score"] or 0, default=None)
        true.append(number[str(truth["labels"][frame["index"]])])
        action, odds = (person or {}).get("action"), (person or {}).get("probabilities")
        said.append(number[action["label"]] if action else number[""])
        best.append(int(np.argmax(odds)) if odds else number[""])
        if person and person["xyz"] is not None:
            lifted.append(person["xyz"])
            exact.append(truth["h36m17_relative_m"][frame["index"]])
    confusion = confusion_matrix(np.array(said), np.array(true), classes=len(number))
    heard = confusion_matrix(np.array(best), np.array(true), classes=len(number))
    if not lifted:
        raise InputError("nobody in the recording has 3-D joints; record with a lifter")
    heard_of = np.where(np.array(said) == number[""], background, said)
    events = event_score(
        spans(heard_of, background=background), spans(np.array(true), background=background)
    )
    poses = [torch.tensor(np.array(part), dtype=torch.float32) for part in (lifted, exact)]
    shares = dict(zip(number, class_accuracies(confusion), strict=True))
    return {
        "frames": len(frames),
        "frames_with_pose": len(lifted),
        "decision_frame_accuracy": round(frame_accuracy(confusion), 4),
        "head_frame_accuracy": round(frame_accuracy(heard), 4),
        "event_f1": round(events.f1, 4),
        "mpjpe_mm": round(mpjpe_mm(*poses).item(), 1),
        "p_mpjpe_mm": round(p_mpjpe_mm(*poses).item(), 1),
        "by_label": {name: round(float(s), 3) for name, s in shares.items() if np.isfinite(s)},
        "confused": confused(confusion, list(number)),
    }


def confused(confusion: np.ndarray, names: list[str], *, most: int = 8) -> list[str]:
    """The commonest mistakes, worst first, in words."""
    wrong = confusion * ~np.eye(len(confusion), dtype=bool)
    worst = np.argsort(wrong, axis=None)[::-1][:most]
    pairs = [divmod(int(flat), len(names)) for flat in worst if wrong.flat[flat]]
    return [f"{names[t]} taken for {names[s] or 'nobody'}: {wrong[t, s]}" for t, s in pairs]


if __name__ == "__main__":
    main()
