"""The run folder: where sinks write, and what to say when they can't."""

import os
from pathlib import Path

from ..gast.errors import InputError


def run_folder(folder: str) -> Path:
    """The folder, made if it does not exist; InputError if it can't be made or written to."""
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise unwritable(path, PermissionError(None, "permission denied"))
    return path


def unwritable(path: Path, error: OSError) -> InputError:
    """The error that says that `path` can't be written, and why."""
    reason = (error.strerror or str(error)).lower()
    return InputError(
        f"can't write {path}: {reason}; what was written so far stays - make room there or give "
        f"another folder with hydra.run.dir=FOLDER"
    )
