"""How many cameras are carried: a program that only pretends to be the live one, and the film."""

import sys

import av
import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.experiments.benchmarking.cameras import SHARE, read, spelt, thinned
from gastlive.experiments.timing.jobs import Job
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import PATH

# A program with the live one's command line: each camera makes labels later for all, and beyond
# four every third frame is dropped. The first second is slow.
FAKE = """
import json, signal, sys
from pathlib import Path

given = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
if "--cfg" in sys.argv:
    print("source: {cameras: [], at_once: 2}")
    sys.exit()
assert given["source"] == "many", given
count = given["sources"].count("name:")
rows = ["index,time_s,captured_s,finished_s,age_ms,people,dropped,cpu_s,memory_mb,labelled,camera"]
for i in range(60):
    for camera in range(count):
        if count > 4 and i % 3 == 1:
            continue
        t, age = 1000 + i / 10, 900 if i < 10 else 12 * count + camera
        rows.append(f"{i},{t},{t},{t + age / 1e3},{age},1,0,{i / 10},{300 + i},1,{camera}")
folder = Path(given["hydra.run.dir"])
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
(folder / "summary.json").write_text(json.dumps(
    {"first_label_s": 1.0, "memory_mb": {"growth_mb_per_min": None}}))
(folder / "timings.csv").write_text("\\n".join(rows) + "\\n")
signal.sigwait([signal.SIGTERM])
"""


@pytest.fixture
def job(tmp_path):
    (tmp_path / "fake.py").write_text(FAKE)
    program = (sys.executable, "-S", "-E", str(tmp_path / "fake.py"))
    return Job("default", {}, None, program)


def mode(**given):
    return option("mode/cameras", **{"seconds": 0.1, "warm_s": 1.0, "rates": [10]} | given)


def by_number(rows):
    return {round(row.rounds[0]["cameras"]): row.rounds[-1] for row in rows}


def test_the_largest_number_of_cameras_whose_labels_are_young_and_complete_is_found(job, tmp_path):
    found = by_number(mode(first=2)([job], tmp_path))
    assert {number: figures["carried"] for number, figures in found.items()} == {
        2: 1, 4: 1, 5: 0, 6: 0, 8: 0,
    }  # fmt: skip
    four = found[4]
    assert four["age_p50_ms"] == pytest.approx(49.5, abs=1)
    assert four["age_p99_worst_ms"] == pytest.approx(51)
    assert (four["drop_rate_percent"], four["drop_rate_worst_percent"]) == (0, 0)
    assert four["fps"] == pytest.approx(10)
    assert four["cpu_percent"] == pytest.approx(100, rel=0.05)
    assert found[5]["drop_rate_worst_percent"] == pytest.approx(100 / 3, abs=2)


def test_a_limit_is_for_every_camera(job, tmp_path):
    rows = mode(first=2, limit_ms=51)([job], tmp_path)
    assert by_number(rows)[4]["carried"] == 0
    assert [row.name for row in rows] == [
        "10 frames/s, 2 cameras", "10 frames/s, 3 cameras", "10 frames/s, 4 cameras",
    ]  # fmt: skip
    assert len(rows[-1].rounds) == 2  # it is tried again before it is too many


def test_a_camera_that_never_got_a_turn_has_dropped_all(tmp_path):
    head = (
        "index,time_s,captured_s,finished_s,age_ms,people,dropped,cpu_s,memory_mb,labelled,camera"
    )
    lines = [f"{i},{i},{i},{i}.01,10,1,0,{i},300,1,0" for i in range(5)]
    (tmp_path / "timings.csv").write_text("\n".join((head, *lines)) + "\n")
    figures = read(tmp_path, 2, 10.0, warm_s=0.0).figures()
    assert figures["drop_rate_worst_percent"] == 100
    assert figures["age_p99_worst_ms"] == np.inf
    assert figures["fps_least"] == 0


def test_a_film_of_ten_frames_a_second_has_every_third_one(demo_film, tmp_path):
    film = demo_film(tmp_path / "film.mp4", frames=31)
    assert thinned(film, tmp_path / "same.mp4", 30) == film
    with av.open(str(thinned(film, tmp_path / "thin.mp4", 10))) as made, av.open(str(film)) as all_:
        assert made.streams.video[0].average_rate == 10
        shown = [p.to_ndarray(format="gray").astype(float) for p in made.decode(video=0)]
        whole = [p.to_ndarray(format="gray").astype(float) for p in all_.decode(video=0)]
    assert len(shown) == 11
    for i, picture in enumerate(shown):
        far = [np.abs(picture - other).mean() for other in whole]
        assert abs(int(np.argmin(far)) - 3 * i) <= 1


def test_cameras_begin_at_places_of_their_own():
    given = spelt(PATH, 4)
    starts = [float(part.partition(",")[0]) for part in given.split("start_s: ")[1:]]
    assert starts[0] == 0
    assert np.ptp(np.diff(starts)) < 0.02
    with av.open(str(PATH)) as film:
        assert starts[-1] == pytest.approx(SHARE * 0.75 * film.duration / av.time_base, abs=0.01)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rates": [7]}, r"mode.rates=\[7\]: give divisors of 30"),
        ({"rates": []}, "divisors of 30"),
        ({"first": 0}, "mode.first=0"),
        ({"limit_ms": 0}, "limit_ms=0"),
        ({"seconds": 0}, "seconds=0 measures nothing"),
    ],
)
def test_numbers_that_measure_nothing_are_refused(given, said):
    with pytest.raises(InputError, match=said):
        mode(**given)
