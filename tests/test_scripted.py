"""People made up by rules."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from gastlive.conf.option import option
from gastlive.datasets.scripted.people import ACTIONS, Scripted
from gastlive.datasets.scripted.puppet import Build, Pose, joints
from gastlive.gast.errors import InputError
from gastlive.gast.skeleton import H36M17

AT = H36M17.index
CONF = Path(__file__).resolve().parent.parent / "conf"


def clips(*actions, subjects=("1", "2"), takes=5):
    return list(Scripted(subjects=subjects, actions=actions or None, takes=takes, fps=30.0))


def acted(clip):
    segment = clip.segments[1]
    return clip.xyz[segment.start : segment.stop]


def far(xyz, one, other):
    return np.linalg.norm(xyz[:, AT[one]] - xyz[:, AT[other]], axis=-1)


def test_every_action_is_a_clip_between_moments_of_rest():
    found = clips(takes=1)
    assert [clip.segments[1].label for clip in found] == [*ACTIONS] * 2
    for clip in found:
        first, action, last = clip.segments
        assert 0 == first.start < first.stop < action.start < action.stop == last.start
        assert (first.label, last.label, last.stop) == ("rest", "rest", len(clip.xyz))
        assert action.stop - action.start > 15
        assert np.isfinite(clip.xyz).all()


def test_bones_keep_their_length_and_people_differ():
    lengths = []
    for subject in ("1", "2"):
        own = np.concatenate([clip.xyz for clip in clips(subjects=[subject], takes=1)])
        child, parent = zip(*H36M17.bones, strict=True)
        bones = np.linalg.norm(own[:, child] - own[:, parent], axis=-1)
        limbs = [i for i, c in enumerate(child) if H36M17.joints[c].split("_")[-1] in
                 ("knee", "ankle", "elbow", "wrist")]  # fmt: skip
        assert bones[:, limbs].std(0).max() < 1e-5
        lengths.append(bones.mean(0))
    assert np.abs(lengths[0] - lengths[1]).max() > 0.01


def test_the_same_anywhere_and_never_twice():
    first, again = clips("wave"), clips("wave")
    assert all(np.array_equal(one.xyz, two.xyz) for one, two in zip(first, again, strict=True))
    assert len({clip.xyz.tobytes() for clip in first}) == len({clip.name for clip in first}) == 10


def test_who_stands_faces_away_from_y_and_has_left_at_x():
    xyz = joints(np.stack([Pose().flat()] * 2), Build())[0]
    assert xyz[AT["left_shoulder"], 0] > 0.1 > -0.1 > xyz[AT["right_shoulder"], 0]
    assert xyz[AT["nose"], 1] < xyz[AT["head"], 1] - 0.05
    assert xyz[AT["left_ankle"], 2] == pytest.approx(0, abs=0.01)
    assert xyz[AT["head"], 2] > 1.4


def test_hands_and_feet_go_where_they_are_told():
    build = Build()
    pose = Pose(right=(0.6, 0.1, 0.2), left_foot=(0.4, 0.2, 0.3))
    xyz = joints(np.stack([pose.flat()] * 2), build)[0]
    reached = xyz[AT["right_wrist"]] - xyz[AT["right_shoulder"]]
    assert reached == pytest.approx(np.array([0.1, -0.6, 0.2]) * build.arm, abs=1e-4)
    assert xyz[AT["left_ankle"]] == pytest.approx(np.array([0.2, -0.4, 0.3]) * build.leg, abs=1e-4)


def test_what_is_out_of_reach_is_reached_for():
    build = Build()
    xyz = joints(np.stack([Pose(right=(3.0, 0, 0)).flat()] * 2), build)
    assert far(xyz, "right_wrist", "right_shoulder") == pytest.approx(0.998 * build.arm, abs=1e-4)


@pytest.mark.parametrize(
    ("action", "holds"),
    [
        ("wave", lambda x: x[:, AT["right_wrist"], 2].max() > x[:, AT["right_shoulder"], 2].min()),
        ("clap", lambda x: far(x, "left_wrist", "right_wrist").min() < 0.15),
        ("kick", lambda x: x[:, AT["right_ankle"], 2].max() > 0.1),
        ("squat", lambda x: np.ptp(x[:, AT["hip"], 2]) > 0.15),
        ("lunge", lambda x: far(x, "left_ankle", "right_ankle").max() > 0.45),
        ("bend down", lambda x: np.ptp(x[:, AT["thorax"], 2]) > 0.15),
        ("sit down", lambda x: x[0, AT["hip"], 2] - x[-1, AT["hip"], 2] > 0.2),
        ("stand up", lambda x: x[-1, AT["hip"], 2] - x[0, AT["hip"], 2] > 0.2),
        ("grab high", lambda x: (x[:, AT["right_wrist"], 2] - x[:, AT["head"], 2]).max() > 0),
        ("jumping jack", lambda x: far(x, "left_ankle", "right_ankle").max() > 0.4),
        ("punch", lambda x: (x[:, AT["thorax"], 1] - x[:, AT["right_wrist"], 1]).max() > 0.3),
        ("cross arms", lambda x: np.diff(x[:, [AT["left_wrist"], AT["right_wrist"]], 0]).max() > 0),
        ("walk", lambda x: x[0, AT["hip"], 1] - x[-1, AT["hip"], 1] > 0.5),
    ],
)  # fmt: skip
def test_an_action_shows_what_it_is_named_after(action, holds):
    for clip in clips(action):
        assert holds(acted(clip)), clip.name


def test_the_option_has_eight_people_and_takes_only_what_is_asked_for():
    data = option("data/scripted", subjects=["3"], actions=["wave", "kick"], takes=2)
    found = list(data)
    assert len(found) == len(data) == 4
    assert {clip.subject for clip in found} == {"3"}
    assert len(option("data/scripted").subjects) == 8


def test_every_label_of_it_is_in_the_map_of_everyday():
    labels = yaml.safe_load((CONF / "labels" / "everyday.yaml").read_text())
    assert set(labels["sets"]["scripted"]) == set(Scripted.labels)


def test_an_unknown_action_is_named():
    with pytest.raises(InputError, match="no action dance; choose from gesture"):
        clips("dance")
