"""Options of the programs, given from Python: one made alone, or the whole chain composed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ..gast.errors import InputError
from .program import WEIGHTS

_CONF = Path(__file__).parent


def option(name: str, /, **values: Any) -> Any:
    """The object that an option of a group describes, made from its yaml as the programs do.

    Values that a yaml takes from its program, such as ``${patience_s}`` or ``${seed}``, are those
    of ``chain.yaml`` and ``train_action.yaml``.

    Args:
        name: Group and option, such as ``tracker/oks``.
        values: Arguments that the yaml leaves open, or that replace those of the yaml.

    Raises:
        InputError: There is no such option.
    """
    shared = OmegaConf.merge(_values("train_action"), _parts("chain"), _values("chain"))
    node = _read(name)
    plain: Any = OmegaConf.to_container(node, resolve=False)
    said = [
        str(key)
        for key, value in plain.items()
        if key not in values and value != "???" and _source(value) in (None, *shared)
    ]
    root = OmegaConf.merge(shared, {"option": OmegaConf.masked_copy(node, said)})
    return instantiate(root.option, _partial_=True)(**values)


def chain(options: Mapping[str, Any]) -> DictConfig:
    """``chain.yaml`` with these options, as the command line composes it.

    Hydra itself is not asked, so that nothing that is global changes.

    Args:
        options: A group (``lifter``) to the name of an option, a weights file or a mapping of
            values; a key (``threads``, ``decision.enter``) to its value.

    Raises:
        InputError: There is no such option or key, or the value can't stand there.
    """
    choices, values = dict(_chosen("chain")), dict[str, Any]()
    for key, value in _flat(options):
        if key not in choices:
            values[key] = value
        elif str(value).endswith(WEIGHTS):
            values[f"{key}.checkpoint"] = str(value)
        else:
            choices[key] = _known(str(value), _options(key), f"{key}={value}")
    parts = {group: _read(f"{group}/{name}") for group, name in choices.items()}
    cfg = DictConfig(OmegaConf.merge(parts, _values("chain")))
    for key, value in values.items():
        _put(cfg, key, value)
    return cfg


def _flat(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values."""
    for key, value in options.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _put(cfg: DictConfig, key: str, value: Any) -> None:
    part, _, name = key.rpartition(".")
    node = cfg if not part else cfg[_known(part, cfg, key)]
    there = [each for each in node if each != "_target_"] if isinstance(node, DictConfig) else []
    _known(name, there, key)
    try:
        node[name] = value
    except OmegaConfBaseException as error:
        raise InputError(f"{key}={value!r} can't be used: give a plain value") from error


def _known(name: str, choices: Iterable[object], said: str) -> str:
    """The name, if it is one of the choices; an InputError names the nearest of them."""
    found = sorted(map(str, choices))
    if name in found:
        return name
    near = get_close_matches(name, found, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"no option {said}; {meant}there are {', '.join(found) or 'none'}")


def _options(group: str) -> list[str]:
    return [each.stem for each in (_CONF / group).glob("*.yaml")]


def _source(value: Any) -> str | None:
    """The root key that a value refers to; None where it is no reference."""
    found = re.fullmatch(r"\$\{(\w+)\}", value) if isinstance(value, str) else None
    return found[1] if found else None


def _read(name: str) -> Any:
    """A yaml merged over the options that its defaults list names."""
    file = _CONF / f"{name}.yaml"
    if not file.is_file():
        names = ", ".join(sorted(each.stem for each in file.parent.glob("*.yaml"))) or "none"
        raise InputError(f"no option {name!r}; group {file.parent.name!r} has {names}")
    node: Any = OmegaConf.load(file)
    below = []
    for base in node.pop("defaults", []):
        if isinstance(base, str):
            below += [_read(f"{file.parent.name}/{base}")] if base != "_self_" else []
        else:  # /GROUP@KEY: NAME
            ((place, choice),) = base.items()
            group, _, key = place.removeprefix("/").partition("@")
            below.append({key: _read(f"{group}/{choice}")})
    return OmegaConf.merge(*below, node)


def _values(program: str) -> dict[str, Any]:
    """The plain values, and lists of them, at the root of a program's yaml."""
    root: Any = OmegaConf.to_container(OmegaConf.load(_CONF / f"{program}.yaml"), resolve=False)
    return {
        key: value
        for key, value in root.items()
        if key != "defaults"
        and isinstance(value, bool | int | float | str | list)
        and "$" not in str(value)
    }


def _parts(program: str) -> dict[str, Any]:
    """The options that a program's yaml composes, by group."""
    return {group: _read(f"{group}/{name}") for group, name in _chosen(program)}


def _chosen(program: str) -> list[tuple[str, str]]:
    """Group and option of each part that a program's yaml composes."""
    root: Any = OmegaConf.load(_CONF / f"{program}.yaml")
    chosen = [part for part in root.defaults if part != "_self_"]
    return [(str(group), str(name)) for part in chosen for group, name in part.items()]
