"""OpenVINO's core; a file of its own, so that a detector compiles without waiting for torch."""

import sys
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    import openvino

_CORE_LOCK = Lock()
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


def core() -> "openvino.Core":
    """OpenVINO's core, one for the whole process and never freed; any thread may ask.

    The CPU plugin of each core moves signal handlers onto a stack of its own. When two cores are
    freed in the order they came, the freed stack of the first is put back, and Ctrl-C ends the
    process with a segmentation fault (OpenVINO 2026.4).
    """
    with _CORE_LOCK:
        return _core()


def computing_in(precision: str) -> dict[str, str]:
    """OpenVINO's setting for float32 or bfloat16.

    Without it OpenVINO takes bfloat16 where the CPU computes in it.

    Raises:
        InputError: This CPU doesn't compute in it.
    """
    if precision == "bfloat16" and "BF16" not in core().get_property(
        "CPU", "OPTIMIZATION_CAPABILITIES"
    ):
        raise InputError("this CPU does not compute in bfloat16; take precision=float32")
    return {"INFERENCE_PRECISION_HINT": _HINTS[precision]}


@cache
def _core() -> "openvino.Core":
    # Its import alone sends an event to Google Analytics; without this package it can't.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()
