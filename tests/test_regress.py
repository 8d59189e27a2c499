"""Figures as multiples of a fixed piece of work, compared with a stored baseline."""

import json
from types import SimpleNamespace

import pytest

from gastlive.conf.option import option
from gastlive.experiments.benchmarking import regress
from gastlive.experiments.benchmarking.regress import BASELINE, FIGURES, Kernel, in_kernels
from gastlive.gast.errors import InputError

MS = {"lifter step": 2.0, "chain": 3.0, "pipeline": 16.0, "first label": 2500.0, "import": 1500.0}
JOB = SimpleNamespace(name="defaults", config={})


@pytest.fixture
def machine(monkeypatch):
    """A machine on which the kernel takes 5 ms, figures those of `MS`, or more."""
    here = SimpleNamespace(slowness=1.0, slower={})

    def measures_of(job, folder, seconds):
        assert job is JOB
        return [
            lambda: {
                name: ms * here.slowness * here.slower.get(name, 1.0) for name, ms in MS.items()
            }
        ]

    monkeypatch.setattr(regress, "measures_of", measures_of)
    monkeypatch.setattr(regress, "mean_ms", lambda work, seconds: 5.0 * here.slowness)
    return here


def mode(folder, **changes):
    return option("mode/regress", baseline=str(folder / "speed.json"), **changes)


def test_what_is_as_fast_as_the_baseline_passes_also_on_a_machine_half_as_fast(
    tmp_path, machine, capsys
):
    (row,) = mode(tmp_path, store=True)([JOB], tmp_path / "runs")
    assert row.rounds[0]["first_label_ms"] == 2500.0
    stored = json.loads((tmp_path / "speed.json").read_text())
    assert stored["kernels"] == {name: ms / 5 for name, ms in MS.items()}
    assert {"date", "machine", "versions"} <= set(stored)
    machine.slowness = 2.0
    mode(tmp_path)([JOB], tmp_path / "runs")
    assert "| first label | 5000 | 500 | 500 | 1.00 |  |" in capsys.readouterr().out
    assert "| chain | 6 | 0.6 | 0.6 | 1.00 |  |" in (tmp_path / "regress.md").read_text()


def test_what_became_slower_is_named_and_an_error(tmp_path, machine, capsys):
    mode(tmp_path, store=True)([JOB], tmp_path / "runs")
    machine.slower = {"chain": 1.5, "import": 1.25}
    with pytest.raises(InputError, match=r"^chain takes 1\.50 times its baseline, 1\.3 are allow"):
        mode(tmp_path)([JOB], tmp_path / "runs")
    assert "| 1.50 | slower |" in capsys.readouterr().out
    mode(tmp_path, tolerance=1.6)([JOB], tmp_path / "runs")


def test_a_baseline_that_is_not_there_and_a_sweep_are_one_line(tmp_path, machine):
    with pytest.raises(InputError, match=r"no baseline in .*speed.json; make one with mode.store"):
        mode(tmp_path)([JOB], tmp_path)
    with pytest.raises(InputError, match="compares one config with its baseline; leave -m out"):
        mode(tmp_path)([JOB, JOB], tmp_path)
    with pytest.raises(InputError, match=r"mode.tolerance=0.9 refuses what is as fast"):
        mode(tmp_path, tolerance=0.9)


def test_a_figure_is_divided_by_the_kernel_before_and_after_it(monkeypatch):
    times = iter([4.0, 6.0, 10.0])
    monkeypatch.setattr(regress, "mean_ms", lambda work, seconds: next(times))
    found = in_kernels([lambda: {"a": 10.0}, lambda: {"b": 16.0}], None, 1.0)
    assert found == {"a": (10.0, 2.0), "b": (16.0, 2.0)}


@pytest.mark.skipif(
    not BASELINE.is_file(), reason="nobody has stored a baseline: mode=regress mode.store=true"
)
def test_the_projects_baseline_has_every_figure():
    assert set(json.loads(BASELINE.read_text())["kernels"]) == set(FIGURES)


def test_the_kernel_does_the_same_each_time():
    kernel = Kernel()
    before = kernel._matrix.clone()
    kernel()
    assert (kernel._matrix == before).all()
