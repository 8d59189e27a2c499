"""The mean of several heads' weights, where all were trained on from the same one."""

from collections.abc import Sequence
from pathlib import Path

import torch

from .checkpoint import HeadCard, load_head, refuse_different
from .head import Head

_SAME = ("head", "settings", "layout", "fps", "labels", "background", "lifter_sha256")


def mean_head(paths: Sequence[str | Path]) -> tuple[Head, HeadCard]:
    """A head in evaluation mode with the mean weights of one or more, and the card of the first.

    Heads that were trained on from the same one, on other data or in another order, lie close
    enough together that the mean is a head, too, and often a better one than each of them. Of heads
    that began apart it is noise.

    Source: Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models
        improves accuracy without increasing inference time".

    Raises:
        InputError: One is no head of ours, or not of the same kind, labels or lifter.
    """
    (head, card), *others = [load_head(path) for path in paths]
    cards = [card, *(other for _, other in others)]
    refuse_different(cards, paths, _SAME, advice="give heads trained on from the same one")
    states = [head.state_dict(), *(other.state_dict() for other, _ in others)]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }
    head.load_state_dict(mean)
    return head, card
