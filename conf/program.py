"""What every program of ours shares: composing its config, and failing in one clear line."""

import sys
from collections.abc import Callable

import hydra
from hydra.errors import InstantiationException
from omegaconf import DictConfig

from ..gast.errors import InputError


def program(config_name: str) -> Callable[[Callable[[DictConfig], None]], Callable[[], None]]:
    """Makes ``main(cfg)`` a program: composes `config_name` with what the command line says.

    What a user can cause (`InputError`, a full or forbidden disk) ends it with one line and status
    1; Ctrl-C ends it with status 130; every other exception is a defect and keeps its traceback.
    """

    def decorate(main: Callable[[DictConfig], None]) -> Callable[[], None]:
        def guarded(cfg: DictConfig) -> None:
            try:
                main(cfg)
            except KeyboardInterrupt:
                _end("interrupted", 130)
            except (InputError, OSError) as error:
                _end(_line(error), 1)
            except InstantiationException as error:
                if not isinstance(error.__cause__, InputError | OSError):
                    raise
                _end(_line(error.__cause__), 1)

        composed = hydra.main(
            version_base="1.3", config_path="pkg://gastlive.conf", config_name=config_name
        )
        return composed(guarded)

    return decorate


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _end(line: str, status: int) -> None:
    print(f"gastlive: {line}", file=sys.stderr)
    raise SystemExit(status)
