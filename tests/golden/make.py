"""Golden vectors: small nets under the published keys, and what they must give.

``python tests/golden/make.py`` makes the .npz files beside it anew from ../shared/reference, the
numbers of the published implementations. First our code has to give those numbers, for every net.
The 17 joints' weights and outputs are then the published ones, cut to a few frames. Of larger nets
a few channels are kept, and our own outputs, made by the code that has just been proven.
"""

import json
from pathlib import Path

import numpy as np
import torch

from gastlive.action.reference_checkpoint import from_published
from gastlive.gast.checkpoint import import_official
from gastlive.gast.skeleton import H36M17, H36M19, HUMANEVA15, NTU25

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
LIFTERS = {
    "27_causal": H36M17, "27_noncausal": H36M17, "81_causal": H36M17, "243_causal": H36M17,
    "27_causal_toes19": H36M19, "27_causal_humaneva15": HUMANEVA15,
}  # fmt: skip
HEADS = {"gast60": H36M17, "ntu60": NTU25}
LABELS = [f"A{i + 1:03d}" for i in range(60)]
FRAMES = 3
"""Outputs kept of a lifter."""


def reference(name):
    """Weights, input and output of a published net, as tensors."""
    with np.load(REFERENCE / f"{name}.npz") as file:
        arrays = {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}
    weights = {k.removeprefix("weight/"): v for k, v in arrays.items() if k.startswith("weight/")}
    return {key: value.float() for key, value in weights.items()}, arrays["input"], arrays["output"]


def write(path, weights, dtype, **arrays):
    """All weights as one vector, byte planes apart: in 228 small arrays they are twice as large."""
    shapes = {key: list(value.shape) for key, value in weights.items()}
    flat = torch.cat([value.flatten() for value in weights.values()]).numpy().astype(dtype)
    planes = np.ascontiguousarray(flat.view(np.uint8).reshape(len(flat), -1).T)
    arrays = {key: np.asarray(value, np.float32) for key, value in arrays.items()}
    np.savez_compressed(path, shapes=json.dumps(shapes), weights=planes, **arrays)


def read(path):
    """Weights by their published keys, and all other arrays by name, as float32 tensors."""
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files}
    shapes, planes = json.loads(str(arrays.pop("shapes"))), arrays.pop("weights")
    flat = np.ascontiguousarray(planes.T).view(f"f{len(planes)}").ravel().astype(np.float32)
    parts = torch.from_numpy(flat).split([int(np.prod(shape)) for shape in shapes.values()])
    weights = {k: part.view(s) for (k, s), part in zip(shapes.items(), parts, strict=True)}
    return weights, {key: torch.from_numpy(array) for key, array in arrays.items()}


def proven():
    """Our nets give the published numbers.

    Raises:
        AssertionError: One does not.
    """
    for name, skeleton in LIFTERS.items():
        weights, xy, xyz = reference(f"gast_official_{name}")
        net = import_official(weights, skeleton=skeleton, causal="noncausal" not in name)
        windows = xy.unfold(1, net.receptive_field, 1).permute(0, 1, 4, 2, 3)
        strided = torch.cat([net.strided(window) for window in windows.unbind(1)], 1)
        assert (net.valid(xy) - xyz).abs().max() <= 1e-5, name
        assert (strided - xyz).abs().max() <= 1e-5, name
    for name, skeleton in HEADS.items():
        weights, windows, logits = reference(f"early_fusion_official_{name}")
        head = from_published(weights, skeleton=skeleton, labels=LABELS)
        assert (head(windows.unflatten(-1, (-1, 3))) - logits).abs().max() <= 1e-4, name


def narrow(weights, axes, *, share, gain):
    """Every `share`-th part of the channels, in float16; `gain` makes up for the inputs lost."""
    cut = {}
    for key, value in weights.items():
        for axis in axes(key, value.ndim):
            value = value.narrow(axis, 0, value.shape[axis] // share)
        mixes = value.ndim == 4 and 1 in axes(key, 4)
        cut[key] = ((gain if mixes else 1) * value).half().float()
    return cut


def lifter_axes(key, axes):
    """The axes of a published lifter's weight that are channels."""
    if "C_k" in key or key.startswith("init_bn"):
        return ()
    if key.endswith((".W", "shrink.weight", "concat_project.0.weight")):
        return (1, 2)[: axes - 1] if key.endswith(".W") else (1,)
    return (0,) if key.endswith(".e") or key.startswith("expand_conv") else range(min(axes, 2))


def head_axes(key, axes):
    """The axes of a published head's weight that are channels."""
    if key.startswith(("e_", "adj_", "sym_", "fc.bias")) or "_embed.cnn.0." in key:
        return ()
    if "_embed.cnn.1." in key:
        return (0,)
    return (1,) if key.startswith("fc.") else range(min(axes, 2))


def lifters(folder):
    """The published net for 27 frames, causal and centred, and narrow ones of other layouts."""
    weights, xy, xyz = reference("gast_official_27_causal")
    xy, xyz = xy[:1, : 26 + FRAMES], xyz[:1, :FRAMES]
    centred = import_official(weights, skeleton=H36M17, causal=False).valid(xy)
    write(folder / "gast17.npz", weights, np.float32, input=xy, output=xyz, centred=centred)
    for name, skeleton in (("27_causal_toes19", H36M19), ("27_causal_humaneva15", HUMANEVA15)):
        weights, xy, _ = reference(f"gast_official_{name}")
        dropped = (
            "layers_graph_conv.2.",
            *(f"layers_{x}.{i}." for x in ("conv", "bn") for i in (2, 3)),
        )
        weights = {key: value for key, value in weights.items() if not key.startswith(dropped)}
        weights["shrink.weight"] = weights["shrink.weight"][:, :32]
        weights, xy = narrow(weights, lifter_axes, share=2, gain=3), xy[:1, : 8 + FRAMES]
        xyz = import_official(weights, skeleton=skeleton, causal=True).valid(xy)
        write(folder / f"gast{len(skeleton)}.npz", weights, np.float16, input=xy, output=xyz)


def heads(folder):
    """Narrow early fusion heads."""
    for name, skeleton in HEADS.items():
        weights, windows, _ = reference(f"early_fusion_official_{name}")
        weights, windows = (
            narrow(weights, head_axes, share=32, gain=8),
            windows[:1].unflatten(-1, (-1, 3)),
        )
        logits = from_published(weights, skeleton=skeleton, labels=LABELS)(windows)
        path = folder / f"early_fusion{len(skeleton)}.npz"
        write(path, weights, np.float16, input=windows, output=logits)


@torch.inference_mode()
def main(folder):
    """Prove, then write."""
    proven()
    lifters(folder)
    heads(folder)


if __name__ == "__main__":
    main(Path(__file__).parent)
