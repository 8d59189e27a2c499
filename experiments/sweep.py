"""Search for the best settings with Optuna: ``gastlive-sweep study=head given="..."``."""

import shlex
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig

from ..conf.program import program
from ..gast.errors import InputError
from .sweeping.report import write
from .sweeping.search import Search
from .sweeping.study import Study


@program("sweep", verbatim=("given", "first"))
def main(cfg: DictConfig) -> None:
    """Try settings until there are `trials`; an interrupted study goes on where it was."""
    if cfg.trials < 1:
        raise InputError(f"trials={cfg.trials}: give 1 or more")
    given, first = _words("given", cfg.given), _words("first", cfg.first)
    folder = Path(HydraConfig.get().runtime.output_dir)
    study: Study = instantiate(cfg.study, _convert_="all")
    search = Search(study, folder, seed=cfg.seed)
    before = len(search.done)
    if before:
        _say(f"{before} of {cfg.trials} trials are there: going on")

    def attempt(number: int, values: dict[str, str]) -> list[float]:
        place = (folder / "trials" / f"{number:04}").absolute()
        return study.figures(values, place, given=given, first=first)

    try:
        search.run(cfg.trials, attempt, _say)
    finally:
        failed = len(search.done) - len(search.complete)
        left = max(0, cfg.trials - len(search.done))
        more = f", {left} left: the same command goes on with them" if left else ""
        _say(f"{len(search.complete)} trials, {failed} failed{more}")
        if search.done:
            command = shlex.join(["gastlive-sweep", *sys.argv[1:]])
            _say(f"report in {write(search, study, folder, command=command)}")
    if not search.complete:
        raise InputError("no trial has a result; the reasons are above")


def _words(key: str, text: str) -> list[str]:
    """Of a text, as a shell splits it; an InputError where a quote isn't closed."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"{key}={text}: {str(error).lower()}; close it") from error


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
