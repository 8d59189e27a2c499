"""Damaged files for every reader; `make fuzz` tries more of them, in processes of their own."""

import os
import signal
from itertools import islice

import pytest

from . import fuzzing
from .fuzzing import Table, damaged, tried
from .readers import TARGETS

INPUTS = 40
TOLERANT = ("ledger", "labels.csv", "msrc12 tags", "utkinect labels")
"""Lines that can't be used are left out there."""


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_is_done_to_a_file_it_gives_data_or_is_refused_in_one_line(target, tmp_path):
    made = TARGETS[target](tmp_path)
    (_, valid), *others = tried(made, tmp_path, islice(damaged(made, seed=1), INPUTS))
    outcomes = {outcome for _, outcome in others}
    assert valid == "data" or target.startswith("published")
    assert not outcomes - {"data", "refused"}
    assert "refused" in outcomes or target in TOLERANT


def test_a_reader_that_crashes_is_an_outcome_and_the_other_inputs_of_its_batch_are_tried(
    monkeypatch,
):
    def read(path):
        if path.read_bytes() == b"3":
            os.kill(os.getpid(), signal.SIGSEGV)

    inputs = [str(count).encode() for count in range(6)]
    monkeypatch.setattr(fuzzing, "BATCH", len(inputs))
    monkeypatch.setattr(fuzzing, "damaged", lambda made, seed: iter(inputs))
    monkeypatch.setitem(TARGETS, "crash", lambda folder: (b"", None, "x", read))
    row, found = fuzzing.batch("crash", 0, seed=1)
    assert (row.inputs, row.data, row.unexpected) == (6, 5, 1)
    assert found == {"the process ended with -11": b"3"}


def test_the_table_of_what_was_tried_is_gone_on_from(tmp_path):
    table = Table(tmp_path / "t.csv", ["a", "b"], seed=2)
    made = table.next(["a", "b"])
    made += fuzzing.Row(
        "a", 2, batches=1, inputs=5, data=3, refused=2, unexpected=0, seconds=1.5, peak_mb=9
    )
    table.write()
    again = Table(tmp_path / "t.csv", ["a", "b"], seed=2)
    assert again.rows == table.rows
    assert again.next(["a", "b"]).target == "b"


def test_every_reader_gets_its_least_and_then_the_same_time():
    table = Table(fuzzing.Path("none.csv"), ["slow", "fast"], seed=0)
    for _ in range(3 * fuzzing.LEAST):
        row = table.next(["slow", "fast"])
        row += fuzzing.Row(
            row.target, 0, batches=1, seconds={"slow": 10.0, "fast": 1.0}[row.target]
        )
    assert table.rows["slow"].batches == fuzzing.LEAST
    assert table.rows["fast"].batches == 2 * fuzzing.LEAST
