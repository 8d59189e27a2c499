"""What ``--help`` prints: examples, and the keys with the texts that stand beside them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from typing import Any

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from .texts import CONF, defaults, flat, keys, options, programs, texts, title

_WIDTH, _COLUMN = 110, 34
_OVER = "override "
_INTERNAL = "set by the program"
_PARTS = "Parts. Choose another with NAME=OPTION, change a key with NAME.KEY=VALUE:"
_FLAGS = (
    ("--version", "which gastlive this is"),
    ("--config-dir FOLDER", "adds options of your own, FOLDER/GROUP/NAME.yaml"),
    ("--cfg job", "shows the composed config instead of running"),
    ("-m", "a run for each value of a list, KEY=1,2,3"),
)


def page(config_name: str, words: Sequence[str]) -> str:
    """The help of a program; keys are those of the options that the command line chooses."""
    cfg = composed(config_name, words)
    content: Any = OmegaConf.to_container(cfg, resolve=False)
    values = flat({key: value for key, value in content.items() if key != "hydra"})
    about = OmegaConf.load(CONF / f"{config_name}.yaml")
    said: Any = about.hydra.get("help", {})
    header = said.get("header") or f"gastlive-{config_name.replace('_', '-')}:"
    lines = [header.rstrip(), ""]
    if own := list(_own(config_name, cfg, values)):
        lines += ["Keys, changed with KEY=VALUE:", "", *own, ""]
    if parts := list(_parts(config_name, cfg, values)):
        lines += [_PARTS, *parts, ""]
    if recipes := list(_recipes(header.partition(":")[0])):
        lines += ["Recipes, chosen with +experiment=NAME:", "", *recipes, ""]
    lines += [line for flag, text in _FLAGS for line in _row(flag, text)]
    if said.get("footer"):
        lines += ["", said.footer.rstrip()]
    return "\n".join(lines)


def composed(config_name: str, words: Sequence[str]) -> Any:
    """The config with Hydra's own part; words that are no overrides are left out."""
    given = [word for word in words if "=" in word and not word.startswith("-")]
    if folder := config_dir(words):
        given.append(f"hydra.searchpath=['file://{Path(folder).absolute()}']")
    GlobalHydra.instance().clear()
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose(config_name, list(given), return_hydra_config=True)


def config_dir(words: Sequence[str]) -> str:
    """The folder given with ``--config-dir``, as Hydra reads it; empty if there is none."""
    for word, following in pairwise([*words, ""]):
        flag, equals, folder = word.partition("=")
        if flag == "-cd" or (flag.startswith("--config-d") and "--config-dir".startswith(flag)):
            return folder if equals else following
    return ""


def parts(config_name: str, cfg: Any) -> dict[tuple[str, str], list[str]]:
    """(Place in the config, group) of each part to the options chosen, in the order of the yamls.

    Those that a program takes out of what it is composed of are left out.
    """
    chosen: dict[str, Any] = dict(cfg.hydra.runtime.choices)
    entries = [entry for name in programs(config_name) for entry in defaults(name)]
    gone = {part.removeprefix(_OVER) for part, option in entries if _OVER in part and not option}
    listed = [part for part, _ in entries if _OVER not in part]
    listed += [key for key in reversed(chosen) if key not in listed and "hydra/" not in key]
    found: dict[tuple[str, str], list[str]] = {}
    for key in (key for key in listed if key not in gone):
        group, _, place = key.partition("@")
        choice = chosen.get(key)
        several = list(cfg.get(group) or ()) if group == "sink" else []
        found[place or group, group] = [choice] if choice else several
    return found


def _own(config_name: str, cfg: Any, values: Mapping[str, Any]) -> Iterator[str]:
    """Keys of the program's yaml, and of those that it is composed of."""
    chosen = {place for place, _ in parts(config_name, cfg)}
    for name in reversed(programs(config_name)):
        said = texts(name)
        for key in keys(name):
            if key in said and key not in chosen and said[key] != _INTERNAL:
                yield from _row(_given(key, values), said[key])


def _parts(config_name: str, cfg: Any, values: Mapping[str, Any]) -> Iterator[str]:
    said: dict[str, str] = {}
    for name in programs(config_name):
        said |= texts(name)
    every = parts(config_name, cfg)
    for place in {at.rpartition(".")[0]: None for at, _ in every if "." in at}:
        members = ", ".join(at.rpartition(".")[2] for at, _ in every if at.startswith(f"{place}."))
        if place not in said and not any(place == at for at, _ in every):
            yield ""
            yield from _row(f"{place}: {members}", f"'~{place}.NAME' leaves one out")
    for (place, group), chosen in every.items():
        parent = place.rpartition(".")[0]
        if group == "experiment" or (parent and not any(parent == at for at, _ in every)):
            continue  # recipes, and members such as data@sets.cmu
        yield ""
        yield from _row(f"{place}: {said.get(f'defaults.{group}', '')}", "")
        now = f"[{','.join(chosen)}]" if group == "sink" else ",".join(chosen) or "null"
        others = [name for name in options(group) if name not in chosen]
        name = place if place == group else f"{group}@{place}"
        yield from _row(f"  {name}={now}", f"or {', '.join(others)}" if others else "")
        for option in chosen:
            yield from _keys(place, group, option, values)


def _recipes(program: str) -> Iterator[str]:
    """Those whose first lines name the program first."""
    for name in options("experiment"):
        said, named, rest = title(f"experiment/{name}").partition("gastlive-")
        if re.match(rf"{program}(?![\w-])", named + rest):
            yield from _row(name, said.rstrip(" :."))


def _keys(place: str, group: str, option: str, values: Mapping[str, Any]) -> Iterator[str]:
    if option not in options(group):
        return  # the user's own
    where = f"{place}.{option}" if place == "sink" else place
    for key, text in texts(f"{group}/{option}").items():
        if "." not in key and not key.startswith("_"):
            yield from _row(f"  {_given(f'{where}.{key}', values)}", text)


def _given(key: str, values: Mapping[str, Any]) -> str:
    """KEY=VALUE as composed; only the names of a mapping, only the key of what is derived."""
    value = values.get(key, "${elsewhere}")
    if isinstance(value, dict):
        return f"{key}: {', '.join(name for name in value if not name.startswith('_'))}".strip(": ")
    if isinstance(value, str) and "${" in value:
        return key
    if isinstance(value, list):
        value = f"[{','.join(map(str, value))}]".replace("'", "").replace(" ", "")
    if value is None or isinstance(value, bool):
        value = {None: "null", True: "true", False: "false"}[value]
    return f"{key}={value}"


def _row(left: str, text: str) -> list[str]:
    """A key and its text, wrapped beside each other."""
    if not text:
        return wrap(left, _WIDTH, subsequent_indent="  ", initial_indent="  ")
    lines = wrap(text, _WIDTH - _COLUMN) or [""]
    first = f"  {left}"
    if len(first) >= _COLUMN:
        return [first, *(" " * _COLUMN + line for line in lines)]
    return [first.ljust(_COLUMN) + lines[0], *(" " * _COLUMN + line for line in lines[1:])]
