import pytest

from gastlive.action.heads.tcn import TCN
from gastlive.conf.option import option
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.smoothing import OneEuro
from gastlive.gast.skeleton import H36M17


def test_an_option_is_made_with_the_values_of_its_yaml():
    assert option("smoothing/one_euro") == OneEuro(min_cutoff=2.0, beta=4.0, d_cutoff=1.0)


def test_values_that_are_given_come_before_the_yamls():
    assert option("smoothing/one_euro", beta=1.0).beta == 1.0


def test_what_parts_share_is_as_in_the_live_program():
    joints = option("joints/default", layout="h36m17")
    assert joints.patience_s == 1.0
    assert joints.smooth == option("smoothing/one_euro")


def test_an_option_on_top_of_another_has_the_values_of_both():
    head = option("head/tcn256", skeleton=H36M17, labels=["idle", "wave"], fps=30.0)
    assert isinstance(head, TCN)
    assert head.settings["channels"] == 256
    assert head.settings["dilations"] == [1, 2, 4, 8, 16]


def test_a_part_that_is_an_option_of_another_group_is_made_too():
    data = option(
        "datamodule/clips", data={}, protocol=None, skeleton=H36M17, labels=None, fps=30.0, seed=0,
        refit=False,
    )  # fmt: skip
    assert data.augmentation == option("augmentation/live")


def test_what_the_yaml_leaves_open_has_to_be_given():
    with pytest.raises(TypeError, match="path"):
        option("source/video")


def test_an_option_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(
        InputError, match="no option 'tracker/sort'; group 'tracker' has given, oks"
    ):
        option("tracker/sort")
