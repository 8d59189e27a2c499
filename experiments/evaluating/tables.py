"""Markdown tables."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(map(_plain, each))} |" for each in (head, rule, *lines))


def number(value: float | None, decimals: int = 1) -> str:
    """Rounded; a dash where there is none."""
    return "-" if value is None else f"{value:.{decimals}f}"


def ratio(one: float | None, other: float | None) -> float | None:
    """`one` divided by `other`, to a thousandth, where that can be said."""
    return round(one / other, 3) if one is not None and other else None


def _plain(text: str) -> str:
    """As a cell: on one line, without a character that ends it."""
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
