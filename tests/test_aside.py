"""Readers in a process of their own, called in this file there."""

import os
import signal
import sys
import time

import numpy as np
import pytest

from gastlive.gast import aside
from gastlive.gast.aside import read_aside
from gastlive.gast.errors import InputError


def read(path, **given):
    """What a reader may do, by the name of the file."""
    if path == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path == "broken":
        raise InputError("broken is no file of ours")
    if path == "large":
        bytearray(8 << 30)
    if path == "slow":
        time.sleep(60)
    if path == "loud":
        os.write(1, b"a library prints")
    return {"process": np.array(os.getpid()), "given": np.array(given.get("given", 0))}


def asked(path, **given):
    return read_aside("gastlive.tests.test_aside:read", path, **given)


def test_arrays_come_back_from_a_process_that_is_kept_and_loads_no_torch():
    first, second = asked("a", given=[1, 2]), asked("loud")
    assert first["process"] == second["process"] != os.getpid()
    assert first["given"].tolist() == [1, 2]
    loaded = read_aside("gastlive.tests.test_aside:modules", "hdf5")
    assert "h5py" in loaded["names"]
    assert "torch" not in loaded["names"]


def modules(path):
    """Of the process, after it has read an HDF5 file that is not there."""
    from gastlive.datasets.formats.hdf5 import read as read_hdf5

    with pytest.raises(InputError):
        read_hdf5(path, "x")
    return {"names": np.array(sorted(sys.modules))}


def test_what_the_reader_refuses_is_refused_and_the_process_stays():
    before = asked("a")["process"]
    with pytest.raises(InputError, match=r"^broken is no file of ours$"):
        asked("broken")
    assert asked("a")["process"] == before


@pytest.mark.parametrize(
    ("path", "reason"), [("crash", "SIGSEGV"), ("large", "status 1"), ("slow", "longer than 0.5 s")]
)
def test_a_reader_that_crashes_or_takes_too_much_is_one_line_and_the_next_file_is_read(
    path, reason, monkeypatch
):
    asked("a")
    if path == "slow":
        monkeypatch.setattr(aside, "LONGEST_S", 0.5)
    with pytest.raises(InputError, match=f"^{path} can't be read: .*{reason}$"):
        asked(path)
    monkeypatch.undo()
    assert asked("a")["process"] > 0


def test_a_process_that_was_killed_meanwhile_is_started_again():
    before = int(asked("a")["process"])
    os.kill(before, signal.SIGKILL)
    time.sleep(0.2)
    assert asked("a")["process"] != before


@pytest.mark.filterwarnings("ignore:.*use of fork")  # from Python 3.12 on
def test_a_process_made_of_this_one_has_a_reader_of_its_own():
    before = int(asked("a")["process"])
    if not (child := os.fork()):
        try:
            os._exit(int(asked("a")["process"]) == before)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert asked("a")["process"] == before
