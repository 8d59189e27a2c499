"""What losses without 3-D truth see, and what they don't."""

import numpy as np
import pytest
import torch

from gastlive.gast.errors import InputError
from gastlive.gast.inputs.filling import REST
from gastlive.gast.skeleton import H36M17, Skeleton
from gastlive.gast.weak_supervision import FilmLoss, reprojection_errors

WEIGHTS = dict.fromkeys(("reprojection", "lengths", "symmetry", "constancy", "knees"), 1.0)
LOSS = FilmLoss(H36M17, **WEIGHTS)
AT = H36M17.index


def sitting(frames=2) -> torch.Tensor:
    """(1, T, 17, 3): faces the camera; thighs to the camera, shins down, left forearm forwards."""
    pose = np.zeros((17, 3), np.float32)
    for joint, i in AT.items():
        side = -1 if joint.startswith("right_") else 1
        x, y = REST[joint.replace("right_", "left_")]
        pose[i] = (side * x, y, 0)
    for side in ("left", "right"):
        hip = pose[AT[f"{side}_hip"]]
        pose[AT[f"{side}_knee"]] = hip + np.array((0, 0.1, -0.41))
        pose[AT[f"{side}_ankle"]] = pose[AT[f"{side}_knee"]] + (0, 0.4, 0.05)
    pose[AT["left_wrist"]] = pose[AT["left_elbow"]] + (0.02, 0.05, -0.24)
    return torch.from_numpy(pose).repeat(1, frames, 1, 1)


def flipped(pose, joint, parent):
    """With the bone to a last joint mirrored in depth."""
    made = pose.clone()
    made[..., AT[joint], 2] = 2 * pose[..., AT[parent], 2] - pose[..., AT[joint], 2]
    return made


def film(pose, *, distance=torch.inf, scale=0.3, shift=(0.2, -0.1)):
    return pose[..., :2] / (1 + pose[..., 2:] / distance) * scale + torch.tensor(shift)


def parts(pose, **changes):
    xy = changes.get("xy", film(sitting(pose.shape[1]), distance=4.0))
    sure = torch.ones(xy.shape[:-1])
    return {name: float(part) for name, part in LOSS.parts(pose, xy, sure).items()}


def test_the_true_pose_reprojects_wherever_and_however_large_it_is_in_the_film():
    pose, sure = sitting(), torch.ones(1, 2, 17)
    for distance in (2.5, 4.0, torch.inf):
        seen = film(pose, distance=distance, scale=70.0, shift=(300.0, 20.0))
        error = reprojection_errors(pose, seen, sure, distances_m=[distance])
        assert error.max() < 1e-4
    moved = pose.clone()
    moved[..., AT["left_wrist"], 0] += 0.2
    assert reprojection_errors(moved, seen, sure, distances_m=[torch.inf]).min() > 0.02


def test_a_joint_that_is_not_marked_does_not_count_wherever_it_is():
    pose, sure = sitting(), torch.ones(1, 2, 17)
    xy = film(pose)
    sure[..., AT["left_wrist"]] = 0
    xy[..., AT["left_wrist"], :] = torch.nan
    assert reprojection_errors(pose, xy, sure, distances_m=[torch.inf]).max() < 1e-4
    sure[0, 0, 3:] = 0
    assert reprojection_errors(pose, xy, sure, distances_m=[torch.inf]).isnan().tolist() == [
        [True, False]
    ]
    assert np.isfinite(float(LOSS(pose, xy, sure)))


def test_a_leg_bent_forwards_is_seen_though_its_picture_and_its_lengths_are_right():
    pose = sitting()
    bent = pose * torch.tensor([1.0, 1.0, -1.0])  # hips face the camera still, thighs go back
    xy = film(pose)
    true, wrong = (LOSS.parts(p, xy, torch.ones(1, 2, 17)) for p in (pose, bent))
    assert wrong["lengths"] == pytest.approx(float(true["lengths"]), rel=1e-4)
    assert wrong["symmetry"] == pytest.approx(float(true["symmetry"]), abs=1e-5)
    assert true["knees"] == 0
    assert wrong["knees"] > 0.5


def test_an_arm_mirrored_in_depth_is_not_seen_by_weak_perspective_or_lengths_or_knees():
    """Only perspective tells, a little."""
    pose = sitting()
    wrong = flipped(pose, "left_wrist", "left_elbow")
    sure = torch.ones(1, 2, 17)
    weak = reprojection_errors(wrong, film(pose), sure, distances_m=[torch.inf])
    assert weak.max() < 1e-4
    true, flip = parts(pose), parts(wrong)
    assert flip["knees"] == true["knees"]
    assert flip["lengths"] == pytest.approx(true["lengths"], rel=1e-4)
    assert flip["reprojection"] > true["reprojection"]


def test_lengths_tell_a_flattened_pose_and_one_with_a_long_limb():
    pose = sitting()
    flat = pose * torch.tensor([1.0, 1.0, 0.1])
    long = pose.clone()
    elbow = AT["left_elbow"]
    long[..., AT["left_wrist"], :] = pose[..., elbow, :] + 1.5 * (
        pose[..., AT["left_wrist"], :] - pose[..., elbow, :]
    )
    assert parts(flat)["lengths"] > 3 * parts(pose)["lengths"]
    assert parts(long)["lengths"] > parts(pose)["lengths"]
    assert parts(long)["symmetry"] > parts(pose)["symmetry"] + 0.05


def test_a_limb_that_changes_its_length_from_frame_to_frame_is_seen():
    pose = sitting()
    growing = pose * torch.tensor([1.0, 1.1])[None, :, None, None]
    assert parts(pose)["constancy"] == 0
    assert parts(growing)["constancy"] == pytest.approx(np.log(1.1), rel=1e-3)
    assert parts(pose[:, :1])["constancy"] == 0


def test_the_loss_leads_a_wrong_pose_to_the_film():
    torch.manual_seed(0)
    pose, sure = sitting(), torch.ones(1, 2, 17)
    xy = film(pose, distance=4.0)
    guess = (pose + 0.1 * torch.randn_like(pose)).requires_grad_()
    optimizer = torch.optim.Adam([guess], lr=0.01)
    before = float(LOSS.parts(guess, xy, sure)["reprojection"].detach())
    loss = FilmLoss(H36M17, **{**WEIGHTS, "lengths": 0.01})
    for _ in range(150):
        optimizer.zero_grad()
        loss(guess, xy, sure).backward()
        assert guess.grad.isfinite().all()
        optimizer.step()
    after = {name: float(part.detach()) for name, part in LOSS.parts(guess, xy, sure).items()}
    assert after["reprojection"] < before / 3


def test_a_collapsed_pose_has_a_finite_gradient():
    guess = torch.zeros(1, 2, 17, 3, requires_grad=True)
    LOSS(guess, film(sitting()), torch.ones(1, 2, 17)).backward()
    assert guess.grad.isfinite().all()


def test_a_layout_without_limbs_is_refused():
    with pytest.raises(InputError, match="layout 'one' lacks left_ankle"):
        FilmLoss(Skeleton("one", {"hip": None}), **WEIGHTS)
