"""Situations: what covers a joint, how fast it moves, where the picture ends."""

import numpy as np
import pytest
import torch

from gastlive.datasets.seen.confidences import KNOTS, hats
from gastlive.datasets.seen.situations import SITUATIONS, into_picture, situations, speeds
from gastlive.gast.inputs.filling import REST
from gastlive.gast.skeleton import H36M17

WRIST = H36M17.index["left_wrist"]


def standing(frames=12):
    """Somebody who faces the viewer: (T, 1, 17, 3), torso lengths of half a metre."""
    rows = []
    for joint in H36M17.joints:
        across, down = REST[joint.replace("right_", "left_")]
        rows.append([-across if joint.startswith("right_") else across, down, 0])
    return torch.tensor(rows).float().repeat(frames, 1, 1, 1)


def named(xyz, **around):
    """Names (T, J) of the situations of one person, metres seen from afar."""
    found = situations(xyz[..., :2] * 2, xyz, H36M17, fps=30.0, **around)
    return np.array(SITUATIONS)[found[:, 0].numpy()]


def test_who_stands_and_is_seen_whole_is_at_rest():
    assert (named(standing()) == "rest").all()


@pytest.mark.parametrize(("away", "name"), [(0.3, "covered rest"), (-0.3, "rest")])
def test_a_hand_behind_the_torso_is_covered_and_one_before_it_is_not(away, name):
    xyz = standing()
    xyz[:, :, WRIST] = torch.tensor([0.0, -0.2, away])
    assert (named(xyz)[:, WRIST] == name).all()


def test_a_hand_behind_the_other_forearm_is_covered():
    xyz = standing()
    xyz[:, :, WRIST] = xyz[:, :, [H36M17.index["right_elbow"], H36M17.index["right_wrist"]]].mean(2)
    xyz[:, :, WRIST, 2] = 0.2
    assert (named(xyz)[:, WRIST] == "covered rest").all()


@pytest.mark.parametrize(("speed", "name"), [(0.1, "rest"), (1.0, "slow"), (4.0, "fast")])
def test_speed_counts_in_torso_lengths_a_second(speed, name):
    xyz = standing()
    xyz[:, 0, WRIST, 0] += torch.arange(12) * speed / 2 / 30
    assert (named(xyz)[:, WRIST] == name).all()
    assert speeds(xyz[..., :2] * 2, 30.0)[:, 0, WRIST].numpy() == pytest.approx(speed, rel=0.01)


def test_joints_near_and_beyond_the_pictures_edge_are_marked():
    xyz = standing()
    ankles = [H36M17.index["left_ankle"], H36M17.index["right_ankle"]]
    height = float(xyz[0, 0, ankles[0], 1]) * 2
    for below, name in ((-0.3, "beyond"), (0.05, "edge"), (0.5, "rest")):
        edges = torch.tensor([[-9.0, -9.0, 9.0, height + below]])
        assert (named(xyz, edges=edges)[:, ankles] == name).all()
        inside = into_picture(xyz[..., :2] * 2, edges)
        assert float(inside[..., 1].max()) <= height + below + 1e-6


def test_somebody_in_front_covers_and_somebody_behind_does_not():
    xyz = standing()
    other = torch.cat([xyz[..., :2] * 2, xyz[..., 2:]], -1)[:, :, None].clone()
    for away, covers in ((-1.0, True), (1.0, False)):
        other[..., 2] = away
        assert (named(xyz, others=other)[:, WRIST] == "other").all() == covers


def test_confidence_is_interpolated_between_its_knots():
    weights = hats(torch.tensor([0.0, *KNOTS, 9.0]))
    torch.testing.assert_close(weights[1:5], torch.eye(4))
    torch.testing.assert_close(weights.sum(-1), torch.ones(6))
