"""Damaged files for every reader; `make fuzz` tries more of them, in processes of their own."""

from itertools import islice

import pytest

from .fuzzing import damaged, tried
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
