"""Several trained heads side by side, which score together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State
from ..body_head import BodyHead
from ..checkpoint import HeadCard, head_name, head_of, refuse_different
from ..head import Head

_TAKES = "a tcn, gru or lru"


class Several(BodyHead):
    """Heads that look at the same features; what all of them describe is scored by one layer.

    With the members' own last layers in it, see `together`, its logits are the mean of theirs.
    An InputError for fewer than two members, other than `BodyHead`, or of different features.

    Args:
        members: ``head``, module and class below ``gastlive.action.heads``, and ``settings``, its
            own arguments, of each.

    Source: Lakshminarayanan, Pritzel, Blundell 2017, "Simple and scalable predictive uncertainty
        estimation using deep ensembles", with the mean of logits.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        members: Sequence[Mapping[str, Any]],
    ) -> None:
        made = [
            head_of(each["head"], skeleton, labels=labels, fps=fps, **each["settings"])
            for each in members
        ]
        bodies = [each for each in made if isinstance(each, BodyHead)]
        kinds = [each.settings["features"] for each in bodies]
        if len(made) < 2 or len(bodies) < len(made) or any(each != kinds[0] for each in kinds):
            raise InputError(
                f"{', '.join(str(each['head']) for each in members) or 'no head'} can't score "
                f"together; give two or more that are {_TAKES} with the same features"
            )
        fields = [each.receptive_field for each in bodies]
        known = [field for field in fields if field is not None]
        super().__init__(
            skeleton, labels=labels, fps=fps, features=kinds[0],
            settings={"members": [dict(each) for each in members]},
            receptive_field=max(known) if len(known) == len(fields) else None,
        )  # fmt: skip
        channels = sum(each.score.in_features for each in bodies)
        for each in bodies:
            del each.features, each.score  # the one of all looks, and scores
        self.members: Any = nn.ModuleList(bodies)
        self.score = nn.Linear(channels, len(self.labels))

    def describe(self, features: Tensor) -> Tensor:
        """See `BodyHead`."""
        return torch.cat([each.describe(features) for each in self.members], -1)

    def describe_step(self, features: Tensor, state: State = None) -> tuple[Tensor, State]:
        """See `BodyHead`."""
        parts, after = [], []
        for each, past in zip(self.members, state or (None,) * len(self.members), strict=True):
            part, past = each.describe_step(features, past)
            parts.append(part)
            after.append(past)
        return torch.cat(parts, -1), tuple(after)


_SAME = ("layout", "fps", "labels", "background", "lifter_sha256")


@torch.no_grad()
def together(heads: Sequence[tuple[Head, HeadCard]], names: Sequence[str | Path]) -> Several:
    """Trained heads as one, in evaluation mode: its logits are the mean of their calibrated ones.

    Raises:
        InputError: One has other labels than the first, is for other skeletons, or none that
            `Several` takes; `names` are for the message.
    """
    first, bodies = heads[0][0], list[tuple[BodyHead, float]]()
    advice = "give heads with the same labels, for the same skeletons"
    refuse_different([card for _, card in heads], names, _SAME, advice=advice)
    for name, (head, card) in zip(names, heads, strict=True):
        if not isinstance(head, BodyHead):
            raise InputError(f"{name} is a {type(head).__name__}; give heads that are {_TAKES}")
        bodies.append((head, card.temperature * len(heads)))
    made = Several(
        first.skeleton, labels=first.labels, fps=first.fps,
        members=[{"head": head_name(head), "settings": head.settings} for head, _ in bodies],
    ).eval()  # fmt: skip
    for member, (head, _) in zip(made.members, bodies, strict=True):
        state = head.state_dict()
        member.load_state_dict({name: state[name] for name in member.state_dict()})
    made.score.weight.copy_(torch.cat([head.score.weight / t for head, t in bodies], 1))
    made.score.bias.copy_(torch.stack([head.score.bias / t for head, t in bodies]).sum(0))
    return made
