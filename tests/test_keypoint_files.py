import json
import re
from pathlib import Path

import numpy as np
import pytest

from gastlive.experiments.lifting.inputs import find_inputs
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.keypoints import Keypoints
from gastlive.realtime.watching import watch

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
        ({"keypoints": np.ones((4, 21, 2))}, "source.layout=..., one of .*openpose25"),
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


@pytest.mark.parametrize(
    ("joints", "layout"),
    [(133, "wholebody133"), (26, "halpe26"), (25, "openpose25"), (18, "openpose18"),
     (17, "coco17")],
)  # fmt: skip
def test_the_layout_is_guessed_from_the_number_of_joints_and_said(tmp_path, joints, layout):
    np.save(tmp_path / "a.npy", points(joints)[None])
    source = Keypoints(str(tmp_path / "a.npy"), **SIZE)
    assert source.layout.name == layout
    (line,) = source.warnings
    assert f"{joints} joints are taken for {layout}; source.layout=" in line
    assert Keypoints(str(tmp_path / "a.npy"), layout=layout, **SIZE).warnings == []


def test_all_that_is_missing_is_asked_for_in_one_line(tmp_path):
    np.save(tmp_path / "a.npy", points()[None])
    line = refusal(str(tmp_path / "a.npy"))
    assert "no width, no height, no fps; give source.width=... source.height=... source.fps" in line
    line = refusal(str(tmp_path / "a.npy"), width=640, height=-1)
    assert "height=-1, no fps; give source.height=... source.fps=..." in line


def test_shares_of_the_picture_are_never_taken_for_pixels(tmp_path):
    shares = points()[None] / (640, 480)
    np.save(tmp_path / "a.npy", shares)
    source = Keypoints(str(tmp_path / "a.npy"), layout="coco17", **SIZE)
    (frame,) = source
    np.testing.assert_allclose(frame.poses[0].xy, points(), rtol=1e-5)
    (line,) = source.warnings
    assert "shares of the picture, 640x480" in line


def test_coordinates_around_a_middle_are_asked_about(tmp_path):
    np.save(tmp_path / "a.npy", points()[None] / 20 - 1)
    assert "neither pixels nor shares of the picture" in refusal(str(tmp_path / "a.npy"), **SIZE)


# MMPose and COCO


def mmpose(frames, *, shift=0.0, wrapped=False):
    one = {
        "keypoints": points(shift=shift).tolist(),
        "keypoint_scores": [0.5] * 17,
        "bbox": [[0, 0, 9, 9]],
    }
    content = [{"frame_id": i, "instances": [one] * people} for i, people in frames]
    return json.dumps({"meta_info": {}, "instance_info": content} if wrapped else content)


@pytest.mark.parametrize("wrapped", [False, True])
def test_mmposes_predictions_are_read_also_where_nobody_is_seen_at_first(tmp_path, wrapped):
    path = tmp_path / "a.json"
    path.write_text(mmpose([(0, 0), (1, 2), (2, 1)], wrapped=wrapped))
    source = Keypoints(str(path), **SIZE)
    frames = list(source)
    assert [(frame.index, len(frame.poses)) for frame in frames] == [(0, 0), (1, 2), (2, 1)]
    np.testing.assert_array_equal(frames[2].poses[0].xy, np.float32(points()))
    assert frames[1].poses[0].score == pytest.approx(0.5)
    assert "taken for coco17" in source.warnings[0]


def coco(path, *, numbers=(0, 1), flags=(0, 1, 2), **picture):
    joints = [x for j in range(17) for x in (10 + j, 20 + j, flags[min(j, len(flags) - 1)])]
    content = {
        "images": [
            {"id": 70 + n, "file_name": f"film/{n:06d}.jpg", "width": 320, "height": 240, **picture}
            for n in numbers
        ],
        "annotations": [
            {"id": 1, "image_id": 71, "category_id": 1, "keypoints": joints},
            {"id": 2, "image_id": 71, "category_id": 1, "keypoints": [0] * 51},
        ],
    }
    path.write_text(json.dumps(content))
    return str(path)


def test_cocos_annotations_are_read_with_their_pictures_size_and_flags(tmp_path):
    source = Keypoints(coco(tmp_path / "a.json"), fps=10)
    empty, frame = source
    assert (source.width, source.height, frame.time_s) == (320, 240, pytest.approx(0.1))
    assert (len(empty.poses), len(frame.poses)) == (0, 1), "one without a mark is nobody"
    (pose,) = frame.poses
    assert np.isnan(pose.xy[0]).all()
    assert pose.confidence[[0, 1, 2]].tolist() == [0, 0.5, 1]


def test_cocos_pictures_of_several_films_are_refused(tmp_path):
    line = refusal(coco(tmp_path / "a.json", numbers=(1, 1)), fps=10)
    assert "two pictures with the number 1; give a file of one film" in line
    line = refusal(coco(tmp_path / "b.json", flags=(7,)), fps=10)
    assert "b.json entry 1 of `annotations`" in line


# VideoPose3D


def videopose3d(path, films, **meta):
    positions = {subject: {"custom": [xy]} for subject, xy in films.items()}
    sizes = {subject: {"w": 320, "h": 240} for subject in films}
    metadata = {"layout_name": "coco", "num_joints": 17, "video_metadata": sizes, **meta}
    np.savez(path, positions_2d=positions, metadata=metadata)
    return str(path)


def test_a_film_of_videopose3d_is_read(tmp_path):
    xy = np.stack([np.zeros((17, 2)), points(), points(shift=3)])
    source = Keypoints(videopose3d(tmp_path / "a.npz", {"a.mp4": xy}), fps=25)
    frames = list(source)
    assert (source.width, source.height, source.layout.name) == (320, 240, "coco17")
    assert [len(frame.poses) for frame in frames] == [0, 1, 1]
    np.testing.assert_array_equal(frames[2].poses[0].xy, np.float32(points(shift=3)))


def test_of_several_films_of_videopose3d_one_is_asked_for(tmp_path):
    path = videopose3d(tmp_path / "a.npz", {"a": points()[None], "b": points(shift=5)[None]})
    assert "2 films; give source.film=, one of a/custom/0, b/custom/0" in refusal(path, fps=25)
    (frame,) = Keypoints(path, fps=25, film="b/custom/0")
    np.testing.assert_array_equal(frame.poses[0].xy, np.float32(points(shift=5)))


class Wish:
    """A pickle that wants `print` called."""

    def __reduce__(self):
        return print, ("from a pickle",)


def test_a_file_of_videopose3d_runs_no_code(tmp_path, capfd):
    path = str(tmp_path / "a.npz")
    np.savez(path, positions_2d=np.array({"a": Wish()}, object), metadata=np.array({}, object))
    assert "a.npz" in refusal(path, fps=25)
    assert "from a pickle" not in capfd.readouterr().out


# MediaPipe, and a file a frame


def landmarks(frames=3):
    """(T, 33, 4) of MediaPipe: x, y, depth, visibility."""
    rng = np.random.default_rng(0)
    marks = rng.uniform(0.1, 0.9, (frames, 33, 4))
    marks[..., 2] -= 0.5
    return marks


@pytest.mark.parametrize("form", ["4", "flat", "3"])
def test_mediapipes_landmarks_are_read_with_their_visibility(tmp_path, form):
    marks = landmarks()
    given = {"4": marks, "flat": marks.reshape(3, 132), "3": marks[..., :3]}[form]
    np.save(tmp_path / "a.npy", given)
    source = Keypoints(str(tmp_path / "a.npy"), **SIZE)
    first = next(iter(source)).poses[0]
    assert source.layout.name == "blazepose33"
    np.testing.assert_allclose(first.xy, marks[0, :, :2] * (640, 480), rtol=1e-5)
    wanted = 1 if form == "3" else marks[0, :, 3]
    np.testing.assert_allclose(first.confidence, np.broadcast_to(wanted, 33), rtol=1e-5)


@pytest.mark.parametrize("more", [0, 126, 1404, 1530])
def test_a_folder_with_a_file_a_frame_is_read_by_number(tmp_path, more):
    marks = landmarks(12)
    for i, frame in enumerate(marks):
        np.save(tmp_path / f"{i}.npy", np.concatenate([frame.ravel(), np.zeros(more)]))
    np.save(tmp_path / "3.npy", np.zeros(132 + more))
    frames = list(Keypoints(str(tmp_path), **SIZE))
    assert [len(frame.poses) for frame in frames] == [1, 1, 1, 0] + [1] * 8
    np.testing.assert_allclose(frames[10].poses[0].xy, marks[10, :, :2] * (640, 480), rtol=1e-5)


def test_a_folder_of_numbered_clips_is_no_clip(tmp_path):
    for clip in ("0", "1"):
        (tmp_path / "wave" / clip).mkdir(parents=True)
        np.save(tmp_path / "wave" / clip / "0.npy", points())
        np.save(tmp_path / f"{clip}.npy", points()[None])
    assert "is a folder without files" in refusal(str(tmp_path), **SIZE)
    assert f"such as {tmp_path}/wave/0, or all with gastlive-lift" in refusal(
        str(tmp_path / "wave"), **SIZE
    )
    np.save(tmp_path / "wave" / "0" / "1.npy", points(18))
    assert "give a folder of one recording" in refusal(str(tmp_path / "wave" / "0"), **SIZE)


def test_gastlive_lift_takes_each_sequence_of_a_label_for_an_input(tmp_path):
    for where in ("wave/0", "wave/1", "clap/0"):
        (tmp_path / "in" / where).mkdir(parents=True)
        for i in range(3):
            np.save(tmp_path / "in" / where / f"{i}.npy", landmarks(1).ravel())
    found, _ = find_inputs(str(tmp_path / "in"), output=f"{tmp_path}/out")
    assert [(one.name, one.label, one.is_video) for one in found] == [
        ("clap/0", "clap", False), ("wave/0", "wave", False), ("wave/1", "wave", False),
    ]  # fmt: skip
    assert found[0].state()[0] == 3


# Hostile files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b'[{"image_id": "1.jpg", "keypoints": [1' + b"0" * 400 + b", 2, 1]}]"),
        ("a.json", b"[" * 100_000),
        ("a.jsonl", b'{"gastlive": 1' + b"0" * 5000 + b"}"),
        ("a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, "
                  b"'shape': (99999999999, 17, 2), }" + b" " * 52 + b"\n"),
    ],
)  # fmt: skip
def test_a_file_that_claims_more_than_it_holds_is_refused_in_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert name in refusal(str(tmp_path / name), **SIZE)


def test_a_device_is_no_keypoint_file(tmp_path):
    assert "this is a device" in refusal("/dev/zero", **SIZE)


def test_a_wrist_that_never_appears_invents_no_action():
    """Squats, of which every frame lacks the left wrist."""
    path = Path(__file__).parents[2] / "shared" / "inputs" / "sources" / "ours_null.jsonl"
    if not path.exists():
        pytest.skip("../shared/inputs is not there")
    assert {event.label for frame in watch(path) for event in frame.events} == {"squat"}
