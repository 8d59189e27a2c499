"""The report before a training."""

import re
from dataclasses import replace

import numpy as np
import pytest

from gastlive.datasets.check import MOST, print_report, report
from gastlive.datasets.clip import KeypointClip, MotionClip, Problem, Segment
from gastlive.datasets.pair import Pair
from gastlive.gast.skeleton import COCO17, H36M17


class Made(list):
    """A data set of given clips and problems."""

    def __init__(self, clips, problems=()):
        super().__init__(clips)
        self.problems = list(problems)


def clip(subject, frames, *segments, gone=0, camera=""):
    xyz = np.zeros((frames, 17, 3), "f4")
    xyz[:gone, :2] = np.nan
    return MotionClip("a", "made", subject, H36M17, xyz, 30.0, segments, camera)


def test_a_report_tells_who_what_how_much_and_what_is_missing():
    data = Made(
        [
            clip("10", 60, Segment(0, 20, "wave"), Segment(30, 60, "sit"), gone=3),
            clip("9", 30, Segment(0, 30, "wave"), camera="left"),
        ]
    )
    assert report({"made": data}) == [
        "made: 2 clips, 90 frames, 3 s",
        "  2 subjects: 9 30, 10 60",
        "  2 actions: sit 30, wave 50, unlabelled 10",
        "  1 cameras: left",
        "  6 joints missing (0.39 %), in 3 frames",
        "  0 problems",
    ]


def test_pairs_miss_what_either_side_misses():
    xy, xyz = np.zeros((10, 17, 2), "f4"), np.zeros((10, 17, 3), "f4")
    xy[0, 0] = xyz[0, 0] = xy[1, 1] = xyz[2] = np.nan
    data = Made([Pair("a", "S1", "Walking", "C1", H36M17, xy, xyz, 50.0)])
    told = report({"pairs": data})
    assert "  19 joints missing (11.18 %), in 3 frames" in told
    assert "  1 actions: Walking 10" in told


def marked(name, frames=10, *, subject="train", partner=None, stop=None, **changes):
    """A film of somebody whom a detector or a person saw."""
    xy = np.full((frames, 17, 2), 50, "f4")
    segments = (Segment(0, frames if stop is None else stop, "jump"),)
    clip = KeypointClip(
        name, "films", subject, COCO17, xy, np.ones((frames, 17), "f4"), (100, 80), 30.0, segments,
        camera="front", partner=partner,
    )  # fmt: skip
    return replace(clip, **changes)


def test_films_miss_joints_without_a_score_and_have_some_outside_the_picture():
    clip, other = marked("a"), marked("b", 20, subject="test", stop=5)
    clip.score[:3, :2] = 0
    clip.xy[:3, :2] = np.nan  # of no consequence where the score is 0
    clip.xy[5:7, 4] = 150, 50
    clip.xy[8, 4] = 101.5, -1  # just outside: visible, live
    assert report({"films": Made([clip, other])}) == [
        "films: 2 clips, 30 frames, 1 s",
        "  2 subjects: test 20, train 10",
        "  1 actions: jump 15, unlabelled 15",
        "  1 cameras: front",
        "  6 joints missing (1.18 %), in 3 frames",
        "  2 joints outside the picture (0.39 %)",
        "  0 problems",
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score": np.full((10, 17), 1.5, "f4")}, "170 scores are not between 0 and 1"),
        ({"score": np.full((10, 17), np.nan, "f4")}, "170 scores are not between 0 and 1"),
        ({"xy": np.full((10, 17, 2), np.inf, "f4")}, "170 joints with a score are NaN or infinite"),
        ({"score": np.ones((9, 17), "f4")}, r"scores \(9, 17\), wanted \(10, 17, 2\) and"),
        ({"partner": (np.zeros((9, 17, 2)), np.zeros((9, 17)))}, r"joints are \(9, 17, 2\)"),
        ({"size": (0, 80)}, "its picture is 0 x 80 pixels"),
        ({"segments": (Segment(0, 11, "jump"),)}, "an action ends at frame 11 of 10"),
    ],
)
def test_a_film_that_can_not_be_used_is_a_problem(changes, reason, capsys):
    broken = Made([marked("bad", **changes)], [Problem("file", "no good")])
    told = report({"films": broken})
    assert told[0] == "films: 0 clips, 0 frames, 0 s"
    assert told[-3:-1] == ["  2 problems", "    file: no good"]
    assert re.match(f"    bad: .*{reason}", told[-1])
    assert not print_report({"films": broken})


def test_the_first_problems_are_told_and_the_others_counted():
    problems = [Problem(f"file{i}", "no good") for i in range(MOST + 2)]
    told = report({"made": Made([clip("1", 2)], problems)})
    assert told[-MOST - 2] == "  7 problems"
    assert told[-MOST - 1] == "    file0: no good"
    assert told[-1] == "    and 2 more"


def test_videos_that_wait_to_be_lifted_are_no_problems(capsys):
    why = "is not lifted yet; do it with gastlive-lift input=clips output=clips/.lifted"
    waiting = [Problem(f"wave/{i}.mp4", why, waits=True) for i in range(20)]
    assert print_report({"data folder": Made([], waiting)})
    assert capsys.readouterr().out == (
        "data folder: 20 videos, not lifted yet; do it with gastlive-lift input=clips "
        "output=clips/.lifted, or train, which does it first\n  0 problems\n"
    )
    told = report({"half": Made([clip("1", 2)], [*waiting[:1], Problem("b", "is torn")])})
    assert told[-3].startswith("  1 video, not lifted yet; do it with gastlive-lift")
    assert told[-2:] == ["  1 problems", "    b: is torn"]


def test_an_empty_set_is_said_to_be_empty(capsys):
    assert print_report({"full": Made([clip("1", 2)])})
    assert not print_report({"full": Made([clip("1", 2)]), "none": Made([])})
    assert "none: 0 clips, 0 frames, 0 s\n  0 subjects: none" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["data=mocap6", "nothing"])
def test_the_program_says_what_is_wrong_in_one_line(given, tmp_path, monkeypatch, capsys):
    from gastlive.experiments import check_data

    monkeypatch.chdir(tmp_path)
    overrides = {"data=mocap6": ["data=mocap6", "data.root=none"], "nothing": []}[given]
    monkeypatch.setattr("sys.argv", ["gastlive-check", *overrides])
    with pytest.raises(SystemExit):
        check_data.main()
    said = capsys.readouterr().err
    wanted = {"data=mocap6": "no mocap6 files in none; ", "nothing": "nothing to check; give data="}
    assert said.startswith(f"gastlive: {wanted[given]}")
    assert said.count("\n") == 1


def test_a_folder_of_any_name_is_looked_for(tmp_path, monkeypatch, capsys):
    from gastlive.experiments import check_data

    folder = f"{tmp_path}/a=b, {{c}} (1)"
    monkeypatch.setattr("sys.argv", ["gastlive-check", "data=folder", f"data.path={folder}"])
    with pytest.raises(SystemExit):
        check_data.main()
    assert folder in capsys.readouterr().err


def test_the_program_reports_a_set(tmp_path, monkeypatch, capsys):
    from gastlive.experiments import check_data

    monkeypatch.chdir(tmp_path)
    np.savez(
        tmp_path / "data_3d_h36m.npz", positions_3d={"S1": {"Eating 1": np.ones((5, 32, 3), "f4")}}
    )
    given = ["data=human36m", f"data.root={tmp_path}", "data.fps=50"]
    monkeypatch.setattr("sys.argv", ["gastlive-check", *given])
    check_data.main()
    assert capsys.readouterr().out.startswith("data human36m: 1 clips, 5 frames, 0 s\n")
