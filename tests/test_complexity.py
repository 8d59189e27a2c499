"""What heads cost is what their formulas say."""

import pytest
import torch

from gastlive.action.complexity import complexity
from gastlive.conf.option import option
from gastlive.gast.skeleton import H36M17

K, J = 4, 17
LABELS = ("idle", "wave", "squat", "kick")
FOUR = ("joint", "bone", "joint_motion", "bone_motion")
STGCNPP_GIVEN = {
    "channels": 6, "widths": (1,), "strides": (1,), "dilations": (1, 2), "features": FOUR,
    "front": False,
}  # fmt: skip


def graph(inputs, outputs):
    """Of one frame: channels mapped for three subsets of neighbours, then heard along the graph."""
    return J * inputs * 3 * outputs + 3 * J * J * outputs


def head(name, **values):
    return option(f"head/{name}", skeleton=H36M17, labels=LABELS, **values)


HEADS = {
    "tcn": (
        lambda: head("tcn", channels=8, dilations=(1, 2), features=FOUR),
        12 * J * 8 + 2 * 3 * 8 * 8 + 8 * K,
    ),
    "gru": (
        lambda: head("gru", channels=8, layers=2, features=("joint",)),
        3 * J * 8 + 2 * (3 * 8 * 8 + 3 * 8 * 8) + 8 * K,
    ),
    "lru": (
        lambda: head("lru", channels=8, states=3, layers=2, features=("joint",)),
        3 * J * 8 + 2 * (8 * 6 + (6 + 8) * 8) + 8 * K,
    ),
    "costgcn": (
        lambda: head("costgcn", channels=6, widths=(1,), dilations=(2,), kernel=5),
        graph(12, 6) + J * 5 * 6 * 6 + J * 12 * 6 + 6 * K,
    ),
    "svm": (lambda: head("svm", frames=9, samples=5), 9 * J * 3 * K),
    "stgcn++": (
        lambda: head("stgcn++", frames=10, **STGCNPP_GIVEN),
        # split and join 6 to 6; branches of 3 and 1 channels with three taps; around both halves
        10 * (graph(12, 6) + J * (2 * 6 * 6 + 3 * (3 * 3 + 1) + 2 * 12 * 6)) + 6 * K
        + 10 * 10,  # the running size of the body
    ),
    "early_fusion": (
        lambda: option("head/early_fusion", skeleton=H36M17, labels=LABELS, channels=2),
        20 * J * (4 * (3 * 2 + 2 * 2) + 8 * 4 + 2 * 4 * 8 + J * 8)  # embedded, fused, compared
        + 20 * J * (J * (4 + 4 + 8) + 2 * (4 * 4 + 4 * 8 + 8 * 8))  # the three graphs
        + 20 * 5 * 16 * 16 + 16 * K,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_multiply_adds_are_those_of_the_formula(name):
    make, expected = HEADS[name]
    assert complexity(make()).multiply_adds == expected


def test_a_window_costs_more_the_longer_it_is_and_a_stream_does_not():
    short, long = (
        option("head/svm", skeleton=H36M17, labels=LABELS, samples=s, frames=s) for s in (10, 20)
    )
    assert complexity(long).multiply_adds > 1.9 * complexity(short).multiply_adds
    short, long = (
        option("head/tcn", skeleton=H36M17, labels=LABELS, dilations=(d,)) for d in (1, 50)
    )
    assert complexity(long) == complexity(short)


def test_parameters_are_those_that_training_finds():
    head = option("head/tcn", skeleton=H36M17, labels=LABELS, channels=8, dilations=(1,))
    assert complexity(head).parameters == sum(p.numel() for p in head.parameters())
    svm = option("head/svm", skeleton=H36M17, labels=LABELS, frames=9, samples=5)
    assert complexity(svm).parameters == (2 + K) * 9 * J * 3 + K


def test_a_head_is_left_as_it_was():
    head = option("head/gru", skeleton=H36M17, labels=LABELS).train()
    before = {key: value.clone() for key, value in head.state_dict().items()}
    complexity(head)
    assert head.training
    assert all(torch.equal(before[key], value) for key, value in head.state_dict().items())
