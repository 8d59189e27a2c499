"""Cross-validation: reports of folds in one table, ``gastlive-evaluate folds reports=FOLDER``."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from ....conf.program import program
from ....gast.errors import InputError
from ...reporting import table

SHOWN = {
    "top1": "top-1", "frame_accuracy": "frames", "class_accuracy": "mean of classes",
    "frame_map": "mAP", "event_f1_at_10": "F1@10", "event_f1_at_25": "F1@25", "event_f1": "F1@50",
    "detection_rate": "detected", "calibration_error": "calibration",
}  # fmt: skip
"""In %."""
PLAIN = {
    "false_positives_per_hour": "false per hour", "onset_delay_p50_s": "delay p50, s",
    "onset_delay_p95_s": "p95, s",
}  # fmt: skip


@program("evaluate_folds")
def main(cfg: DictConfig) -> None:
    """Print and write a table of the folds, their mean and standard deviation."""
    folder = Path(cfg.reports)
    folds = read_folds(folder)
    page = folds_table(folds)
    path = folder / "folds.md"
    path.write_text(f"# {len(folds)} folds\n\n{page}\n", encoding="utf-8")
    print(f"{page}\nwritten to {path}")


def read_folds(folder: Path) -> dict[str, Mapping[str, Any]]:
    """The first head's figures in every ``report.json`` below a folder, by the report's folder.

    Raises:
        InputError: There is none, or one is no report of action heads.
    """
    paths = sorted(folder.rglob("report.json"), key=lambda path: (len(str(path)), path))
    if not paths:
        raise InputError(
            f"no report.json below {folder}; make some with gastlive-evaluate action -m"
        )
    folds = {}
    for path in paths:
        try:
            folds[str(path.parent.relative_to(folder))] = json.loads(path.read_text())["heads"][0]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(f"{path} is no report of gastlive-evaluate action") from error
    return folds


def folds_table(folds: Mapping[str, Mapping[str, Any]]) -> str:
    """A line per fold, then mean and standard deviation; every fold has the same weight."""
    known = [
        key for key in (*SHOWN, *PLAIN) if any(fold.get(key) is not None for fold in folds.values())
    ]
    lines = [[name, *(_cell(key, fold.get(key)) for key in known)] for name, fold in folds.items()]
    for name, statistic in (("mean", np.mean), ("standard deviation", np.std)):
        values = (_numbers(key, list(folds.values())) for key in known)
        cells = (_cell(k, float(statistic(v))) for k, v in zip(known, values, strict=True))
        lines.append([name, *cells])
    return table(["fold", *((SHOWN | PLAIN)[key] for key in known)], lines)


def _numbers(key: str, folds: Sequence[Mapping[str, Any]]) -> list[float]:
    return [fold[key] for fold in folds if fold.get(key) is not None]


def _cell(key: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:.1f}" if key in SHOWN else f"{value:.2f}"
