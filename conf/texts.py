"""What the yamls say of their keys: the comment behind a key is its text, for ``--help``."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

CONF = Path(__file__).parent
_LINE = re.compile(r"(\s*)(- )?([\w@/.+]+):(?:\s+(.*?))??(?:\s+# ?(.*))?$")


@cache
def texts(name: str) -> dict[str, str]:
    """Dotted key to its comment in ``conf/NAME.yaml``; of a part, ``defaults.GROUP``."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in _lines(name):
        match = _LINE.match(line)
        if not match or line.lstrip().startswith("#"):
            continue
        depth = len(match[1]) + len(match[2] or "")
        above = [(indent, key) for indent, key in above if indent < depth]
        above.append((depth, match[3].removeprefix("/")))
        if match[5]:
            found[".".join(key for _, key in above)] = match[5].strip()
    return found


def title(name: str) -> str:
    """The comment at the top of ``conf/NAME.yaml``, without a package; empty if there is none."""
    said = []
    for line in _lines(name):
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            said.append(line.lstrip("# "))
    return " ".join(said)


def options(group: str) -> list[str]:
    """Names of a group's options; none if there is no such group."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


@cache
def groups() -> list[str]:
    """All groups."""
    return sorted(folder.name for folder in CONF.iterdir() if any(folder.glob("*.yaml")))


@cache
def keys(name: str) -> dict[str, Any]:
    """Dotted key to value, as written in ``conf/NAME.yaml``; of lists the whole list."""
    return {
        key: value
        for key, value in flat(_loaded(name)).items()
        if key.partition(".")[0] not in ("defaults", "hydra") and "_target_" not in key
    }


def programs(name: str) -> list[str]:
    """A program's yaml and those at the root that it is composed of."""
    listed = _loaded(name).get("defaults", [])
    return [*(each for each in listed if isinstance(each, str) and each != "_self_"), name]


def flat(content: Any, above: str = "") -> dict[str, Any]:
    """Nested mappings to dotted keys, the mappings themselves too."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        found[f"{above}{key}"] = value
        if isinstance(value, dict):
            found |= flat(value, f"{above}{key}.")
    return found


def defaults(name: str) -> list[tuple[str, Any]]:
    """The entries of a yaml's defaults list that name a group, with the option."""
    listed = _loaded(name).get("defaults", [])
    return [
        (str(part), option)
        for entry in listed
        if not isinstance(entry, str)
        for part, option in entry.items()
    ]


def _loaded(name: str) -> dict[str, Any]:
    content: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"), resolve=False)
    return dict(content)


def _lines(name: str) -> list[str]:
    return (CONF / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
