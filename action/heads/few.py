"""A head of actions that were taught with a few examples, on what another head has learnt."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...gast.errors import InputError
from ...gast.skeleton import Skeleton
from ...gast.streaming import State
from ..body_head import BodyHead
from ..checkpoint import head_of
from ..features import BodyFeatures
from ..head import StreamingHead


class Few(StreamingHead):
    """The kept labels by a trunk's own scores, the taught ones by `Prototypes` on its features.

    A taught action's logit is that of all kept labels together and, added to it, its log odds
    against anything else. An InputError unless there are labels kept and labels taught.

    Args:
        labels: The kept ones first.
        known: The trunk's labels.
        kept: Places in `known` of those that are kept.
        groups: Of everything else, see `Prototypes`,
        phases: and of each taught action.
        trunk: Module and class of a `BodyHead` below ``gastlive.action.heads``,
        settings: and its own arguments.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        *,
        labels: Sequence[str],
        fps: float,
        known: Sequence[str],
        kept: Sequence[int],
        groups: int,
        phases: int = 1,  # of files from before there were more
        trunk: str = "tcn.TCN",  # and before there were others
        **settings: Any,
    ) -> None:
        places = [int(place) for place in kept]
        if not places or len(places) >= len(labels):
            raise InputError(
                f"{len(places)} of {len(labels)} labels are kept; keep the background, teach others"
            )
        made = head_of(trunk, skeleton, labels=known, fps=fps, **settings)
        if not isinstance(made, BodyHead):
            raise InputError(f"a {trunk} describes no body; teach a tcn, gru, lru or several")
        super().__init__(
            skeleton, labels=labels, fps=fps, receptive_field=made.receptive_field,
            settings={
                "known": list(known), "kept": places, "groups": groups, "phases": phases,
                "trunk": trunk,
                **made.settings,
            },
        )  # fmt: skip
        self.trunk, self.places = made, places
        self.limbs = Limbs(skeleton, made.features)
        self.taught = Prototypes(
            made.score.in_features + self.limbs.channels,
            classes=len(labels) - len(places),
            groups=groups,
            phases=phases,
        )

    def _logits(self, described: Tensor, features: Tensor) -> Tensor:
        kept = self.trunk.score(described)[..., self.places]
        together = torch.logsumexp(kept, dim=-1, keepdim=True)
        whole = torch.cat([described, self.limbs(features)], -1)
        return torch.cat([kept, together + self.taught(whole)], -1)

    def forward(self, xyz: Tensor) -> Tensor:
        """(N, T, J, 3) to logits (N, T, K)."""
        features = self.trunk.features(xyz)
        return self._logits(self.trunk.describe(features), features)

    def step(self, xyz: Tensor, state: State = None) -> tuple[Tensor, State]:
        """(N, J, 3) to logits (N, K)."""
        body, past = (None, None) if state is None else state
        features, body = self.trunk.features.step(xyz, body)
        described, past = self.trunk.describe_step(features, past)
        return self._logits(described, features), (body, past)


class Limbs(nn.Module):
    """Height, distance from the body's axis and speed of elbows, wrists, knees and ankles.

    Trunks that were trained in the mirror, too, hardly tell left from right: this does, from any
    side. An InputError for features without joints and their motion.
    """

    def __init__(self, skeleton: Skeleton, features: BodyFeatures) -> None:
        super().__init__()
        if not {"joint", "joint_motion"} <= set(features.kinds):
            raise InputError(
                f"a trunk looks at {', '.join(features.kinds)}; joint and joint_motion are needed"
            )
        self.joint, self.motion = (
            3 * features.kinds.index(kind) for kind in ("joint", "joint_motion")
        )
        self.ends = [joint for limb in skeleton.limbs.values() for joint in limb[-2:]]
        self.channels = 3 * len(self.ends)

    def forward(self, features: Tensor) -> Tensor:
        """`BodyFeatures` (..., J, C) to (..., channels), in body units, speeds a frame."""
        ends = features[..., self.ends, :]
        place = ends[..., self.joint : self.joint + 3]
        motion = ends[..., self.motion : self.motion + 3]
        across = place[..., ::2].square().sum(-1, keepdim=True).sqrt()
        speed = motion.square().sum(-1, keepdim=True).sqrt()
        return torch.cat([place[..., 1:2], across, speed], -1).flatten(-2)


class Prototypes(nn.Module):
    """Log odds of each class against `groups` of everything else, by cosines to their means.

    Features are whitened first, by how they vary within a class. A class has a mean for each of its
    `phases`, one after the other in `classes`. Its offset says how near is near enough, and has no
    say in which class is nearest: that of the likeliest holds for all.

    Source: Snell, Swersky, Zemel 2017, "Prototypical networks for few-shot learning", §2.4, with
        cosines as in Gidaris, Komodakis 2018, "Dynamic few-shot visual learning without
        forgetting", §3.2, and the background as classes of its own.
    """

    sharpness: Tensor

    def __init__(self, channels: int, *, classes: int, groups: int, phases: int) -> None:
        super().__init__()
        self.phases = phases
        self.whiten = nn.Linear(channels, channels)
        self.classes = nn.Linear(channels, classes * phases)
        self.others = nn.Linear(channels, groups, bias=False)
        self.register_buffer("sharpness", torch.ones(1))

    def forward(self, features: Tensor) -> Tensor:
        """(..., channels) to (..., classes)."""
        white = self.whiten(features)
        length = white.square().sum(-1, keepdim=True).sqrt().clamp_min(1e-6)
        along = white / length
        others = torch.logsumexp(self.others(along), dim=-1, keepdim=True)
        near = F.linear(along, self.classes.weight).unflatten(-1, (-1, self.phases))
        margins = self.sharpness * (torch.logsumexp(near / self.sharpness, dim=-1) - others)
        offsets = self.classes.bias.unflatten(0, (-1, self.phases))[:, 0]
        return margins + (margins.softmax(-1) * offsets).sum(-1, keepdim=True)
