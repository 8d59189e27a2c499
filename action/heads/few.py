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
    """The first `kept` labels by a trunk's own scores, the others by how far each exceeds them all.

    A taught action's logit is that of all kept labels together and, added to it, a linear function
    of what the trunk's last layer scores: the log odds of the action against anything else. An
    InputError unless `kept` is at least 1 and leaves an action to be taught.

    Args:
        known: The trunk's labels; `kept_scores` of them are in `labels`.
        kept_scores: Places in `known` of the labels kept.
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
        kept_scores: Sequence[int],
    ) -> None:
        places = [int(place) for place in kept_scores]
        if not places or len(places) >= len(labels):
            raise InputError(f"{len(places)} of {len(labels)} labels are kept; teach some, too")
        trunk = TCN(
            skeleton, labels=known, fps=fps, channels=channels, dilations=dilations,
            dropout=dropout, features=features,
        )  # fmt: skip
        super().__init__(
            skeleton, labels=labels, fps=fps,
            settings={**trunk.settings, "known": list(known), "kept_scores": places},
            receptive_field=trunk.receptive_field,
        )  # fmt: skip
        self.trunk, self.places = trunk, places
        self.taught = nn.Linear(channels, len(labels) - len(places))

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
