"""What is none of a head's labels: a direction of its features that speaks for the background.

Of open-set scores, energy and largest logit, Mahalanobis, relative Mahalanobis and cosine distance
to the classes' features, and the features' norm say less of what is false than the calibrated
probability, and add nothing to it. What does is fitted to people who do nothing that has a name. It
is a change of the last layer's weights, so that it costs no time, in any runtime.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .head import Head, StreamingHead

_PENALTY = 0.01
"""Of the squared length of the direction, in units of each feature's standard deviation."""
_MOST = 60_000
"""Frames that are enough for so few numbers."""


def last_layer(head: Head) -> nn.Linear | None:
    """The layer that makes a head's logits, if it is linear."""
    score = getattr(head, "score", None)
    return score if isinstance(score, nn.Linear) and score.bias is not None else None


@contextmanager
def watching(head: Head) -> Iterator[list[Tensor]]:
    """A list of what the last layer of a streaming head is given meanwhile: (T, C) of a stream.

    It stays empty for other heads.
    """
    kept = list[Tensor]()
    layer = last_layer(head) if isinstance(head, StreamingHead) else None
    if layer is None:
        yield kept
        return
    hook = layer.register_forward_pre_hook(lambda _, given: kept.extend(given[0].half()))
    try:
        yield kept
    finally:
        hook.remove()


def rejecting(
    layer: nn.Linear, features: Tensor, labels: Tensor, *, background: int, temperature: float
) -> tuple[Tensor, Tensor]:
    """What to add to the background's weights (C,) and bias, for the least cross entropy.

    Takes features (F, C) of people who act, and of people who don't, and class indices (F,), below
    zero where unknown; without either, nothing is added.

    Source: as the outliers in Hendrycks, Mazeika, Dietterich 2019, "Deep anomaly detection with
        outlier exposure", §3, in the last layer alone.
    """
    known = torch.nonzero(labels >= 0)[:, 0]
    known = known[:: -(-len(known) // _MOST) or 1]
    given, truth = features[known].float(), labels[known]
    idle = truth == background
    if not len(truth) or idle.all() or not idle.any():
        return torch.zeros(layer.in_features), torch.zeros(())
    spread, mean = given.std(0).clamp_min(1e-6), given.mean(0)
    even, logits = (given - mean) / spread, layer(given).detach() / temperature
    added = torch.zeros(layer.in_features + 1, requires_grad=True)
    search = torch.optim.LBFGS([added], max_iter=60, line_search_fn="strong_wolfe")
    column = F.one_hot(torch.tensor(background), logits.shape[-1]).float()

    def loss() -> Tensor:
        search.zero_grad()
        shift = even @ added[:-1] + added[-1]
        wrong = F.cross_entropy(logits + shift[:, None] * column, truth)
        total = wrong + _PENALTY * added[:-1].square().sum()
        total.backward()
        return total

    search.step(loss)
    weights = added.detach()[:-1] / spread
    return temperature * weights, temperature * (added.detach()[-1] - weights @ mean)
