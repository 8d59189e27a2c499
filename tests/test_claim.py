"""One program at a time in a folder."""

import subprocess
import sys

import pytest

from gastlive.conf.claim import claimed
from gastlive.gast.errors import InputError

KEEP = (
    "import sys, pathlib\n"
    "from gastlive.conf.claim import claimed\n"
    "with claimed(pathlib.Path(sys.argv[1])):\n"
    "    print('mine', flush=True)\n"
    "    sys.stdin.read()\n"
)


def test_the_second_program_in_a_folder_is_refused_until_the_first_has_ended(tmp_path):
    command = [sys.executable, "-c", KEEP, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout.readline() == "mine\n"
        with (
            pytest.raises(InputError, match=r"another program is writing to .*; wait for it, or"),
            claimed(tmp_path),
        ):
            pass
        one.kill()
        one.wait()
        with claimed(tmp_path):
            pass
    assert not list(tmp_path.iterdir())
