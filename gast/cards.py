"""Weights with a card in one safetensors file; it never runs code nor loads into a wrong net."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .errors import InputError


class Card(Protocol):
    """A frozen dataclass of plain JSON values about weights; `kind` is lifter or head."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> int:
        """Of the format."""


C = TypeVar("C", bound=Card)


def write(net: nn.Module, card: Card, path: str | Path, *, half: bool = False) -> None:
    """Write a net's weights (`half`: as float16) and its card; missing folders are made."""
    weights = {
        key: (value.half() if half and value.is_floating_point() else value).contiguous().cpu()
        for key, value in net.state_dict().items()
    }
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(weights, path, metadata={f"gastlive_{card.kind}": json.dumps(asdict(card))})
    Path(path).chmod(0o644)


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
            content = json.loads((file.metadata() or {}).get(f"gastlive_{kind}", "null"))
            weights = {key: file.get_tensor(key).float() for key in list(file.keys())}
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise InputError(f"{path} is not a readable safetensors file: {error}") from error
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
    return card(**{k: tuple(v) if isinstance(v, list) else v for k, v in content.items()})


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


def fill(net: nn.Module, weights: Mapping[str, Tensor], *, name: str, kind: str) -> None:
    """Put weights into a net; an InputError unless each is there, has its shape and is used."""
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
    net.load_state_dict(dict(weights))


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
        reason = str(error).splitlines()[0]
        raise InputError(f"{source} can't be read as weights alone: {reason}") from error
    if not isinstance(content, Mapping):
        raise InputError(f"{source} holds {type(content).__name__}, wanted {kind}")
    return content
