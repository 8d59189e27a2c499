"""`watch` and the command line are the same program: real clip, real nets."""

import json
import shutil

import cv2
import numpy as np
import pytest
from hydra import compose, initialize_config_module

from gastlive import Recognizer, watch
from gastlive.gast.errors import InputError
from gastlive.realtime.live import build
from gastlive.realtime.plain import numbers
from gastlive.realtime.sources.demo import PATH as DEMO
from gastlive.realtime.sources.demo import Demo

SPAN = {"start_s": 5.0, "stop_s": 9.0}
"""One action ends in this part of the demo clip, and another one is going on at its end."""
SMALL = {"lifter": "gast27s", "runtime": "torch"}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The frames and events that ``gastlive`` writes of four seconds of the demo clip."""
    folder = tmp_path_factory.mktemp("run")
    span = [f"source.{key}={value}" for key, value in SPAN.items()]
    given = ["source=video", f"source.path={DEMO}", *span, "sink=[jsonl]", "runtime=torch"]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        build(compose("live", overrides=[*given, f"run_folder={folder}"])).run()
    return folder


def record(result):
    """A result as a line of frames.jsonl."""
    return {
        "index": result.index,
        "time_s": pytest.approx(result.time_s, abs=1e-6),
        "dropped": result.dropped,
        "people": [
            {
                "track": one.id,
                "score": pytest.approx(one.score, abs=1e-3),
                "xy": numbers(one.detected.xy, 1),
                "confidence": numbers(one.detected.confidence, 3),
                "xyz": numbers(one.xyz, 3) if np.isfinite(one.xyz).all() else None,
                "probabilities": numbers(np.array([*one.probabilities.values()]), 3) or None,
                "action": one.action
                and {
                    "label": one.action,
                    "confidence": pytest.approx(one.confidence, abs=1e-3),
                    "start_s": pytest.approx(one.start_s, abs=1e-6),
                },
            }
            for one in result.people
        ],
    }


def events(folder):
    """The lines of events.jsonl, with the name that the id has here."""
    return [{"id": line.pop("track"), **line} for line in lines(folder / "events.jsonl")[1:]]


def finished(actions):
    return [action.to_dict() for action in actions]


def test_watch_gives_what_the_program_writes_number_for_number(written):
    header, *frames = lines(written / "frames.jsonl")
    results = list(watch(DEMO, source=SPAN, runtime="torch"))
    assert len(frames) == len(results) == 120
    assert header["labels"] == list(results[0].labels)
    for wanted, got in zip(frames, results, strict=True):
        assert wanted == record(got)
    assert [event for result in results for event in finished(result.events)] == events(written)
    assert finished(results[-1].events) == events(written)[-1:]


def test_a_loop_of_ones_own_gives_what_the_program_writes_number_for_number(written):
    recognizer = Recognizer(classifier="everyday", runtime="torch")
    film = cv2.VideoCapture(str(DEMO))
    got = []
    while film.grab():
        time_s = film.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if SPAN["start_s"] <= time_s < SPAN["stop_s"]:
            got.append(recognizer(film.retrieve()[1], time_s=time_s))
    for wanted, result in zip(lines(written / "frames.jsonl")[1:], got, strict=True):
        assert wanted == record(result)
    said = [event for result in got for event in finished(result.events)]
    assert len(said) == 1
    assert said + finished(recognizer.finish()) == events(written)
    assert recognizer.finish() == ()


def test_a_file_of_keypoints_is_watched_without_a_detector(written):
    first, *_, last = watch(written / "frames.jsonl", **SMALL)
    assert first.image is None
    assert [person.id for person in last.people] == [1]
    assert last.draw().any()


def test_a_folder_of_pictures_is_watched(tmp_path):
    for frame in Demo(realtime=False, repeat=1, frames=12):
        cv2.imwrite(str(tmp_path / f"{frame.index}.png"), frame.image)
    values = {"source": {"fps": 15.0}, "detector": "movenet_multipose"}
    results = list(watch(str(tmp_path), **values, **SMALL))
    assert [result.time_s for result in results[:2]] == [0, pytest.approx(1 / 15)]
    assert len(results) == 12
    assert results[-1].people


def test_leaving_the_loop_closes_the_source(written):
    watching = watch(written / "frames.jsonl", **SMALL)
    next(watching)
    watching.close()
    assert list(watching) == []


def test_openpose_folders_are_keypoints_and_names_of_embedded_clips_give_way_to_files(
    tmp_path, monkeypatch
):
    (tmp_path / "demo").mkdir()
    flat = [x for i in range(25) for x in (100 + i, 100 + 9 * i, 0.9)]
    content = json.dumps({"people": [{"pose_keypoints_2d": flat}]})
    for i in range(8):
        (tmp_path / "demo" / f"a_{i}_keypoints.json").write_text(content)
    monkeypatch.chdir(tmp_path)
    size = {"width": 640, "height": 480, "fps": 30.0}
    assert list(watch("demo", source=size, **SMALL))[-1].people
    shutil.rmtree("demo")
    assert next(watch("demo", detector="movenet_multipose", **SMALL)).image is not None


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        ("none.mp4", {}, "video none.mp4: no such file"),
        ("ftp://camera/1", {}, "must begin with rtsp://"),
        ("rtsp://me:secret@camera/1", {"threads": 0}, "threads=0 is no number"),
        (99, {}, "camera 99"),
        ("99", {}, "camera 99"),
        (None, {}, "watch got a NoneType; give the number of a camera, a path or an address"),
        (np.zeros((4, 4, 3), np.uint8), {}, "gastlive.Recognizer"),
        ("demo", {"source": "video"}, "what is watched comes first"),
        ("demo", {"source": {"begin_s": 2}}, "no option source.begin_s"),
        ("demo", {"lifter": "gast2"}, "no option lifter=gast2; did you mean gast27?"),
        ("demo", {"sink": ["jsonl"]}, "no option sink"),
    ],
)
def test_what_can_not_be_watched_is_an_error_of_one_line_at_once(source, options, said):
    with pytest.raises(InputError) as caught:
        watch(source, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
