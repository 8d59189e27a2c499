"""Printing where nobody reads."""

import os

import pytest

from gastlive.conf.outlet import Outlet


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream
    os.close(reading)


def test_what_is_read_is_printed_whole(pipe):
    reading, stream = pipe
    out = Outlet(stream)
    out.write("5.0 s  person 1  wave é\n")
    assert os.read(reading, 100).decode() == "5.0 s  person 1  wave é\n"
    assert out.left_out == 0


def test_nobody_who_reads_holds_up_nothing_and_is_counted(pipe):
    reading, stream = pipe
    out = Outlet(stream, patience_s=0.01)
    for _ in range(3000):
        out.write("x" * 99 + "\n")
    assert 0 < out.left_out < 3000
    before = out.left_out
    while len(os.read(reading, 65536)) == 65536:
        pass
    out.write("again\n")
    assert os.read(reading, 65536).endswith(b"again\n")
    assert out.left_out == before


def test_a_closed_end_is_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    with pytest.raises(BrokenPipeError):
        Outlet(stream).write("hello\n")
    stream.close()


def test_a_stream_that_was_closed_writes_into_no_other_file(tmp_path):
    stream = (tmp_path / "said").open("w")
    out = Outlet(stream)
    number = stream.fileno()
    stream.close()
    with (tmp_path / "other").open("w") as other:
        assert other.fileno() == number
        with pytest.raises(ValueError, match="closed file"):
            out.write("hello\n")
    assert (tmp_path / "other").read_text() == ""
