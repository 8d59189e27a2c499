"""Whether values of the command line are of the kind that their keys want."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from ..gast.errors import InputError
from .texts import groups, keys, options, programs, texts

_KINDS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    float: ((int, float), "a number"),
    int: ((int,), "a whole number"),
    bool: ((bool,), "true or false"),
    str: ((str, int, float, Path), "a word"),
    Path: ((str, Path), "a path"),
    NoneType: ((NoneType,), "null"),
}


def refuse_kinds(cfg: DictConfig, config_name: str, given: Iterable[str]) -> None:
    """Raise `InputError` where a value that was given is not of the kind that its key wants.

    A key's kind is that of the parameter it is for, else that of its default.
    """
    for key in (word.lstrip("+").partition("=")[0] for word in given if "=" in word):
        try:
            node: Any = OmegaConf.select(cfg, key, throw_on_missing=False)
        except ValueError:  # refers to what is missing, which is said elsewhere
            continue
        kind = _kind(cfg, config_name, key)
        value = OmegaConf.to_container(node) if OmegaConf.is_config(node) else node
        if key not in groups() and value is not None and not _fits(value, kind):
            shown = str(value).lower() if isinstance(value, bool) else value
            text = _text(config_name, key)
            raise InputError(f"{key}={shown}: wanted {_words(kind)}{f' ({text})' if text else ''}")


def _kind(cfg: DictConfig, config_name: str, key: str) -> Any:
    above, _, name = key.rpartition(".")
    parent = OmegaConf.select(cfg, above) if above else cfg
    if isinstance(parent, DictConfig) and "_target_" in parent:
        target = get_object(parent._target_)
        try:
            return get_type_hints(getattr(target, "__init__", target)).get(name, Any)
        except NameError:  # a type that only type checkers import
            return Any
    default = next((keys(name)[key] for name in programs(config_name) if key in keys(name)), None)
    if isinstance(default, bool):
        return bool
    return float if isinstance(default, int | float) else Any


def _fits(value: Any, kind: Any) -> bool:
    if kind in _KINDS:
        return isinstance(value, _KINDS[kind][0]) and isinstance(value, bool) == (kind is bool)
    if get_origin(kind) in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) in (list, tuple, Sequence):
        return isinstance(value, list)
    return True


def _words(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_words(each) for each in get_args(kind))
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if get_origin(kind) in (list, tuple, Sequence):
        return "a list such as [a,b]"
    return _KINDS[kind][1] if kind in _KINDS else str(kind)


def _text(config_name: str, key: str) -> str:
    """What the yaml says of a key."""
    group, _, below = key.partition(".")
    option = HydraConfig.get().runtime.choices.get(group)
    if group == "sink":
        option, _, below = below.partition(".")
    known = texts(f"{group}/{option}") if option in options(group) else {}
    own = (texts(name).get(key) for name in programs(config_name))
    return next(filter(None, own), known.get(below, ""))
