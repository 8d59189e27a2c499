"""Draws docs/pictures/architecture.svg from the imports: ``python docs/architecture.py``."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

from gastlive.docs.links import ROOT

PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
FLOORS = {
    "experiments": ("#fde2cf", "the programs that train, evaluate, time, render, lift"),
    "datasets": ("#fbf0c4", "reads data; knows no net"),
    "realtime": ("#d6ecd2", "the live program; knows no training"),
    "action": ("#d3e5f5", "classifies skeletons; knows no detector"),
    "gast": ("#e2dcf3", "lifts 2-D joints to 3-D; knows no camera"),
}
"""From the top: a file imports its own floor or one below. Colour, and what it does."""
HANDS_ON = {
    "source": "pictures",
    "detector": "2-D joints",
    "tracker": "ids",
    "joints": "smooth joints",
    "lifter": "3-D joints",
    "classifier": "probabilities",
    "decision": "events",
}
"""What each stage adds to the frame."""
WIDTH, GAP, LANE = 1000, 22, 22
CHAIN = "realtime.chain"


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """(Module below gastlive, name) of each import of ours in a file below `ROOT`."""
    here = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*here[: -node.level], *(node.module or "").split(".")]
            for alias in node.names:
                yield ".".join(filter(None, base)), alias.name


def needed(file: Path) -> set[str]:
    """The floors that a file imports from."""
    return {module.split(".")[0] for module, _ in imports(file)} & set(FLOORS)


@cache
def arrows() -> list[tuple[str, str]]:
    """(Floor, floor below) where a file of the one imports from the other."""
    needs = {
        floor: set().union(*(needed(file) for file in (ROOT / floor).rglob("*.py")))
        for floor in FLOORS
    }
    return [(high, low) for high, low in combinations(FLOORS, 2) if low in needs[high]]


def rooms(floor: str) -> list[str]:
    """Folders of a floor that hold code."""
    return sorted(each.name for each in (ROOT / floor).iterdir() if any(each.glob("**/*.py")))


def stages() -> list[tuple[str, str, set[str]]]:
    """Name, module and floors below of each stage, in the order of `Chain`."""
    file = ROOT / f"{CHAIN.replace('.', '/')}.py"
    homes = {name: module for module, name in imports(file)}
    tree = ast.parse(file.read_text(encoding="utf-8"))
    made = next(n for n in ast.walk(tree) if getattr(n, "name", None) == "__init__")
    assert isinstance(made, ast.FunctionDef)
    kinds = {arg.arg: ast.unparse(arg.annotation) for arg in made.args.kwonlyargs if arg.annotation}
    found = []
    for name, kind in kinds.items():
        if name == "detector":
            found.append((name, "detectors/", set[str]()))
        elif name in HANDS_ON:
            path = ROOT / f"{homes[kind].replace('.', '/')}.py"
            found.append((name, f"{path.parent.name}/{path.stem}", needed(path) - {"realtime"}))
    return found


def drawn() -> str:
    """The picture as SVG."""
    top, bands = 52.0, list[str]()
    edges: dict[str, tuple[float, float]] = {}
    for floor in FLOORS:
        band, height = _band(floor, top)
        edges[floor] = (top, top + height)
        bands += band
        top += height + GAP
    height = top + 240
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'font-family="system-ui, sans-serif">',
        "<title>Rooms of the code, and a frame's way through the stages</title>",
        '<defs><marker id="tip" markerWidth="9" markerHeight="8" refX="8" refY="4" orient="auto">'
        '<path d="M0,0 L9,4 L0,8 z" fill="#555"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height:g}" rx="8" fill="#fff"/>',
        _text(24, 32, "Rooms: an arrow goes from who imports to who is imported", weight=600),
        *bands,
        *_arrows(edges),
        *_way(top + 10),
        "</svg>\n",
    ])  # fmt: skip


def _band(floor: str, top: float) -> tuple[list[str], float]:
    """A floor with its rooms, and how high it is."""
    colour, does = FLOORS[floor]
    x, y, wide, chips = 40.0, top + 40, WIDTH - 60 - LANE * len(arrows()), list[str]()
    for room in rooms(floor):
        width = 18 + 7.4 * len(room)
        if x + width > wide:
            x, y = 40.0, y + 40
        chips += [
            _box(x, y, width, 32, "#fff"),
            _text(x + width / 2, y + 21, room, anchor="middle", size=13),
        ]
        x += width + 8
    height = y + 44 - top
    names = [_text(40, top + 26, f"{floor}/", weight=600), _text(150, top + 26, does, fill="#444")]
    return [_box(24, top, WIDTH - 48, height, colour), *names, *chips], height


def _arrows(edges: dict[str, tuple[float, float]]) -> Iterator[str]:
    for i, (high, low) in enumerate(arrows()):
        x, begin, end = WIDTH - 40 - LANE * i, edges[high][1] - 14, edges[low][0] + 12
        yield (
            f'<path d="M{x},{begin:g} V{end:g}" stroke="#555" stroke-width="1.5" '
            f'marker-end="url(#tip)"/><circle cx="{x}" cy="{begin:g}" r="3.5" fill="#555"/>'
        )


def _way(top: float) -> Iterator[str]:
    boxes = [("source", "sources/", set()), *stages(), ("sinks", "sinks/", set())]
    step = (WIDTH - 48) / len(boxes)
    yield _text(24, top + 12, "A frame's way through realtime/", weight=600)
    for i, (name, module, floors) in enumerate(boxes):
        x, width = 24 + i * step, step - 14
        yield _box(x, top + 32, width, 62, FLOORS["realtime"][0])
        yield _text(x + width / 2, top + 58, name, anchor="middle", weight=600)
        yield _text(x + width / 2, top + 80, module, anchor="middle", size=11, fill="#444")
        for j, floor in enumerate(each for each in reversed(FLOORS) if each in floors):
            yield _box(x, top + 104 + j * 32, width, 26, FLOORS[floor][0])
            yield _text(x + width / 2, top + 122 + j * 32, floor, anchor="middle", size=12)
        if name in HANDS_ON:
            yield _text(x + width / 2, top + 190, f"+ {HANDS_ON[name]}", anchor="middle", size=12)
            yield (
                f'<path d="M{x + width},{top + 63} h12" stroke="#555" stroke-width="1.5" '
                f'marker-end="url(#tip)"/>'
            )
    said = "Below a stage: the floors that it imports. Last line: what it adds to the frame."
    yield _text(24, top + 218, said, fill="#444", size=12)


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" '
        f'stroke="#999"/>'
    )


def _text(
    x: float, y: float, said: str, *, anchor: str = "start", weight: int = 400, size: int = 14,
    fill: str = "#222",
) -> str:  # fmt: skip
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size}" fill="{fill}">{said}</text>'
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))
