"""Teaches a head new actions with a few examples of each, in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...gast.errors import InputError
from ..body_head import BodyHead
from ..checkpoint import HeadCard, head_name, save_head
from ..head import Head
from ..heads.few import Few
from .background import Background
from .examples import PHASES, Example, Seen, checked_names, described, see
from .prototypes import Backdrop, Fit, fit_prototypes

REPLACED = 0.15
"""A known label that gets such a share of a taught action's examples is no background for it."""
EVERY, FIRST = 6, 15
"""Of the frames of background streams, which change little from one to the next."""
DECISION = {
    "enter": 0.5, "leave": 0.25, "enter_s": 0.05, "leave_s": 0.3, "smooth_s": 0.25,
    "shortest_s": 0.2, "late_s": 0.3,
}  # fmt: skip
"""Measured by ``gastlive-evaluate few``."""


@dataclass(frozen=True)
class Judged:
    """How an example looks to a head that was taught with the others.

    Attributes:
        said: The label that most of it gets, perhaps the background's.
        margin: Mean log odds of its own label, above 0 where it would be said; ``None`` where
            there is no other example to judge by.
    """

    label: str
    name: str
    said: str
    margin: float | None

    @property
    def is_unlike(self) -> bool:
        """Whether the others show something else."""
        return self.margin is not None and self.said != self.label

    def __str__(self) -> str:
        what = f"{self.label}: {self.name}" if self.name else self.label
        if self.margin is None:
            return f"{what}: the only example"
        unlike = f", unlike the others: they make it {self.said}" if self.is_unlike else ""
        return f"{what}: {self.margin:+.1f}{unlike}"


@dataclass(frozen=True)
class Taught:
    """A head with the decision that suits it; `replaced` are labels it no longer says."""

    head: Few
    background: str
    decision: dict[str, float]
    examples: tuple[Judged, ...]
    replaced: tuple[str, ...]

    def save(
        self, path: str | Path, *, lifter: tuple[str, str], training: dict[str, Any], half: bool
    ) -> None:
        """Write the file that ``classifier=PATH`` loads; the card has the examples' scores."""
        examples = [
            {"label": e.label, "name": e.name, "said": e.said, "margin": e.margin}
            for e in self.examples
        ]
        save_head(
            self.head, path, background=self.background, lifter=lifter, decision=self.decision,
            training={**training, "examples": examples, "replaced": list(self.replaced)},
            half=half,
        )  # fmt: skip

    def report(self) -> list[str]:
        """A line for each example, with its log odds by the others, and what the head says."""
        labels = [label for label in self.head.labels if label != self.background]
        return [*map(str, self.examples), f"says {', '.join(labels)}, and else {self.background}"]


def teach(
    examples: Sequence[Example],
    head: Head,
    card: HeadCard,
    *,
    background: Background,
    others: Sequence[np.ndarray] = (),
    keep: bool = False,
    mirror: bool = True,
    seed: int = 0,
) -> Taught:
    """A head that says the labels of examples.

    Args:
        examples: A few of each action.
        head: Whose trunk is kept as it is.
        card: The head's.
        background: What is none of the actions.
        others: More of it, (T, J, 3) each at the head's rate, such as the user's own half minute.
        keep: Say the labels that the head knows, too, but for those that examples replace.
        mirror: A mirror image is the same action, unless its name has a side.
        seed: Of the sides that examples are turned to.

    Raises:
        InputError: See `checked_names`; a head that can't be taught, or a background that does
            not suit it.
    """
    trunk, temperature, idle = _trunk(head, card, background)
    names = checked_names(examples, trunk.labels[idle], trunk.skeleton)
    rng = np.random.default_rng(seed)
    seen = [see(example, names, trunk, rng, mirror=mirror) for example in examples]
    replaced = _replaced(seen, trunk, temperature, idle)
    shipped = _backdrop(described(trunk, torch.from_numpy(background.xyz)), trunk, replaced)
    own = [described(trunk, torch.from_numpy(x)[None].float())[0, ::2] for x in others]
    fit, judgements = fit_prototypes(
        seen, shipped, np.concatenate([shipped.features[:0], *own]), classes=len(names), seed=seed
    )
    decision = dict(card.decision) if keep and card.decision else DECISION
    kept = [k for k, label in enumerate(trunk.labels) if not replaced[k] and label not in names]
    made = _head(trunk, kept if keep else [idle], names, fit, temperature)
    fit.fill(made.taught, enter=decision["enter"])
    judged = tuple(
        Judged(e.label, e.name, names[said] if said >= 0 else trunk.labels[idle], margin)
        for e, (said, margin) in zip(examples, judgements, strict=True)
    )
    gone = tuple(label for k, label in enumerate(trunk.labels) if k not in kept)
    return Taught(made, trunk.labels[idle], dict(decision), judged, gone)


def _trunk(head: Head, card: HeadCard, background: Background) -> tuple[BodyHead, float, int]:
    """The trunk, the temperature of its scores, and the place of its background."""
    if card.background is None:
        raise InputError("the head knows no background; teach one that was trained on streams")
    trunk = head.trunk if isinstance(head, Few) else head
    if not isinstance(trunk, BodyHead):
        raise InputError(
            f"a {type(head).__name__} can't be taught; take a tcn, gru or lru, such as everyday"
        )
    if (background.layout, background.fps) != (trunk.skeleton.name, trunk.fps):
        raise InputError(
            f"the background has {background.layout} at {background.fps:g} fps, the head wants "
            f"{trunk.skeleton.name} at {trunk.fps:g}; give another background"
        )
    return trunk, card.temperature, trunk.labels.index(card.background)


def _replaced(seen: Sequence[Seen], trunk: BodyHead, temperature: float, idle: int) -> np.ndarray:
    """(K,) bool: the known labels that an example's action already has a good part of."""
    every = np.concatenate([row.classes for row in seen])
    shares = _shares(np.concatenate([row.features for row in seen]), trunk, temperature)
    mean = np.stack([shares[every == place].mean(0) for place in np.unique(every)])
    found: np.ndarray = (mean > REPLACED).any(0) & (np.arange(len(trunk.labels)) != idle)
    return found


@torch.inference_mode()
def _shares(features: np.ndarray, trunk: BodyHead, temperature: float) -> np.ndarray:
    """(F, C) to probabilities (F, K) of the known labels."""
    own = torch.from_numpy(features[:, : trunk.score.in_features])
    found: np.ndarray = (trunk.score(own) / temperature).softmax(-1).numpy()
    return found


def _backdrop(features: np.ndarray, trunk: BodyHead, replaced: np.ndarray) -> Backdrop:
    """Streams (N, T, C) as frames, in groups by what the trunk says of them."""
    flat = features[:, FIRST::EVERY].reshape(-1, features.shape[-1])
    groups = _shares(flat, trunk, 1.0).argmax(-1)
    return Backdrop(flat[~replaced[groups]], groups[~replaced[groups]])


@torch.no_grad()
def _head(trunk: BodyHead, kept: list[int], names: list[str], fit: Fit, temperature: float) -> Few:
    """Not taught yet; the temperature becomes part of the trunk's scores."""
    settings: Any = trunk.settings
    head = Few(
        trunk.skeleton, labels=[*(trunk.labels[k] for k in kept), *names], fps=trunk.fps,
        known=trunk.labels, kept=kept, groups=len(fit.groups), phases=PHASES,
        trunk=head_name(trunk), **settings,
    ).eval()  # fmt: skip
    head.trunk.load_state_dict(trunk.state_dict())
    head.trunk.score.weight.div_(temperature)
    head.trunk.score.bias.div_(temperature)
    return head
