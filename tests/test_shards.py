"""Shares of the work for machines that know nothing of each other."""

from functools import cache

import numpy as np
import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from gastlive.experiments.lift_dataset import people
from gastlive.experiments.lifting.work import Work, progress
from gastlive.experiments.shards import Shard, shard_of
from gastlive.gast.errors import InputError
from gastlive.realtime.sources.demo import PATH as DEMO

with np.load(DEMO.parent / "demo_truth.npz") as truth:
    XY = truth["coco17_px"]


@cache
def composed(program, *overrides):
    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose(program, overrides=list(overrides))


def lifted(folder, **given):
    where = {"input": str(folder / "in"), "output": str(folder / "out"), **given}
    cfg = composed("lift", "runtime=torch", "formats=[npz]")
    job = Work(OmegaConf.merge(cfg, where), progress())
    job.run()
    return job


@pytest.fixture
def corpus(tmp_path):
    """A folder with seven keypoint files below `in`."""
    for i in range(7):
        path = tmp_path / "in" / f"{i % 2}" / f"{i}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, keypoints=XY[:4], layout="coco17", width=640, height=480, fps=30.0)
    return tmp_path


def test_shards_hold_each_name_once_and_about_as_many_as_each_other():
    names = [f"wave/{i}" for i in range(4000)]
    shards = [shard_of(f"{i}/4") for i in (1, 2, 3, 4)]
    held = [[name for name in names if shard.holds(name)] for shard in shards]
    assert sorted(name for some in held for name in some) == sorted(names)
    assert all(900 < len(some) < 1100 for some in held)
    assert all(shard_of(None).holds(name) for name in names)


def test_a_name_keeps_its_shard_on_every_machine_and_in_every_version():
    assert [Shard(3, 4).holds(name) for name in ("a", "b", "wave/c", "\udcff")] == [
        True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("given", ["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])
def test_what_is_no_share_is_refused(given):
    with pytest.raises(InputError, match=r"is no share; give 1/8 to 8/8"):
        shard_of(given)


def test_shards_together_lift_each_file_once_and_go_on_by_themselves(corpus, capsys):
    jobs = [lifted(corpus, shard=f"{i}/3") for i in (1, 2, 3)]
    done = [name for job in jobs for name in job.finished]
    assert sorted(done) == [f"{i % 2}/{i}" for i in (0, 2, 4, 6, 1, 3, 5)]
    assert "shard 1/3: " in capsys.readouterr().out
    assert all(lifted(corpus, shard=f"{i}/3").finished == [] for i in (1, 2, 3))
    (corpus / "out" / "0" / "4.npz").unlink()
    again = [name for i in (1, 2, 3) for name in lifted(corpus, shard=f"{i}/3").finished]
    assert again == ["0/4"]


def test_who_works_without_shards_knows_what_shards_finished_and_the_newest_counts(corpus):
    for i in (1, 2):
        lifted(corpus, shard=f"{i}/2")
    assert lifted(corpus).finished == []
    assert len(lifted(corpus, joints={"min_confidence": 0.3}).finished) == 7
    assert lifted(corpus, joints={"min_confidence": 0.3}, shard="1/2").finished == []
    assert len(lifted(corpus, shard="2/2").finished) > 0, "its files are of the other settings"


def test_each_shard_writes_a_ledger_of_its_own(corpus):
    for i in (1, 2):
        lifted(corpus, shard=f"{i}/2")
    names = sorted(path.name for path in (corpus / "out").glob(".*.jsonl"))
    assert names == [".gastlive-lift.1-of-2.jsonl", ".gastlive-lift.2-of-2.jsonl"]


def test_a_shard_without_files_is_no_error(corpus):
    job = lifted(corpus, shard="1/100000")
    assert (job.inputs, job.finished) == ([], [])
    assert job.report().startswith("0 of 0 inputs lifted")


def test_shards_of_data_sets_hold_each_person_once():
    cfg = composed("lift_dataset")
    shares = [people(OmegaConf.merge(cfg, {"shard": f"{i}/3"})) for i in (1, 2, 3)]
    names = [person.name for share in shares for person in share]
    assert sorted(names) == sorted(person.name for person in people(cfg))
    assert len(names) > 20
    assert all(shares)
