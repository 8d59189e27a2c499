"""Links, anchors and blocks of the Markdown pages."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
"""What a reader begins with; other files belong to the site where one of these leads to them."""

_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")


def links(page: Path) -> list[str]:
    """Targets of a page's links and pictures, but for those to elsewhere."""
    text = re.sub(r"`(?:[^`\n]|\n(?!\n))+`", "", _prose(page))
    # A picture may stand in a link's text: its own target comes first.
    nested = re.findall(r"!\[[^\[\]]*\]\(([^()\s]+)\)", text)
    return [each for each in nested + _LINK.findall(text) if "://" not in each]


def target(page: Path, link: str) -> tuple[Path, str]:
    """The file that a link leads to, and the anchor in it, empty if there is none."""
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


def anchors(page: Path) -> set[str]:
    """What links to the headings of a page are called."""
    headings = re.findall(r"^#+ (.+?)(?: \{.*\})?$", _prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each) for each in headings)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", each).strip().lower()) for each in plain}


def reached() -> Iterator[Path]:
    """The pages and every file that can be reached from them."""
    found, waiting = set[Path](), list(PAGES)
    while waiting:
        page = waiting.pop()
        if page in found or not page.is_file():
            continue
        found.add(page)
        yield page
        if page.suffix == ".md":
            waiting += [target(page, link)[0] for link in links(page)]


def _prose(page: Path) -> str:
    return _FENCED.sub("", page.read_text(encoding="utf-8"))
