"""The tables of the docs list what there is to choose, all of it."""

import re

import pytest

from gastlive.docs.links import ROOT

from .test_docs import EXTRAS

LIVE = ("source", "detector", "tracker", "joints", "smoothing", "lifter", "classifier", "decision",
        "sink")  # fmt: skip
GROUPS = {
    "camera": LIVE, "data": ("data",), "latency": ("mode",), "sweeps": ("study",),
    "train_head": ("head",),
}  # fmt: skip
"""Groups of options by the page that lists them."""


def tables(page):
    """The tables of a page: rows of cells."""
    text = (ROOT / "docs" / f"{page}.md").read_text()
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        yield [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()]


def listed(page, group):
    """What a page lists of a group: in its row, or in the first column below `group=`."""
    for heading, *rows in tables(page):
        for name, options, *_ in rows:
            if name == f"`{group}`":
                return set(re.findall(r"`(\w+)`", options))
        if heading[0].startswith(f"`{group}=`"):
            return set(re.findall(r"`(?:pairs=)?([\w+]+)`", " ".join(row[0] for row in rows)))
    return set()


@pytest.mark.parametrize(
    ("page", "group"), [(page, group) for page, groups in GROUPS.items() for group in groups]
)
def test_a_page_lists_every_option_of_its_groups_and_no_other(page, group):
    assert listed(page, group) == {file.stem for file in (ROOT / "conf" / group).glob("*.yaml")}


def test_start_lists_every_extra():
    (rows,) = [rows for heading, *rows in tables("start") if heading[0] == "extra"]
    assert set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows))) == set(EXTRAS)
