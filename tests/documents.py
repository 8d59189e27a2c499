"""The command blocks of README and docs, and what they would run."""

import ast
import re
import shlex
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gastlive.docs.links import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+?) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `why` says why it is not run, empty if it is."""

    page: Path
    line: int
    kind: str
    text: str
    why: str

    def __str__(self):
        return f"{self.page.stem}-{self.line}"


@dataclass(frozen=True)
class Command:
    """One call of one of our programs: the name of its config and the words behind."""

    where: str
    config: str
    verbatim: frozenset[str]
    words: tuple[str, ...]


@cache
def blocks():
    """All fenced blocks of README and docs."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            line = text[: match.start("kind")].count("\n") + 1
            found.append(Block(page, line, match["kind"], match["text"], match["why"] or ""))
    return found


def calls(text):
    """The calls of a shell text: words each, without comments and variables set before."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            call = []
            while words and words[0] not in ("&&", "||", "|", ";", ">", "&"):
                call.append(words.pop(0))
            words = words[1:]
            while call and re.fullmatch(r"\w+=.*", call[0]):
                call.pop(0)
            if call:
                yield call


def inline():
    """Calls of our programs in the running text and tables, between backticks."""
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for said in re.findall(r"`(gastlive[\w-]*(?: [^`]+))`", prose):
            if "..." not in said:
                yield page, said


def commands():
    """Every call of a program of ours in README and docs."""
    for block in blocks():
        if block.kind == "bash":
            for call in calls(block.text):
                yield from _command(str(block), call)
    for page, said in inline():
        for call in calls(said):
            yield from _command(f"{page.stem}: {said}", call)


def _command(where, call):
    name, words = call[0], call[1:]
    if call[:2] == ["python", "-m"] and call[2].startswith("gastlive."):
        module, words = call[2], call[3:]
    elif name.startswith("gastlive"):
        assert name in SCRIPTS, f"{where}: there is no program {name}"
        module = SCRIPTS[name].partition(":")[0]
    else:
        return
    if name == "gastlive-evaluate":
        if words[0].startswith("-"):
            return
        module, words = evaluation(words[0]), words[1:]
    yield Command(where, *config(module), tuple(words))


def evaluation(verb):
    """The module of ``gastlive-evaluate VERB``."""
    from gastlive.experiments.evaluate import VERBS

    return f"gastlive.experiments.evaluating.{VERBS[verb][0]}"


@cache
def config(module):
    """The name of a program's config and its verbatim keys, as its decorator says.

    It is read and not imported, since what programs need takes seconds to load.
    """
    from gastlive.realtime import live

    tree = ast.parse(
        (ROOT / f"{module.removeprefix('gastlive.').replace('.', '/')}.py").read_text()
    )
    own = {n.targets[0].id: n.value for n in tree.body if isinstance(n, ast.Assign)}
    made = (d for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for d in n.decorator_list)
    named = (d for d in made if isinstance(d, ast.Call) and d.func.id in ("program", "sweep"))
    decorator = next(named)
    parts = list(ast.walk(ast.Tuple(elts=[k.value for k in decorator.keywords])))
    keys = {part.value for part in parts if isinstance(part, ast.Constant)}
    if any(isinstance(part, ast.Name) and part.id == "VERBATIM" for part in parts):
        keys |= set(ast.literal_eval(own["VERBATIM"]) if "VERBATIM" in own else live.VERBATIM)
    return decorator.args[0].value, frozenset(keys)
