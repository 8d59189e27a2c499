import logging

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Frame, Pose
from gastlive.realtime.stages.given_tracks import GivenTracks


def frame(*tracks, scores=None):
    xy, confidence = np.ones((17, 2), np.float32), np.ones(17, np.float32)
    poses = tuple(
        Pose(COCO17, xy * (track or 0), confidence, score, track)
        for track, score in zip(tracks, scores or [1.0] * len(tracks), strict=True)
    )
    return Frame(None, index=3, time_s=0.1, captured_s=0.0, width=9, height=9, poses=poses)


def test_people_are_called_as_the_file_calls_them():
    people = GivenTracks(most=100)(frame(7, 2)).people
    assert list(people) == [2, 7]
    assert people[7].pose.xy[0, 0] == 7


@pytest.mark.parametrize(("tracks", "said"), [((1, None), "no id"), ((4, 4), "id 4 twice")])
def test_without_ids_that_tell_people_apart_it_says_so(tracks, said):
    with pytest.raises(InputError, match=f"frame 3 has .*{said}; use tracker=oks"):
        GivenTracks(most=100)(frame(*tracks))


def test_of_too_many_people_in_a_file_the_surest_are_followed_with_one_warning(caplog):
    tracker = option("tracker/given", most=2)
    logger = logging.getLogger("gastlive.realtime.stages.surest")
    logger.disabled = False
    with caplog.at_level(logging.WARNING, logger.name):
        for _ in range(2):
            assert list(tracker(frame(9, 3, 5, scores=[0.9, 0.2, 0.8])).people) == [5, 9]
    (said,) = [record.message for record in caplog.records]
    assert said.startswith("3 people in a picture, of which the 2 surest are followed")


def test_of_people_who_are_equally_sure_the_same_ones_are_followed_in_every_picture():
    tracker = option("tracker/given", most=2)
    assert list(tracker(frame(9, 3, 5)).people) == list(tracker(frame(5, 9, 3)).people) == [3, 5]


def test_to_follow_nobody_is_refused():
    with pytest.raises(InputError, match=r"tracker\.most=0 is too small"):
        GivenTracks(most=0)
