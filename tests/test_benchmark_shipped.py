"""`gastlive-benchmark mode=shipped`: everything that ships, in one run and one table."""

from pathlib import Path

import numpy as np
import pytest

from gastlive import conf
from gastlive.conf.option import option
from gastlive.experiments.benchmarking.shipped import Lifter
from gastlive.experiments.timing.jobs import Job, Row
from gastlive.experiments.timing.parts import Candidate
from gastlive.gast.errors import InputError

from .test_benchmark import QUICK, run  # noqa: F401

CONF = Path(conf.__file__).parent


def test_without_names_all_lifters_and_heads_that_ship_are_measured():
    mode = option("mode/shipped")
    assert mode.lifters == sorted(path.stem for path in (CONF / "lifter").glob("*.yaml"))
    assert mode.heads == sorted(path.stem for path in (CONF / "classifier").glob("*.yaml"))


def test_lifters_heads_and_chains_come_into_one_table_beside_the_references_windows(run):  # noqa: F811
    folder = run("mode=shipped", "mode.lifters=[gast27s]", "mode.shapes=[gast81s]",
                 "mode.heads=[fight]", "runtime=torch", *QUICK)  # fmt: skip
    text = (folder / "shipped.md").read_text()
    lines = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    windows = ["dilated", "strided", "reference dilated", "reference strided"]
    shape = ["", "frames", "channels"]
    assert [*shape, "streamed", *windows] in cells
    assert [*shape, *windows] in cells
    assert [line[:3] for line in cells if line[0].startswith("gast") and len(line) > 2] == 2 * [
        ["gast27s", "27", "32"], ["gast81s, untrained", "81", "32"],
    ]  # fmt: skip
    assert "fight torch" in [line[0] for line in cells]
    assert ["", "fight"] in cells
    assert all(all(line) for line in cells if line[0])
    rows = (folder / "latency.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 5 + 1 + 1


def test_ratios_are_taken_round_by_round_to_the_same_lifters_step():
    names = ["step", "a", "b", "c", "d"]
    ways = [Candidate(name, {}, lambda index: np.zeros(1)) for name in names]
    spent = {"step": (1.5, 4.5), "a": (3, 9), "b": (4.5, 13.5), "c": (15, 22.5), "d": (1.5, 1.125)}
    found = {
        name: Row(name, {}, tuple({"step_p50_ms": float(ms)} for ms in spent[name]))
        for name in names
    }
    mode = option("mode/shipped", lifters=["x"], heads=[])
    page = mode.page([Lifter(("x", "27", "8"), ways, [])], [], found)
    assert "| x | 27 | 8 | 3.00 (1.50-4.50) | 6 (3-9) |" in page
    assert "| x | 27 | 8 | 2.00 | 3.00 | 7.50 (5.00-10.00) | 0.625 (0.250-1.000) |" in page


def test_several_configs_are_refused(tmp_path):
    jobs = [Job(name, {}, None) for name in "ab"]
    with pytest.raises(InputError, match="measures everything in one run; leave -m out"):
        option("mode/shipped")(jobs, tmp_path / "runs")
