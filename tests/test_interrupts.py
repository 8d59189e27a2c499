"""Signals in processes of their own, so that what a user's shell sees is tested."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from gastlive.realtime.interrupts import PATIENCE_S, Interrupts


def ended(script):
    """Exit status, stdout and stderr of a script in which signals come at times it makes up."""
    begin = (
        "import os, signal\n"
        "from gastlive.realtime.interrupts import Interrupts\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "now_s = 0.0\n"
        "interrupts = Interrupts(clock=lambda: now_s)\n"
        "interrupts.heard_to_the_end()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", begin + script], capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_later_signals_leave_an_ending_in_peace():
    script = (
        "for now_s in (0.0, 0.1, 1.0, 4.9):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "print('report')\n"
    )
    assert ended(script) == (0, "report\n", "")


@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_an_ending_that_takes_long_can_be_cut_short(name, status):
    script = (
        f"for now_s in (0.0, {PATIENCE_S + 0.1}):\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "print('report')\n"
    )
    assert ended(script) == (status, "", "gastlive: ended at once\n")


def test_a_signal_while_python_shuts_down_changes_nothing():
    script = (
        "class Late:\n"
        "    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGINT):\n"
        "        kill(pid, number)\n"
        "late = Late()\n"
        "print('report')\n"
    )
    assert ended(script) == (0, "report\n", "")


@pytest.fixture
def interrupts():
    """Heard, and given back to the tests' own handlers afterwards."""
    found = Interrupts()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with found.heard():
        yield found
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_what_is_done_with_an_item_is_finished_before_the_interruption(interrupts):
    done = []

    def work():
        for item in interrupts.between(range(9)):
            if item == 3:
                interrupt()
            done.append(item)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [0, 1, 2, 3]


def test_waiting_for_an_item_is_interrupted_at_once(interrupts):
    def items():
        yield 0
        interrupt()
        yield 1

    done = []
    with pytest.raises(KeyboardInterrupt):
        done.extend(interrupts.between(items()))
    assert done == [0]


def test_a_signal_before_the_first_item_is_not_forgotten(interrupts):
    interrupt()
    with pytest.raises(KeyboardInterrupt):
        next(interrupts.between(range(9)))


def test_the_first_signal_says_how_a_run_ended():
    found = Interrupts()
    assert found.said == "interrupted"
    found.handle(signal.SIGTERM, None)
    found.handle(signal.SIGINT, None)
    assert found.said == "interrupted by SIGTERM"


def test_a_closed_terminal_ends_a_run_unless_nohup_says_otherwise():
    before = signal.getsignal(signal.SIGHUP)
    try:
        for handler, heard in ((signal.SIG_DFL, True), (signal.SIG_IGN, False)):
            signal.signal(signal.SIGHUP, handler)
            with Interrupts().heard():
                assert (signal.getsignal(signal.SIGHUP) is not handler) == heard
            assert signal.getsignal(signal.SIGHUP) is handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_thread_of_somebody_elses_program_hears_no_signals():
    before = signal.getsignal(signal.SIGINT)

    def run():
        with Interrupts().heard():
            heard.append(signal.getsignal(signal.SIGINT))

    heard = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert heard == [before]
