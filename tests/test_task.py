"""What the lifter is trained to do."""

from functools import partial

import pytest
import torch

from gastlive.gast.errors import InputError
from gastlive.gast.gastnet import GASTNet
from gastlive.gast.lifter import Lifter
from gastlive.gast.lifting_task import LiftingTask
from gastlive.gast.skeleton import H36M17
from gastlive.gast.weak_supervision import FilmLoss

SEEN = torch.ones(4, 9, 17, dtype=torch.bool)


def task(causal=True, **options):
    torch.manual_seed(0)
    net = GASTNet(H36M17, inputs=2, filter_widths=(3, 3), channels=8, causal=causal, dropout=0.0)
    made = LiftingTask(
        Lifter(net, skeleton=H36M17, normalisation="person"),
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        scheduler=partial(torch.optim.lr_scheduler.ConstantLR, factor=1.0),
        **{"one_frame": False, "velocity": 1.0, "bones": 0.0, "films_m": 0.0, "compiled": False}
        | options,
    )
    made.log = lambda *_, **__: None
    return made.eval()


def batch():
    draw = torch.Generator().manual_seed(1)
    xy, xyz = (torch.randn(4, 9, 17, c, generator=draw) for c in (2, 3))
    return xy, xyz, SEEN


@pytest.mark.parametrize(("causal", "target"), [(True, 8), (False, 4)])
def test_one_frame_of_a_receptive_field_is_supervised(causal, target):
    xy, xyz, seen = batch()
    made = task(causal, one_frame=True)
    loss = made.training_step((xy, xyz, seen), 0)
    elsewhere = xyz.clone()
    elsewhere[:, [t for t in range(9) if t != target]] += 1
    assert made.training_step((xy, elsewhere, seen), 0) == loss
    lifted = made.net(xy)[:, target]
    torch.testing.assert_close(loss, (lifted - xyz[:, target]).norm(dim=-1).mean())


@pytest.mark.parametrize(("causal", "first"), [(True, 8), (False, 4)])
def test_neighbouring_frames_of_a_window_are_supervised_with_their_motion(causal, first):
    draw = torch.Generator().manual_seed(1)
    xy, xyz = (torch.randn(4, 10, 17, c, generator=draw) for c in (2, 3))
    sure, both = torch.ones(4, 10, 17), slice(first, first + 2)
    made = task(causal, one_frame=True, velocity=3.0)
    lifted, true = made.net.strided(xy), xyz[:, both]
    still = (lifted - true).norm(dim=-1).mean()
    moving = (lifted.diff(dim=1) - true.diff(dim=1)).norm(dim=-1).mean()
    loss = made.training_step((xy, xyz, sure), 0)
    torch.testing.assert_close(loss, still + 3 * moving)
    # each is what the whole window gives for that frame, as the units look further back
    torch.testing.assert_close(lifted[:, 1], made.net(xy)[:, first + 1] if causal else lifted[:, 1])


def test_windows_without_truth_count_by_the_loss_of_films_alone():
    draw = torch.Generator().manual_seed(1)
    xy, xyz = (torch.randn(4, 10, 17, c, generator=draw) for c in (2, 3))
    sure = torch.ones(4, 10, 17)
    films = FilmLoss(H36M17, reprojection=1.0, lengths=0.1, symmetry=1.0, constancy=1.0, knees=1.0)
    made = task(one_frame=True, films=films, films_m=0.5)
    plain = task(one_frame=True).training_step((xy, xyz, sure), 0)
    assert made.training_step((xy, xyz, sure), 0) == plain
    xyz[2:] = torch.nan
    weak = films(made.net.strided(xy)[2:], xy[2:, -2:], sure[2:, -2:])
    alone = task(one_frame=True).training_step((xy, xyz, sure), 0)
    torch.testing.assert_close(made.training_step((xy, xyz, sure), 0), alone + 0.5 * weak)


def test_windows_shorter_than_the_receptive_field_are_refused():
    xy, xyz, seen = batch()
    short = (xy[:, 1:], xyz[:, 1:], seen[:, 1:])
    with pytest.raises(InputError, match="of 8 frames are shorter than the receptive field of 9"):
        task(one_frame=True).training_step(short, 0)


@pytest.mark.slow
def test_a_compiled_task_has_the_same_loss():
    xy, xyz, seen = batch()
    plain = task(one_frame=True).training_step((xy, xyz, seen), 0)
    compiled = task(one_frame=True, compiled=True).training_step((xy, xyz, seen), 0)
    torch.testing.assert_close(compiled, plain)


@pytest.mark.parametrize("one_frame", [False, True])
def test_a_joint_that_nobody_knows_counts_nothing(one_frame):
    xy, xyz, seen = batch()
    made = task(one_frame=one_frame, bones=1.0)
    xyz[:, :, 3], xyz[0] = torch.nan, torch.nan
    loss = made.training_step((xy, xyz, seen), 0)
    assert loss.isfinite()
    loss.backward()
    assert all(p.grad.isfinite().all() for p in made.parameters() if p.grad is not None)
    xyz[0, :, :3] = 7.0
    assert made.training_step((xy, xyz, seen), 0) > loss


def test_a_batch_in_which_nothing_is_known_is_no_step():
    xy, xyz, seen = batch()
    assert task(bones=1.0).training_step((xy, xyz * torch.nan, seen), 0) == 0


def test_joints_have_the_weights_that_are_named():
    xy, xyz, seen = batch()
    only = {joint: 0.0 for joint in H36M17.joints} | {"left_wrist": 2.0}
    made = task(velocity=0.0, joints=only)
    wrist = H36M17.index["left_wrist"]
    error = (made.net(xy) - xyz)[:, :, wrist].norm(dim=-1).mean()
    torch.testing.assert_close(made.training_step((xy, xyz, seen), 0), error)


def test_a_weight_for_a_joint_of_another_layout_is_refused():
    with pytest.raises(InputError, match=r"task\.joints names left_toe; layout h36m17 has"):
        task(joints={"left_toe": 2.0})


def test_bones_count_by_how_much_too_long_they_are():
    xy, xyz, seen = batch()
    plain, with_bones = task(velocity=0.0), task(velocity=0.0, bones=0.5)
    lifted = plain.net(xy)
    child, parent = (list(ends) for ends in zip(*H36M17.bones, strict=True))
    lengths = [(x[..., child, :] - x[..., parent, :]).norm(dim=-1) for x in (lifted, xyz)]
    extra = 0.5 * (lengths[0] - lengths[1]).abs().mean()
    difference = with_bones.training_step((xy, xyz, seen), 0) - plain.training_step(
        (xy, xyz, seen), 0
    )
    torch.testing.assert_close(difference, extra)


def test_joints_that_were_not_seen_count_less():
    xy, xyz, seen = batch()
    xyz[:, :, 5] += 100
    unseen = seen.clone()
    unseen[:, :, 5] = False
    made = task(velocity=0.0)
    assert made.training_step((xy, xyz, unseen), 0) < 0.5 * made.training_step((xy, xyz, seen), 0)
