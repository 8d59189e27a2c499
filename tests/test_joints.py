from dataclasses import replace

import numpy as np
import pytest

from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.filling import REST, Filler
from gastlive.gast.inputs.smoothing import Unsmoothed
from gastlive.gast.skeleton import COCO17, H36M17, LAYOUTS, joint_map
from gastlive.realtime.packets import Frame, Person, Pose

STANDING = (Filler(COCO17)._rest * 100 + [320, 220]).astype(np.float32)
LEGS = [i for i, joint in enumerate(COCO17.joints) if joint.endswith(("hip", "knee", "ankle"))]
SHINS = [i for i in LEGS if not COCO17.joints[i].endswith("hip")]
AT = H36M17.index


def person(xy=STANDING, *, lacking=(), confidence=0.6):
    sure = np.full(17, confidence, np.float32)
    sure[list(lacking)] = 0.05
    return Person(pose=Pose(COCO17, np.asarray(xy, np.float32), sure))


def frame(time_s, *people, width=640, height=480):
    return Frame(None, 0, time_s, time_s, width, height, people=dict(enumerate(people, start=1)))


def raw(**options):
    """The stage without smoothing."""
    return option("joints/default", layout="h36m17", smoothing=Unsmoothed(), **options)


def seen(stage, time_s, *people):
    return stage(frame(time_s, *people)).people[1]


def test_a_pose_in_full_view_is_read_by_name():
    out = seen(raw(), 0.0, person())
    np.testing.assert_allclose(out.xy, joint_map(COCO17, H36M17)(STANDING), rtol=1e-5)
    assert out.visible.all()
    assert (out.xy.dtype, out.visible.dtype, out.xy.shape) == (np.float32, bool, (17, 2))


@pytest.mark.parametrize(
    ("smoothing", "lacking"),
    # Without hips the size is told by the shoulders alone, and with it the strength of smoothing.
    [
        (
            option(
                "smoothing/one_euro",
            ),
            SHINS,
        ),
        (Unsmoothed(), LEGS),
    ],
    ids=["hips in view", "hips out of view"],
)
def test_legs_out_of_view_leave_the_arms_exactly_alone(smoothing, lacking):
    whole, half = (
        option("joints/default", layout="h36m17", smoothing=smoothing),
        option("joints/default", layout="h36m17", smoothing=smoothing),
    )
    random = np.random.default_rng(0)
    arms = [AT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("elbow", "wrist")]
    for i in range(30):
        xy = STANDING + random.normal(0, 3, STANDING.shape)
        one = seen(whole, i / 30, person(xy))
        other = seen(half, i / 30, person(xy, lacking=lacking))
        assert other.visible[arms].all()
        assert not other.visible[AT["left_knee"]]
        np.testing.assert_array_equal(one.xy[arms], other.xy[arms])


def test_joints_in_view_are_not_moved_by_those_out_of_view():
    xy = STANDING + np.random.default_rng(1).normal(0, 3, STANDING.shape)
    out = seen(raw(), 0.0, person(xy, lacking=LEGS))
    expected = joint_map(COCO17, H36M17)(xy.astype(np.float32))
    np.testing.assert_array_equal(out.xy[out.visible], expected[out.visible].astype(np.float32))
    assert out.visible.sum() == 9


def test_with_head_and_shoulders_in_view_hips_hang_below_the_picture():
    upper = STANDING * 3 - [640, 280]
    upper[[COCO17.index["left_elbow"], COCO17.index["left_wrist"]]] += [30, -90]
    stage = raw()
    seen(stage, 0.0, person(upper - [0, 5], lacking=LEGS))
    out = seen(stage, 0.03, person(upper, lacking=LEGS))
    torso = out.xy[AT["hip"]] - out.xy[AT["thorax"]]
    shoulders = np.linalg.norm(out.xy[AT["left_shoulder"]] - out.xy[AT["right_shoulder"]])
    np.testing.assert_allclose(torso[0], 0, atol=1e-3)
    assert 1.1 * shoulders < torso[1] < 1.7 * shoulders
    assert out.xy[AT["left_ankle"], 1] > out.xy[AT["left_knee"], 1] > out.xy[AT["left_hip"], 1]
    assert out.xy[AT["left_ankle"], 1] > 480
    assert out.xy[AT["left_hip"], 0] > out.xy[AT["right_hip"], 0]


def test_a_person_seen_from_behind_gets_legs_on_their_own_side():
    turned = STANDING * [-1, 1] + [640, 0]
    out = seen(raw(), 0.0, person(turned, lacking=LEGS))
    assert out.xy[AT["left_ankle"], 0] < out.xy[AT["right_ankle"], 0]


def test_legs_out_of_view_lean_with_the_torso():
    angle = np.deg2rad(30)
    lean = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    tilted = (STANDING - [320, 220]) @ lean.T + [320, 220]
    out = seen(raw(), 0.0, person(tilted, lacking=SHINS))
    expected = joint_map(COCO17, H36M17)(tilted.astype(np.float32))
    np.testing.assert_allclose(out.xy, expected, atol=1)


def test_a_joint_that_goes_out_of_view_stays_with_its_limb_then_eases_into_rest():
    stage = raw(ease_s=0.5)
    raised = STANDING.copy()
    wrist = COCO17.index["left_wrist"]
    elbow, hand = AT["left_elbow"], AT["left_wrist"]
    raised[wrist] = raised[COCO17.index["left_elbow"]] + [25, -15]
    seen(stage, 0.0, person(raised))
    moved = raised + np.array([12, 0])
    first = seen(stage, 1e-6, person(moved, lacking=[wrist]))
    np.testing.assert_allclose(first.xy[hand] - first.xy[elbow], [25, -15], atol=1e-3)
    rest = STANDING[wrist] - STANDING[COCO17.index["left_elbow"]]
    for time_s in (0.25, 0.5):
        out = seen(stage, time_s, person(moved, lacking=[wrist]))
    expected = rest + np.exp(-1) * (np.array([25, -15]) - rest)
    np.testing.assert_allclose(out.xy[hand] - out.xy[elbow], expected, atol=0.1)
    for time_s in (1.4, 2.3, 3.2):
        out = seen(stage, time_s, person(moved, lacking=[wrist]))
    np.testing.assert_allclose(out.xy[hand] - out.xy[elbow], rest, atol=0.2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_joints_that_are_not_numbers_are_filled(bad):
    broken = STANDING.copy()
    broken[COCO17.index["left_wrist"]] = bad
    broken[COCO17.index["right_ankle"], 1] = bad
    out = seen(option("joints/default", layout="h36m17"), 0.0, person(broken))
    assert np.isfinite(out.xy).all()
    assert sorted(np.flatnonzero(~out.visible)) == sorted([AT["left_wrist"], AT["right_ankle"]])


LEFT, RIGHT = COCO17.index["left_wrist"], COCO17.index["right_wrist"]
WAVING = STANDING.copy()
WAVING[RIGHT] = WAVING[COCO17.index["right_elbow"]] + (-15, -20)


def test_a_hand_that_was_never_in_sight_is_also_guessed_to_do_as_the_other():
    stage = raw()
    out = seen(stage, 0.0, person(WAVING, lacking=[LEFT]))
    forearm = out.other_xy[AT["left_wrist"]] - out.other_xy[AT["left_elbow"]]
    np.testing.assert_allclose(forearm, (15, -20), atol=1e-4)
    same = np.arange(17) != AT["left_wrist"]
    np.testing.assert_array_equal(out.other_xy[same], out.xy[same])
    assert out.xy[AT["left_wrist"], 1] > out.xy[AT["left_elbow"], 1], "the first guess hangs"
    assert seen(stage, 0.1, person(WAVING)).other_xy is None
    assert seen(stage, 0.2, person(WAVING, lacking=[LEFT])).other_xy is None, "it has been seen"


def test_without_another_side_to_go_by_there_is_no_other_guess():
    assert seen(raw(), 0.0, person(WAVING)).other_xy is None
    assert seen(raw(), 0.0, person(WAVING, lacking=[LEFT, RIGHT])).other_xy is None
    assert seen(raw(), 0.0, person(WAVING, lacking=LEGS)).other_xy is None


def test_joints_outside_the_picture_are_not_visible():
    out = raw()(frame(0.0, person(), height=260)).people[1]
    assert not out.visible[[AT["left_ankle"], AT["right_ankle"]]].any()
    assert out.visible[[AT["left_hip"], AT["left_wrist"]]].all()


def test_a_joint_alone_on_its_limb_must_be_twice_as_sure():
    ankle = COCO17.index["left_ankle"]
    lacking = [COCO17.index["left_knee"]]
    poor, good = person(lacking=lacking), person(lacking=lacking)
    poor.pose.confidence[ankle], good.pose.confidence[ankle] = 0.4, 0.55
    stage = raw(min_confidence=0.25)
    assert not seen(stage, 0.0, poor).visible[AT["left_ankle"]]
    assert seen(stage, 0.1, good).visible[AT["left_ankle"]]


def test_a_hip_without_the_other_must_be_twice_as_sure():
    one = person(lacking=[COCO17.index["left_hip"]])
    one.pose.confidence[COCO17.index["right_hip"]] = 0.4
    assert not seen(raw(min_confidence=0.25), 0.0, one).visible[AT["right_hip"]]


def test_a_person_hardly_in_view_holds_still():
    stage = option("joints/default", layout="h36m17")
    before = seen(stage, 0.0, person())
    held = seen(stage, 0.1, person(STANDING + 50, lacking=range(1, 17)))
    np.testing.assert_array_equal(held.xy, before.xy)
    assert not held.visible.any()
    for time_s in (0.9, 1.7, 2.5):
        held = seen(stage, time_s, person(lacking=range(1, 17)))
    np.testing.assert_array_equal(held.xy, before.xy)


def test_a_person_never_properly_in_view_has_no_joints():
    out = seen(option("joints/default", layout="h36m17"), 0.0, person(lacking=range(1, 17)))
    assert out.xy is None
    assert out.visible is None


def test_a_person_long_out_of_view_starts_anew():
    stage = option("joints/default", layout="h36m17", patience_s=1.0)
    hardly = person(lacking=range(1, 17))
    seen(stage, 0.0, person())
    stage(frame(0.9))
    assert seen(stage, 1.0, hardly).xy is not None
    stage(frame(2.1))
    assert seen(stage, 2.2, hardly).xy is None


def test_time_that_runs_backwards_or_a_reset_forgets():
    hardly = person(lacking=range(1, 17))
    stage = option("joints/default", layout="h36m17")
    seen(stage, 5.0, person())
    assert seen(stage, 4.9, hardly).xy is None
    seen(stage, 5.0, person())
    stage.reset()
    assert seen(stage, 5.1, hardly).xy is None


def test_each_person_has_a_past_of_their_own():
    stage, alone = (
        option("joints/default", layout="h36m17"),
        option("joints/default", layout="h36m17"),
    )
    random = np.random.default_rng(2)
    for i in range(20):
        one = person(STANDING + random.normal(0, 4, STANDING.shape))
        other = person(STANDING + np.array([150, 0]) + random.normal(0, 4, STANDING.shape))
        both = stage(frame(i / 30, one, other)).people
        np.testing.assert_array_equal(both[1].xy, alone(frame(i / 30, one)).people[1].xy)


def test_the_detectors_own_pose_is_left_alone():
    given = person(lacking=LEGS)
    out = seen(option("joints/default", layout="h36m17"), 0.0, given)
    assert out.pose is given.pose
    assert replace(out, xy=None, visible=None).pose.xy is given.pose.xy
    np.testing.assert_array_equal(given.pose.xy, STANDING)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_with_shoulders_and_hips_is_completed(layout):
    skeleton = LAYOUTS[layout]
    filler = Filler(skeleton)
    trunk = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    seen = np.array([joint in trunk for joint in skeleton.joints])
    xy = np.where(seen[:, None], filler._rest * 100, np.nan)
    full = filler(xy, seen, size=filler.size(xy, seen, None))
    np.testing.assert_allclose(full, filler._rest * 100, atol=1e-6)


def test_size_does_not_shrink_when_a_person_turns_or_leans():
    filler, everything = Filler(H36M17), np.ones(17, bool)
    standing = filler._rest * 100
    upright = filler.size(standing, everything, None)
    assert upright == pytest.approx(50, rel=0.05)
    assert filler.size(standing * [0.1, 1], everything, None) == pytest.approx(upright, rel=0.05)
    assert filler.size(standing * [1, 0.3], everything, None) == pytest.approx(upright, rel=0.05)
    only_head = np.array([joint in ("nose", "head", "thorax") for joint in H36M17.joints])
    assert filler.size(standing * 9, only_head, upright) == upright


def one_euro(values, times_s, *, min_cutoff, beta, d_cutoff):
    """The published algorithm, number by number."""

    def weight(cutoff, dt):
        return 1 / (1 + 1 / (2 * np.pi * cutoff) / dt)

    out, speed = [values[0]], 0.0
    for i in range(1, len(values)):
        dt = times_s[i] - times_s[i - 1]
        share = weight(d_cutoff, dt)
        speed = share * (values[i] - out[-1]) / dt + (1 - share) * speed
        share = weight(min_cutoff + beta * abs(speed), dt)
        out.append(share * values[i] + (1 - share) * out[-1])
    return out


def test_smoothing_is_the_published_filter_at_a_varying_frame_rate():
    random = np.random.default_rng(3)
    times_s = np.cumsum(random.uniform(0.01, 0.1, 50))
    values = np.cumsum(random.normal(0, 1, (50, 4)), 0)
    settings = dict(min_cutoff=0.8, beta=0.7, d_cutoff=1.3)
    smooth, state, found = option("smoothing/one_euro", **settings), None, []
    for i, value in enumerate(values):
        state = smooth(value, state, dt_s=times_s[i] - times_s[i - 1] if i else 0, unit=1.0)
        found.append(state.value)
    expected = [one_euro(values[:, c], times_s, **settings) for c in range(4)]
    np.testing.assert_allclose(found, np.transpose(expected), rtol=1e-9)


def test_smoothing_is_the_same_at_any_resolution():
    random = np.random.default_rng(4)
    small, large = (
        option("joints/default", layout="h36m17"),
        option("joints/default", layout="h36m17"),
    )
    for i in range(20):
        xy = STANDING + random.normal(0, 4, STANDING.shape).astype(np.float32)
        one = small(frame(i / 30, person(xy))).people[1]
        other = large(frame(i / 30, person(xy * 3), width=1920, height=1440)).people[1]
        np.testing.assert_allclose(other.xy, one.xy * 3, rtol=1e-4)


def test_smoothing_takes_the_tremble_out_of_what_rests():
    random = np.random.default_rng(5)
    stage, found = option("joints/default", layout="h36m17"), []
    for i in range(90):
        xy = STANDING + random.normal(0, 1, STANDING.shape)
        found.append(seen(stage, i / 30, person(xy)).xy)
    wrist = np.array(found)[30:, AT["left_wrist"]]
    assert wrist.std(0).max() < 0.75


def test_no_time_passing_changes_nothing():
    state = option(
        "smoothing/one_euro",
    )(np.array([1.0]), None, dt_s=0, unit=1)
    again = option(
        "smoothing/one_euro",
    )(np.array([5.0]), state, dt_s=0, unit=1)
    assert again.value == 1.0
    assert np.isfinite(again.speed)


def test_smoothing_leaves_its_state_alone():
    state = option(
        "smoothing/one_euro",
    )(np.array([1.0]), None, dt_s=0, unit=1)
    option(
        "smoothing/one_euro",
    )(np.array([5.0]), state, dt_s=0.1, unit=1)
    assert (state.value, state.speed) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: option("joints/default", layout="h36m18"), "unknown joint layout 'h36m18'"),
        (
            lambda: option("joints/default", layout="h36m17", min_confidence=2),
            "min_confidence=2 is not a share",
        ),
        (
            lambda: option("joints/default", layout="h36m17", patience_s=0),
            "patience_s=0 is too short",
        ),
        (lambda: option("joints/default", layout="h36m17", ease_s=0), "ease_s=0 is too short"),
        (lambda: option("smoothing/one_euro", min_cutoff=0), "min_cutoff=0.*more than 0"),
        (lambda: option("smoothing/one_euro", beta=-1), "beta=-1.*at least 0"),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_layout_without_hips_is_refused():
    torso_only = type(COCO17)(
        "bust", {"nose": None, "left_shoulder": "nose", "right_shoulder": "nose"}
    )
    with pytest.raises(InputError, match="lacks left_hip, right_hip"):
        Filler(torso_only)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_unlisted_joint_out_of_view_is_where_the_one_before_it_is(layout):
    """Fingers on the hand and toes on the foot, of whatever layout."""
    skeleton = LAYOUTS[layout]
    trunk = {
        "left_shoulder": (18, -50), "right_shoulder": (-18, -50),
        "left_hip": (10, 0), "right_hip": (-10, 0),
    }  # fmt: skip
    seen = np.array([joint in trunk for joint in skeleton.joints])
    xy = np.array([trunk.get(joint, (np.nan, np.nan)) for joint in skeleton.joints], float)
    filler = Filler(skeleton)
    full = filler(xy, seen, size=filler.size(xy, seen, None))
    for joint, parent in skeleton.parents.items():
        if joint.replace("right_", "left_") not in REST and parent:
            at, before = full[skeleton.index[joint]], full[skeleton.index[parent]]
            np.testing.assert_allclose(at, before, atol=1e-6, err_msg=joint)
