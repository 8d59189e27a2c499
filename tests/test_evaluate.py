"""`gastlive-evaluate`: the first word says what is evaluated."""

import sys

import pytest

from gastlive.experiments.evaluate import main


@pytest.fixture
def run(monkeypatch):
    def start(*words):
        monkeypatch.setattr(sys, "argv", ["gastlive-evaluate", *words])
        main()

    return start


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to evaluate"),
        (("heads",), "unknown 'heads'"),
        (("checkpoint=gast27s",), "unknown 'checkpoint=gast27s'"),
    ],
)
def test_a_wrong_or_missing_word_names_the_choices_in_one_line(run, capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert capsys.readouterr() == (
        "", f"gastlive: {said}; choose one of lifter, action, folds, transfer, recording, ladder, "
        "films, few, quiet\n",
    )  # fmt: skip


def test_help_says_what_there_is(run, capsys):
    run("--help")
    said = capsys.readouterr().out
    assert said.count("\n  gastlive-evaluate ") == 3
    for word in (
        "lifter",
        "action",
        "folds",
        "transfer",
        "recording",
        "ladder",
        "films",
        "quiet",
        "few",
    ):
        assert f"\n  {word} " in said


def test_a_word_that_is_nearly_right_is_named(run, capsys):
    with pytest.raises(SystemExit):
        run("actin")
    assert "unknown 'actin'; did you mean action?" in capsys.readouterr().err


def test_other_names_for_a_mapping_are_told_how_to_be_given(run, capsys):
    with pytest.raises(SystemExit):
        run("action", "checkpoint=everyday", "data.folder=x", "protocol.held_out={jhmdb: [test]}")
    said = capsys.readouterr().err
    assert "protocol.held_out has utd_mhad, nw_ucla" in said
    assert "add another name with +protocol.held_out.NAME=..., take one away with ~" in said


@pytest.mark.parametrize(
    ("verb", "said"), [("lifter", "views_per_clip: 8"), ("action", "part: held_out"),
                       ("recording", "recording: ???"), ("ladder", "people:"),
                       ("films", "pictures: 6")],
)  # fmt: skip
def test_each_word_is_a_program_of_its_own(run, capsys, verb, said):
    run(verb, "--cfg", "job")
    assert said in capsys.readouterr().out
