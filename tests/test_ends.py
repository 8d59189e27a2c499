"""How programs end, as a shell sees it: in processes of their own."""

import os
import signal
import subprocess
import sys

import pytest

BEGIN = (
    "import os, signal, subprocess, sys, time\n"
    "from pathlib import Path\n"
    "from gastlive.conf.program import program\n"
    "@program('live')\n"
    "def main(cfg):\n"
)


def ended(script, *words, folder, before="", **environment):
    """Exit status, stdout and stderr of a program whose work is the script."""
    work = "".join(f"    {line}\n" for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", f"{before}{BEGIN}{work}main()\n", *words],
        cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_while_a_program_is_starting_ends_it_with_one_line(name, status, tmp_path):
    kill = f"for _ in range(3): os.kill(os.getpid(), signal.{name})\ntime.sleep(60)"
    default = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # nohup's children ignore it
    )
    found = ended(kill, "hydra.run.dir=run", folder=tmp_path, before=default)
    assert found == (status, "", "gastlive: interrupted\n")
    assert not list(tmp_path.iterdir())


def test_a_second_program_in_a_run_folder_is_refused_in_one_line(tmp_path):
    again = (
        "if os.environ.get('SECOND'): print('ran')\n"
        "else:\n"
        "    command = [sys.executable, *sys.orig_argv[1:]]\n"
        "    env = os.environ | {'SECOND': '1'}\n"
        "    sys.exit(subprocess.run(command, env=env).returncode)"
    )
    status, printed, said = ended(again, f"hydra.run.dir={tmp_path}/run", folder=tmp_path)
    wanted = f"another program is writing to {tmp_path}/run; wait for it, or give another folder"
    assert (status, printed, said) == (1, "", f"gastlive: {wanted}\n")


def test_a_run_folder_that_is_a_file_is_named_in_one_line(tmp_path):
    (tmp_path / "taken").write_text("")
    status, _, said = ended("print('ran')", f"hydra.run.dir={tmp_path}/taken", folder=tmp_path)
    assert (status, said) == (1, f"gastlive: {tmp_path}/taken: file exists\n")
    assert (tmp_path / "taken").read_text() == ""


def test_an_end_that_nobody_can_be_told_of_is_one_all_the_same(tmp_path):
    script = "os.close(2)\nraise OSError(28, 'No space left on device', 'frames.jsonl')"
    assert ended(script, folder=tmp_path) == (1, "", "")


def test_signals_are_what_they_were_where_somebody_ignores_them():
    script = (
        "import signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from gastlive.conf.signals import hear\n"
        "hear()\n"
        "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert signal.SIGHUP in signal.valid_signals()
