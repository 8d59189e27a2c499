"""What goes out of the door: licences, archives, the image, the workflow, the notebook."""

import asyncio
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

import gastlive
from gastlive.release import contents, dockerfile, licences

ROOT = Path(__file__).parent.parent
VERSION = gastlive.__version__


def test_changelog_and_citation_are_of_the_version_which_stands_nowhere_else():
    newest = re.search(r"^## \[([\d.]+)\] - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.M)
    citation = yaml.safe_load(text("CITATION.cff"))
    assert (newest[1], newest[2]) == (citation["version"], str(citation["date-released"]))
    assert newest[1] == VERSION
    found = [
        path.name
        for path in [*ROOT.glob("*.toml"), *ROOT.glob("*.py"), *(ROOT / "conf").glob("*.py")]
        if f'"{VERSION}"' in path.read_text(encoding="utf-8")
    ]
    assert found == ["__init__.py"]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="NOTICE lists the wheels for Linux")
def test_notice_names_every_package_that_is_installed_and_what_its_wheel_has():
    assert licences.missing(text("NOTICE")) == [], "run: python release/licences.py"


def test_the_parts_of_the_wheels_on_whose_terms_programs_depend_are_named():
    listed = "\n".join(licences.written(text("NOTICE")))
    for package, project, terms in (
        ("av", "x264", "GPL-2.0-or-later"),
        ("av", "x265", "GPL-2.0-or-later"),
        ("av", "FFmpeg", "as it says, LGPL version 3 or later"),
        ("opencv-python", "Qt 5", "LGPL-3.0"),
        ("opencv-python", "OpenSSL 1.1.1", "OpenSSL AND SSLeay"),
    ):
        below = re.split(r"\n  (?! )", listed.partition(f"  {package}: ")[2])[0]
        assert f"    has {project}: {terms}" in below


def test_a_missing_licence_is_noticed():
    notice = text("NOTICE")
    assert licences.missing(notice.replace("  numpy: ", "  nunpy: ", 1))
    assert set(licences.missing("")) == set(licences.lines())


def test_a_library_that_nobody_knows_is_named():
    package = SimpleNamespace(files=[Path("x.libs/libmystery-1.so.2"), Path("x/readme.txt")])
    with pytest.raises(LookupError, match=r"x has x.libs/libmystery-1.so.2, which release"):
        list(licences.libraries("x", package))


def test_of_a_torch_for_cuda_what_it_adds_needs_no_line_of_its_own(monkeypatch):
    asks = {"gastlive": ["torch"], "torch": ["nvidia-cublas", "triton==3", "sympy"], "sympy": []}
    installed = {name: SimpleNamespace(requires=names) for name, names in asks.items()}
    monkeypatch.setattr(licences.metadata, "distribution", installed.__getitem__)
    assert list(licences.needed()) == ["sympy", "torch"]
    package = SimpleNamespace(files=[Path("torch/lib/libcaffe2_nvrtc.so")])
    assert not list(licences.libraries("torch", package))
    assert "CUDA" in text("NOTICE").partition(licences.BEGIN)[0]


def test_a_wheel_with_too_much_or_too_little_is_noticed():
    whole = dict.fromkeys([f"gastlive/{name}" for name in contents.wanted()], 1)
    assert len(whole) > 400
    assert contents.problems(whole) == []
    assert contents.problems(whole | {"gastlive/tests/a.py": 1, "gast/b.py": 1}) == [
        "has gast/b.py", "has gastlive/tests/a.py",
    ]  # fmt: skip
    del whole["gastlive/conf/live.yaml"]
    assert contents.problems(whole) == ["lacks conf/live.yaml"]


def test_our_dockerfile_breaks_no_rule_and_copies_only_what_is_named():
    assert dockerfile.broken(text("Dockerfile")) == []
    first, *kept = text(".dockerignore").split()
    assert first == "*"
    assert {f"!{name}" for name in contents.FOLDERS} <= set(kept)
    assert not any("shared" in line or ".git" in line for line in kept)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("FROM python:3.11-slim-bookworm\n", "FROM python\n"), "FROM without a version"),
        (("USER gastlive\n", ""), "runs as root"),
        (('ENTRYPOINT ["gastlive"]', "ENTRYPOINT gastlive"), "no JSON list"),
        (("WORKDIR /home/gastlive", "WORKDIR home"), "no absolute path"),
        (("COPY . ", "ADD . "), "ADD where COPY does"),
        (("install --no-cache-dir -c", "install -c"), "keeps its cache"),
        (("RUN python -m venv", "RUN apt-get install -y git && python -m venv"), "apt-get"),
    ],
)
def test_a_dockerfile_that_breaks_a_rule_is_refused(change, rule):
    (found,) = dockerfile.broken(text("Dockerfile").replace(*change))
    assert rule in found


def test_the_workflow_calls_targets_that_there_are_on_each_python():
    flow = yaml.safe_load(text(".github/workflows/ci.yml"))
    runs = [step["run"] for job in flow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    assert {run.removeprefix("make ") for run in runs} <= targets
    assert {"make lint", "make types", "make test", "make wheel", "make release-check"} <= set(runs)
    pythons = flow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert pythons == ["3.11", "3.12", "3.13"]
    said = tomllib.loads(text("pyproject.toml"))["project"]["classifiers"]
    assert [name for name in said if " 3." in name] == [
        f"Programming Language :: Python :: {version}" for version in pythons
    ]


def test_issue_forms_are_forms():
    for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form)
        assert all({"type", "attributes"} <= set(part) for part in form["body"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::Warning")  # of Jupyter, about itself
def test_the_notebook_runs_from_end_to_end(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(ROOT / "docs/notebooks/quickstart.ipynb", 4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    asyncio.run(client.async_execute())
    said = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", ()))
    assert "180 frames of 640x480, 1 person" in said
    assert re.search(r"^\w[\w ]*: [\d.]+ s to [\d.]+ s$", said, re.M), "an event"
    shown = [o.get("data", {}) for c in notebook.cells for o in c.get("outputs", ())]
    assert sum("image/png" in data for data in shown) == 2
