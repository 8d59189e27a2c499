"""The page of models says of every shipped weight what its card says."""

import re

import pytest

from gastlive.docs.links import ROOT

PAGE = ROOT / "docs" / "models.md"
FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)")
WANTED = {
    "action": ("names", "held-out people", "data set left out", "real films", "step"),
    "gast": ("for", "held-out people", "films kept out", "demo clip", "step"),
}
"""What the page has to say of heads and of lifters, by the folder of their weights."""


def tables(text):
    """The tables of a page whose columns have cards: the folder of each card's file, and rows."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()
        ]
        cards = next((row for row in rows if row[0] == "card"), None)
        if cards:
            paths = [re.search(r"\]\(\.\./(.*)\)", cell)[1] for cell in cards[1:]]
            yield paths, [row for row in rows[2:] if row is not cards]


def not_on_the_cards(text):
    """Each figure of the page that the card of its column doesn't have."""
    wrong = []
    for paths, rows in tables(text):
        for column, path in enumerate(paths, 1):
            known = set(FIGURE.findall((ROOT / path).read_text()))
            for row in rows:
                said = FIGURE.findall(row[column])
                wrong += [(path, row[0], figure) for figure in said if figure not in known]
    return wrong


def test_a_figure_on_the_page_of_models_is_the_one_of_the_card():
    assert not_on_the_cards(PAGE.read_text()) == []


def test_a_figure_that_differs_from_the_card_would_be_seen():
    text = PAGE.read_text()
    paths, rows = next(tables(text))
    row = next(row for row in rows if FIGURE.search(row[1]))
    wrong = text.replace(f"| {row[1]} |", f"| {FIGURE.sub('987.6', row[1], count=1)} |", 1)
    assert not_on_the_cards(wrong) == [(paths[0], row[0], "987.6")]


@pytest.mark.parametrize("folder", WANTED)
def test_of_every_shipped_net_the_page_says_each_thing_or_that_it_is_not_measured(folder):
    (found,) = [found for found in tables(PAGE.read_text()) if found[0][0].startswith(folder)]
    paths, rows = found
    shipped = {file.stem for file in (ROOT / folder / "weights").glob("*.safetensors")}
    assert shipped == {path.removesuffix(".md").rpartition("/")[2] for path in paths}
    for word in WANTED[folder]:
        assert any(word in row[0] for row in rows), word
    for row in rows:
        assert all(row), f"{row[0]}: an empty cell; say 'not measured'"
