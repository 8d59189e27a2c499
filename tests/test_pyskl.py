"""PYSKL's pickles, made here as its scripts write them."""

import os
import pickle

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.pyskl import PysklKeypoints, PysklMotion
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import COCO17, NTU25

NAME, OTHER = "S001C002P003R002A013", "S001C001P004R001A001"


def kinect(name=NAME, *, label=12, people=1, frames=6, **more):
    xyz = np.random.default_rng(0).normal(size=(people, frames, 25, 3)).astype(np.float16)
    made = {"frame_dir": name, "label": label, "keypoint": xyz, "total_frames": frames}
    return {**made, **more}


def hrnet(name=NAME, *, label=12, people=1, frames=6, **more):
    rng = np.random.default_rng(0)
    return {
        "frame_dir": name,
        "label": label,
        "img_shape": (1080, 1920),
        "original_shape": (1080, 1920),
        "total_frames": frames,
        "keypoint": rng.uniform(100, 1000, (people, frames, 17, 2)).astype(np.float16),
        "keypoint_score": rng.uniform(0.3, 0.9, (people, frames, 17)).astype(np.float16),
        **more,
    }


def write(root, *annotations, split=None, protocol=2):
    content = {"split": split or {"xsub_train": [NAME]}, "annotations": list(annotations)}
    (root / "a.pkl").write_bytes(pickle.dumps(content, protocol=protocol))
    return str(root)


def motion(root, **options):
    return PysklMotion(root, file="a.pkl", **{"rate": 30.0} | options)


def keypoints(root, **options):
    return PysklKeypoints(root, file="a.pkl", **{"rate": 30.0} | options)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_kinect_clip_is_read(tmp_path, protocol):
    given = kinect()
    data = motion(write(tmp_path, given, protocol=protocol))
    (clip,) = data
    assert (clip.name, clip.dataset, clip.subject, clip.camera) == (NAME, "a", "P003", "C002")
    assert (clip.layout, clip.fps, clip.partner) == (NTU25, 30, None)
    assert clip.segments == (Segment(0, 6, "tear up paper"),)
    x, y, z = np.moveaxis(given["keypoint"][0].astype(np.float32), -1, 0)
    np.testing.assert_array_equal(clip.xyz, np.stack([-x, z, y], -1))
    assert (clip.xyz.dtype, data.problems) == (np.float32, [])


def test_the_published_splits_are_there(tmp_path):
    split = {"xsub_train": [NAME], "xsub_val": [OTHER], "xview_train": [NAME, OTHER]}
    data = motion(write(tmp_path, kinect(), split=split))
    assert data.splits == split


def test_a_second_person_is_nan_while_away_and_nobody_if_never_there(tmp_path):
    two, ghost, late = (kinect(people=2) for _ in range(3))
    two["keypoint"][1, 4:] = 0
    two["keypoint"][1, 0, 3] = 0  # a joint at the origin is there
    ghost["keypoint"][0] = 0
    late["keypoint"][0, 0] = 0
    data = motion(write(tmp_path, two, ghost, late))
    first, second, third = data
    assert np.flatnonzero(np.isnan(first.partner).any((1, 2))).tolist() == [4, 5]
    assert second.partner is None
    assert np.isfinite(second.xyz).all()
    assert np.isnan(third.xyz[0]).all()
    assert [p.reason for p in data.problems] == ["the first person is away in 1 frames"]


def test_a_hrnet_clip_is_read(tmp_path):
    given = hrnet(people=2)
    given["keypoint_score"][0, 2, 5] = 0
    given["keypoint_score"][1, 3:] = 0
    data = keypoints(write(tmp_path, given))
    (clip,) = data
    assert (clip.name, clip.subject, clip.camera, clip.layout) == (NAME, "P003", "C002", COCO17)
    assert (clip.size, clip.fps) == ((1920, 1080), 30)
    assert clip.segments == (Segment(0, 6, "tear up paper"),)
    seen = given["keypoint_score"] > 0
    np.testing.assert_array_equal(clip.score, given["keypoint_score"][0].astype(np.float32))
    np.testing.assert_array_equal(clip.xy[seen[0]], given["keypoint"][0][seen[0]])
    xy, score = clip.partner
    np.testing.assert_array_equal(score > 0, seen[1])
    assert (xy[~seen[1]] == 0).all()
    assert (xy.dtype, score.dtype, clip.xy.dtype) == (np.float32,) * 3
    assert data.problems == []


def test_another_frame_rate_invents_no_place_beside_an_unseen_joint(tmp_path):
    given = hrnet(frames=7)
    given["keypoint"][0, 3, 5] = given["keypoint_score"][0, 3, 5] = 0
    (clip,) = keypoints(write(tmp_path, given), fps=20.0)
    assert (clip.fps, clip.xy.shape, clip.score.shape) == (20, (5, 17, 2), (5, 17))
    assert clip.segments == (Segment(0, 5, "tear up paper"),)
    np.testing.assert_array_equal(clip.xy[2, 6], given["keypoint"][0, 3, 6])
    between = given["keypoint"][0, 1:3].astype(np.float32).mean(0)
    np.testing.assert_allclose(clip.xy[1], between, rtol=1e-5)
    assert np.flatnonzero(clip.score[:, 5] == 0).tolist() == [2]
    assert (clip.xy[2, 5] == 0).all()


def test_motion_comes_at_the_wanted_frame_rate(tmp_path):
    (clip,) = motion(write(tmp_path, kinect(frames=9)), rate=60.0, fps=30.0)
    assert (clip.fps, len(clip.xyz), clip.segments[0].stop) == (30, 5, 5)


def test_an_action_beyond_the_sixtieth_makes_it_the_larger_set(tmp_path):
    assert len(motion(write(tmp_path, kinect())).labels) == 60
    data = motion(write(tmp_path, kinect("S018C001P041R001A061", label=60)))
    assert [clip.segments[0].label for clip in data] == ["put on headphone"]
    assert len(data.labels) == 120


def test_videos_of_other_sets_get_the_given_labels(tmp_path):
    root = write(tmp_path, hrnet("run/v_Run_g01.c02", label=1), split={})
    data = keypoints(root, labels=["walk", "run"])
    (clip,) = data
    assert (clip.name, clip.subject, clip.camera) == ("run/v_Run_g01.c02", "unknown", "")
    assert (clip.segments[0].label, data.labels) == ("run", ["walk", "run"])


def test_a_bare_list_of_annotations_is_read_as_one_without_splits(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps([hrnet()]))
    data = keypoints(str(tmp_path))
    assert (len(list(data)), data.splits) == (1, {})


def test_subjects_can_be_chosen(tmp_path):
    root = write(tmp_path, kinect(), kinect(OTHER, label=0))
    assert motion(root).subjects == ["P003", "P004"]
    data = motion(root, subjects=["P004"])
    assert ([clip.name for clip in data], len(data)) == ([OTHER], 1)
    with pytest.raises(InputError, match="a has no subject P009; choose from P003, P004"):
        motion(root, subjects=["P009"])


def test_what_can_not_be_used_is_named_and_the_rest_is(tmp_path):
    empty = kinect()
    empty["keypoint"][:] = 0
    root = write(
        tmp_path,
        None,
        kinect(label=3),
        kinect(label=None),
        kinect(total_frames=7),
        kinect(keypoint="none"),
        hrnet(),
        empty,
        kinect(people=3),
    )
    data = motion(root)
    for _ in range(2):
        assert len(list(data)) == 1
        assert [problem.reason for problem in data.problems] == [
            "label -1 is none of 0 to 59; give labels to fit",
            "its label says brush hair, its name tear up paper",
            "label -1 is none of 0 to 59; give labels to fit",
            "'keypoint' is float16 (1, 6, 25, 3), wanted numbers (people, 7, 25, 3)",
            "'keypoint' is 'none', wanted numbers (people, 6, 25, 3)",
            "'keypoint' is float16 (1, 6, 17, 2), wanted numbers (people, 6, 25, 3)",
            "none of its 6 frames has a joint",
            "shows 3 people; the first two are read",
        ]
    assert data.problems[1].file.endswith(f"a.pkl/{NAME}")


def test_what_a_detector_can_not_have_said_is_named(tmp_path):
    root = write(
        tmp_path,
        hrnet(keypoint_score=None),
        hrnet(keypoint_score=np.ones((2, 6, 17))),
        hrnet(keypoint_score=np.zeros((1, 6, 17))),
        hrnet(img_shape=None, original_shape=None),
    )
    data = keypoints(root)
    assert list(data) == []
    assert [problem.reason for problem in data.problems] == [
        "'keypoint_score' is None, wanted (1, 6, 17)",
        "'keypoint_score' is float64 (2, 6, 17), wanted (1, 6, 17)",
        "none of its 6 frames has a joint",
        "has no 'img_shape'; wanted height and width of the picture in pixels",
    ]


@pytest.mark.parametrize(
    "content", [{}, [], {"split": {}}, {"split": {"a": "b"}, "annotations": [{}]}, "text"]
)
def test_a_pickle_of_something_else_says_so(tmp_path, content):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(InputError, match=r"a\.pkl has no 'split' and 'annotations'; give"):
        motion(str(tmp_path))


class Runs:
    """Pickles as the call of a function."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


def test_a_pickle_that_wants_something_run_is_refused(tmp_path):
    root = write(tmp_path, kinect(more=Runs(tmp_path / "trace")))
    with pytest.raises(InputError, match=r"wants posix\.mkdir run"):
        motion(root)
    assert not (tmp_path / "trace").exists()


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(InputError, match=r"can't read .*a\.pkl: No such file"):
        motion(str(tmp_path))
