"""UTKinect-Action3D, in files as its publisher writes them."""

import numpy as np
import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.utkinect import UtKinect
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import KINECT20

FACING = np.array([
    (0, 0, 3), (0, 0.1, 3), (0, 0.45, 3), (0, 0.6, 3),
    (-0.2, 0.4, 3), (-0.25, 0.15, 3), (-0.25, -0.1, 3), (-0.25, -0.2, 3),
    (0.2, 0.4, 3), (0.25, 0.15, 3), (0.25, -0.1, 3), (0.25, -0.2, 3),
    (-0.1, -0.05, 3), (-0.1, -0.45, 3), (-0.1, -0.85, 3), (-0.1, -0.9, 2.9),
    (0.1, -0.05, 3), (0.1, -0.45, 3), (0.1, -0.85, 3), (0.1, -0.9, 2.9),
])  # fmt: skip
"""Somebody who faces the sensor, in the SDK's order and axes: x to the sensor's left, y up."""


def write(root, numbers, *, name="s01_e01", pose=FACING):
    """Frames of these numbers; the person rises by a millimetre with each number."""
    root.mkdir(exist_ok=True)
    lines = []
    for number in numbers:
        points = pose + np.array([0, number / 1000, 0])
        lines.append(f"{number}   " + "  ".join(f"{value:.6f}" for value in points.ravel()) + "  ")
    (root / f"joints_{name}.txt").write_text("\n".join([*lines, ""]))


def label(root, *lines):
    (root / "actionLabel.txt").write_text("\n".join([*lines, ""]))


def shown(clip):
    return [(s.start, s.stop, s.label) for s in clip.segments]


def test_frames_are_put_at_their_time_and_repeated_ones_read_once(tmp_path):
    write(tmp_path / "joints", [90, 90, 92, 94, 94, 98, 100, *range(102, 121, 2)])
    label(tmp_path, "s01_e01", "walk: 92 100 ", "sitDown:  110 118")
    data = UtKinect(str(tmp_path))
    (clip,) = data
    assert (clip.layout, clip.fps, clip.subject) == (KINECT20, 30, "01")
    assert (clip.name, len(clip.xyz)) == ("joints_s01_e01+3.00s", 31)
    hip = clip.xyz[:, KINECT20.index["hip"], 2]
    np.testing.assert_allclose(hip, np.arange(90, 121) / 1000, atol=1e-5)
    left = clip.xyz[0, KINECT20.index["left_hand"]]
    np.testing.assert_allclose(left, [0.25, 3, -0.11], atol=1e-5)
    assert shown(clip) == [(2, 11, "walk"), (20, 29, "sit down")]
    assert data.problems == []


def test_a_long_gap_parts_a_recording(tmp_path):
    write(tmp_path, [*range(0, 40, 2), *range(60, 100, 2), 200])
    label(tmp_path, "s01_e01", "walk: 30 70")
    data = UtKinect(str(tmp_path), fps=15.0)
    first, last = data
    assert [clip.name.split("+")[1] for clip in (first, last)] == ["0.00s", "2.00s"]
    assert (len(first.xyz), shown(first)) == (20, [(15, 20, "walk")])
    assert (len(last.xyz), shown(last)) == (20, [(0, 6, "walk")])


def test_rows_that_come_eight_ticks_apart_are_one_recording(tmp_path):
    """The published rows come every 2 to 8 ticks at 30 Hz; people are away for over a second."""
    near = np.cumsum([0, 8, 2, 8, 4, 8, 6, 8, 2, 2])
    write(tmp_path, [*near, *(near + near[-1] + 31)])
    label(tmp_path, "s01_e01", f"walk: 0 {near[-1]}")
    first, last = UtKinect(str(tmp_path))
    assert (len(first.xyz), shown(first)) == (49, [(0, 49, "walk")])
    assert np.isfinite(first.xyz).all()
    assert (len(last.xyz), shown(last)) == (49, [])


def test_what_the_publisher_labelled_wrongly_is_told(tmp_path):
    write(tmp_path, range(3000, 3700, 2), name="s03_e01")
    write(tmp_path, range(1400, 2100, 2), name="s10_e02")
    label(
        tmp_path,
        "s03_e01", "throw: 3226 3282", "push: 2556 3622",
        "s10_e02", "carry:  NaN NaN", "push: 1944 1994", "pull: 1982 2062", "throw: 1500 1400",
    )  # fmt: skip
    data = UtKinect(str(tmp_path))
    third, tenth = data
    assert shown(third) == [(226, 283, "throw"), (556, 623, "push")]
    assert shown(tenth) == [(544, 582, "push"), (582, 663, "pull")]
    assert [p.reason for p in data.problems] == [
        "actionLabel.txt has no frames of 'carry' in it",
        "actionLabel.txt has no frames of 'throw' in it",
        "'push' and 'pull' share 13 frames; they are pull",
    ]


def test_actions_that_meet_in_one_frame_are_no_problem(tmp_path):
    write(tmp_path, range(1600, 1760, 2))
    label(tmp_path, "s01_e01", "push: 1686 1748", "pull: 1640 1686")
    data = UtKinect(str(tmp_path))
    (clip,) = data
    assert shown(clip) == [(40, 86, "pull"), (86, 149, "push")]
    assert data.problems == []


def test_what_can_not_be_read_is_named_and_the_rest_is(tmp_path):
    write(tmp_path, range(0, 60, 2))
    write(tmp_path, range(0, 60, 2), name="s02_e01")
    write(tmp_path, [], name="s03_e01")
    write(tmp_path, range(0, 60, 2), name="s04_e01", pose=FACING[:19])
    write(tmp_path, range(0, 60, 2), name="s05_e01")
    path = tmp_path / "joints_s05_e01.txt"
    path.write_text(path.read_text().replace("3.000000", "nan", 1))
    label(tmp_path, "s01_e01", "walk: 2 10", *(f"s0{i}_e01" for i in (3, 4, 5)))
    data = UtKinect(str(tmp_path))
    assert [clip.subject for clip in data] == ["01"]
    wanted = "line 1: wanted a frame number and 20 points: 61 numbers; get the file anew from its"
    reasons = [p.reason for p in data.problems]
    assert reasons[0].startswith("actionLabel.txt has no s02_e01; get it anew from the University")
    assert [wanted in reason for reason in reasons[1:]] == [True] * 3


def test_a_set_without_its_labels_or_with_broken_ones_is_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"no utkinect files in .*; download the set from the Univ"
    ):
        UtKinect(str(tmp_path))
    write(tmp_path, [2, 4])
    with pytest.raises(InputError, match=r"no actionLabel\.txt in .*; get it from the University"):
        UtKinect(str(tmp_path))
    for lines in (["walk: 1 2"], ["s01_e01", "swim: 1 2"], ["s01_e01", "walk: 1"]):
        label(tmp_path, *lines)
        wanted = f"line {len(lines)}: wanted a recording, or an action and two frames"
        with pytest.raises(InputError, match=wanted):
            UtKinect(str(tmp_path))


def test_only_some_subjects(tmp_path):
    for name in ("s01_e01", "s01_e02", "s02_e01"):
        write(tmp_path, range(0, 40, 2), name=name)
    label(tmp_path, "s01_e01", "s01_e02", "s02_e01", "walk: 0 10")
    (clip,) = UtKinect(str(tmp_path), subjects=["02"])
    assert clip.segments == (Segment(0, 11, "walk"),)
