"""README and docs: links lead somewhere, and every command can be given as it stands."""

import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser

from gastlive.conf.mistakes import unknown_flag
from gastlive.conf.program import quoted
from gastlive.docs import architecture
from gastlive.docs.building import from_elsewhere, modules
from gastlive.docs.links import ROOT, anchors, links, reached, target

from .documents import Command, blocks, calls, commands

KINDS = {"bash", "python", "csv", "json", "text", "yaml", "toml"}
OTHERS = {"cd", "git", "make", "pip", "python", "ssh", "."}
"""Programs that are not ours."""
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
GIVEN = list({(each.config, each.words): each for each in commands()}.values())


@pytest.fixture(scope="module", autouse=True)
def conf():
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        yield


def composed(command):
    """The config of a command, of the first of several values where it sweeps."""
    flags = [word for word in command.words if word.startswith("-")]
    given = [quoted(word, command.verbatim) for word in command.words if word not in flags]
    if "--config-dir" in flags:
        given.remove(command.words[command.words.index("--config-dir") + 1])
    if not find_spec("submitit"):  # then Hydra doesn't know its launchers
        given = [
            word for word in given if not word.startswith(("hydra/launcher", "hydra.launcher"))
        ]
    if "-m" in flags:
        parsed = OverridesParser.create().parse_overrides(given)
        given = [_first(each) if each.is_sweep_override() else each.input_line for each in parsed]
    return compose(command.config, given)


def _first(override):
    value = next(override.sweep_string_iterator())
    return f"{override.input_line.partition('=')[0]}={value}"


@pytest.mark.parametrize("command", GIVEN, ids=lambda command: command.where)
def test_a_command_of_the_docs_composes_with_every_key_as_spelt(command):
    assert not unknown_flag(command.words)
    assert composed(command)


def test_a_mistyped_key_and_a_mistyped_program_would_be_seen():
    for word in ("sorce=webcam", "source=webcamm", "source.devise=1"):
        with pytest.raises(Exception, match=r"sorce|webcamm|devise"):
            composed(Command("here", "live", frozenset(), ("source=webcam", word)))
    assert [*calls("A=1 gastlive x=1 && b 2  # c\n")] == [["gastlive", "x=1"], ["b", "2"]]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_a_block_says_what_it_is_and_calls_programs_that_are_there(block):
    assert block.kind in KINDS
    if block.kind == "python":
        compile(block.text, str(block), "exec")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for call in calls(block.text) if block.kind == "bash" else ():
        assert call[0] in OTHERS or call[0].startswith("gastlive"), call
        if call[0] == "make":
            assert [w for w in call[1:] if "=" not in w and w not in targets] == []
        for extra in re.findall(r"\[([\w,]+)\]'?", " ".join(call)) if call[0] == "pip" else ():
            assert set(extra.split(",")) <= set(EXTRAS)
            assert "-e" in call, "a copy would hide the clone that `make` has installed"


@pytest.mark.parametrize("page", sorted(p for p in reached() if p.suffix == ".md"), ids=str)
def test_a_link_leads_to_a_file_and_to_a_heading_in_it(page):
    for link in links(page):
        file, anchor = target(page, link)
        assert file.is_file(), f"{link}: give a file of the repository"
        assert not anchor or file.suffix != ".md" or anchor in anchors(file), link


def test_a_link_is_seen_wherever_it_stands_and_code_is_none(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` [C](d.md)\n[![p](e.png)](f.md#g) `[h](i.md)` and `over\ntwo [lines](j.md)`\n"
        "```bash\n[k](l.md)\n```\n[elsewhere](https://m.org) [here](#a-b-c)\n"
    )
    assert set(links(page)) == {"d.md", "e.png", "f.md#g", "#a-b-c"}
    assert target(page, "#a-b-c") == (page, "a-b-c")
    assert anchors(page) == {"a-b-c"}


def test_a_script_or_font_from_elsewhere_would_be_seen(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="https://a.org">a</a><script src="own.js"></script>'
        '<script src="https://b.org/x.js"></script><link rel="preconnect" href="https://c.org">'
    )
    assert from_elsewhere(tmp_path) == {"https://b.org/x.js", "https://c.org"}


def test_mkdocstrings_finds_the_public_names_where_modules_are_copied(tmp_path):
    modules(tmp_path / "gastlive")
    for home in ("", "realtime", "realtime/stages", "gast", "action/teaching", "conf"):
        assert (tmp_path / "gastlive" / home / "__init__.py").is_file()
    assert (tmp_path / "gastlive" / "realtime" / "watching.py").is_file()


def test_the_picture_of_the_architecture_is_up_to_date():
    drawn = architecture.drawn()
    assert architecture.PICTURE.read_text() == drawn, "run: python docs/architecture.py"
    order = ["source", "detector", "tracker", "joints", "lifter", "classifier", "decision", "sinks"]
    at = [drawn.rindex(f">{name}<") for name in order]
    assert at == sorted(at)


def test_the_page_of_models_has_every_file_of_weights_with_its_size():
    said = (ROOT / "docs" / "models.md").read_text()
    for folder in ("gast/weights", "action/weights", "realtime/networks"):
        for file in sorted((ROOT / folder).iterdir()):
            if file.suffix in (".safetensors", ".npz", ".bin"):
                row = rf"^\| `{file.stem}` \|.*\| {file.stat().st_size / 1e6:.1f} MB \|$"
                assert re.search(row, said, re.MULTILINE), file


def test_the_readme_fits_on_a_screen_and_leads_as_the_menu_does_to_every_page():
    readme = ROOT / "README.md"
    assert len(readme.read_text().splitlines()) <= 75
    there = {target(readme, link)[0] for link in links(readme)}
    nav = (ROOT / "docs" / "zensical.toml").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert page in there
        assert f'"docs/{page.name}"' in nav


def test_the_docs_are_in_no_wheel():
    setup = (ROOT / "setup.py").read_text()
    assert "docs" not in re.search(r"FOLDERS = \((.*)\)", setup)[1]


def run(*words, folder, **options):
    """A program, with ours to be found."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=folder, env=os.environ | {"PATH": path}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.docs
@pytest.mark.skipif(not find_spec("zensical"), reason="needs pip install 'gastlive[docs]'")
def test_the_site_builds_without_a_broken_link_and_fetches_nothing():
    run(sys.executable, "docs/building.py", folder=ROOT)
    page = (ROOT / "build" / "site" / "docs" / "reference.html").read_text()
    for name in ("watch", "Recognizer", "FrameResult", "FrameResult.to_numpy"):
        assert f'id="gastlive.{name}"' in page


RUN = [block for block in blocks() if not block.why and block.kind in ("bash", "python")]


@pytest.fixture(scope="session")
def folders(tmp_path_factory, demo_film):
    """The folder in which the blocks of a page run, with what a reader has at hand."""
    made = {}

    def folder(page):
        if page not in made:
            made[page] = tmp_path_factory.mktemp(page.stem)
            for name in ("my.mp4", "clip.mp4", "clips/bow/a.mp4", "clips/bow/b.mp4", "lesson.mp4"):
                demo_film(made[page] / name, frames=150)
        return made[page]

    return folder


@pytest.mark.docs
@pytest.mark.parametrize("block", RUN, ids=str)
def test_a_block_of_the_docs_runs(block, folders):
    begin = {"bash": ("bash", "-euo", "pipefail", "-c"), "python": (sys.executable, "-c")}
    run(*begin[block.kind], block.text, folder=folders(block.page), timeout=900)
