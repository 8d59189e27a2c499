"""The program that measures how many files each engine lifts a minute."""

import pytest

from gastlive.experiments.engines.throughput import films_of, rate, report
from gastlive.gast.errors import InputError


def test_the_rate_is_of_the_files_after_each_workers_first():
    assert rate("local", [10.0, 20.0, 30.0, 40.0]) == 6.0
    assert rate("Ray, 2 workers", [30.0, 30.0, 40.0, 40.0]) == 12.0


def test_ratios_are_those_within_a_round():
    quick = {
        "local": [10.0, 20.0, 30.0, 40.0],
        "Ray, 1 worker": [30.0, 40.0, 50.0, 60.0],
        "Ray, 2 workers": [30.0, 30.0, 40.0, 40.0],
    }
    slow = {name: [3 * end_s for end_s in ends_s] for name, ends_s in quick.items()}
    said = report([quick, slow], [[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])
    assert "| 1 | Ray, 2 workers | 30.0 | 40.0 | 12.0 | 3.0 |" in said
    assert "| 2 | local | 30.0 | 120.0 | 2.0 | 1.0 |" in said
    assert "| Ray, 2 workers / Ray, 1 worker | 2.00 | 2.00 | 2.00 |" in said
    assert "| Ray, 1 worker / local | 1.00 | 1.00 | 1.00 |" in said


def test_the_first_films_of_a_folder_are_taken_and_too_few_are_refused(tmp_path):
    for name in ("b.mp4", "a.MP4", "d.mov", "c.mp4", "e.mp4", "notes.txt"):
        (tmp_path / name).touch()
    found = films_of(str(tmp_path), 4)
    assert [path.name for path in found] == ["a.MP4", "b.mp4", "c.mp4", "d.mov"]
    with pytest.raises(InputError, match=r"3 films of .* are too few; give 4"):
        films_of(str(tmp_path), 3)
