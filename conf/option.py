"""An option of the programs, made from Python."""

import re
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from ..gast.errors import InputError

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
    """The plain values at the root of a program's yaml."""
    root: Any = OmegaConf.to_container(OmegaConf.load(_CONF / f"{program}.yaml"), resolve=False)
    return {
        key: value
        for key, value in root.items()
        if isinstance(value, bool | int | float | str) and "$" not in str(value)
    }


def _parts(program: str) -> dict[str, Any]:
    """The options that a program's yaml composes, by group."""
    root: Any = OmegaConf.load(_CONF / f"{program}.yaml")
    chosen = [part for part in root.defaults if part != "_self_"]
    return {group: _read(f"{group}/{name}") for part in chosen for group, name in part.items()}
