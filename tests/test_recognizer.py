"""A loop of the user's own: real clip, real nets, the smallest that there are.

The detector's weights come from the cache or, once, from the package index.
"""

import logging
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module, version
from hydra.core.global_hydra import GlobalHydra
from packaging.version import Version

from gastlive import Recognizer
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import Demo

SMALL = {
    "lifter": "gast27s", "runtime": "torch",
    "detector": "movenet_multipose", "detector.whole_every_s": 0,
}  # fmt: skip


@pytest.fixture(scope="module")
def recognizer():
    """One for all tests here; each begins a stream of its own."""
    with Recognizer(**SMALL) as made:
        yield made


@pytest.fixture(scope="module")
def pictures():
    return [frame.image for frame in Demo(realtime=False, repeat=1, frames=20)]


@pytest.fixture(autouse=True)
def _anew(recognizer):
    recognizer.reset()


def test_pictures_become_people_with_ids_joints_and_actions(recognizer, pictures):
    for i, image in enumerate(pictures):
        result = recognizer(image, time_s=i / 30)
    (person,) = result.people
    assert (result.index, result.time_s) == (19, 19 / 30)
    assert (result.width, result.height) == (640, 480)
    assert result.image is pictures[-1]
    assert person.action in recognizer.labels
    assert sum(person.probabilities.values()) == pytest.approx(1, abs=1e-3)
    left, top, right, bottom = person.box
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 480
    assert np.isfinite(person.xyz).all()


def test_a_stream_after_reset_gives_the_same_numbers_and_new_ids(recognizer, pictures):
    streams = []
    for _ in range(2):
        recognizer.reset()
        streams.append([recognizer(image, time_s=i / 30) for i, image in enumerate(pictures)])
    before, after = (stream[-1].people[0] for stream in streams)
    np.testing.assert_array_equal(before.xyz, after.xyz)
    assert before.probabilities == after.probabilities
    assert after.id > before.id


def test_without_time_stamps_pictures_are_stamped_as_those_of_a_camera(pictures, monkeypatch):
    now_s = iter([100.0, 100.5, 100.7])
    recognizer = Recognizer(**SMALL, clock=lambda: next(now_s))
    assert [recognizer(image).time_s for image in pictures[:3]] == [100.0, 100.5, 100.7]


def test_with_fps_pictures_without_time_stamps_are_evenly_apart(recognizer, pictures, monkeypatch):
    monkeypatch.setattr(recognizer, "fps", 25)
    assert [recognizer(image).time_s for image in pictures[:3]] == [0, 0.04, 0.08]


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("clip.mp4", "is a str; give a NumPy array"),
        (torch.zeros(480, 640, 3, dtype=torch.uint8), "is a Tensor; give a NumPy array"),
        (np.zeros((480, 640, 3)), "is float64 (480, 640, 3), wanted is uint8"),
        (np.zeros((480, 640), np.uint8), "use cv2.cvtColor"),
        (np.zeros((480, 640, 4), np.uint8), "use cv2.cvtColor"),
        (np.zeros((3, 480, 640), np.uint8), "use cv2.cvtColor"),
        (np.zeros((0, 640, 3), np.uint8), "is uint8 (0, 640, 3)"),
        (None, "is a NoneType"),
    ],
)
def test_what_is_no_picture_is_an_error_of_one_line(recognizer, image, said):
    with pytest.raises(InputError) as caught:
        recognizer(image, time_s=0.0)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((1.0, 0.9), "time_s=0.9 is before 1.0, that of the picture before; call reset()"),
        ((1.0, None), "time_s=None after pictures with time_s"),
        ((None, 1.0), "time_s=1.0 after pictures without time_s"),
        ((float("nan"),), "time_s=nan is no time"),
        (("0.1",), "time_s='0.1' is no time"),
        ((True,), "time_s=True is no time"),
    ],
)
def test_times_that_can_not_be_are_errors_of_one_line(recognizer, pictures, times, said):
    for time_s in times[:-1]:
        recognizer(pictures[0], time_s=time_s)
    with pytest.raises(InputError) as caught:
        recognizer(pictures[0], time_s=times[-1])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_after_an_error_the_stream_goes_on(recognizer, pictures):
    recognizer(pictures[0], time_s=1.0)
    with pytest.raises(InputError):
        recognizer(pictures[1], time_s=0.5)
    assert recognizer(pictures[1], time_s=1.0).index == 1  # at the same time no time passes


def test_a_mirrored_view_of_an_array_is_a_picture_too(recognizer, pictures):
    for i, image in enumerate(pictures):
        result = recognizer(image[:, ::-1], time_s=i / 30)
    assert result.people


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classifer": "fight"}, "no option classifer; did you mean classifier?"),
        ({"classifier": "fihgt"}, "no option classifier=fihgt; did you mean fight?"),
        ({"decision": {"entr": 0.5}}, "no option decision.entr; did you mean enter?"),
        ({"classifier": "none.onnx"}, "none.onnx"),
        ({"source": 0}, "source=0 is no option of a Recognizer"),
        ({"source.fps": 25}, "use gastlive.watch for a source"),
        ({"fps": 0}, "fps=0 is no number of pictures a second"),
        ({"threads": 0}, "threads=0 is no number of CPU threads"),
        ({"detector": "rtmpose"}, "detector.pose is missing; give detector.pose="),
        ({"decision": {"enter": 0.1, "leave": 0.3}}, "leave=0.3, enter=0.1"),
    ],
)
def test_an_option_that_can_not_be_is_an_error_of_one_line(options, said):
    light = {"lifter": "gast27s", "runtime": "torch", "detector": "none"}
    with pytest.raises(InputError) as caught:
        Recognizer(**light | options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_recognizers_know_nothing_of_each_other(recognizer, pictures):
    with Recognizer(**SMALL) as other:
        for i, image in enumerate(pictures):
            mine = recognizer(image, time_s=i / 30)
            if i % 2:
                other(image, time_s=i / 30)
    alone = Recognizer(**SMALL)
    for i, image in enumerate(pictures):
        again = alone(image, time_s=i / 30)
    np.testing.assert_array_equal(mine.people[0].xyz, again.people[0].xyz)


def test_one_that_is_closed_says_so_and_its_results_can_still_be_drawn(pictures):
    with Recognizer(**SMALL) as recognizer:
        result = recognizer(pictures[0])
    assert result.draw().shape[0] > 480
    for use in (recognizer.reset, recognizer.finish, lambda: recognizer(pictures[1])):
        with pytest.raises(InputError, match="closed; make another"):
            use()


def test_a_program_that_uses_hydra_itself_keeps_its_hydra_threads_logging_and_folder(pictures):
    threads, here, logger = torch.get_num_threads(), Path.cwd(), logging.getLogger("gastlive")
    said = [*logging.root.handlers], [*logger.handlers], logger.level, logger.propagate
    torch.set_num_threads(2)
    try:
        with initialize_config_module("gastlive.conf", version_base="1.2"):
            its = GlobalHydra.instance().hydra
            Recognizer(**SMALL, threads=1)(pictures[0])
            assert GlobalHydra.instance().hydra is its
            assert version.VersionBase.instance().getbase() == Version("1.2")
            assert "decision" in compose("chain")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert Path.cwd() == here
    assert said == ([*logging.root.handlers], [*logger.handlers], logger.level, logger.propagate)
