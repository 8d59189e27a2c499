"""The reference's windows give what streaming gives."""

import pytest
import torch

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17
from gastlive.gast.streaming import streamed
from gastlive.gast.windowed import WindowedGASTNet


@pytest.fixture
def net():
    torch.manual_seed(0)
    return option("net/gast27", skeleton=H36M17, filter_widths=(3, 3), channels=8).eval()


def mirrored(joints):
    swapped = joints[..., H36M17.mirror, :].clone()
    swapped[..., 0] *= -1
    return swapped


@pytest.mark.parametrize("way", ["dilated", "strided"])
@torch.inference_mode()
def test_a_window_gives_what_streaming_gives_from_the_first_frame_on(net, way):
    clip = torch.randn(2, 20, 17, 2)
    windowed = streamed(WindowedGASTNet(net, way=way), clip)
    torch.testing.assert_close(windowed, streamed(net, clip), rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", ["dilated", "strided"])
@torch.inference_mode()
def test_flip_augmentation_is_the_mean_with_the_mirrored_persons_mirror_image(net, way):
    clip = torch.randn(2, 12, 17, 2)
    wanted = (streamed(net, clip) + mirrored(streamed(net, mirrored(clip)))) / 2
    flipped = streamed(WindowedGASTNet(net, way=way, flip=True), clip)
    torch.testing.assert_close(flipped, wanted, rtol=0, atol=1e-5)


def test_an_unknown_way_and_a_centred_net_are_refused(net):
    with pytest.raises(InputError, match="unknown way 'sliding'; choose one of dilated, strided"):
        WindowedGASTNet(net, way="sliding")
    with pytest.raises(InputError, match="looks ahead"):
        WindowedGASTNet(
            option("net/gast27", skeleton=H36M17, filter_widths=(3,), causal=False), way="strided"
        )
