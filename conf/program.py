"""What all programs share: composing the config, and failing in one clear line."""

import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from ..gast.addresses import put_away, shown
from ..gast.errors import InputError
from ..gast.ranks import follows
from .claim import claimed
from .help import config_dir, page
from .mistakes import mistake, refuse_unread, unknown_flag
from .outlet import say
from .secrets import keep_secrets, masked_output
from .signals import Ended, end_with_parent, hear, leave_to_others
from .wanted import refuse_kinds

Main = Callable[[DictConfig], None]
_FULL = "HYDRA_FULL_ERROR"
WEIGHTS = (".safetensors", ".onnx", ".ckpt")
"""Endings of weights files."""


def program(
    config_name: str, *, verbatim: Collection[str] = (), ranks: bool = False
) -> Callable[[Main], Callable[[], None]]:
    """Makes ``main(cfg)`` a program: composes `config_name` with what the command line says.

    The values of the keys in `verbatim`, its addresses and paths, are taken literally; see
    `quoted`. ``--help`` prints the texts of the yamls, ``--version`` the version. With
    `ranks` several processes may run it together; those that follow, see `follows`, print and write
    nothing, and leave signals to the first.

    What a user can cause (`InputError`, a full or forbidden disk, an option that is missing or
    can't be used, a key that doesn't exist) ends it with one line and status 1, Ctrl-C with status
    130; a run that leaves nothing takes its folder away. Every other exception is a defect and
    keeps its traceback; ``HYDRA_FULL_ERROR=1`` shows them all.
    """

    def decorate(main: Main) -> Callable[[], None]:
        def start() -> None:
            words = put_away(sys.argv[1:])
            if ranks and follows():
                _follow(main, config_name, verbatim)
                return
            hear()
            _print_any_name()
            if said := asked(config_name, words):
                print(shown(said))
                return
            if said := unknown_flag(words):
                _end(said, 2)
            if folder := config_dir(words):
                _say(f"the yamls in {folder} count as code: a _target_ runs whatever it names")
            sys.argv[1:] = [quoted(word, verbatim) for word in words]
            told = None if os.environ.get(_FULL) == "1" else partial(_told, config_name, words)
            with _errors_handed_on() as handed_on, masked_output(words):
                composed = _hydra(config_name, lambda cfg: _run(main, cfg, config_name, handed_on))
                guarded(composed, told)

        return start

    return decorate


def _follow(main: Main, config_name: str, verbatim: Collection[str]) -> None:
    """Run as one of several processes, beside the one that leads."""
    leave_to_others()
    end_with_parent()
    sys.argv[1:] = [*(quoted(word, verbatim) for word in sys.argv[1:]), "hydra/job_logging=none"]
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        guarded(_hydra(config_name, main))


def _print_any_name() -> None:
    """A file's name may be no UTF-8, or nothing that the terminal can show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _told(config_name: str, words: Sequence[str], error: Exception) -> str:
    return mistake(error, config_name, words)


def asked(config_name: str, words: Sequence[str]) -> str:
    """What ``--version`` or ``--help`` prints; empty if neither was asked for."""
    if "--version" in words:
        return version()
    if "--help" in words or "-h" in words:
        try:
            return page(config_name, words)
        except HydraException as error:
            _end(mistake(error, config_name, words), 1)
    return ""


def version() -> str:
    """Name and version of the installed package."""
    return f"gastlive {metadata.version('gastlive')}"


def _hydra(config_name: str, task: Main) -> Callable[[], None]:
    decorated: Callable[[], None] = hydra.main(
        version_base="1.3", config_path="pkg://gastlive.conf", config_name=config_name
    )(task)
    return decorated


def _run(main: Main, cfg: DictConfig, config_name: str, errors: ExitStack) -> None:
    errors.close()  # of the program itself, Hydra shows defects as it always does
    folder = Path(HydraConfig.get().runtime.output_dir)
    own = not Path.cwd().is_relative_to(folder.resolve())
    with _nothing_left(folder):
        words = HydraConfig.get().overrides.task

        def checked() -> None:
            if own:
                keep_secrets(cfg, folder)
            refuse_unread(cfg, config_name, words)
            refuse_kinds(cfg, config_name, words)
            with claimed(folder) if own else nullcontext():
                main(cfg)

        guarded(checked)


@contextmanager
def _errors_handed_on() -> Iterator[ExitStack]:
    """Hydra raises what is wrong with a config, instead of printing lines of its own.

    Until the stack is closed.
    """
    before = os.environ.get(_FULL, "0")
    with ExitStack() as stack:
        os.environ[_FULL] = "1"
        stack.callback(os.environ.__setitem__, _FULL, before)
        yield stack


@contextmanager
def _nothing_left(folder: Path) -> Iterator[None]:
    """A program that ends without a result takes away its folder, and empty ones above it."""
    try:
        yield
    except SystemExit:
        with suppress(OSError):
            _remove_if_empty(folder.resolve())
        raise


def _remove_if_empty(folder: Path) -> None:
    here = Path.cwd().resolve()
    if here.is_relative_to(folder):
        return
    inside = list(folder.iterdir())
    if all(file.name == ".hydra" or _is_empty_log(file) for file in inside):
        for file in inside:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        folder.rmdir()
    while (folder := folder.parent) != here and folder.is_relative_to(here):
        folder.rmdir()


def _is_empty_log(file: Path) -> bool:
    return file.suffix == ".log" and file.stat().st_size == 0


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
                with _nothing_left(found[0].folder):
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


def guarded(work: Callable[[], None], mistake: Callable[[Exception], str] | None = None) -> None:
    """Run `work`; an error that a user can cause ends the program with one line.

    `mistake` explains those of composing a config.
    """
    try:
        work()
    except KeyboardInterrupt as ended:
        number = ended.number if isinstance(ended, Ended) else signal.SIGINT
        for each in {signal.SIGINT, signal.SIGTERM, number}:
            signal.signal(each, signal.SIG_IGN)  # once more, it would break the exit
        _end("interrupted", 128 + number)
    except (InputError, OSError, HydraException, OmegaConfBaseException) as error:
        if os.environ.get(_FULL) == "1" and mistake is None:
            raise
        told = mistake if mistake and isinstance(error, HydraException) else explained
        _end(told(error), 1)


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
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return _line(error)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _say(line: str) -> None:
    say(f"gastlive: {shown(line)}")


def _end(line: str, status: int) -> NoReturn:
    _say(line)
    raise SystemExit(status)
