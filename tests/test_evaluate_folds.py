"""Several reports as one."""

import json

import pytest

from gastlive.experiments.evaluating.heads.folds import folds_table, read_folds
from gastlive.gast.errors import InputError


def report(folder, name, **figures):
    (folder / name).mkdir()
    (folder / name / "report.json").write_text(json.dumps({"heads": [figures]}))


def test_folds_count_alike_and_are_listed_in_order(tmp_path):
    for name, share, delay in (("10", 0.8, 0.4), ("9", 0.6, 0.2), ("11", 0.7, None)):
        report(tmp_path, name, frame_accuracy=share, onset_delay_p50_s=delay)
    lines = folds_table(read_folds(tmp_path)).splitlines()
    assert lines[0] == "| fold | frames | delay p50, s |"
    assert lines[2:] == [
        "| 9 | 60.0 | 0.20 |", "| 10 | 80.0 | 0.40 |", "| 11 | 70.0 | - |",
        "| mean | 70.0 | 0.30 |", "| standard deviation | 8.2 | 0.10 |",
    ]  # fmt: skip


def test_a_folder_without_reports_or_with_others_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no report\.json below .*; make some with"):
        read_folds(tmp_path)
    (tmp_path / "report.json").write_text("[]")
    with pytest.raises(InputError, match="is no report of gastlive-evaluate action"):
        read_folds(tmp_path)
