"""Jobs on a real Ray that is started here; skipped where it isn't installed."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from importlib.util import find_spec

import numpy as np
import psutil
import pytest
import scipy.io
from rich.progress import Progress

from gastlive.experiments import lift_dataset
from gastlive.experiments.engines.engine import Done, Job
from gastlive.experiments.engines.on_ray import OnRay
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import PATH as DEMO

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="needs pip install 'gastlive[ray]'")
PROGRAM = [sys.executable, "-m", "gastlive.experiments.lift", "formats=[npz]", "runtime=torch"]
ON_RAY = ["engine=ray", "engine.workers=2"]
with np.load(DEMO.parent / "demo_truth.npz") as truth:
    XY = truth["coco17_px"]


@pytest.fixture
def corpus(tmp_path):
    """Five keypoint files, one of them broken, below `in`."""
    for name, frames in (("wave/a", 400), ("wave/b", 20), ("walk/c", 30), ("walk/d", 400)):
        path = tmp_path / "in" / f"{name}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keypoints=XY[:frames], layout="coco17", width=640, height=480, fps=30.0)
    (tmp_path / "in" / "walk" / "broken.npz").write_bytes(b"no keypoints")
    return tmp_path


def started(folder, *arguments):
    """The program with its output in a file, so that nobody has to read it."""
    with (folder / "said").open("w") as said:
        return subprocess.Popen(
            [*PROGRAM, "input=in", *arguments],
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            # What a shell starts in the background ignores Ctrl-C, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )


def busy_worker(running):
    """A Ray worker of this program, as soon as one is at a file."""
    while running.poll() is None:
        for process in psutil.Process(running.pid).children(recursive=True):
            try:
                if process.cmdline()[:1] == ["ray::Hired.do"]:
                    return process
            except psutil.Error:  # it is just ending
                continue
        time.sleep(0.05)
    raise AssertionError("it ended before a worker was seen at work")


def arrays(folder):
    found = {}
    for path in sorted(folder.rglob("[!.]*.npz")):
        with np.load(path) as file:
            found[path.relative_to(folder).as_posix()] = {key: file[key] for key in file.files}
    return found


@needs_ray
@pytest.mark.slow
def test_a_killed_workers_file_is_done_by_another_and_all_is_as_of_one_process(corpus):
    running = started(corpus, "output=ray", *ON_RAY)
    busy_worker(running).kill()
    assert running.wait(timeout=500) == 1  # for the broken one
    said = (corpus / "said").read_text()
    assert said.count("its worker died; another one does it") == 1
    assert said.count("walk/broken: skipped: ") == 1
    assert "gastlive: 1 of 5 inputs could not be lifted: walk/broken\n" in said
    ledger = (corpus / "ray" / ".gastlive-lift.jsonl").read_text().split("\n")
    names = [json.loads(line)["name"] for line in ledger if line]
    assert sorted(names) == ["walk/c", "walk/d", "wave/a", "wave/b"], "once each"
    assert not list((corpus / "ray").rglob(".*.part"))
    assert started(corpus, "output=local").wait(timeout=500) == 1
    one, other = arrays(corpus / "local"), arrays(corpus / "ray")
    assert list(one) == list(other) == [f"{name}.npz" for name in sorted(names)]
    for name, content in one.items():
        for key, values in content.items():
            np.testing.assert_array_equal(values, other[name][key])


@needs_ray
@pytest.mark.slow
def test_ctrl_c_ends_all_workers_and_leaves_only_what_is_finished(corpus):
    running = started(corpus, "output=ray", *ON_RAY)
    busy_worker(running)
    everyone = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=200) == 130
    said = (corpus / "said").read_text()
    assert "left: the same command goes on with them" in said
    assert said.endswith("gastlive: interrupted\n")
    assert not list((corpus / "ray").rglob(".*.part"))
    _, alive = psutil.wait_procs(everyone, timeout=60)
    assert not alive


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Ray
def test_a_file_that_workers_die_of_is_skipped_by_name_and_the_others_are_done():
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    engine = OnRay(workers=2, cpus=1, gpus=0, address=None, tries=2)
    jobs = [Job(str(i), i) for i in range(7)]
    before = signal.getsignal(signal.SIGTERM)
    with closing(engine.results(Fragile, jobs, Progress(disable=True))) as results:
        done = sorted(results, key=lambda each: each.name)
    assert [each.name for each in done] == list("0123456")
    assert [each.name for each in done if each.failed] == ["3"]
    assert done[3].said == "skipped: 2 workers died of it"
    assert signal.getsignal(signal.SIGTERM) is before
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    with pytest.raises(InputError, match=r"^no such lifter$"):
        list(engine.results(unable, jobs, Progress(disable=True)))


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Ray
def test_people_of_data_sets_are_lifted_by_ray_as_by_one_process(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    for subject in "13":
        pose = rng.normal(0, 0.4, (20, 3, 1)) + np.array([0.0, 0.0, 2.5])[:, None]
        moving = pose + 0.1 * np.sin(np.arange(20) / 3)
        scipy.io.savemat(tmp_path / f"a1_s{subject}_t1_skeleton.mat", {"d_skel": moving})
    others = ("nw_ucla", "precog16", "hdm05", "mocap6", "penn_action", "jhmdb", "msr_action3d")
    words = ["parts=[val]", "split.train.utd_mhad=['5']", "+split.val.utd_mhad=['1','3']",
             f"sets.utd_mhad.root={tmp_path}", *(f"~sets.{name}" for name in others)]  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name, engine in (("one", ["engine=local"]), ("ray", ON_RAY)):
        monkeypatch.setattr(sys, "argv", ["x", *words, f"output=out/{name}", "threads=1", *engine])
        lift_dataset.main()
        said = capsys.readouterr().out
        assert said.count("utd_mhad 1: 1 clips\n") == said.count("utd_mhad 3: 1 clips\n") == 1
    one, other = arrays(tmp_path / "out" / "one"), arrays(tmp_path / "out" / "ray")
    assert list(one) == list(other)
    assert len(one) == 2
    for name, content in one.items():
        for key, values in content.items():
            np.testing.assert_array_equal(values, other[name][key])


class Fragile:
    """A worker that a certain job kills."""

    def __init__(self, _):
        pass

    def __call__(self, job):
        if job.task == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return Done(job.name, "done")


def unable(_):
    raise InputError("no such lifter")


def test_ray_that_is_not_installed_is_asked_for_by_the_name_of_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    engine = OnRay(workers=None, cpus=1, gpus=0, address=None, tries=2)
    with pytest.raises(InputError, match=r"pip install 'gastlive\[ray\]'"):
        list(engine.results(unable, [Job("a", 0)], Progress(disable=True)))


def test_without_jobs_ray_is_not_even_started(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    engine = OnRay(workers=None, cpus=1, gpus=0, address=None, tries=2)
    assert list(engine.results(unable, [], Progress(disable=True))) == []


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"cpus": 0}, {"gpus": -1}, {"tries": 0}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    given = {"workers": 1, "cpus": 1, "gpus": 0, "address": None, "tries": 2}
    with pytest.raises(InputError, match=rf"engine\..*{next(iter(wrong))}="):
        OnRay(**given | wrong)
