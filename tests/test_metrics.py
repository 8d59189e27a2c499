"""How far off 3-D joints are."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from gastlive.gast.metrics import (
    acceleration_error_mm,
    acceleration_errors_mm,
    aligned_errors_mm,
    mpjpe_mm,
    mpjve_mm,
    n_mpjpe_mm,
    p_mpjpe_mm,
    position_errors_mm,
    scaled_errors_mm,
    velocity_errors_mm,
)

FIGURES = (mpjpe_mm, n_mpjpe_mm, p_mpjpe_mm, mpjve_mm, acceleration_error_mm)
ERRORS = (
    position_errors_mm, scaled_errors_mm, aligned_errors_mm, velocity_errors_mm,
    acceleration_errors_mm,
)  # fmt: skip


@pytest.fixture
def clips():
    """Lifted and true, (2, 6, 17, 3)."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 6, 17, 3, generator=generator) for _ in range(2)]


def test_an_offset_costs_position_alone(clips):
    _, true = clips
    off = true + torch.tensor([0.03, 0.0, 0.04])
    assert mpjpe_mm(off, true).item() == pytest.approx(50, abs=1e-2)
    for figure in (p_mpjpe_mm, mpjve_mm, acceleration_error_mm):
        assert figure(off, true).item() == pytest.approx(0, abs=1e-2)


def test_a_steady_drift_costs_speed_but_no_acceleration(clips):
    _, true = clips
    drift = 0.01 * torch.arange(6.0)[:, None, None] * torch.tensor([0.0, 1.0, 0.0])
    assert mpjve_mm(true + drift, true).item() == pytest.approx(10, abs=1e-2)
    assert acceleration_error_mm(true + drift, true).item() == pytest.approx(0, abs=1e-2)


def test_a_shake_costs_as_much_acceleration_as_it_bends(clips):
    _, true = clips
    shake = 0.001 * torch.tensor([1.0, -1.0] * 3)[:, None, None].expand(6, 1, 3)
    # 1, -1, 1 bends by 4 in each coordinate.
    expected = 4 * np.sqrt(3)
    assert acceleration_error_mm(true + shake, true).item() == pytest.approx(expected, abs=1e-2)


def test_another_size_costs_nothing_once_the_scale_is_found(clips):
    _, true = clips
    assert mpjpe_mm(1.2 * true, true) > 100
    assert n_mpjpe_mm(1.2 * true, true).item() == pytest.approx(0, abs=1e-2)


def test_a_turned_person_costs_nothing_once_aligned_but_a_mirrored_one_does(clips):
    _, true = clips
    turn = torch.tensor(Rotation.from_rotvec([0.3, -2.0, 1.0]).as_matrix(), dtype=torch.float32)
    assert p_mpjpe_mm(0.7 * true @ turn + 1, true).item() == pytest.approx(0, abs=1e-2)
    assert n_mpjpe_mm(true @ turn, true) > 100
    assert p_mpjpe_mm(true * torch.tensor([-1.0, 1, 1]), true) > 100


def test_the_alignment_is_that_of_an_independent_source(clips):
    lifted, true = clips
    expected = []
    for p, t in zip(lifted.flatten(0, 1).double(), true.flatten(0, 1).double(), strict=True):
        p, t = (p - p.mean(0)).numpy(), (t - t.mean(0)).numpy()
        turned = Rotation.align_vectors(t, p)[0].apply(p)
        scale = (turned * t).sum() / (turned * turned).sum()
        expected.append(np.linalg.norm(scale * turned - t, axis=-1) * 1000)
    found = aligned_errors_mm(lifted, true).flatten(0, 1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("figure", FIGURES)
def test_what_is_not_known_of_the_truth_never_counts(clips, figure):
    lifted, true = clips
    known = figure(lifted[:, :4], true[:, :4])
    true[:, 4:] = torch.nan
    torch.testing.assert_close(figure(lifted, true), known)
    lifted[:, 4:] = 1e6
    torch.testing.assert_close(figure(lifted, true), known)


@pytest.mark.parametrize("figure", FIGURES)
def test_a_joint_that_is_not_known_leaves_the_others_alone(clips, figure):
    lifted, true = clips
    known = figure(lifted[:, :, 1:], true[:, :, 1:])
    true[:, :, 0] = torch.nan
    torch.testing.assert_close(figure(lifted, true), known)


BROKEN = pytest.mark.parametrize("broken", [torch.nan, torch.inf, -torch.inf])


@BROKEN
@pytest.mark.parametrize("figure", FIGURES)
def test_a_broken_prediction_is_infinitely_wrong(clips, figure, broken):
    lifted, true = clips
    lifted[:, 3:] = broken
    assert figure(lifted, true) == torch.inf
    lifted[:, 3:] = 0
    lifted[1, 4, 2, 0] = broken
    assert figure(lifted, true) == torch.inf


@BROKEN
@pytest.mark.parametrize("errors", ERRORS)
def test_a_broken_prediction_spoils_its_own_frames_alone(clips, errors, broken):
    lifted, true = clips
    whole = errors(lifted, true)
    true[0, 5, 3] = torch.nan
    lifted[0, 5, 2] = broken
    found = errors(lifted, true)
    assert found[0, -1, 3].isnan()
    assert found[0, -1, 2].isinf()
    torch.testing.assert_close(found[0, :-1], whole[0, :-1])
    torch.testing.assert_close(found[1], whole[1])


@BROKEN
@pytest.mark.parametrize("figure", FIGURES)
def test_a_broken_prediction_does_not_count_where_the_truth_is_unknown(clips, figure, broken):
    lifted, true = clips
    true[0, 2] = true[1, :, 7] = torch.nan
    known = figure(lifted, true)
    lifted[0, 2] = lifted[1, :, 7] = broken
    torch.testing.assert_close(figure(lifted, true), known)


@BROKEN
def test_a_broken_prediction_counts_as_far_as_its_weight(clips, broken):
    lifted, true = clips
    weight = torch.ones(2, 6, 17)
    weight[..., 4] = 0
    known = mpjpe_mm(lifted, true, weight)
    lifted[:, 2, 4] = broken
    torch.testing.assert_close(mpjpe_mm(lifted, true, weight), known)
    lifted[:, 2, 5] = broken
    assert mpjpe_mm(lifted, true, weight) == torch.inf


@pytest.mark.parametrize("figure", FIGURES)
def test_gradients_stay_finite_beside_missing_truth(clips, figure):
    lifted, true = clips
    true[0, 1, 3] = true[1, 2] = torch.nan
    (gradient,) = torch.autograd.grad(figure(lifted.requires_grad_(), true), lifted)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0


def test_motion_over_a_gap_does_not_count(clips):
    lifted, true = clips
    true[:, 2] = torch.nan
    assert velocity_errors_mm(lifted, true).isfinite().all(-1)[0].tolist() == [
        True, False, False, True, True,
    ]  # fmt: skip
    assert acceleration_errors_mm(lifted, true).isfinite().all(-1)[0].tolist() == [
        False, False, False, True,
    ]  # fmt: skip


def test_two_joints_do_not_say_how_a_person_is_turned(clips):
    lifted, true = clips
    known = p_mpjpe_mm(lifted[:, 1:], true[:, 1:])
    true[:, 0, 2:] = torch.nan
    torch.testing.assert_close(p_mpjpe_mm(lifted, true), known)


@pytest.mark.parametrize(("errors", "figure"), list(zip(ERRORS, FIGURES, strict=True)))
def test_a_mean_is_that_of_its_frames(clips, errors, figure):
    lifted, true = clips
    true[0, 1, 3:] = torch.nan
    frames = errors(lifted, true).nanmean(-1)
    torch.testing.assert_close(figure(lifted, true), frames.nanmean())


def test_weights_say_how_much_a_known_joint_counts(clips):
    lifted, true = clips
    weight = torch.zeros(2, 6, 17)
    weight[..., 4] = 2.0
    torch.testing.assert_close(mpjpe_mm(lifted, true, weight), mpjpe_mm(*(
        each[:, :, 4:5] for each in clips
    )))  # fmt: skip
    known = mpjpe_mm(lifted[:, 1:], true[:, 1:], weight[:, 1:])
    true[:, 0] = torch.nan
    torch.testing.assert_close(mpjpe_mm(lifted, true, weight), known)
