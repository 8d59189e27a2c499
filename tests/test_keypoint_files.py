import json
import re

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.realtime.sources.keypoints import Keypoints

SIZE = {"fps": 25, "width": 640, "height": 480}


def flat(joints=17, *, shift=0.0, confidence=0.5):
    return [part for j in range(joints) for part in (10.0 + j + shift, 20.0 + j, confidence)]


def points(joints=17, *, shift=0.0):
    return np.array(flat(joints, shift=shift)).reshape(-1, 3)[:, :2]


def alphapose(path, *people):
    path.write_text(json.dumps([{"category_id": 1, "score": 2.9, **person} for person in people]))
    return str(path)


def openpose(folder, *frames, name="clip_{:012d}_keypoints.json"):
    folder.mkdir()
    for i, people in enumerate(frames):
        (folder / name.format(i)).write_text(json.dumps({"version": 1.3, "people": people}))
    return str(folder)


def refusal(*args, **kwargs):
    """The one line with which a file is refused, at once or while it is read."""
    with pytest.raises(InputError) as caught:
        list(Keypoints(*args, **kwargs))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# AlphaPose


def test_alphapose_people_of_one_picture_come_in_one_frame_timed_by_its_number(tmp_path):
    path = alphapose(
        tmp_path / "a.json",
        {"image_id": "10.jpg", "keypoints": flat(shift=5)},
        {"image_id": "9.jpg", "keypoints": flat()},
        {"image_id": "9.jpg", "keypoints": flat(shift=99)},
    )
    source = Keypoints(path, **SIZE)
    first, second = source
    assert (first.index, second.index, len(first.poses), len(second.poses)) == (9, 10, 2, 1)
    assert [first.time_s, second.time_s] == pytest.approx([9 / 25, 10 / 25])
    assert source.layout.name == "coco17"
    np.testing.assert_array_equal(first.poses[1].xy, np.float32(points(shift=99)))
    assert second.poses[0].score == pytest.approx(0.5), "AlphaPose's own is no share"


@pytest.mark.parametrize(
    ("joints", "layout"), [(17, "coco17"), (26, "halpe26"), (133, "wholebody133"), (16, "mpii16")]
)
def test_alphapose_layouts_are_told_by_their_number_of_joints(tmp_path, joints, layout):
    path = alphapose(tmp_path / "a.json", {"image_id": "0.jpg", "keypoints": flat(joints)})
    source = Keypoints(path, **SIZE)
    assert (source.layout.name, len(next(iter(source)).poses[0].xy)) == (layout, joints)


def test_a_given_layout_wins_over_the_number_of_joints(tmp_path):
    path = alphapose(tmp_path / "a.json", {"image_id": "0.jpg", "keypoints": flat(17)})
    assert next(iter(Keypoints(path, layout="h36m17", **SIZE))).poses[0].layout.name == "h36m17"


def test_alphapose_ids_are_kept_when_it_tracked(tmp_path):
    path = alphapose(
        tmp_path / "a.json",
        {"image_id": "0.jpg", "keypoints": flat(), "idx": 4},
        {"image_id": "0.jpg", "keypoints": flat(shift=9), "idx": [7.0]},
    )
    source = Keypoints(path, **SIZE)
    assert source.has_tracks
    assert [pose.track for pose in next(iter(source)).poses] == [4, 7]


@pytest.mark.parametrize("ids", [[0.0, 0.0], [None, 3], [[], 3], [5, 5], [-1, 3]])
def test_ids_that_tell_nobody_apart_are_none(tmp_path, ids):
    people = [{"image_id": "0.jpg", "keypoints": flat(shift=i), "idx": i} for i in range(2)]
    for person, track in zip(people, ids, strict=True):
        person["idx"] = track
    source = Keypoints(alphapose(tmp_path / "a.json", *people), **SIZE)
    assert not source.has_tracks
    assert [pose.track for pose in next(iter(source)).poses] == [None, None]


def test_what_has_no_confidence_was_not_seen(tmp_path):
    keypoints = [0.0, 0.0, 0.0, *flat()[3:]]
    path = alphapose(tmp_path / "a.json", {"image_id": "0.jpg", "keypoints": keypoints})
    (pose,) = next(iter(Keypoints(path, **SIZE))).poses
    assert np.isnan(pose.xy[0]).all()
    assert np.isfinite(pose.xy[1:]).all()
    assert pose.score == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"image_id": "0.jpg", "keypoints": flat()[:-1]}, "entry 2"),
        ({"image_id": "0.jpg"}, "entry 2"),
        ({"image_id": "x.jpg", "keypoints": flat()}, "no number"),
        ({"image_id": "1.jpg", "keypoints": flat(5)}, "17 joints wanted, 5 given"),
    ],
)
def test_a_broken_entry_of_alphapose_is_named(tmp_path, broken, said):
    path = alphapose(tmp_path / "a.json", {"image_id": "0.jpg", "keypoints": flat()}, broken)
    line = refusal(path, **SIZE)
    assert path in line
    assert said in line


# OpenPose


@pytest.mark.parametrize(("joints", "layout"), [(25, "openpose25"), (18, "openpose18")])
def test_a_folder_of_openpose_is_read_in_order(tmp_path, joints, layout):
    person = {"person_id": [-1], "pose_keypoints_2d": flat(joints)}
    path = openpose(tmp_path / "clip", [], [person], [person, person])
    source = Keypoints(path, **SIZE)
    frames = list(source)
    assert source.layout.name == layout
    assert [len(frame.poses) for frame in frames] == [0, 1, 2]
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert not source.has_tracks
    np.testing.assert_array_equal(frames[1].poses[0].xy, np.float32(points(joints)))


def test_openpose_ids_are_kept(tmp_path):
    person = {"person_id": [3], "pose_keypoints_2d": flat(25)}
    (frame,) = Keypoints(openpose(tmp_path / "clip", [person]), **SIZE)
    assert frame.poses[0].track == 3


def test_what_is_no_openpose_is_named(tmp_path):
    assert "_keypoints.json" in refusal(str(tmp_path), **SIZE)
    path = openpose(tmp_path / "clip", [{"pose_keypoints_2d": flat(25)}], [{"face": []}])
    assert "clip_000000000001_keypoints.json" in refusal(path, **SIZE)
    single = f"{path}/clip_000000000000_keypoints.json"
    assert "give the folder" in refusal(single, **SIZE)


# Arrays


def test_an_array_of_one_person_is_read_in_the_layout_given(tmp_path):
    xy = np.stack([points(), points(shift=3)])
    np.save(tmp_path / "a.npy", xy)
    source = Keypoints(str(tmp_path / "a.npy"), layout="h36m17", **SIZE)
    first, second = source
    assert (source.layout.name, source.has_tracks) == ("h36m17", True)
    np.testing.assert_array_equal(second.poses[0].xy, np.float32(xy[1]))
    assert (first.poses[0].confidence == 1).all()
    assert [first.poses[0].track, second.time_s] == [1, pytest.approx(0.04)]


def test_an_npz_of_several_people_may_say_everything_itself(tmp_path):
    both = np.array(flat()).reshape(1, 1, 17, 3).repeat(3, 1).repeat(2, 0)
    both[0, 1] = np.nan  # the first one out of view
    both[1, 0, 4] = 0  # a joint not seen
    says = {"layout": "coco17", "width": 320, "height": 240, "fps": 12.5}
    np.savez(tmp_path / "a.npz", keypoints=both, other=np.zeros(3), **says)
    source = Keypoints(str(tmp_path / "a.npz"))
    frames = list(source)
    assert (source.width, source.height, source.fps) == (320, 240, 12.5)
    assert [[pose.track for pose in frame.poses] for frame in frames] == [[1, 2], [2], [1, 2]]
    assert np.isnan(frames[0].poses[1].xy[4]).all()
    assert frames[0].poses[1].confidence[3] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"keypoints": np.zeros((4, 17))}, r"shape \(4, 17\)"),
        ({"keypoints": np.zeros((4, 17, 4))}, r"give \(T, J, 2 or 3\)"),
        ({"a": np.zeros((4, 17, 2)), "b": np.zeros(3)}, "no array of numbers called keypoints"),
        ({"keypoints": np.array([{}])}, "arrays of numbers"),
        ({"keypoints": np.ones((4, 17, 2))}, "source.layout=..., one of .*openpose25"),
    ],
)
def test_arrays_that_are_no_keypoints_are_refused(tmp_path, arrays, said):
    np.savez(tmp_path / "a.npz", **arrays)
    line = refusal(str(tmp_path / "a.npz"), **SIZE)
    assert re.search(said, line), line
    assert "a.npz" in line


def test_a_file_that_only_ends_in_npz_is_refused(tmp_path):
    for content in (b"", b"nonsense"):
        (tmp_path / "a.npz").write_bytes(content)
        assert "can't be read as arrays" in refusal(str(tmp_path / "a.npz"), **SIZE)


def test_a_layout_other_than_the_files_own_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", keypoints=np.ones((4, 17, 2)), layout="coco17")
    line = refusal(str(tmp_path / "a.npz"), layout="h36m17", **SIZE)
    assert "layout=h36m17, but the file itself says coco17" in line
