"""Action heads to and from safetensors files with a card; a file never runs code."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar

from ..gast.cards import built, expect, is_moderate, read, write
from ..gast.errors import InputError
from ..gast.skeleton import Skeleton, named
from .head import Head, StreamingHead, WindowedHead

VERSION = 1


@dataclass(frozen=True)
class HeadCard:
    """What a head's weights are for; stored in the file with them.

    Attributes:
        head: Module and class below ``gastlive.action.heads``, such as ``tcn.TCN``.
        settings: That class's own arguments.
        labels: Of the logits, in order; `background` is one of them, if it has one.
        frames: Length of a windowed head's window; ``None``: it streams.
        receptive_field: Of the layers, in frames, see `StreamingHead`; ``None``: since the start.
        temperature: Divides the logits so that their softmax is calibrated.
        lifter: Name of the lifter whose poses it was trained on; empty for true 3-D joints.
        decision: Tuned parameters of `decision.Decision`, by name.
        training: Data, recipe, seed, figures; plain JSON.
    """

    kind: ClassVar[str] = "head"
    head: str
    settings: Mapping[str, Any]
    layout: str
    fps: float
    labels: tuple[str, ...]
    background: str | None
    frames: int | None
    receptive_field: int | None
    temperature: float = 1.0
    lifter: str = ""
    lifter_sha256: str = ""
    decision: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    version: int = VERSION


def head_name(head: Head) -> str:
    """Module and class below ``gastlive.action.heads``; an InputError for a head from elsewhere."""
    module, _, name = type(head).__module__.rpartition(".")
    if module != f"{__package__}.heads":
        raise InputError(
            f"head {type(head).__name__} is in {type(head).__module__}, which no file may name; "
            f"put it into gastlive/action/heads"
        )
    return f"{name}.{type(head).__name__}"


def save_head(
    head: Head,
    path: str | Path,
    *,
    background: str | None,
    temperature: float = 1.0,
    lifter: tuple[str, str] = ("", ""),
    decision: Mapping[str, float] | None = None,
    training: Mapping[str, Any] | None = None,
    half: bool = False,
) -> HeadCard:
    """Write weights, in float16 with `half`, and a `HeadCard` to one file; folders are made.

    An InputError if the background is none of the labels, or as of `head_name`.
    """
    if background is not None and background not in head.labels:
        raise InputError(f"background {background!r} is none of {', '.join(head.labels)}")
    card = HeadCard(
        head_name(head), head.settings, head.skeleton.name, head.fps, head.labels, background,
        head.frames, head.receptive_field, temperature, *lifter, decision or {}, training or {},
    )  # fmt: skip
    write(head, card, path, half=half)
    return card


def load_head(path: str | Path, **expected: Any) -> tuple[Head, HeadCard]:
    """A head in evaluation mode and its card; `expected` are fields such as ``layout="h36m17"``.

    An InputError if the file is missing, not a head of ours or of another version, if its weights
    don't fit the card, or a field is not as expected.
    """
    card, weights = read(path, HeadCard, version=VERSION)
    expect(card, expected, path)
    make = _head_class(card.head, path)
    settings = {key: _EARLIER[key] for key in signature(make).parameters if key in _EARLIER}
    settings |= dict(card.settings)
    if not is_moderate(settings):
        raise InputError(f"{path} has settings that no head {card.head} has; get the file anew")

    def head() -> Head:
        made: Head = make(named(card.layout), labels=card.labels, fps=card.fps, **settings)
        return made

    return built(head, weights, name=str(path), kind=f"head {card.head}"), card


_EARLIER = {"features": ("joint", "bone", "joint_motion", "bone_motion"), "front": False}
"""What heads were made with whose files are from before it could be chosen."""


def refuse_different(
    cards: Sequence[HeadCard], names: Sequence[str | Path], fields: Sequence[str], *, advice: str
) -> None:
    """Raise an InputError about the first card that differs from the first of all in a field."""
    for name, card in zip(names, cards, strict=True):
        if wrong := [each for each in fields if getattr(card, each) != getattr(cards[0], each)]:
            raise InputError(f"{name} differs from {names[0]} in {', '.join(wrong)}; {advice}")


def head_of(name: str, skeleton: Skeleton, **settings: Any) -> Head:
    """A new head by module and class below ``gastlive.action.heads``; an InputError for no such."""
    made: Head = _head_class(name, "this")(skeleton, **settings)
    return made


def _head_class(name: str, path: str | Path) -> type[Any]:
    """The class that a card names; nothing but our own ``heads`` is ever imported."""
    match = re.fullmatch(r"([a-z][a-z0-9_]*)\.([A-Za-z][A-Za-z0-9_]*)", name)
    if match and (Path(__file__).parent / "heads" / f"{match[1]}.py").is_file():
        kind = getattr(import_module(f".heads.{match[1]}", __package__), match[2], None)
        if isinstance(kind, type) and issubclass(kind, StreamingHead | WindowedHead):
            return kind
    raise InputError(
        f"{path} is of a head {name!r} that this version does not know; update gastlive"
    )
