import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17
from gastlive.realtime.packets import Frame, Pose
from gastlive.realtime.stages.given_tracks import GivenTracks


def frame(*tracks):
    xy, confidence = np.ones((17, 2), np.float32), np.ones(17, np.float32)
    poses = tuple(Pose(COCO17, xy * (track or 0), confidence, track=track) for track in tracks)
    return Frame(None, index=3, time_s=0.1, captured_s=0.0, width=9, height=9, poses=poses)


def test_people_are_called_as_the_file_calls_them():
    people = GivenTracks()(frame(7, 2)).people
    assert list(people) == [2, 7]
    assert people[7].pose.xy[0, 0] == 7


@pytest.mark.parametrize(("tracks", "said"), [((1, None), "no id"), ((4, 4), "id 4 twice")])
def test_without_ids_that_tell_people_apart_it_says_so(tracks, said):
    with pytest.raises(InputError, match=f"frame 3 has .*{said}; use tracker=oks"):
        GivenTracks()(frame(*tracks))
