"""Who trains, who chooses and who is held out."""

import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate

from gastlive.conf.option import option
from gastlive.datasets.protocols import ByName, BySubject, LeaveOneOut, listed
from gastlive.gast.errors import InputError


def of(name):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return instantiate(compose("train_action", [f"protocol={name}"]).protocol)


@pytest.mark.parametrize(
    ("protocol", "name", "part"),
    [
        ("ucla_cross_view", "a01_s01_e00_v03", "held_out"),
        ("ucla_cross_view", "a01_s08_e00_v01", "val"),
        ("ucla_cross_view", "a01_s08_e00_v03", "held_out"),
        ("ucla_cross_view", "a03_s09_e00_v02", "train"),
        ("utd_cross_subject", "a3_s2_t1_skeleton", "held_out"),
        ("utd_cross_subject", "a3_s7_t1_skeleton", "val"),
        ("utd_cross_subject", "a23_s5_t1_skeleton", "train"),
        ("hdm05_11", "HDM_mm_squat1Reps_002_120", "held_out"),
        ("hdm05_11", "HDM_dg_squat1Reps_002_120", "val"),
        ("hdm05_11", "HDM_bk_squat1Reps_002_120", "train"),
        ("ctrgcn", "test_17", "held_out"),
        ("ctrgcn", "train_17", "val"),
        ("ctrgcn", "train_170", "train"),
        ("msr_cross_subject", "a01_s02_e01_skeleton3D", "held_out"),
        ("msr_cross_subject", "a01_s09_e01_skeleton3D", "val"),
        ("ntu_cross_subject", "S001C002P003R002A013", "held_out"),
        ("ntu_cross_subject", "S001C001P001R002A013", "train"),
        ("ntu_cross_subject", "S001C001P038R002A013", "val"),
        ("ntu_cross_view", "S001C001P001R002A013", "held_out"),
        ("ntu_cross_view", "S001C003P001R002A013", "train"),
        ("ntu120_cross_subject", "S018C001P045R002A061", "train"),
        ("ntu120_cross_subject", "S018C001P048R002A061", "held_out"),
        ("ntu120_cross_setup", "S017C001P045R002A061", "held_out"),
        ("ntu120_cross_setup", "S018C001P045R002A061", "train"),
        ("ntu120_cross_setup", "S032C001P045R002A061", "val"),
    ],
)
def test_published_protocols_know_their_clips_by_name(protocol, name, part):
    assert of(protocol).part("any", "any", name) == part


@pytest.mark.parametrize(
    ("subjects", "protocol"), [(20, "ntu_cross_subject"), (53, "ntu120_cross_subject")]
)
def test_as_many_subjects_train_as_the_publisher_says(subjects, protocol):
    known = of(protocol)
    parts = [known.part("", "", f"S001C001P{i:03d}R001A001") for i in range(1, 107)]
    assert sum(part != "held_out" for part in parts) == subjects


def test_clips_that_are_not_within_the_protocol_count_for_nothing():
    protocol = ByName(held_out="b", val="c", within="^x")
    assert [protocol.part("", "", name) for name in ("xa", "xb", "a")] == [
        "train",
        "held_out",
        None,
    ]
    with pytest.raises(InputError, match="no regular expression"):
        ByName(held_out="(", val="x")


def test_each_subject_tests_once_and_another_chooses():
    for subject in ("1", "8", "12"):
        protocol = (
            of("precog_leave_one_out")
            if subject == "12"
            else LeaveOneOut(subject=subject, val=["8", "1"])
        )
        parts = {name: protocol.part("", name, "") for name in map(str, range(1, 13))}
        assert parts.pop(subject) == "held_out"
        assert sorted(parts.values()) == ["train"] * 10 + ["val"]


def test_leaving_out_somebody_who_is_not_there_is_refused():
    with pytest.raises(InputError, match="wants subject 13, who is not there; choose from 1, 8"):
        LeaveOneOut(subject=13, val=["8"]).meet({"kick": {"1", "8"}})
    with pytest.raises(InputError, match="wants somebody else too"):
        LeaveOneOut(subject=8, val=["8"])


def test_of_every_action_somebody_chooses_and_somebody_trains():
    shown = {"wave": {"a", "b"}, "clap": {"b", "c"}, "hop": {"d"}, "jog": set("efghijkl")}
    for seed in range(5):
        protocol = BySubject(val=0.25, seed=seed)
        protocol.meet(shown)
        for label, subjects in shown.items():
            parts = [protocol.part("", subject, "") for subject in subjects]
            assert "train" in parts
            assert (parts.count("val") >= 1) == (label != "hop")
        assert sum(protocol.part("", s, "") == "val" for s in shown["jog"]) == 2


@pytest.mark.parametrize("seed", range(20))
def test_no_action_loses_everybody_who_could_train_it(seed):
    by_action = {"clap": {"ben", "carl"}, "wave": {"carl", "anna"}, "hop": {"ben"}}
    protocol = BySubject(val=0.25, seed=seed)
    protocol.meet(by_action)
    for subjects in by_action.values():
        assert "train" in [protocol.part("", subject, "") for subject in subjects]
    assert "val" in [protocol.part("", subject, "") for subject in ("anna", "ben", "carl")]


def test_a_share_of_subjects_is_a_share():
    with pytest.raises(InputError, match="between 0 and 1, got 1"):
        option("protocol/own", val=1.0)


def test_people_are_listed_by_data_set():
    assert listed([("ucla", "2"), ("hdm", "a"), ("ucla", "1")]) == "hdm a; ucla 1, 2"
