"""What every program of ours shares: composing its config, and failing in one clear line."""

import os
import sys
from collections.abc import Callable

import hydra
from hydra.errors import InstantiationException
from omegaconf import DictConfig
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from ..gast.errors import InputError

Main = Callable[[DictConfig], None]


def program(config_name: str) -> Callable[[Main], Callable[[], None]]:
    """Makes ``main(cfg)`` a program: composes `config_name` with what the command line says.

    What a user can cause (`InputError`, a full or forbidden disk, an option that is missing or
    can't be used) ends it with one line and status 1, Ctrl-C with status 130. Every other
    exception is a defect and keeps its traceback; ``HYDRA_FULL_ERROR=1`` shows them all.
    """

    def decorate(main: Main) -> Callable[[], None]:
        def guarded(cfg: DictConfig) -> None:
            try:
                main(cfg)
            except KeyboardInterrupt:
                _end("interrupted", 130)
            except (InputError, OSError, InstantiationException, OmegaConfBaseException) as error:
                if os.environ.get("HYDRA_FULL_ERROR") == "1":
                    raise
                _end(explained(error), 1)

        composed: Callable[[], None] = hydra.main(
            version_base="1.3", config_path="pkg://gastlive.conf", config_name=config_name
        )(guarded)
        return composed

    return decorate


def explained(error: BaseException) -> str:
    """An error a user can cause, as one line."""
    if isinstance(error, InstantiationException):
        cause = error.__cause__
        while isinstance(cause, InstantiationException):
            cause = cause.__cause__
        if isinstance(cause, InputError | OSError | OmegaConfBaseException):
            return explained(cause)
        if cause is not None:
            part = str(error).rpartition("full_key: ")[2]
            return f"{part} can't be made as given: {_line(cause)}"
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} is missing; give {error.full_key}=..."
    if isinstance(error, OmegaConfBaseException):
        return _line(error).partition(" full_key:")[0]
    return _line(error)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _end(line: str, status: int) -> None:
    print(f"gastlive: {line}", file=sys.stderr)
    raise SystemExit(status)
