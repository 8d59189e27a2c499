"""`import gastlive`: the face of the package."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import gastlive

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "cv2", "hydra", "omegaconf", "pytorch_lightning", "scipy", "openvino")


def loaded(statement):
    """Which of the heavy packages a statement loads, in a process of its own."""
    asked = f"import sys; {statement}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    "statement", ["import gastlive", "from gastlive import *", "import gastlive; gastlive.watch"]
)
def test_importing_loads_neither_torch_nor_opencv_nor_hydra(statement):
    assert loaded(statement) == []


def test_loading_nets_does_not_load_torchs_compiler():
    load = "from gastlive.gast.deployed import deployed; from gastlive.action import deployed as of"
    asked = f"import sys; {load}; lifter, card = deployed('gast81'); of.deployed('everyday', "
    asked += "layout=card.layout); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_every_public_name_is_there_and_says_what_it_is():
    for name in gastlive.__all__:
        assert getattr(gastlive, name).__doc__
    assert dir(gastlive) == sorted(gastlive.__all__)
    with pytest.raises(AttributeError, match=r"gastlive.*no attribute 'watcher'"):
        _ = gastlive.watcher


def test_the_version_stands_in_the_package_alone():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "gastlive.__version__"}
    assert gastlive.__version__ == version("gastlive")


def test_type_checkers_are_told_that_the_package_is_typed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert (ROOT / "py.typed").exists()
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["gastlive"]


def test_the_snippet_of_the_docs_runs_word_for_word(tmp_path, demo_film):
    page = (ROOT / "docs" / "program.md").read_text()
    snippet = page.partition("```python\n")[2].partition("```")[0]
    assert "watch(" in snippet
    assert "Recognizer(" in snippet
    demo_film(tmp_path / "clip.mp4", frames=30)
    (tmp_path / "mine.py").write_text(snippet)
    done = subprocess.run(
        [sys.executable, "mine.py"], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 idle 0." in done.stdout
    assert "(17, 3)" in done.stdout
