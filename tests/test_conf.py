"""Every yaml fits what it names: a plug-in is tested by being there."""

import inspect
import re
from functools import cache
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_module
from hydra.utils import get_object, instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf

from gastlive.action.checkpoint import load_head
from gastlive.action.deployed import HEADS as WEIGHTS
from gastlive.experiments.training.starting import start_head
from gastlive.gast.shipped import find

ROOT = Path(__file__).parent.parent
CONF = ROOT / "conf"
OPTIONS = sorted(path.relative_to(CONF).with_suffix("") for path in CONF.glob("**/*.yaml"))
PROGRAMS = sorted(path.stem for path in CONF.glob("*.yaml"))
OURS = ("gast", "action", "realtime", "datasets", "experiments", "conf")


def nodes(cfg):
    """Every node below and including cfg that names a target."""
    if isinstance(cfg, DictConfig) and "_target_" in cfg:
        yield cfg
    if isinstance(cfg, DictConfig | ListConfig):
        keys = cfg if isinstance(cfg, DictConfig) else range(len(cfg))
        for key in keys:
            if not OmegaConf.is_missing(cfg, key) and not OmegaConf.is_interpolation(cfg, key):
                yield from nodes(cfg._get_node(key))


@pytest.mark.parametrize("option", OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore::Warning")  # of the libraries that a target imports
def test_option_fits_its_target(option):
    for node in nodes(OmegaConf.load(CONF / f"{option}.yaml")):
        assert node._target_.partition(".")[0] not in OURS, "spell it gastlive...."
        given = [key for key in node if not str(key).startswith("_") and key != "defaults"]
        inspect.signature(get_object(node._target_)).bind_partial(**dict.fromkeys(given))


@cache
def given():
    """What yamls give our constructors: target to the nodes that name it, with their files."""
    found = {}
    for option in OPTIONS:
        for node in nodes(OmegaConf.load(CONF / f"{option}.yaml")):
            if node._target_.startswith("gastlive."):
                values = OmegaConf.to_container(node, resolve=False)
                found.setdefault(node._target_, []).append((str(option), values))
    return found


@pytest.mark.parametrize("target", sorted(given()))
@pytest.mark.filterwarnings("ignore::Warning")  # of the libraries that a target imports
def test_a_default_stands_in_the_constructor_or_in_the_yaml_and_not_in_both(target):
    for name, parameter in inspect.signature(get_object(target)).parameters.items():
        if parameter.default is None or parameter.default is parameter.empty:
            continue  # None says nothing: the key may be given
        values = {file: node[name] for file, node in given()[target] if name in node}
        assert len(values) < len(given()[target]), f"always given: {name} {values}"
        default = parameter.default
        default = list(default) if isinstance(default, tuple) else default
        assert default not in values.values(), f"given as it would be anyway: {name} {values}"


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_composes(name):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        assert compose(name, return_hydra_config=True)


EXPERIMENTS = sorted(path.stem for path in (CONF / "experiment").glob("*.yaml"))


@pytest.mark.parametrize("chosen", [*EXPERIMENTS, "bank,films"])
def test_experiment_composes_with_the_program_that_its_first_lines_name(chosen):
    said = (CONF / "experiment" / f"{chosen.split(',')[0]}.yaml").read_text()
    program = re.search(
        r"^# .*?gastlive-([\w-]+(?: lifter| transfer)?)", said, re.MULTILINE | re.DOTALL
    )[1]
    name = program.replace("-", "_").replace(" ", "_")
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        assert compose(name, overrides=[f"+experiment=[{chosen}]"])


def test_every_option_of_the_live_program_composes():
    groups = [g for g in CONF.iterdir() if g.is_dir()]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        parts = set(compose("live"))
        for group in groups:
            if group.name in parts:
                for option in group.glob("*.yaml"):
                    given = f"[{option.stem}]" if group.name == "sink" else option.stem
                    assert group.name in compose("live", overrides=[f"{group.name}={given}"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_value_of_a_program_has_the_name_of_a_group(program):
    """What is given for it would choose an option of that group instead, or none."""
    cfg = OmegaConf.load(CONF / f"{program}.yaml")
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    values = {key for key in cfg if not OmegaConf.is_dict(cfg._get_node(key))}
    assert not values & groups - {"defaults"}


def test_no_file_imports_by_a_bare_root_name():
    bare = re.compile(rf"^\s*(?:from|import) (?:{'|'.join(OURS)})(?:\.|\s)", re.MULTILINE)
    for folder in (*OURS, "tests"):
        for path in (ROOT / folder).glob("**/*.py"):
            assert not bare.search(path.read_text()), path


def test_a_head_for_own_clips_takes_over_all_of_the_shipped_one_but_its_scores():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", ["+experiment=own_clips", "data.path=clips"])
    head = instantiate(cfg.head, labels=["idle", "mine"])
    tensors = len(head.state_dict())
    assert f"{tensors - 2} of {tensors} tensors start" in start_head(head, cfg.start)


def test_a_head_with_the_same_labels_takes_over_its_scores_too():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", ["head=tcn256"])
    shipped, _ = load_head(find("everyday", folder=WEIGHTS, kind="head"))
    head = instantiate(cfg.head, labels=shipped.labels)
    start_head(head, "everyday")
    for name, weights in shipped.state_dict().items():
        torch.testing.assert_close(head.state_dict()[name], weights)


LIFTERS, HEADS = (
    sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    for group in ("lifter", "classifier")
)


@pytest.mark.parametrize("lifter", LIFTERS)
@pytest.mark.parametrize("head", HEADS)
def test_what_holds_for_the_whole_chain_reaches_every_stage(lifter, head):
    told = {"runtime": "onnxruntime", "precision": "int8", "threads": 3, "device": "cuda"}
    given = [f"{key}={value}" for key, value in told.items()]
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        chosen = [f"lifter={lifter}", f"classifier={head}", "patience_s=2.5"]
        cfg = compose("live", overrides=[*chosen, *given])
    for stage in ("lifter", "classifier"):
        assert {key: cfg[stage][key] for key in told} == told
    for stage in ("tracker", "joints", "lifter", "classifier"):
        assert cfg[stage].patience_s == 2.5


HELD_OUT = {
    "hdm05": {"mm", "tr"}, "cmu": {"07", "86"}, "precog16": {"9", "10", "11", "12"},
    "utd_mhad": {"2", "4", "6", "8"}, "nw_ucla": {"09", "10"},
}  # fmt: skip
"""People that no shipped weight has seen, as docs/data.md and the configs promise."""


@pytest.mark.parametrize(
    ("program", "groups"),
    [("train_lifter", ("train_sets", "val_sets")), ("measure_noise", ("sets",))],
)
def test_nobody_who_is_held_out_is_learnt_from(program, groups):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose(program)
    for group in groups:
        for name, data in cfg[group].items():
            assert data.subjects, f"{group}.{name} takes everybody"
            assert not HELD_OUT.get(name, set()) & set(map(str, data.subjects))


@pytest.mark.parametrize("recipe", ["everyday_filmed", "fight_filmed"])
def test_nobody_who_is_held_out_or_validates_is_filmed(recipe):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        cfg = compose("train_action", ["+experiment=" + recipe, "data.folder=lifted"])
    filming = instantiate(cfg.datamodule.filming)
    for name in filming.sets:
        validates = set(filming.split.subjects(name, ["val"]))
        assert not (HELD_OUT.get(name, set()) | validates) & set(filming.people(name))
    assert filming.people("cmu") == ["01", "05"]


def test_who_chooses_a_lifter_does_not_train_it_and_who_measures_it_is_held_out():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        train, test = compose("train_lifter"), compose("evaluate_lifter")
    for name, data in train.val_sets.items():
        assert not set(data.subjects) & set(train.train_sets[name].subjects)
    for name, data in test.sets.items():
        assert set(data.subjects) <= HELD_OUT[name]
