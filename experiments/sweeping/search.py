"""The search itself: Optuna proposes values, a database in the folder remembers them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...gast.errors import InputError
from .space import suggested
from .study import Study, TrialFailed

FILE = "study.db"
Try = Callable[[int, dict[str, str]], list[float]]
"""Runs the trial of a number with these values; its objectives, or `TrialFailed`."""


class Search:
    """An Optuna study in a folder, which a later one continues.

    Raises:
        InputError: Optuna is not installed, or what is in the folder is another study.
    """

    def __init__(self, study: Study, folder: Path, *, seed: int) -> None:
        optuna = _optuna()
        self.space, self.states = study.space, optuna.trial.TrialState
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [each.more for each in study.objectives.values()]
        self.optuna = optuna.create_study(
            study_name="study",
            storage=f"sqlite:///{folder.absolute() / FILE}",
            directions=["maximize" if more else "minimize" for more in wanted],
            load_if_exists=True,
        )
        self._same(study, folder)
        begun = len(self.optuna.get_trials(deepcopy=False))
        # Another seed than when it was begun, which would only propose the same once more.
        self.optuna.sampler = optuna.samplers.TPESampler(seed=seed + begun)
        self._put_back()

    def _same(self, study: Study, folder: Path) -> None:
        about = {
            "space": study.space,
            "objectives": {name: vars(each) for name, each in study.objectives.items()},
        }
        known = self.optuna.user_attrs.get("study")
        if known is None:
            self.optuna.set_user_attr("study", json.loads(json.dumps(about)))
        elif known != json.loads(json.dumps(about)):
            raise InputError(
                f"the study in {folder} has another space or other objectives; give the same ones, "
                f"or another name="
            )

    def _put_back(self) -> None:
        """What was interrupted, by Ctrl-C or by force, is tried first."""
        for trial in self.optuna.get_trials(states=(self.states.RUNNING,)):
            self._interrupted(trial.number, trial.params)

    def _interrupted(self, number: int, params: dict[str, Any]) -> None:
        self.optuna.tell(number, state=self.states.FAIL)
        if len(params) == len(self.space):
            self.optuna.enqueue_trial(params)

    def run(self, trials: int, attempt: Try, said: Callable[[str], None]) -> None:
        """Try until there are so many trials, failed ones included."""
        while len(self.done) < trials:
            trial = self.optuna.ask()
            values = suggested(self.space, trial)
            said(f"trial {trial.number}: {written(values)}")
            try:
                found = attempt(trial.number, values)
            except TrialFailed as error:
                trial.set_user_attr("failed", str(error))
                self.optuna.tell(trial, state=self.states.FAIL)
                said(f"trial {trial.number} failed: {error}")
            except BaseException:
                self._interrupted(trial.number, trial.params)
                raise
            else:
                self.optuna.tell(trial, found)
                said(f"trial {trial.number}: {', '.join(f'{value:.4g}' for value in found)}")

    @property
    def done(self) -> list[Any]:
        """Trials with a result or with a reason why they have none."""
        trials = self.optuna.get_trials(deepcopy=False)
        return [t for t in trials if t.state == self.states.COMPLETE or "failed" in t.user_attrs]

    @property
    def complete(self) -> list[Any]:
        """Those with a result."""
        return [trial for trial in self.done if "failed" not in trial.user_attrs]

    @property
    def best(self) -> set[int]:
        """Numbers of those that no other is better than in everything."""
        return {trial.number for trial in self.optuna.best_trials} if self.complete else set()


def written(values: Mapping[str, Any]) -> str:
    """``key=value`` of each."""
    return " ".join(f"{key}={value}" for key, value in values.items())


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise InputError(
            "gastlive-sweep needs the package optuna; install it: pip install 'gastlive[sweep]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
