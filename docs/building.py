"""Builds the documentation as a site: ``python docs/building.py``, or ``make docs``.

Its pages lie beside each other as in the repository, so that a link in a page is the same in both.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from gastlive.docs.links import ROOT, reached

BUILD = ROOT / "build" / "docs"
SITE = ROOT / "build" / "site"
PACKAGES = ("gast", "action", "realtime", "conf")
"""Where the names of the reference are defined."""


def main() -> None:
    """Collect, build, and refuse a site with a broken link or with something from elsewhere."""
    for folder in (BUILD, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    collect(BUILD / "pages")
    modules(BUILD / "reference" / "gastlive")
    shutil.copy(ROOT / "docs" / "zensical.toml", BUILD)
    done = subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=BUILD)
    if done.returncode:
        raise SystemExit(done.returncode)
    (BUILD / "site").rename(SITE)
    if fetched := sorted(from_elsewhere(SITE)):
        raise SystemExit(f"the site would fetch {', '.join(fetched)}")
    print(f"{SITE.relative_to(ROOT)}/index.html: {len(list(SITE.rglob('*.html')))} pages")


def collect(folder: Path) -> None:
    """Copy the pages, and what they lead to, to the same places below a folder."""
    for file in reached():
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)


def modules(folder: Path) -> None:
    """Copy the modules for mkdocstrings, which wants an ``__init__.py`` in each folder."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "__init__.py", folder)
    for name in PACKAGES:
        for file in (ROOT / name).rglob("*.py"):
            copy = folder / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
        for each in (folder / name, *(folder / name).rglob("*/")):
            (each / "__init__.py").touch()


def from_elsewhere(site: Path) -> set[str]:
    """Addresses of scripts, styles, fonts and pictures that a page would fetch when it is read."""
    fetched = re.compile(r"<(?:script|img|iframe|source)[^>]* src=\"?(https?://[^\" >]+)")
    styled = re.compile(r"<link[^>]* rel=\"?(?:stylesheet|pre\w+)[^>]*?(https?://[^\" >]+)")
    return {
        address
        for page in site.rglob("*.html")
        for pattern in (fetched, styled)
        for address in pattern.findall(page.read_text(encoding="utf-8"))
    }


if __name__ == "__main__":
    main()
