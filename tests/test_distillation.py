"""A teacher: a trained head, asked a moment later."""

from functools import partial

import pytest
import torch
from torch.nn import functional as F

from gastlive.action.checkpoint import save_head
from gastlive.action.distillation import Teacher
from gastlive.action.head_task import HeadTask
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, H36M17

LABELS = ("idle", "wave", "kick")


def head(kind="tcn", **given):
    torch.manual_seed(len(kind))
    made = option(f"head/{kind}", **{"skeleton": H36M17, "labels": LABELS, "channels": 8, **given})
    return made.eval()


def teacher(folder, made=None, **given):
    save_head(made or head("gru"), folder / "teacher.safetensors", background="idle")
    settings = {"ahead_s": 0.1, "weight": 0.25, "temperature": 2.0, **given}
    return Teacher(folder / "teacher.safetensors", **settings)


def task(taught, teacher=None):
    made = HeadTask(
        taught, optimizer=partial(torch.optim.AdamW, lr=1e-2), smoothing=0.0, teacher=teacher,
        scheduler=partial(torch.optim.lr_scheduler.ConstantLR, factor=1.0),
    )  # fmt: skip
    made.log = lambda *_, **__: None
    return made


def batch(frames=12):
    draw = torch.Generator().manual_seed(0)
    xyz = torch.randn(2, frames, 17, 3, generator=draw)
    labels = torch.randint(0, 3, (2, frames), generator=draw)
    return xyz, labels, torch.rand(2, frames, generator=draw)


def test_a_taught_head_learns_what_its_teacher_says_of_a_frame_three_frames_later(tmp_path):
    taught, other, (xyz, labels, weights) = head(), head("gru"), batch()
    loss = task(taught, teacher(tmp_path, other)).training_step((xyz, labels, weights), 0)
    logits = taught(xyz).log_softmax(-1)
    losses = -logits.gather(-1, labels[..., None])[..., 0]
    later = (other(xyz)[:, 3:] / 2).softmax(-1)
    soft = -(later * (taught(xyz)[:, :9] / 2).log_softmax(-1)).sum(-1)
    losses = torch.cat([0.75 * losses[:, :9] + 0.25 * 4 * soft, losses[:, 9:]], 1)
    torch.testing.assert_close(loss, (losses * weights).sum() / weights.sum())


def test_without_a_share_of_the_loss_a_teacher_changes_nothing(tmp_path):
    alone = task(head()).training_step(batch(), 0)
    assert task(head(), teacher(tmp_path, weight=0.0)).training_step(batch(), 0) == alone


def test_a_teacher_learns_nothing_itself_and_is_not_in_checkpoints(tmp_path):
    made = task(head(), teacher(tmp_path))
    made.training_step(batch(), 0).backward()
    assert all(each.grad is not None for each in made.head.parameters())
    assert all(each.grad is None for each in made.teacher.head.parameters())
    assert not made.teacher.head.training
    assert made.state_dict().keys() == task(head()).state_dict().keys()
    assert len(list(made.parameters())) == len(list(made.head.parameters()))


def test_the_window_of_a_teacher_can_be_centred_on_the_frame(tmp_path):
    windowed = head("stgcn++", frames=9)
    xyz = batch()[0]
    said = teacher(tmp_path, windowed, ahead_s=4 / 30, temperature=1.0)(xyz)
    centred = windowed(xyz[:, :9]).softmax(-1)
    torch.testing.assert_close(said[:, 4], centred, rtol=0, atol=1e-5)
    assert said.shape == (2, 8, 3)


def test_people_of_a_scene_are_taught_together(tmp_path):
    xyz = batch()[0]
    scene = torch.stack([xyz, torch.zeros_like(xyz)], 1)  # nobody else is there
    made = teacher(tmp_path)
    torch.testing.assert_close(made(scene), made(xyz))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": ("idle", "hop", "kick")}, "has other labels than the head that it teaches"),
        ({"skeleton": COCO17}, "has other joints than the head that it teaches"),
        ({"fps": 15.0}, "has other frames a second than the head that it teaches"),
        ({"kind": "stgcn++"}, "STGCNPP looks at windows, in which nothing comes later"),
    ],
)
def test_a_head_that_a_teacher_can_not_teach_is_refused(given, message, tmp_path):
    with pytest.raises(InputError, match=message):
        task(head(**given), teacher(tmp_path))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ahead_s": -0.1}, "ahead_s from 0, weight in 0..1 and a temperature above 0, got -0.1"),
        ({"weight": 1.5}, "weight in 0..1 .* 1.5, 2"),
        ({"temperature": 0.0}, "temperature above 0, got 0.1, 0.25, 0"),
    ],
)
def test_numbers_that_no_teacher_can_have_are_named(given, message, tmp_path):
    with pytest.raises(InputError, match=message):
        teacher(tmp_path, **given)


def test_a_teacher_that_is_asked_after_the_stream_is_over_says_so(tmp_path):
    with pytest.raises(InputError, match="asked 12 frames later, of streams of 12; give less than"):
        teacher(tmp_path, ahead_s=0.4)(batch()[0])


def test_a_taught_head_comes_closer_to_its_teacher(tmp_path):
    xyz, _, weights = batch(frames=30)
    taught, nothing = head().train(), torch.zeros(2, 30, dtype=torch.long)
    made = task(taught, teacher(tmp_path, weight=1.0, ahead_s=0.0, temperature=1.0))
    steps = torch.optim.AdamW(taught.parameters(), lr=3e-2)

    def apart():
        with torch.no_grad():
            heard, said = (net.eval()(xyz) for net in (taught, made.teacher.head))
        return F.kl_div(heard.log_softmax(-1), said.softmax(-1), reduction="batchmean")

    before = apart()
    for _ in range(30):
        steps.zero_grad()
        made.training_step((xyz, nothing, weights), 0).backward()
        steps.step()
    assert apart() < 0.5 * before
