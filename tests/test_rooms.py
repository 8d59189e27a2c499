"""The architecture is the folders: who may import whom, and that no two files need each other."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("gast", "action", "realtime", "datasets", "experiments")
"""From the ground up: a file imports its own floor or one below."""


@cache
def modules():
    """Dotted module name, below gastlive, to its file."""
    files = (path for floor in (*FLOORS, "conf") for path in (ROOT / floor).rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}


@cache
def imports():
    """Module to the (module, name) pairs that it takes from others of ours, wherever it does."""
    return {name: set(_imports(name, file)) for name, file in modules().items()}


def _imports(name, file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:  # ours are relative, see test_conf
            base = ".".join([*name.split(".")[: -node.level], *filter(None, [node.module])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield (whole, "") if whole in modules() else (base, alias.name)


def room(module):
    """The folder below a floor, or the file where it lies on the floor itself."""
    return ".".join(module.split(".")[:2])


def circle(needs):
    """Names of a circle in a mapping from what needs to what is needed; none is empty."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return error.args[1]
    return []


@pytest.mark.parametrize("floor", FLOORS)
def test_a_file_imports_its_own_floor_or_one_below(floor):
    below = (*FLOORS[: FLOORS.index(floor) + 1], "conf")
    up = [
        f"{name} -> {other}"
        for name, taken in imports().items()
        for other, _ in taken
        if name.startswith(f"{floor}.") and other.split(".")[0] not in below
    ]
    assert not up


def test_all_that_is_imported_from_our_own_folders_is_there():
    unknown = {other for taken in imports().values() for other, _ in taken} - set(modules())
    assert not unknown


def test_no_two_files_need_each_other():
    assert not circle({name: {other for other, _ in taken} for name, taken in imports().items()})


def test_no_two_rooms_need_each_other():
    needs = {}
    for name, taken in imports().items():
        needs.setdefault(room(name), set()).update(
            room(other) for other, _ in taken if room(other) != room(name)
        )
    assert not circle(needs)


def test_what_is_private_to_a_file_is_imported_by_none_other():
    private = [
        f"{name}: {other}.{what}"
        for name, taken in imports().items()
        for other, what in taken
        if what.startswith("_") or other.split(".")[-1].startswith("_")
    ]
    assert not private


def test_a_circle_and_an_arrow_up_would_be_seen():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert room("datasets.seen.noise") == room("datasets.seen.views") != room("datasets.clip")
    assert ("gast.errors", "InputError") in imports()["realtime.stages.tracker"]
