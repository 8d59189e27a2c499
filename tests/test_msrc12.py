"""MSRC-12, in files as its publisher writes them."""

import numpy as np
import pytest

from gastlive.datasets.published.msrc12 import Msrc12
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import KINECT20

POSE = np.random.default_rng(0).normal((0, 0, 3), size=(20, 3))


def write(root, frames, tags, *, name="P1_1_10_p06", empty=(), head="XQPCTick;Tag"):
    """30 frames a second from 1000 s on; `tags` are seconds and names; `empty` frames are zero."""
    lines = []
    for i in range(frames):
        points = np.c_[POSE, np.ones(20)] * (i not in empty)
        numbers = " ".join(f"{value:.6f}" for value in points.ravel())
        lines.append(f"{round(1e9 + i * 1e6 / 30)} {numbers}")
    (root / f"{name}.csv").write_text("\n".join([*lines, ""]))
    ticks = [f"{round((1000 + at) * 49.875e6)};{tag}" for at, tag in tags]
    (root / f"{name}.tagstream").write_text("\n".join([head, *ticks, ""]))


def shown(clip):
    return [(s.start, s.stop, s.label) for s in clip.segments]


def test_a_segment_lies_around_each_action_point(tmp_path):
    write(tmp_path, 300, [(2.0, "G10 Change weapon"), (6.0, "G10 Change weapon")])
    data = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    (clip,) = data
    assert (clip.layout, clip.fps, clip.subject) == (KINECT20, 30, "06")
    assert (clip.name, len(clip.xyz)) == ("P1_1_10_p06+1000.00s", 300)
    assert shown(clip) == [(45, 70, "change weapon"), (165, 190, "change weapon")]
    points = data.points["P1_1_10_p06"]
    np.testing.assert_allclose([at for at, _ in points], [1002, 1006], atol=1e-6)
    assert (data.problems, len(data.labels)) == ([], 12)
    (clip,) = Msrc12(str(tmp_path), before_s=1.0, after_s=0.0)
    assert shown(clip) == [(30, 60, "change weapon"), (150, 180, "change weapon")]


@pytest.mark.parametrize("tags", ["p1_1_10_P06.tagstream", "P1_1_10_p06.TAGSTREAM"])
def test_files_that_belong_together_may_differ_in_capitals(tmp_path, tags):
    write(tmp_path, 90, [(2.0, "G10 Change weapon")])
    (tmp_path / "P1_1_10_p06.tagstream").rename(tmp_path / tags)
    (tmp_path / "P1_1_10_p06.csv").rename(tmp_path / "P1_1_10_p06.CSV")
    data = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    (clip,) = data
    assert (clip.subject, shown(clip), data.problems) == ("06", [(45, 70, "change weapon")], [])


def test_joints_are_in_the_order_and_axes_of_a_kinect(tmp_path):
    write(tmp_path, 30, [(0.5, "G10 Change weapon")])
    (clip,) = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    x, y, z = POSE[3]
    np.testing.assert_allclose(clip.xyz[0, KINECT20.index["head_center"]], [-x, z, y], atol=1e-5)
    x, y, z = POSE[11]
    np.testing.assert_allclose(clip.xyz[0, KINECT20.index["right_hand"]], [-x, z, y], atol=1e-5)


def test_segments_that_meet_end_half_way_between_their_points(tmp_path):
    tags = [(1.4, "G12 Kick"), (1.0, "G1  lift outstretched arms")]
    write(tmp_path, 90, tags, name="P2_1_1A_p07")
    data = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    (clip,) = data
    assert shown(clip) == [(15, 36, "lift outstretched arms"), (36, 52, "kick")]
    reason = "is called 'lift outstretched arms' and tagged kick; the tags count"
    assert [p.reason for p in data.problems] == [reason]


def test_frames_without_a_person_part_a_recording(tmp_path):
    empty = {*range(30), 100, *range(150, 180)}
    write(tmp_path, 240, [(4.0, "G10 Change weapon")], empty=empty)
    first, last = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    assert [clip.name.split("+")[1] for clip in (first, last)] == ["1001.00s", "1006.00s"]
    assert (len(first.xyz), shown(first)) == (120, [(75, 100, "change weapon")])
    assert np.isfinite(first.xyz).all()
    assert (len(last.xyz), shown(last)) == (60, [])


def test_what_can_not_be_read_is_named_and_the_rest_is(tmp_path):
    tag = [(0.5, "G10 Change weapon")]
    write(tmp_path, 30, tag)
    write(tmp_path, 30, tag, name="P1_1_10_p07", empty=range(30))
    write(tmp_path, 30, tag, name="P1_1_10_p08")
    (tmp_path / "P1_1_10_p08.tagstream").unlink()
    write(tmp_path, 30, tag, name="P1_1_10_p09", head="Tick,Tag")
    write(tmp_path, 30, [(0.5, "G13 Dance")], name="P1_1_10_p10")
    write(tmp_path, 30, tag, name="P1_1_10_p14")
    (tmp_path / "P1_1_10_p14.tagstream").write_text(f"XQPCTick;Tag\n{'7' * 400};G1 x\n")
    write(tmp_path, 0, tag, name="P1_1_10_p11")
    write(tmp_path, 30, [], name="P1_1_10_p12")
    write(tmp_path, 30, tag, name="P1_1_10_p13")
    path = tmp_path / "P1_1_10_p13.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], lines[4] + " 1", *lines[5:]]))
    data = Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    assert [clip.subject for clip in data] == ["06", "12"]
    wanted = {
        "p07": "none of its 30 frames has a joint",
        "p08": "P1_1_10_p08.tagstream: No such file or directory; check the path",
        "p09": "P1_1_10_p09.tagstream, line 1: wanted 'XQPCTick;Tag'",
        "p10": "P1_1_10_p10.tagstream, line 2: wanted a tick and a tag from G1 to G12",
        "p11": "P1_1_10_p11.csv, line 1: wanted a time and 20 points with a flag each: 81 numbers",
        "p12": "has no action point",
        "p14": "P1_1_10_p14.tagstream, line 2: wanted a tick and a tag from G1 to G12",
        "p13": "P1_1_10_p13.csv, line 5: wanted a time and 20 points with a flag each: 81 numbers",
    }
    found = {problem.file[-7:-4]: problem.reason for problem in data.problems}
    assert [who for who in wanted if wanted[who] not in found.pop(who)] == []
    assert found == {}


def test_a_folder_without_the_set_or_a_segment_without_length_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no msrc12 files in .*; download the set from Microsoft"):
        Msrc12(str(tmp_path), before_s=0.5, after_s=0.3333333333333333)
    write(tmp_path, 30, [])
    for before_s, after_s in ((0.0, 0.0), (-1.0, 2.0), (1.0, -0.5)):
        with pytest.raises(InputError, match="make no segment; give seconds"):
            Msrc12(str(tmp_path), before_s=before_s, after_s=after_s)
