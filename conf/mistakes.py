"""What a user got wrong on the command line, in one line that names the nearest right word."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ..gast.errors import InputError
from .help import composed, parts
from .texts import flat, groups, keys, options, programs

_NEAR = 0.6
_FLAGS = (
    "--help", "-h", "--hydra-help", "--version", "--cfg", "-c", "--resolve", "--package", "-p",
    "--run", "-r", "--multirun", "-m", "--shell-completion", "-sc", "--config-path", "-cp",
    "--config-name", "-cn", "--config-dir", "-cd", "--experimental-rerun", "--info", "-i",
)  # fmt: skip
"""Hydra's, and ours."""
_KEY = re.compile(r"Could not (?:override|append to|delete)[^']*'([^']+)'")


def mistake(error: Exception, config_name: str, words: Sequence[str]) -> str:
    """An error of composing the config, as one line."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _no_option(error.missing_cfg_file, error.options or ())
    if isinstance(error, OverrideParseException):
        return _unreadable(error.override)
    if match := _KEY.search(str(error)):
        return _no_key(match[1], config_name, words)
    return _line(error)


def unknown_flag(words: Sequence[str]) -> str:
    """A line on the first word that looks like a flag and is none; empty if there is none."""
    for word in (word.partition("=")[0] for word in words):
        if word.startswith("-") and not any(flag.startswith(word) for flag in _FLAGS):
            return f"there is no {word}{_meant('', word, _FLAGS)} --help shows what there is"
    return ""


def refuse_unread(cfg: Any, config_name: str, words: Iterable[str]) -> None:
    """Raise `InputError` for a key added with ``+`` that neither program nor config has a use for.

    ``+GROUP=OPTION`` has one, and so has what a yaml refers to. What is added to a part is for its
    constructor to know.
    """
    known = {key.partition(".")[0] for name in programs(config_name) for key in keys(name)}
    known |= {*groups(), "hydra"}
    for word in words:
        key = word.lstrip("+").partition("=")[0]
        top = re.split(r"[.@/]", key)[0]
        used = rf"\$\{{[^}}]*\b{re.escape(top)}\b"
        if (
            word.startswith("+")
            and top not in known
            and not re.search(used, OmegaConf.to_yaml(cfg))
        ):
            raise InputError(_no_key(key, config_name, [word]))


def _unreadable(word: str) -> str:
    key, equals, value = word.partition("=")
    if not equals:
        return f"{word!r} is no KEY=VALUE; --help lists the keys"
    return f"{word}: the value can't be read; put it into quotes twice: '{key}=\"{value}\"'"


def _no_option(missing: str, there: Sequence[str]) -> str:
    if missing.startswith("source/") and "." in missing:
        place = missing.removeprefix("source/")
        means = "stream source.url" if "://" in place else "video source.path"
        return f"there is no source {place!r}; did you mean source={means}={place}?"
    group, _, name = missing.rpartition("/")
    if group == "hydra/launcher" and name.startswith("submitit"):
        return (
            f"{group}={name} needs the package hydra-submitit-launcher; install it: "
            f"pip install 'gastlive[sweep]'"
        )
    there = sorted(there) or options(group)
    if not there:
        return f"there is no {missing}"
    return f"there is no {group} {name!r}{_meant(f'{group}=', name, there)} there are {_all(there)}"


def _no_key(key: str, config_name: str, words: Sequence[str]) -> str:
    said = next((word for word in words if word.lstrip("+~").partition("=")[0] == key), key)
    value = said.partition("=")[2]
    cfg = _without(config_name, words)
    if key in groups():
        return f"{said}: {key} is no part of this by itself; add it with +{said.lstrip('+')}"
    if isinstance(there := OmegaConf.select(cfg, key, throw_on_missing=False), DictConfig):
        names = _all(map(str, there)) if there else "nothing in it"
        return (
            f"{said}: {key} has {names}; add another name with +{key}.NAME=..., take one away with "
            f"~{key}.NAME"
        )
    group, _, below = key.partition(".")
    if others := [name for name in options(group) if below and below in keys(f"{group}/{name}")]:
        now = cfg.hydra.runtime.choices.get(group) or "nothing"
        return (
            f"{said}: {group}={now} has no {below}, {_all(f'{group}={name}' for name in others)} "
            f"{'has' if len(others) == 1 else 'have'} it; use {group}={_first(others, value)}"
        )
    content: Any = OmegaConf.to_container(cfg, resolve=False)
    known = [each for each in flat(content) if not re.match(r"hydra|.*\b_", each)]
    known += [place for place, _ in parts(config_name, cfg)]
    if near := _nearest(key, known) or _elsewhere(key, known):
        return f"there is no {key!r}; did you mean {near}={value or '...'}?"
    above = key.rpartition(".")[0]
    beside = [each for each in known if above and each.rpartition(".")[0] == above]
    return (
        f"there is no {key!r}; there are {_all(beside)}"
        if beside
        else f"there is no {key!r}; --help lists the keys"
    )


def _nearest(key: str, known: Sequence[str]) -> str:
    """The key that is nearest word by word; empty if none is near."""
    above = ""
    for word in key.split("."):
        below = {
            each.removeprefix(above).partition(".")[0] for each in known if each.startswith(above)
        }
        group = above.rstrip(".")
        below |= {name for each in options(group) if group for name in keys(f"{group}/{each}")}
        near = get_close_matches(word, below, 1, _NEAR)
        if not near:
            return ""
        above = f"{above}{near[0]}."
    return above.rstrip(".")


def _elsewhere(key: str, known: Sequence[str]) -> str:
    """A key of that very name in another place, if there is only one."""
    name = key.rpartition(".")[2]
    places = [each for each in known if each.rpartition(".")[2] == name]
    return places[0] if len(places) == 1 else ""


def _without(config_name: str, words: Sequence[str]) -> Any:
    """The config without the words that are wrong."""
    good = [word for word in words if word.partition("=")[0].partition(".")[0] in groups()]
    flags = [word for word in words if "=" not in word]
    for given in (good, [word for word in good if "." not in word.partition("=")[0]], []):
        try:
            return composed(config_name, [*flags, *given])
        except (HydraException, OmegaConfBaseException):
            continue
    raise RuntimeError(f"{config_name} can't be composed")


def _first(names: Sequence[str], value: str) -> str:
    """The option that a value is most likely for: files with a video's ending are videos."""
    is_keypoints = value.rpartition(".")[2].lower() in ("json", "jsonl", "npy", "npz")
    return "keypoints" if is_keypoints and "keypoints" in names else names[-1]


def _meant(before: str, name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, list(names), 1, _NEAR)
    return f"; did you mean {before}{near[0]}?" if near else ";"


def _all(names: Iterable[str]) -> str:
    *most, last = names
    return " and ".join(filter(None, [", ".join(most), last]))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
