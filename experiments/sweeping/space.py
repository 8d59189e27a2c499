"""What a sweep tries: values of keys, as a yaml describes them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ...gast.errors import InputError


class Trial(Protocol):
    """What `suggested` asks Optuna's trial for."""

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> Any:
        """One of these."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number, ends included."""

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        """A number."""


def flat(space: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Dotted key to list of choices or to range, of nested or dotted keys.

    Raises:
        InputError: A value is neither a list nor ``{low: 1, high: 9}``, or the range is empty.
    """
    found: dict[str, Any] = {}
    for name, given in space.items():
        key = f"{above}{name}"
        if isinstance(given, Mapping) and not set(given) & {"low", "high"}:
            found |= flat(given, f"{key}.")
        else:
            found[key] = given
    if not above:  # null takes a key out, also one that stands there by its dotted name
        found = {key: _checked(key, given) for key, given in found.items() if given is not None}
    return found


def _checked(key: str, given: Any) -> Any:
    if isinstance(given, list | tuple) and given:
        return list(given)
    if isinstance(given, Mapping) and _is_range(**given):
        return dict(given)
    raise InputError(
        f"study.space.{key}={given}: give choices as a list, or a range as {{low: 0.1, high: 1}}, "
        f"with log: true (from above 0) or step: 0.1"
    )


def _is_range(
    *, low: Any = None, high: Any = None, log: bool = False, step: Any = None, **others: Any
) -> bool:
    numbers = all(isinstance(end, int | float) for end in (low, high))
    return numbers and not others and low < high and (not log or (low > 0 and not step))


def suggested(space: Mapping[str, Any], trial: Trial) -> dict[str, str]:
    """A value of each key, as it is written on the command line."""
    return {key: _suggested(key, given, trial) for key, given in space.items()}


def _suggested(key: str, given: Any, trial: Trial) -> str:
    if isinstance(given, list):
        return str(trial.suggest_categorical(key, [_written(value) for value in given]))
    low, high, log, step = given["low"], given["high"], bool(given.get("log")), given.get("step")
    if all(isinstance(each, int) for each in (low, high, step or 1)):
        return str(trial.suggest_int(key, low, high, step=step or 1, log=log))
    return f"{trial.suggest_float(key, low, high, step=step, log=log):.6g}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value).replace(" ", "")
