"""Lifters to and from files.

Ours are safetensors with a card. The reference implementation's (pickled ``{"model_pos":
weights}``, read with ``weights_only``) say neither layout nor causality, so the caller does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from .cards import built, expect, one_line, read, unpickled, write
from .errors import InputError
from .gastnet import GASTNet
from .limits import BROKEN
from .skeleton import Skeleton, named
from .units import UNITS

VERSION = 1


@dataclass(frozen=True)
class LifterCard:
    """What a lifter's weights are for; stored in the file with them.

    Attributes:
        layout, filter_widths, channels, causal: As in `GASTNet`, the layout by name.
        fps: Frame rate it was trained at.
        normalisation: Units it takes, a key of `gast.units.UNITS`.
        training: Data, recipe, seed, figures; plain JSON.
        receptive_field: Frames; derived, stored for readers of the file.
        inputs: As in `GASTNet`; files from before there was confidence don't say that they have 2.
    """

    kind: ClassVar[str] = "lifter"
    layout: str
    filter_widths: tuple[int, ...]
    channels: int
    causal: bool
    fps: float
    normalisation: str
    training: Mapping[str, Any] = field(default_factory=dict)
    receptive_field: int = 0
    inputs: int = 2
    version: int = VERSION


def save(
    net: GASTNet,
    path: str | Path,
    *,
    fps: float,
    normalisation: str,
    training: Mapping[str, Any],
    half: bool = False,
) -> None:
    """Write weights (`half`: as float16) and a `LifterCard` to one safetensors file."""
    card = LifterCard(
        net.skeleton.name, net.filter_widths, net.channels, net.causal, fps, normalisation,
        training, net.receptive_field, net.inputs,
    )  # fmt: skip
    write(net, card, path, half=half)


def load(path: str | Path, **expected: Any) -> tuple[GASTNet, LifterCard]:
    """One of our lifters in evaluation mode, and its card, whose fields must be as `expected`.

    Raises:
        InputError: No such file, not a lifter of ours, another version, weights that don't fit the
            card, or a field that is not as expected.
    """
    card, weights = read(path, LifterCard, version=VERSION)
    expect(card, expected, path)
    if card.normalisation not in UNITS:
        raise InputError(
            f"{path} has normalisation {card.normalisation!r}, wanted one of {', '.join(UNITS)}"
        )

    def make() -> GASTNet:
        return GASTNet(
            named(card.layout),
            inputs=card.inputs,
            filter_widths=card.filter_widths,
            channels=card.channels,
            causal=card.causal,
            dropout=0.0,  # not trained any further
        )

    return built(make, weights, name=str(path), kind="lifter"), card


def import_official(
    path_or_state_dict: str | Path | Mapping[str, Any],
    *,
    skeleton: Skeleton,
    causal: bool,
) -> GASTNet:
    """A net from the reference implementation's ``.bin`` file, its content or a state dict.

    The weights don't say layout and causality: those of the other causality load and give wrong
    poses.

    Raises:
        InputError: Unreadable file, not a GAST-Net, or another number of joints than `skeleton`.
    """
    name = str(path_or_state_dict) if isinstance(path_or_state_dict, str | Path) else "state dict"
    content = unpickled(path_or_state_dict, kind="a GAST-Net checkpoint")
    try:
        source: dict[str, Tensor] = dict(content.get("model_pos", content))
        make = _official_shape(source, skeleton, causal)
        with torch.device("meta"):
            parts = make()
        weights = dict(_renamed(source, parts))
    except InputError:
        raise
    except KeyError as error:
        raise InputError(f"{name} is not a GAST-Net checkpoint: {error} is missing") from error
    except BROKEN as error:
        raise InputError(f"{name} is not a GAST-Net checkpoint: {one_line(error)}") from error
    return built(make, weights, name=name, kind="lifter")


def _official_shape(
    source: Mapping[str, Tensor], skeleton: Skeleton, causal: bool
) -> Callable[[], GASTNet]:
    widths = [source["expand_conv.weight"].shape[2]]
    while (key := f"layers_conv.{2 * len(widths) - 2}.weight") in source:
        widths.append(source[key].shape[2])
    joints = source["layers_graph_conv.0.global_graph_layer.attentions.0.C_k"].shape[0]
    if joints != len(skeleton):
        raise InputError(
            f"the checkpoint has {joints} joints, layout {skeleton.name} has {len(skeleton)}; "
            f"state the layout it was trained with"
        )
    channels, inputs = source["expand_conv.weight"].shape[:2]
    return partial(
        GASTNet, skeleton, inputs=inputs, filter_widths=widths, channels=channels, causal=causal,
        dropout=0.0,
    )  # fmt: skip


def _renamed(source: Mapping[str, Tensor], net: GASTNet) -> list[tuple[str, Tensor]]:
    """The reference's weights under our names and in our shapes."""
    weights: list[tuple[str, Tensor]] = []

    def norm(ours: str, theirs: str) -> None:
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            weights.append((f"{ours}.{part}", source[f"{theirs}.{part}"]))

    def conv(ours: str, theirs: str) -> None:
        """(out, in, taps, 1) to (out, taps * in)."""
        weight = source[f"{theirs}.weight"][..., 0]
        weights.append((f"{ours}.weight", weight.transpose(1, 2).flatten(1)))

    norm("input_norm", "init_bn")
    conv("expand.mix", "expand_conv")
    norm("expand_norm", "expand_bn")
    conv("shrink", "shrink")
    for i in range(len(net.blocks)):
        conv(f"blocks.{i}.conv.mix", f"layers_conv.{2 * i}")
        norm(f"blocks.{i}.conv_norm", f"layers_bn.{2 * i}")
        conv(f"blocks.{i}.mix", f"layers_conv.{2 * i + 1}")
        norm(f"blocks.{i}.mix_norm", f"layers_bn.{2 * i + 1}")
    for i in range(len(net.graphs)):
        ours, theirs = f"graphs.{i}", f"layers_graph_conv.{i}"
        near, near_theirs = f"{ours}.local_graph", f"{theirs}.local_graph_layer"
        for kind, gcn, bn in (("symmetry", "gcn_sym", "bn_1"), ("kinematics", "gcn_con", "bn_2")):
            own, others = source[f"{near_theirs}.{gcn}.W"]
            weights += [(f"{near}.{kind}.own", own), (f"{near}.{kind}.others", others)]
            weights.append((f"{near}.{kind}.edges", source[f"{near_theirs}.{gcn}.e"]))
            norm(f"{near}.{kind}_norm", f"{near_theirs}.{bn}")
        conv(f"{near}.mix", f"{near_theirs}.cat_conv")
        norm(f"{near}.mix_norm", f"{near_theirs}.cat_bn")
        far, far_theirs = f"{ours}.global_graph", f"{theirs}.global_graph_layer"
        heads = [f"{far_theirs}.attentions.{h}" for h in range(4)]
        for layer, g in (("value", "g"), ("theta", "theta"), ("phi", "phi")):
            weight = torch.cat([source[f"{head}.{g}.weight"][..., 0] for head in heads])
            bias = torch.cat([source[f"{head}.{g}.bias"] for head in heads])
            weights += [(f"{far}.{layer}.weight", weight), (f"{far}.{layer}.bias", bias)]
        project = torch.stack(
            [source[f"{head}.concat_project.0.weight"].flatten() for head in heads]
        )
        weights.append((f"{far}.project", project.unflatten(1, (2, -1))))
        weights.append((f"{far}.constant", torch.stack([source[f"{h}.C_k"] for h in heads])))
        conv(f"{far}.mix", f"{far_theirs}.cat_conv")
        norm(f"{far}.mix_norm", f"{far_theirs}.cat_bn")
        conv(f"{ours}.mix", f"{theirs}.cat_conv")
        norm(f"{ours}.mix_norm", f"{theirs}.cat_bn")
    return weights
