"""A background that knows people who do nothing."""

from types import SimpleNamespace

import pytest
import torch

from gastlive.action.evaluation import scored
from gastlive.action.rejection import last_layer, rejecting, watching
from gastlive.action.tuning import Aim
from gastlive.conf.option import option
from gastlive.experiments.training.calibrating import calibrated
from gastlive.gast.skeleton import H36M17

NAMES = ("idle", "wave", "kick")


def head_of(name="tcn", **values):
    torch.manual_seed(0)
    return option(f"head/{name}", skeleton=H36M17, labels=NAMES, **values).eval()


def layer_of(channels=4):
    """A wave along the first feature, a kick along the second; the third says nothing."""
    layer = torch.nn.Linear(channels, 3)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[1, 0] = layer.weight[2, 1] = 4.0
        layer.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))
    return layer


def moves(count=600):
    """Features of waves, kicks, and of people who talk: a wave's, and the third feature."""
    generator = torch.Generator().manual_seed(0)
    features = 0.1 * torch.randn(3 * count, 4, generator=generator)
    features[:count, 0] += 1
    features[count : 2 * count, 1] += 1
    features[2 * count :, 0] += 1
    features[2 * count :, 2] += 1
    return features, torch.tensor([1, 2, 0]).repeat_interleave(count)


def test_what_is_said_of_people_who_do_nothing_is_background_and_what_others_do_stays():
    layer, (features, labels) = layer_of(), moves()
    assert (layer(features)[labels == 0].argmax(-1) == 1).all()
    weights, bias = rejecting(layer, features, labels, background=0, temperature=1.0)
    with torch.no_grad():
        layer.weight[0] += weights
        layer.bias[0] += bias
    assert (layer(features).argmax(-1) == labels).float().mean() > 0.98
    other = layer_of()
    torch.testing.assert_close(layer.weight[1:], other.weight[1:])
    torch.testing.assert_close(layer.bias[1:], other.bias[1:])


@pytest.mark.parametrize("kept", [(0,), (1, 2), ()])
def test_without_people_who_act_or_people_who_do_not_nothing_changes(kept):
    features, labels = moves(20)
    labels = torch.where(torch.isin(labels, torch.tensor(kept)), labels, -1)
    weights, bias = rejecting(layer_of(), features, labels, background=0, temperature=1.0)
    assert not weights.any()
    assert not bias


def test_a_feature_that_never_changes_is_left_alone():
    features, labels = moves()
    features[:, 3] = 0.0
    weights, _ = rejecting(layer_of(), features, labels, background=0, temperature=1.0)
    assert weights.isfinite().all()
    assert weights[3] == 0


@pytest.mark.parametrize("name", ["tcn", "gru", "lru", "costgcn"])
def test_the_last_layer_gives_the_heads_logits_from_what_was_watched(name):
    head = head_of(name, channels=8)
    xyz, truth = torch.randn(2, 40, 17, 3), torch.zeros(2, 40, dtype=torch.long)
    with watching(head) as seen:
        streams = scored(head.per_frame, [(xyz, truth, truth)])
    assert len(seen) == 2
    for features, logits in zip(seen, streams.logits, strict=True):
        again = last_layer(head)(features.float())
        torch.testing.assert_close(again, logits, atol=1e-2, rtol=1e-2)
    with torch.inference_mode():
        head.per_frame(xyz)
    assert len(seen) == 2


def test_a_head_that_looks_at_windows_is_not_watched():
    head = head_of("stgcn++")
    with watching(head) as seen:
        head.per_frame(torch.randn(1, 3, 17, 3))
    assert not seen


def test_the_calibration_fits_the_head_to_the_quiet_people_of_its_data():
    head = head_of(channels=8)
    torch.manual_seed(1)
    xyz, truth = torch.randn(4, 60, 17, 3), torch.tensor([0, 1, 2, 1]).repeat_interleave(60)
    truth = truth.view(4, 60)
    calm, nothing = 0.2 * torch.randn(4, 60, 17, 3), torch.zeros(4, 60, dtype=torch.long)
    batches = [(xyz, truth, truth)], [(calm, nothing, nothing)]
    data = SimpleNamespace(
        labels=SimpleNamespace(names=NAMES, idle=0),
        val_dataloader=lambda: batches[0], aside=lambda hours: (batches[1], batches[0]),
    )  # fmt: skip

    def background():
        return torch.cat(scored(head.per_frame, batches[1]).logits).softmax(-1)[:, 0].mean()

    before, others = background(), last_layer(head).weight[1:].clone()
    done = calibrated(head, data, None, None, aim=Aim(false_per_hour=12.0, quiet_hours=0.1))
    assert background() > before
    torch.testing.assert_close(last_layer(head).weight[1:], others)
    assert done.figures["quiet_hours"] == round(240 / 30 / 3600, 3)
    assert done.figures["quiet_false_per_hour"] <= 12
