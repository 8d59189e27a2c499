"""What all programs share: composing the config, and failing in one clear line."""

import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from ..gast.errors import InputError

Main = Callable[[DictConfig], None]
WEIGHTS = (".safetensors", ".onnx", ".ckpt")
"""Endings of weights files."""


def program(
    config_name: str, *, verbatim: Collection[str] = ()
) -> Callable[[Main], Callable[[], None]]:
    """Makes ``main(cfg)`` a program: composes `config_name` with what the command line says.

    The values of the keys in `verbatim`, its addresses and paths, are taken literally; see
    `quoted`.

    What a user can cause (`InputError`, a full or forbidden disk, an option that is missing or
    can't be used) ends it with one line and status 1, Ctrl-C with status 130. Every other
    exception is a defect and keeps its traceback; ``HYDRA_FULL_ERROR=1`` shows them all.
    """

    def decorate(main: Main) -> Callable[[], None]:
        composed: Callable[[], None] = hydra.main(
            version_base="1.3", config_path="pkg://gastlive.conf", config_name=config_name
        )(lambda cfg: guarded(lambda: main(cfg)))

        def start() -> None:
            sys.argv[1:] = [quoted(argument, verbatim) for argument in sys.argv[1:]]
            composed()

        return start

    return decorate


def quoted(argument: str, verbatim: Collection[str]) -> str:
    """``KEY=VALUE`` with the value in quotes, so that none of its characters is Hydra's grammar.

    Otherwise Hydra would refuse an address with ``?a=1&b=2`` or a password with ``!``, and print it
    in its error. ``lifter=my.safetensors`` is short for
    ``lifter.checkpoint=my.safetensors``, where that is a key of `verbatim`.
    """
    key, _, value = argument.partition("=")
    if value.endswith(WEIGHTS) and f"{key}.checkpoint" in verbatim:
        key = f"{key}.checkpoint"
    if key not in verbatim or not value:
        return argument
    if value[0] in "'\"" or value in ("null", "???"):
        return argument
    # In quotes a backslash is literal, except before a quote.
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f"{key}='{escaped}'"


@dataclass(frozen=True)
class Composed:
    """A config as composed by the command line.

    Attributes:
        cfg: All of it.
        overrides: Of the command line, ``key=value`` each.
        folder: Where results go; one for all configs of a sweep.
        config_dir: The folder of ``--config-dir``, with options of the user's own.
    """

    cfg: DictConfig
    overrides: tuple[str, ...]
    folder: Path
    config_dir: str | None = None


def sweep(config_name: str) -> Callable[[Callable[[Sequence[Composed]], None]], Callable[[], None]]:
    """Makes ``main(configs)`` a program like `program` that sees all configs of a sweep at once.

    Without ``-m`` there is one.
    """

    def decorate(main: Callable[[Sequence[Composed]], None]) -> Callable[[], None]:
        def run() -> None:
            found: list[Composed] = []
            program(config_name)(lambda cfg: found.append(_composed(cfg)))()
            if found:  # else Hydra was asked to show something
                guarded(lambda: main(found))

        return run

    return decorate


def _composed(cfg: DictConfig) -> Composed:
    hydra_cfg = HydraConfig.get()
    many = hydra_cfg.mode == RunMode.MULTIRUN
    folder = hydra_cfg.sweep.dir if many else hydra_cfg.runtime.output_dir
    OmegaConf.resolve(cfg)
    sources = hydra_cfg.runtime.config_sources
    given = (source.path for source in sources if source.provider == "command-line")
    return Composed(cfg, tuple(hydra_cfg.overrides.task), Path(folder), next(given, None))


def guarded(work: Callable[[], None]) -> None:
    """Run `work`; an error that a user can cause ends the program with one line."""
    try:
        work()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # pressed again, it would break the exit
        _end("interrupted", 130)
    except (InputError, OSError, InstantiationException, OmegaConfBaseException) as error:
        if os.environ.get("HYDRA_FULL_ERROR") == "1":
            raise
        _end(explained(error), 1)


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
