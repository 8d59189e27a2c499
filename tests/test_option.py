from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from gastlive.action.heads.tcn import TCN
from gastlive.conf.option import chain, option
from gastlive.gast.errors import InputError
from gastlive.gast.inputs.smoothing import OneEuro
from gastlive.gast.skeleton import H36M17

ROOT = Path(__file__).parent.parent


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


@pytest.mark.parametrize(
    ("options", "overrides"),
    [
        ({}, []),
        ({"lifter": "gast27s", "threads": 2}, ["lifter=gast27s", "threads=2"]),
        ({"decision": {"enter": 0.6}}, ["decision.enter=0.6"]),
        ({"joints.min_confidence": 0.4}, ["joints.min_confidence=0.4"]),
        ({"smoothing": "none"}, ["smoothing=none"]),
        ({"smoothing.beta": 3.0}, ["smoothing.beta=3.0"]),
        (
            {"detector": "movenet_multipose", "detector.regions": []},
            ["detector=movenet_multipose", "detector.regions=[]"],
        ),
        ({"lifter": "my.safetensors"}, ["lifter.checkpoint=my.safetensors"]),
        ({"source": "video", "source.path": "a b.mp4"}, ["source=video", "source.path='a b.mp4'"]),
    ],
)
def test_the_chain_is_composed_as_the_command_line_composes_it(options, overrides):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        wanted = OmegaConf.to_yaml(compose("chain", overrides=overrides), sort_keys=True)
    assert OmegaConf.to_yaml(chain(options), sort_keys=True) == wanted


def test_every_option_of_the_chain_is_composed_as_the_command_line_composes_it():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        for group in chain({}):
            for file in sorted((ROOT / "conf" / str(group)).glob("*.yaml")):
                wanted = compose("chain", overrides=[f"{group}={file.stem}"])
                assert chain({str(group): file.stem}) == wanted


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classifer": "fight"}, "no option classifer; did you mean classifier?"),
        ({"tracker": "orks"}, "no option tracker=orks; did you mean oks?"),
        ({"lifter": None}, "no option lifter=None; there are gast243, gast27"),
        ({"decision": {"entr": 1}}, "no option decision.entr; did you mean enter?"),
        ({"threads.a": 1}, "no option threads.a"),
        ({"zoo.a": 1}, "no option zoo.a; there are by_hand, classifier, decision"),
        ({"threads": object}, "threads=<class 'object'> can't be used: give a plain value"),
    ],
)
def test_a_wrong_option_of_the_chain_names_the_nearest_right_one(options, said):
    with pytest.raises(InputError) as caught:
        chain(options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
