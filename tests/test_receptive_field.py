"""What a card says of the frames that matter is true, of the shipped heads too."""

import pytest
import torch

from gastlive.action.deployed import deployed
from gastlive.action.features import BodyFeatures, Facing
from gastlive.conf.option import option
from gastlive.gast.skeleton import H36M17

LABELS = ("idle", "wave", "squat")
HEADS = {
    "tcn": lambda: option(
        "head/tcn", skeleton=H36M17, labels=LABELS, channels=24, dilations=(1, 2, 4)
    ),
    "costgcn": lambda: option(
        "head/costgcn",
        skeleton=H36M17,
        labels=LABELS,
        channels=8,
        widths=(1, 1),
        dilations=(1, 3),
        window=5,
    ),
    "everyday": lambda: deployed("everyday", layout="h36m17")[0],
    "fight": lambda: deployed("fight", layout="h36m17")[0],
}
PAST, AFTER = 20, 30


@pytest.fixture(params=HEADS)
def head(request):
    torch.manual_seed(0)
    return HEADS[request.param]().eval()


def stream(frames):
    """Somebody who moves for `PAST` frames and then stands still: (1, frames, 17, 3)."""
    xyz = 0.3 * torch.randn(1, frames, 17, 3, generator=torch.Generator().manual_seed(1))
    xyz[:, PAST:] = xyz[:, PAST - 1 : PAST]
    return xyz


@torch.inference_mode()
def test_with_size_and_facing_of_the_body_held_no_frame_before_the_receptive_field_counts(head):
    xyz = stream(PAST + head.receptive_field)
    other = xyz.clone()
    other[:, :PAST, :, 1] *= -1  # upside down: bones keep their lengths, hips their way to the left
    apart = (head(other) - head(xyz)).abs().amax(-1)[0]
    assert apart[-1] < 1e-5
    assert apart[-2] > 1e-5  # there the last changed frame is still in it


@torch.inference_mode()
def test_frames_before_the_receptive_field_each_count_nine_tenths_of_the_next(head):
    xyz = stream(PAST + head.receptive_field + AFTER)
    larger = xyz.clone()
    larger[:, :PAST] *= 2
    apart = (head(larger) - head(xyz)).abs().amax(-1)[0, -AFTER - 1 :]
    bound = 1.5 * apart[0] * 0.9 ** torch.arange(AFTER + 1)
    assert apart[0] > 0
    assert (apart <= bound).all()


@torch.inference_mode()
def test_the_running_size_forgets_a_tenth_of_the_past_with_every_frame():
    features = BodyFeatures(H36M17, kinds=("joint",))
    still = stream(PAST)[:, -1:].expand(-1, PAST + AFTER, -1, -1)
    larger = still.clone()
    larger[:, :PAST] *= 2
    too_large = (features(still) / features(larger))[0, PAST:].flatten(1).nanmean(1) - 1
    torch.testing.assert_close(too_large, 0.9 ** torch.arange(1.0, AFTER + 1))


@torch.inference_mode()
def test_where_somebody_faces_is_forgotten_by_a_twentieth_with_every_frame():
    facing, left = Facing(H36M17), H36M17.index["left_hip"]
    xyz = torch.zeros(1, PAST + AFTER, 17, 3)
    for side, way in (("left", 1.0), ("right", -1.0)):
        for part in ("hip", "shoulder"):
            xyz[:, :PAST, H36M17.index[f"{side}_{part}"], 2] = way  # they are seen from the side,
            xyz[:, PAST:, H36M17.index[f"{side}_{part}"], 0] = way  # and then from the front
    seen = facing(xyz)[0, PAST:, left]
    kept = 0.95 ** torch.arange(1.0, AFTER + 1)
    torch.testing.assert_close(-seen[:, 2] / seen[:, 0], kept / (1 - kept))
