"""Published weights of the reference's action head, read without running code."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..gast.cards import built, one_line, unpickled
from ..gast.errors import InputError
from ..gast.limits import BROKEN
from ..gast.skeleton import Skeleton
from .features import FEATURES
from .heads.early_fusion import EarlyFusion

NTU_PARENTS: Mapping[str, Mapping[str, str | None]] = {
    "ntu25": {
        "thorax": None, "spine": "thorax", "hip": "spine",
        "left_hand_tip": "left_thumb", "right_hand_tip": "right_thumb",
    },
}  # fmt: skip
"""Bones of the reference that are not a layout's: NTU's lead away from the thorax, and the tip of a
hand hangs on the thumb."""

_STREAMS = {
    "joint": "joint", "bone": "bone", "joint_motion": "joint_dif", "bone_motion": "bone_dif",
}  # fmt: skip
_ORDER = ("joint_motion", "joint", "bone_motion", "bone")  # as the reference sets them side by side


def from_published(
    source: str | Path | Mapping[str, Any],
    *,
    skeleton: Skeleton,
    labels: Sequence[str],
    fps: float = 30.0,
    frames: int = 20,
) -> EarlyFusion:
    """An `EarlyFusion` head from the reference: a published ``.pth`` file or its content.

    It was trained on 20 frames spread over a whole clip of `frames` frames, in layout h36m17 for
    NTU-GAST and ntu25 for NTU. `labels` are in the order of the data set. An InputError for an
    unreadable file, another net, or another layout or number of labels.
    """
    name = str(source) if isinstance(source, str | Path) else "state dict"
    content = unpickled(source, kind="an early fusion head")
    try:
        weights = _state(content)
        head = partial(
            EarlyFusion, skeleton, labels=labels, fps=fps, frames=frames, samples=20, dropout=0.0,
            channels=_channels(weights, name), parents=NTU_PARENTS.get(skeleton.name),
        )  # fmt: skip
        with torch.device("meta"):  # its size is what the file says
            _check(weights, head(), name)
        renamed = _renamed(weights)
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(f"{name} is not an early fusion head: {_line(error)}") from error
    return built(head, renamed, name=name, kind="head")


def _state(content: Mapping[str, Any]) -> dict[str, Tensor]:
    for key in ("state_dict", "model_pos"):
        content = content.get(key, content)
    return {
        key.removeprefix("module."): value.float()
        for key, value in content.items()
        if isinstance(value, Tensor)
    }


def _line(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else one_line(error)


def _channels(weights: Mapping[str, Tensor], name: str) -> int:
    if "joint_embed.cnn.3.cnn.weight" not in weights:
        raise InputError(
            f"{name} is not an early fusion head: 'joint_embed.cnn.3.cnn.weight' is missing"
        )
    return len(weights["joint_embed.cnn.3.cnn.weight"])


def _check(weights: Mapping[str, Tensor], head: EarlyFusion, name: str) -> None:
    """Refuse weights of another adjacency or number of labels."""
    links = weights.get("adj_graph", torch.empty(0)) > 0
    layout = head.skeleton.name
    if not torch.equal(links, head.semantic.near):
        raise InputError(
            f"{name} has {len(links)} joints that are not linked as {layout}'s are; state the "
            f"layout it was trained with"
        )
    classes = len(weights.get("fc.bias", ()))
    if classes != len(head.labels):
        raise InputError(f"{name} names {classes} actions, got {len(head.labels)} labels")


def _renamed(source: Mapping[str, Tensor]) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}

    def norm(ours: str, theirs: str, joints: int = 0) -> None:
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            value = source[f"{theirs}.{part}"]
            if joints and value.ndim:  # theirs go channel by channel, ours joint by joint
                value = value.view(-1, joints).T.flatten()
            weights[f"{ours}.{part}"] = value

    def layer(ours: str, theirs: str, *, taps: bool = False, bias: bool = True) -> None:
        """(out, in, 1, taps) to (out, in, taps), or (out, in) where there is but one."""
        weight = source[f"{theirs}.weight"]
        weight = weight.flatten(2) if weight.ndim > 2 else weight
        weights[f"{ours}.weight"] = weight if taps else weight.flatten(1)
        if bias:
            weights[f"{ours}.bias"] = source[f"{theirs}.bias"]

    joints = len(source["adj_graph"])
    for kind, stream in _STREAMS.items():
        norm(f"embed.{kind}.0", f"{stream}_embed.cnn.0.bn", joints)
        layer(f"embed.{kind}.1", f"{stream}_embed.cnn.1.cnn")
        layer(f"embed.{kind}.3", f"{stream}_embed.cnn.3.cnn")
    layer("fuse", "conv_cat")
    norm("fuse_norm", "bn_cat")
    parts = dict(zip(_ORDER, weights["fuse.weight"].chunk(4, 1), strict=True))
    weights["fuse.weight"] = torch.cat([parts[kind] for kind in FEATURES], 1)
    weights["semantic.near_weights"] = source["e_adj"]
    weights["semantic.sides_weights"] = source["e_sym"]
    layer("semantic.ask", "compute_g1.g1.cnn")
    layer("semantic.offer", "compute_g1.g2.cnn")
    for i in range(3):
        layer(f"graphs.{i}.heard", f"gcn{i + 1}.w.cnn", bias=False)
        layer(f"graphs.{i}.own", f"gcn{i + 1}.w1.cnn")
        norm(f"graphs.{i}.norm", f"gcn{i + 1}.bn")
    layers = ((0, "concat_conv", "concat_bn"), (4, "cnn1", "bn1"), (8, "cnn2", "bn2"))
    for place, conv, bn in layers:
        layer(f"time.{place}", f"cnn.{conv}", taps=True)
        norm(f"time.{place + 1}", f"cnn.{bn}")
    layer("score", "fc")
    return weights
