"""CMU's long takes with their ground truth."""

import pytest

from gastlive.datasets.clip import Segment
from gastlive.datasets.published.cmu86 import Cmu86
from gastlive.gast.errors import InputError

LIMBS = ("hipjoint", "femur", "tibia", "foot", "toes",
         "clavicle", "humerus", "radius", "wrist", "hand", "fingers", "thumb")  # fmt: skip
BONES = ["lowerback", "upperback", "thorax", "lowerneck", "upperneck", "head",
         *(side + limb for side in "lr" for limb in LIMBS)]  # fmt: skip
TRUTH = "3\n1 walk\n30 40 50\n2 leg_kicking\n60 80 100\n3 walking\n119\n"


def write(root, truth, *, take="86_01", frames=120):
    """Somebody all of whose bones go up from the root."""
    root.mkdir(exist_ok=True)
    bones = [
        f"begin\n id {i}\n name {bone}\n direction 0 1 0\n length 1\n axis 0 0 0 XYZ\n end"
        for i, bone in enumerate(BONES, 1)
    ]
    subject, trial = take.split("_")
    (root / f"{subject}.asf").write_text("\n".join([
        ":units", " length 0.45", " angle deg", ":root", " order TX TY TZ RX RY RZ", " axis XYZ",
        " position 0 0 0", " orientation 0 0 0", ":bonedata", *bones,
        ":hierarchy", " begin", *(f"root {bone}" for bone in BONES), " end",
    ]))  # fmt: skip
    poses = [f"{i}\nroot 0 0 0 0 0 0" for i in range(1, frames + 1)]
    (root / f"{take}.amc").write_text("\n".join([":FULLY-SPECIFIED", ":DEGREES", *poses, ""]))
    if truth is not None:
        (root / f"{trial}_ground_truth.txt").write_text(truth)


def test_what_may_be_either_action_is_neither(tmp_path):
    write(tmp_path, TRUTH)
    data = Cmu86(str(tmp_path), transitions=False)
    (clip,) = data
    assert clip.segments == (
        Segment(0, 30, "walking"),
        Segment(50, 60, "leg kicking"),
        Segment(100, 120, "walking"),
    )
    assert (clip.name, clip.subject, clip.fps, clip.dataset) == ("86_01", "86", 120, "cmu")
    assert data.labels == ["walking", "leg kicking"]
    (slower,) = Cmu86(str(tmp_path), fps=30.0, transitions=False)
    assert (len(slower.xyz), slower.segments[1]) == (30, Segment(13, 15, "leg kicking"))


def test_transitions_are_labelled_if_that_is_wanted(tmp_path):
    write(tmp_path, TRUTH)
    (clip,) = Cmu86(str(tmp_path), transitions=True)
    assert [(s.start, s.stop, s.label) for s in clip.segments] == [
        (0, 40, "walking"),
        (40, 80, "leg kicking"),
        (80, 120, "walking"),
    ]


def test_a_single_frame_of_change_leaves_nothing_out(tmp_path):
    write(tmp_path, "2\n1 walk\n40\n2 sitting\n119\n")
    (clip,) = Cmu86(str(tmp_path), transitions=False)
    assert clip.segments == (Segment(0, 40, "walking"), Segment(40, 120, "sitting"))


def test_takes_without_a_ground_truth_are_not_of_this_set(tmp_path):
    write(tmp_path, TRUTH)
    write(tmp_path, None, take="86_02")
    assert [clip.name for clip in Cmu86(str(tmp_path), transitions=False)] == ["86_01"]
    write(tmp_path / "other", None)
    with pytest.raises(InputError, match="no cmu files in"):
        Cmu86(str(tmp_path / "other"), transitions=False)


def test_a_broken_ground_truth_is_named(tmp_path):
    write(tmp_path, TRUTH.replace("60 80 100", "60 80"))
    with pytest.raises(InputError, match=r"01_ground_truth\.txt, line 5: wanted the frames at"):
        Cmu86(str(tmp_path), transitions=False)
