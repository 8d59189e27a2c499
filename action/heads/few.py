"""A head of actions that were taught with a few examples, on what another head has learnt."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State
from ..head import StreamingHead
from .tcn import TCN


class Few(StreamingHead):
    """The kept labels by a trunk's own scores, the taught ones by `Prototypes` on its features.

    A taught action's logit is that of all kept labels together and, added to it, its log odds
    against anything else. An InputError unless there are labels kept and labels taught.

    Args:
        labels: The kept ones first.
        channels, dilations, dropout, features: The trunk's, see `TCN`.
        known: The trunk's labels.
        kept: Places in `known` of those that are kept.
        groups: Of everything else, see `Prototypes`.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        channels: int,
        dilations: Sequence[int],
        dropout: float,
        features: Sequence[str],
        known: Sequence[str],
        kept: Sequence[int],
        groups: int,
    ) -> None:
        places = [int(place) for place in kept]
        if not places or len(places) >= len(labels):
            raise InputError(
                f"{len(places)} of {len(labels)} labels are kept; keep the background, teach others"
            )
        trunk = TCN(
            skeleton, labels=known, fps=fps, channels=channels, dilations=dilations,
            dropout=dropout, features=features,
        )  # fmt: skip
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={**trunk.settings, "known": list(known), "kept": places, "groups": groups},
            receptive_field=trunk.receptive_field,
        )  # fmt: skip
        self.trunk, self.places = trunk, places
        self.taught = Prototypes(channels, classes=len(labels) - len(places), groups=groups)

    def _logits(self, described: Tensor) -> Tensor:
        kept = self.trunk.score(described)[..., self.places]
        together = torch.logsumexp(kept, dim=-1, keepdim=True)
        return torch.cat([kept, together + self.taught(described)], -1)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to logits (N, T, K)."""
        return self._logits(self.trunk.describe(xyz))

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to logits (N, K)."""
        described, state = self.trunk.describe_step(xyz, state)
        return self._logits(described), state


class Prototypes(nn.Module):
    """Log odds of each class against `groups` of everything else, by cosines to their means.

    Features are whitened first, by how they vary within a class.

    Source: Snell, Swersky, Zemel 2017, "Prototypical networks for few-shot learning", §2.4, with
        cosines as in Gidaris, Komodakis 2018, "Dynamic few-shot visual learning without
        forgetting", §3.2, and the background as classes of its own.
    """

    sharpness: Tensor

    def __init__(self, channels: int, *, classes: int, groups: int) -> None:
        super().__init__()
        self.whiten = nn.Linear(channels, channels)
        self.classes = nn.Linear(channels, classes)
        self.others = nn.Linear(channels, groups, bias=False)
        self.register_buffer("sharpness", torch.ones(1))

    def forward(self, features: Tensor) -> Tensor:
        """(..., channels) to (..., classes)."""
        white = self.whiten(features)
        length = white.square().sum(-1, keepdim=True).sqrt().clamp_min(1e-6)
        along = white / length
        others = torch.logsumexp(self.others(along), dim=-1, keepdim=True)
        return self.classes(along) - self.sharpness * others
