"""One program at a time in a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..gast.errors import InputError

try:
    import fcntl
except ImportError:  # on Windows nobody is refused
    fcntl = None  # type: ignore[assignment]


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Keep a folder for this program; InputError if another one has it.

    The claim is the system's and ends with the process, so that a killed one leaves nothing. It is
    not made where there are none, as on some network drives.
    """
    if fcntl is None or not folder.is_dir():
        yield
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(file)
        raise InputError(
            f"another program is writing to {folder}; wait for it, or give another folder"
        ) from error
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(file)
