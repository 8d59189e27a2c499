"""Tests and editors look at this checkout, not at one that happens to be installed."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def clone(folder, *, name):
    """As much of a checkout as pytest needs to start."""
    for file in ("tests/conftest.py", "pyproject.toml", "__init__.py", "gast/errors.py"):
        (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / name / file)
    (folder / name / "tests" / "test_it.py").write_text("def test_it():\n    pass\n")
    return folder / name


def collected(folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_a_second_clone_in_the_first_ones_environment_stops_with_one_line(tmp_path):
    other = clone(tmp_path, name="other")
    done = collected(other)
    assert done.returncode == 4
    (line,) = done.stderr.strip().splitlines()
    assert str(other) in line
    assert "make test" in line
    assert "passed" not in done.stdout


def test_a_clone_that_is_what_gets_imported_is_tested(tmp_path):
    own = clone(tmp_path, name="gastlive")
    assert "1 passed" in collected(own, PYTHONPATH=str(tmp_path)).stdout


def test_editors_find_gastlive_where_make_setup_links_it():
    pyright = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]
    assert pyright["extraPaths"] == ["build/types"]
    assert "build" in pyright["exclude"]  # the link points at its own ancestor
    made = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup"], cwd=ROOT, capture_output=True, text=True
    )
    assert f'ln -sfn "{ROOT}" {pyright["extraPaths"][0]}/gastlive' in made.stdout
