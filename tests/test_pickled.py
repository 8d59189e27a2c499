"""Pickled objects, bare or in npz files, read without running them."""

import io
import os
import pickle
from zipfile import ZipFile

import numpy as np
import pytest

from gastlive.gast.errors import InputError
from gastlive.gast.pickled import read_object, read_pickle

CONTENT = {
    "S1": {
        "Walking 1": [np.arange(12, dtype="f4").reshape(2, 3, 2), np.zeros((0, 3, 2), "f8")],
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big": np.arange(3, dtype=">i4"),
        "slice": np.arange(8)[::2],
    },
    "told": [True, None, 3, 2.5, "text", (1, 2), np.float32(0.5), np.int64(7)],
}


def write(path, payload, *, key="thing"):
    """An npz whose one array is given as the pickle that numpy would have written."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|O", "fortran_order": False, "shape": ()})
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{key}.npy", head.getvalue() + payload)
    return path


def assert_is_the_content(read):
    walking = read["S1"]["Walking 1"]
    np.testing.assert_array_equal(walking[0], CONTENT["S1"]["Walking 1"][0])
    assert (walking[0].dtype, walking[1].shape) == (np.float32, (0, 3, 2))
    for name in ("fortran", "big", "slice"):
        np.testing.assert_array_equal(read["S1"][name], CONTENT["S1"][name])
    assert read["told"] == [True, None, 3, 2.5, "text", [1, 2], 0.5, 7]


def test_what_numpy_saves_is_read(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, thing=CONTENT, more=np.array([{"x": 1}, [2]], object))
    assert_is_the_content(read_object(path, "thing"))
    assert read_object(path, "more") == [{"x": 1}, [2]]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_files_of_every_age_are_read(tmp_path, protocol):
    array = np.empty((), object)
    array[()] = CONTENT
    path = write(tmp_path / "a.npz", pickle.dumps(array, protocol=protocol))
    assert_is_the_content(read_object(path, "thing"))


class Runs:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (os.system, "posix.system"),
        (eval, "builtins.eval"),
        (np.load, "numpy.load"),
        (getattr, "builtins.getattr"),
    ],
)
def test_a_file_that_wants_something_run_is_refused(tmp_path, function, name):
    trace = tmp_path / "trace"
    payload = pickle.dumps({"S1": Runs(function, f"touch {trace}")})
    path = write(tmp_path / "a.npz", payload)
    with pytest.raises(InputError, match=f"a.npz wants {name} run, which no published file does"):
        read_object(path, "thing")
    assert not trace.exists()


def test_an_object_array_can_not_be_made_from_raw_bytes(tmp_path):
    """Its bytes would be taken for addresses."""
    honest = pickle.dumps(np.arange(3, dtype="i8"), protocol=2)
    assert honest.count(b"i8") == 1
    path = write(tmp_path / "a.npz", honest.replace(b"i8", b"O8"))
    with pytest.raises(InputError, match="is broken"):
        read_object(path, "thing")


def test_a_broken_file_says_so(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, thing=CONTENT, numbers=np.zeros(3))
    whole = path.read_bytes()
    for start in (0, 30):
        for stop in range(0, len(whole), 37):
            path.write_bytes(whole[start:stop])
            with pytest.raises(InputError, match=r"a\.npz is broken"):
                read_object(path, "thing")
    path.write_bytes(whole)
    with pytest.raises(InputError, match="is broken or has no 'other'; give the file as Video"):
        read_object(path, "other")
    with pytest.raises(InputError, match="is broken or no npz of objects"):
        read_object(path, "numbers")


@pytest.mark.parametrize("payload", [b"", b"\x80\x04", b"\x80\x04}(.", b"garbage", b"\x80\x04N"])
def test_a_broken_pickle_says_so(tmp_path, payload):
    with pytest.raises(InputError, match="is broken or"):
        read_object(write(tmp_path / "a.npz", payload), "thing")


def test_what_is_neither_number_nor_text_is_refused(tmp_path):
    path = write(tmp_path / "a.npz", pickle.dumps({"a": {1, 2}}, protocol=4))
    with pytest.raises(InputError, match="is broken"):
        read_object(path, "thing")


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(InputError, match=r"can't read .*none\.npz: No such file"):
        read_object(tmp_path / "none.npz", "thing")


# Bare pickles


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_bare_pickle_is_read(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(CONTENT, protocol=protocol))
    assert_is_the_content(read_pickle(path))


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "u1", "i4", "i8", "?"])
def test_numbers_of_every_size_keep_their_type(tmp_path, kind):
    given = np.arange(24).reshape(2, 3, 2, 2).astype(kind)
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"deep": ([given],)}, protocol=2))
    read = read_pickle(path)["deep"][0][0]
    np.testing.assert_array_equal(read, given)
    assert read.dtype == given.dtype


def test_a_bare_pickle_that_wants_something_run_is_refused(tmp_path):
    path, trace = tmp_path / "a.pkl", tmp_path / "trace"
    path.write_bytes(pickle.dumps([Runs(os.system, f"touch {trace}")]))
    with pytest.raises(InputError, match=r"a\.pkl wants posix\.system run, which no published"):
        read_pickle(path)
    assert not trace.exists()


def test_a_broken_bare_pickle_says_so(tmp_path):
    path = tmp_path / "a.pkl"
    whole = pickle.dumps(CONTENT)
    for stop in range(0, len(whole), 37):
        path.write_bytes(whole[:stop])
        with pytest.raises(InputError, match=r"a\.pkl is broken or no pickle; get the file anew"):
            read_pickle(path)
    with pytest.raises(InputError, match=r"can't read .*none\.pkl: No such file"):
        read_pickle(tmp_path / "none.pkl")
