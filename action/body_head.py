"""Heads that describe a body frame by frame, and score the description by one linear layer."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ..gast.skeleton import Skeleton
from ..gast.streaming import State
from .features import BodyFeatures
from .head import StreamingHead


class BodyHead(StreamingHead):
    """``score(describe(features(xyz)))``; a subclass describes.

    What scores can be fitted anew to other people or other labels, see `rejection` and `Few`, and
    heads beside each other score as one, see `Several`. `features` are kinds of `BodyFeatures`, the
    other arguments those of `StreamingHead`.

    Attributes:
        features: What it looks at.
        score: From a description (..., C) to logits (..., K).
    """

    features: BodyFeatures
    score: nn.Linear

    def __init__(self, skeleton: Skeleton, *, features: Sequence[str], **rest: Any) -> None:
        super().__init__(skeleton, **rest)
        self.features = BodyFeatures(skeleton, kinds=features)

    def describe(self, features: Tensor) -> Tensor:
        """`BodyFeatures` (N, T, J, ...) to what the last layer scores, (N, T, C)."""
        raise NotImplementedError(f"{type(self).__name__} describes nothing")

    def describe_step(self, features: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The same of a frame, (N, J, ...) to (N, C), and the next state of what describes."""
        raise NotImplementedError(f"{type(self).__name__} describes no single frame")

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to logits (N, T, K)."""
        return self.score(self.describe(self.features(xyz)))

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to logits (N, K)."""
        body, past = (None, None) if state is None else state
        features, body = self.features.step(xyz, body)
        described, past = self.describe_step(features, past)
        return self.score(described), (body, past)
