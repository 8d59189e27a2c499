"""The published computation of a net: the published numbers, ours, and its price."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from gastlive.conf.option import option
from gastlive.gast.checkpoint import import_official
from gastlive.gast.published import as_published
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import streamed
from gastlive.gast.windowed import WindowedGASTNet

from .test_checkpoint import OFFICIAL, official


@pytest.fixture
def net():
    torch.manual_seed(0)
    return option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=8).eval()


@pytest.mark.parametrize("name", OFFICIAL)
@torch.inference_mode()
def test_published_weights_computed_as_published_give_the_published_numbers(name):
    weights, frames, lifted = official(name)
    skeleton, causal = OFFICIAL[name]
    net = as_published(import_official({"model_pos": weights}, skeleton=skeleton, causal=causal))
    assert (net.valid(frames) - lifted).abs().max() <= 1e-5
    window = frames[:, : net.receptive_field]
    assert (net.strided(window) - lifted[:, :1]).abs().max() <= 1e-5


@pytest.mark.parametrize("way", ["dilated", "strided"])
@torch.inference_mode()
def test_its_windows_give_what_streaming_gives(net, way):
    for name, weight in net.named_parameters():
        if name.endswith(("edges", "constant")):  # all alike before training
            weight.copy_(torch.randn_like(weight))
    clip = torch.randn(2, 12, 17, 2)
    windowed = streamed(WindowedGASTNet(as_published(net), way=way), clip)
    torch.testing.assert_close(windowed, streamed(net, clip), rtol=0, atol=1e-5)


@torch.inference_mode()
def test_it_multiplies_whole_adjacencies_and_the_features_of_every_pair(net):
    def cost(made):
        with FlopCounterMode(display=False) as counter:
            made.valid(torch.zeros(1, 9, 17, 2))
        return counter.get_total_flops() / 2

    # Two semantic graphs, each with two products with (C, J, J), for 7 frames and for the last.
    assert cost(as_published(net)) >= cost(net) + 4 * 17 * 17 * (7 * 8 + 1 * 16)


def test_the_net_itself_stays_as_it_is(net):
    kinds = [type(module) for module in net.modules()]
    as_published(net)
    assert [type(module) for module in net.modules()] == kinds
