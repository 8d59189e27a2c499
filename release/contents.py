"""Lists what is in the wheel and the sdist of a folder: ``python release/contents.py dist``.

Ends with status 1 if one is over `MOST_MB`, the wheel has what is not the package's, or lacks a
file of the repository that the package reads.
"""

import sys
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
MOST_MB = 60
FOLDERS = ("gast", "action", "realtime", "datasets", "experiments", "conf")
READ = (".py", ".yaml", ".json", ".safetensors", ".npz", ".xml", ".bin", ".js", ".css", ".html")
RESULTS = "experiments/results"
"""Reports about the programs, which none reads."""


def wheel(path: Path) -> dict[str, int]:
    """Bytes of each file of a wheel."""
    with zipfile.ZipFile(path) as file:
        return {each.filename: each.file_size for each in file.infolist() if not each.is_dir()}


def sdist(path: Path) -> dict[str, int]:
    """Bytes of each file of an sdist, without its top folder."""
    with tarfile.open(path) as file:
        return {each.name.partition("/")[2]: each.size for each in file if each.isfile()}


def problems(found: dict[str, int]) -> list[str]:
    """What a wheel has too much and too little of."""
    ours = ("gastlive/", "gastlive-")
    foreign = [name for name in found if not name.startswith(ours) or "__pycache__" in name]
    foreign += [name for name in found if name.startswith(("gastlive/tests", "gastlive/release"))]
    lacking = [name for name in wanted() if f"gastlive/{name}" not in found]
    return [f"has {name}" for name in foreign] + [f"lacks {name}" for name in lacking]


def wanted() -> list[str]:
    """Files of the repository that the package reads."""
    files = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    names = (path.relative_to(ROOT).as_posix() for path in files if path.suffix in READ)
    return sorted(n for n in names if not n.startswith(RESULTS) and "__pycache__" not in n)


def main() -> None:
    """Print both lists by folder, and what is wrong."""
    wrong = []
    (folder,) = sys.argv[1:]
    for pattern, read in (("*.whl", wheel), ("*.tar.gz", sdist)):
        (path,) = Path(folder).glob(pattern)
        found, size_mb = read(path), path.stat().st_size / 1e6
        print(f"{path.name}: {size_mb:.1f} MB, {len(found)} files")
        depth = 2 if read is wheel else 1
        sizes: Counter[str] = Counter()
        for name, size in found.items():
            parts = name.split("/")
            sizes["/".join(parts[:depth]) if len(parts) > depth else parts[0]] += size
        for name, size in sizes.most_common(9):
            print(f"  {size / 1e6:6.2f} MB  {name}")
        wrong += [f"{path.name} {each}" for each in (problems(found) if read is wheel else ())]
        if size_mb > MOST_MB:
            wrong.append(f"{path.name} is over {MOST_MB} MB")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
