"""Teaching with few, measured on other people."""

import json

import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive.experiments.evaluating.few.draws import Cut, draws
from gastlive.experiments.evaluating.few.few import fine_tuned, longest, measured, taught, written
from gastlive.gast.errors import InputError

GIVEN = {
    "without": [], "classes": 2, "examples": 3, "tests": 4, "others": 2, "count": 5, "seed": 0,
}  # fmt: skip


def wiggle(joint, seed, frames=70):
    """Somebody who moves one joint back and forth."""
    rng = np.random.default_rng(seed)
    xyz = np.cumsum(rng.normal(0, 0.002, (frames, 17, 3)), 0) + np.linspace(-0.8, 0.8, 51).reshape(
        17, 3
    )
    xyz[15:55, joint, 1] -= 0.5 * np.sin(np.linspace(0, 4 * np.pi, 40)) ** 2
    return xyz.astype(np.float32)


def clips(people="abc"):
    labels = {"one": 13, "two": 3, "three": 10}
    return [
        Cut(who, label, f"{who}{label}{i}/0", wiggle(joint, i + 10 * ord(who)))
        for who in people
        for label, joint in labels.items()
        for i in range(3)
    ]


def config(tmp_path, *overrides):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("evaluate_few", ["folder=x", "dataset=y", f"output={tmp_path}", *overrides])


def test_nobody_is_tested_who_taught_and_others_do_something_else():
    for draw in draws(clips(), **GIVEN):
        assert [len(some) for some in draw.examples] == [3, 3]
        assert {cut.subject for some in draw.examples for cut in some} == {draw.teacher}
        assert draw.teacher not in {cut.subject for cut in (*draw.tests, *draw.others)}
        assert {cut.label for cut in draw.tests} <= set(draw.labels)
        assert not {cut.label for cut in draw.others} & set(draw.labels)


def test_the_same_seed_draws_the_same_and_some_labels_are_never_taught():
    one, other = (list(draws(clips(), **GIVEN)) for _ in range(2))
    assert [draw.labels for draw in one] == [draw.labels for draw in other]
    for draw in draws(clips(), **{**GIVEN, "without": ["two"]}):
        assert set(draw.labels) == {"one", "three"}


@pytest.mark.parametrize("change", [{"classes": 4}, {"examples": 4}, {"without": ["one", "two"]}])
def test_too_few_clips_are_told(change):
    with pytest.raises(InputError, match="nobody shows"):
        next(draws(clips(), **(GIVEN | change)))
    with pytest.raises(InputError, match="nobody else is there"):
        next(draws(clips("a"), **GIVEN))


def test_a_draw_is_taught_and_its_figures_are_written(tmp_path):
    cfg = config(tmp_path, "examples=[2]")
    draw = next(draws(clips(), **GIVEN))
    found = taught(draw, 2, cfg, [np.repeat(wiggle(13, 1)[:1], 120, 0)])
    assert found["closed"] == 1.0
    assert found["demo"] == 0.0
    page = written({"2": [found]}, cfg)
    assert "| 2 | 1 |" in page
    assert json.loads((tmp_path / "few.json").read_text())["draws"]["2"] == [found]


def test_the_same_examples_can_be_trained_on_instead(tmp_path, capsys):
    small = "{steps:4,threads:1,datamodule:{batch:2,batches:2}}"
    cfg = config(tmp_path, f"trained={small}")
    draw = next(draws(clips(), **GIVEN))
    with initialize_config_module("gastlive.conf", version_base="1.3"):  # as in the program
        found = fine_tuned(draw, 3, cfg, [wiggle(13, 1)])
    assert set(found) == set(taught(draw, 1, cfg, []))
    said = capsys.readouterr().out
    assert "tensors start from everyday.safetensors" in said
    names = {cut.name.replace("/", "_") for some in draw.examples for cut in some}
    assert len(names) == 6
    assert all(name in said for name in names)  # each is a recording


def test_right_wrong_and_false_are_counted_as_the_decision_says_them():
    class Says:
        """Labels by the height of a joint: 0.1 is label 1, 0.2 label 2, 0 nothing."""

        labels, fps = ("idle", "one", "two"), 30.0

        def per_frame(self, xyz):
            import torch

            place = (xyz[:, :, 0, 1] * 10).round().long()
            return 20.0 * torch.nn.functional.one_hot(place, 3).float()

    from gastlive.action.decision import Decision

    def cut(label, *values):
        xyz = np.zeros((30 * len(values), 17, 3), np.float32)
        xyz[:, 0, 1] = np.repeat(values, 30)
        return Cut("b", label, "x", xyz)

    draw = next(draws(clips(), **GIVEN))
    tests = (cut("one", 0, 0.1), cut("two", 0, 0.1), cut("two", 0.1, 0, 0.2, 0.2), cut("one", 0, 0))
    draw = type(draw)(("one", "two"), "a", (), tests, (cut("z", 0, 0.1), cut("z", 0, 0)))
    decision = Decision(("idle", "one", "two"), background="idle")
    demo = [cut("", 0, 0.1, 0, 0.2, 0, 0).xyz]
    found = measured(Says(), decision, draw, demo)
    assert found["right"] == 0.5
    assert found["wrong"] == 0.5
    assert found["other"] == 0.5
    assert found["demo"] == 2 / (6 / 60)
    assert longest(np.eye(3)[[0] * 30 + [1] * 20 + [0] * 30 + [2] * 40], decision, 30.0) == [2, 1]
