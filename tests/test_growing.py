"""Nets that go on from smaller ones."""

from types import SimpleNamespace

import pytest
import torch

from gastlive.conf.option import option
from gastlive.experiments.training.starting import start_lifter
from gastlive.gast.checkpoint import save
from gastlive.gast.errors import InputError
from gastlive.gast.lifter import Lifter
from gastlive.gast.skeleton import COCO17, H36M17
from gastlive.gast.warm_start import grow

XY = torch.randn(4, 60, 17, 2, generator=torch.Generator().manual_seed(0))


def trained(**changes):
    torch.manual_seed(1)
    net = option(
        "net/gast27", skeleton=H36M17, **{"filter_widths": (3, 3), "channels": 8} | changes
    )
    for name, tensor in net.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + (0.5 if "running_var" in name else -0.3))
    return net.eval()


@pytest.mark.parametrize("times", [2, 4])
def test_a_wider_net_starts_by_computing_the_same(times):
    small, wide = trained(), trained(channels=8 * times)
    assert grow(wide, small.state_dict(), XY, difference=0.0) == len(wide.state_dict())
    torch.testing.assert_close(wide(XY), small(XY), rtol=1e-4, atol=1e-4)


def test_repeated_channels_part():
    small, wide = trained(), trained(channels=16)
    grow(wide, small.state_dict(), XY)
    weight = wide.blocks[0].mix.weight
    assert not torch.equal(weight[0], weight[1])


@pytest.mark.parametrize("layers", [3, 4])
def test_a_longer_receptive_field_starts_by_computing_about_the_same(layers):
    short, long = (
        trained(),
        option("net/gast27", skeleton=H36M17, filter_widths=(3,) * layers, channels=8).eval(),
    )
    assert grow(long, short.state_dict(), XY) == len(short.state_dict())
    difference = (long(XY) - short(XY)).abs().mean() / short(XY).abs().mean()
    assert 0 < difference < 0.05


@pytest.mark.parametrize("causal", [True, False])
def test_a_last_layer_that_looks_further_back_starts_by_computing_the_same(causal):
    short, long = trained(causal=causal), trained(causal=causal, filter_widths=(3, 9))
    assert grow(long, short.state_dict(), XY) == len(long.state_dict())
    torch.testing.assert_close(long(XY), short(XY), rtol=1e-4, atol=1e-4)
    long.train()(XY).square().sum().backward()
    older = long.blocks[0].conv.mix.weight.grad[:, : 2 * 16]
    assert older.abs().sum() > 0


def test_a_layer_on_top_learns_at_once():
    short, long = (
        trained(),
        option("net/gast27", skeleton=H36M17, filter_widths=(3, 3, 3), channels=8),
    )
    grow(long, short.state_dict(), XY)
    long.train()(XY).square().sum().backward()
    assert long.blocks[1].mix.weight.grad.abs().sum() > 0
    assert long.shrink.weight.grad[:, 32:].abs().sum() > 0


@torch.no_grad()
def test_a_lifter_with_confidence_starts_from_what_the_detector_was_sure_of(tmp_path):
    """Layers on top take their norms from the data, which are those that are trained on."""
    short = trained(inputs=3)
    save(short, tmp_path / "short.safetensors", fps=30.0, normalisation="person", training={})
    longer = {"filter_widths": (3, 3, 3), "channels": 8, "inputs": 3}
    nets = [option("net/gast27", skeleton=H36M17, **longer).eval() for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    lifter = Lifter(nets[0], skeleton=H36M17, normalisation="person").eval()
    sure = torch.rand(XY.shape[:-1], generator=torch.Generator().manual_seed(0)) ** 4
    data = SimpleNamespace(train_dataloader=lambda: [(XY, None, sure)])
    torch.manual_seed(2)
    line = start_lifter(lifter, str(tmp_path / "short.safetensors"), data)
    assert line.endswith("tensors grow from short.safetensors")
    torch.manual_seed(2)
    grow(nets[1], short.state_dict(), lifter.units(torch.cat([XY, sure[..., None]], -1)))
    torch.testing.assert_close(nets[0].state_dict(), nets[1].state_dict(), rtol=0, atol=1e-6)


def test_a_width_that_does_not_divide_is_refused_with_a_line():
    with pytest.raises(InputError, match="a width that divides the net's"):
        grow(trained(channels=12), trained().state_dict(), XY)


def test_another_layout_is_refused():
    with pytest.raises(InputError, match="same layout"):
        grow(
            option("net/gast27", skeleton=COCO17, filter_widths=(3, 3), channels=8),
            trained().state_dict(),
            XY,
        )


def test_weights_of_something_else_are_refused():
    with pytest.raises(InputError, match="no layer in common"):
        grow(trained(), {"other": torch.zeros(3)}, XY)


def test_channels_that_hardly_vary_are_passed_on_as_they_are():
    short, long = trained(), option("net/gast27", skeleton=H36M17, channels=8).eval()
    last = short.graphs[-1].mix_norm  # of what the layer on top is given
    last.weight.data.mul_(3e-4)
    last.bias.data.fill_(0.5)
    grow(long, short.state_dict(), XY)
    with torch.inference_mode():
        moves = [net(XY) - net(XY).mean((0, 1)) for net in (short, long)]
    assert (moves[1] - moves[0]).norm() < 0.1 * moves[0].norm()
