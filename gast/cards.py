"""Weights with a card in one safetensors file; it never runs code nor loads into a wrong net."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .errors import InputError
from .limits import BROKEN, read_json


class Card(Protocol):
    """A frozen dataclass of plain JSON values about weights; `kind` is lifter or head."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> int:
        """Of the format."""


C = TypeVar("C", bound=Card)
N = TypeVar("N", bound=nn.Module)

LARGEST, LONGEST = 100_000, 1000
"""Number and list in a card, beyond which it is no net that anybody made."""


def write(net: nn.Module, card: Card, path: str | Path, *, half: bool = False) -> None:
    """Write a net's weights (`half`: as float16) and its card; missing folders are made."""
    weights = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in net.state_dict().items()
    }
    part = Path(f"{path}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    try:
        save_file(weights, part, metadata={f"gastlive_{card.kind}": json.dumps(asdict(card))})
        part.chmod(0o644)
        os.replace(part, path)
    except SafetensorError as error:
        raise OSError(f"can't write {path}: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def read(path: str | Path, card: type[C], *, version: int) -> tuple[C, dict[str, Tensor]]:
    """The card and the weights in float32.

    Raises:
        InputError: No such file, not a safetensors file, without such a card, or another version.
    """
    kind = card.kind
    if not Path(path).is_file():
        raise InputError(f"no {kind} checkpoint at {path}; give the path of a .safetensors file")
    try:
        with safe_open(str(path), framework="pt") as file:
            content = read_json((file.metadata() or {}).get(f"gastlive_{kind}", "null"))
            weights = {key: file.get_tensor(key).float() for key in list(file.keys())}
    except (SafetensorError, *BROKEN) as error:
        raise InputError(f"{path} is not a readable safetensors file: {one_line(error)}") from error
    return parsed(content, card, path, version=version), weights


def parsed(content: Any, card: type[C], path: str | Path, *, version: int) -> C:
    """A card from a file's content; lists become tuples, missing fields take their defaults.

    Raises:
        InputError: It is no such card, or of another version.
    """
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a gastlive {card.kind} (no card in it)")
    if content.get("version") != version:
        raise InputError(f"{path} has format version {content.get('version')}, wanted {version}")
    names = {part.name for part in fields(card)}
    needed = {p.name for p in fields(card) if _needed(p)}
    strange = (set(content) - names) | (needed - set(content))
    if strange:
        raise InputError(f"{path} has a card without or with unknown {', '.join(sorted(strange))}")
    for name, hint in get_type_hints(card).items():
        if name in content and not _fits(content[name], hint):
            raise InputError(
                f"{path} has a card with {name}={str(content[name])[:40]!r}, which no {card.kind} "
                f"has; get the file anew"
            )
    return card(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


def _fits(value: Any, hint: Any) -> bool:
    """Whether a card's value is of its field's type, and a number of its own above zero."""
    parts = get_args(hint)
    match get_origin(hint) or hint:
        case kind if kind in (Union, UnionType):
            return any(_fits(value, part) for part in parts)
        case kind if kind is tuple:
            whole = isinstance(value, list | tuple) and is_moderate(value)
            return whole and all(_fits(each, parts[0]) for each in value)
        case kind if kind is Mapping:
            numbers = parts[1] is float
            return isinstance(value, dict) and (not numbers or all(map(is_number, value.values())))
        case kind if kind in (int, float):
            return is_number(value) and value >= 0 and (kind is float or isinstance(value, int))
        case kind:
            return isinstance(value, kind)


def is_number(value: Any) -> bool:
    """Whether it is a moderate number."""
    return not isinstance(value, bool) and isinstance(value, int | float) and abs(value) <= LARGEST


def is_moderate(value: Any) -> bool:
    """Whether all numbers and lists in plain JSON are such as the settings of a net have."""
    if isinstance(value, dict | list | tuple):
        parts = value.values() if isinstance(value, dict) else value
        return len(value) <= LONGEST and all(map(is_moderate, parts))
    return value is None or isinstance(value, str | bool) or is_number(value)


def one_line(error: BaseException) -> str:
    """What an error says, in one line of moderate length."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def _needed(part: "Field[Any]") -> bool:
    return part.default is MISSING and part.default_factory is MISSING


def expect(card: Card, expected: Mapping[str, Any], path: str | Path) -> None:
    """Raise an InputError about the first field of a card that is not as expected."""
    for name, wanted in expected.items():
        given = getattr(card, name)
        if given != wanted:
            raise InputError(
                f"{card.kind} {path} has {name}={given!r}, wanted {wanted!r}; take another "
                f"checkpoint or change the configuration"
            )


def built(make: Callable[[], N], weights: Mapping[str, Tensor], *, name: str, kind: str) -> N:
    """The net, in evaluation mode, with these weights; an InputError as of `fill`.

    It is made without memory first: what a file says of itself may be larger than any machine.
    """
    try:
        with torch.device("meta"), _WithoutNumbers():
            _compare(make(), weights, name=name, kind=kind)
        net = make()
        fill(net, weights, name=name, kind=kind)
    except InputError as error:
        raise error if name in str(error) else InputError(f"{name}: {error}") from error
    except BROKEN as error:
        raise InputError(f"{name} can't be made into a {kind}: {one_line(error)}") from error
    return net.eval()


class _WithoutNumbers(TorchFunctionMode):
    """Leaves out random numbers, which for the meta device come from torch's compiler.

    Its import alone takes a second.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is Tensor.normal_ or getattr(func, "__module__", "") == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def fill(net: nn.Module, weights: Mapping[str, Tensor], *, name: str, kind: str) -> None:
    """Put weights into a net; an InputError unless each is there, has its shape and is used."""
    _compare(net, weights, name=name, kind=kind)
    net.load_state_dict(dict(weights))


def _compare(net: nn.Module, weights: Mapping[str, Tensor], *, name: str, kind: str) -> None:
    wanted = net.state_dict()
    both = set(wanted) & set(weights)
    problems = {
        "missing": set(wanted) - both,
        "unexpected": set(weights) - both,
        "other shape": {key for key in both if wanted[key].shape != weights[key].shape},
    }
    problems_found = [
        f"{what}: {', '.join(sorted(keys)[:3])}" for what, keys in problems.items() if keys
    ]
    if problems_found:
        raise InputError(
            f"{name} does not fit the {kind} it claims to be ({'; '.join(problems_found)})"
        )


def unpickled(source: str | Path | Mapping[str, Any], *, kind: str) -> Mapping[str, Any]:
    """Somebody else's checkpoint, read as weights alone; a mapping comes back unchanged.

    Raises:
        InputError: No such file, more in it than weights, or no mapping.
    """
    if not isinstance(source, str | Path):
        return source
    if not Path(source).is_file():
        raise InputError(f"no checkpoint at {source}")
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file it can't or won't read
        raise InputError(f"{source} can't be read as weights alone: {one_line(error)}") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{source} holds {type(content).__name__}, wanted {kind}")
    return content
