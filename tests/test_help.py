"""``--help`` and ``--version`` of every program."""

import re
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from gastlive.conf.help import composed, page
from gastlive.conf.texts import CONF, keys, options, texts

ROOT = Path(__file__).parent.parent
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
PROGRAMS = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "chain")


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_program_knows_its_version(script, monkeypatch, capsys):
    module, _, main = SCRIPTS[script].partition(":")
    monkeypatch.setattr(sys, "argv", [script, "--version"])
    getattr(import_module(module), main)()
    assert capsys.readouterr().out == f"gastlive {metadata.version('gastlive')}\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_help_of_every_program_has_three_examples(script, monkeypatch, capsys):
    module, _, main = SCRIPTS[script].partition(":")
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    getattr(import_module(module), main)()
    said = capsys.readouterr().out
    assert said.startswith(f"{script}: ")
    assert len(re.findall(rf"^  (?:\w+=\S+ )?{script}(?![\w-])", said, re.MULTILINE)) >= 3


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_help_explains_each_key_of_its_own(name):
    said = texts(name)
    own = [key for key in keys(name) if "." not in key]
    parts = [str(part) for entry in OmegaConf.load(CONF / f"{name}.yaml").get("defaults", [])
             if not isinstance(entry, str) for part in entry]  # fmt: skip
    plain = [part for part in parts if not re.search(r"@|override|experiment", part)]
    below = {key.partition(".")[0] for key in said}
    assert not [key for key in own if key not in said and key not in below]
    assert not [part for part in plain if f"defaults.{part}" not in said]
    shown = page(name, [])
    for key in own:
        assert f"  {key}" in shown or said.get(key) == "set by the program"


@pytest.mark.parametrize("group", ["source", "detector", "tracker", "decision", "sink", "mode"])
def test_each_key_of_the_live_parts_has_a_text(group):
    for option in options(group):
        said = texts(f"{group}/{option}")
        values = {key: value for key, value in keys(f"{group}/{option}").items() if "." not in key}
        derived = {key for key, value in values.items() if "${" in str(value)}
        assert not set(values) - derived - set(said), option


def test_the_help_shows_the_keys_of_what_is_chosen():
    assert "source.device=0" in page("live", ["source=webcam"])
    assert "source.device" not in page("live", [])
    assert "source.path=my.mp4" in page("live", ["source=video", "source.path=my.mp4"])


def test_a_recipe_is_listed_by_its_own_program_alone():
    assert "ucla_cross_view" in page("train_action", []).partition("Recipes")[2]
    assert "ucla_cross_view" not in page("live", [])


def test_what_a_program_takes_out_of_the_chain_is_no_part_of_its_help():
    assert composed("lift", []).hydra.runtime.choices["classifier"] is None
    assert "classifier" not in page("lift", [])


def test_options_of_the_users_own_are_in_the_help_too(tmp_path):
    (tmp_path / "decision").mkdir()
    (tmp_path / "decision" / "careful.yaml").write_text("enter: 0.87\n")
    shown = page("live", ["--config-dir", str(tmp_path), "decision=careful"])
    assert "decision=careful " in shown
