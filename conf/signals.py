"""Signals that end a program, from its first moment on."""

import os
import signal
import time
from threading import Thread, current_thread, main_thread
from typing import NoReturn


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end a program as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def hear() -> None:
    """End as by Ctrl-C, by whatever signal, from the first moment on; a run has its own ways."""
    if current_thread() is not main_thread():
        return
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # else somebody wants it ignored
            signal.signal(number, _raise)


def leave_to_others() -> None:
    """Be deaf to what ends a program; the process that leads hears it, and ends this one."""
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, signal.SIG_IGN)


def end_with_parent() -> None:
    """End with the process that started this one, however that ends."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _raise(number: int, _: object) -> NoReturn:
    raise Ended(number)
