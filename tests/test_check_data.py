"""The report before a training."""

import numpy as np
import pytest

from gastlive.datasets.check import MOST, print_report, report
from gastlive.datasets.clip import MotionClip, Problem, Segment
from gastlive.datasets.pair import Pair
from gastlive.gast.skeleton import H36M17


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


def test_the_first_problems_are_told_and_the_others_counted():
    problems = [Problem(f"file{i}", "no good") for i in range(MOST + 2)]
    told = report({"made": Made([clip("1", 2)], problems)})
    assert told[-MOST - 2] == "  7 problems"
    assert told[-MOST - 1] == "    file0: no good"
    assert told[-1] == "    and 2 more"


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
