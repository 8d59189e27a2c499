"""The tests test this checkout, or nothing."""

from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure():
    """Stop in one line where `gastlive` is another checkout, or not installed."""
    try:
        found = find_spec("gastlive.gast.errors")
    except ModuleNotFoundError:
        found = None
    file = ROOT / "gast" / "errors.py"
    if found is None or found.origin is None:
        raise pytest.UsageError(f"gastlive is not installed for {ROOT}; run: make setup")
    if not file.samefile(found.origin):
        elsewhere = Path(found.origin).resolve().parent.parent
        raise pytest.UsageError(
            f"this environment has gastlive of {elsewhere}, not of {ROOT}; run: make test"
        )
