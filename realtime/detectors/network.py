"""Networks whose input is a picture."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING

import numpy as np

from ...gast.errors import InputError
from ...gast.runtimes.openvino_core import computing_in, core

if TYPE_CHECKING:
    import openvino


_AT_ONCE = ContextVar("at_once", default=1)


@contextmanager
def pictures_at_once(count: int) -> Iterator[None]:
    """Networks made meanwhile read so many pictures at the same time, if threads call them so.

    Each picture has its share of a network's threads: more pictures a second, each a little later.
    """
    before = _AT_ONCE.set(count)
    try:
        yield
    finally:
        _AT_ONCE.reset(before)


def at_once_now() -> int:
    """How many pictures at the same time networks are made for just now."""
    return _AT_ONCE.get()


@dataclass(frozen=True)
class Normalisation:
    """A network takes ``(value - mean) / std`` of 0..255, per channel; red first if `rgb`."""

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rgb: bool = True


RAW_RGB = Normalisation()
PRECISIONS = ("auto", "float32", "bfloat16")


class Network:
    """A network on the CPU that takes BGR pictures of `width` x `height` pixels.

    Several threads may call it, those made in `pictures_at_once` at the same time.

    Args:
        precision: One of `PRECISIONS`; ``auto`` is bfloat16 on a CPU that computes in it.
        path: A .tflite, .onnx or .xml file (OpenVINO's) with one picture as input.
        normalisation: What the network expects.
        size: (width, height) of an input whose size the file leaves open.
        outputs: Names of the outputs to compute, by default all; the others are cut off.

    Raises:
        InputError: The file is missing, is no such network or lacks an output, or this CPU does not
            compute in that precision.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        threads: int,
        precision: str,
        normalisation: Normalisation = RAW_RGB,
        size: tuple[int, int] | None = None,
        outputs: Sequence[str] = (),
    ) -> None:
        if threads < 1:
            raise InputError(f"threads={threads}: give the detector at least one thread")
        if precision not in PRECISIONS:
            raise InputError(
                f"detector.precision={precision}: detectors' networks come in float numbers alone; "
                f"choose one of {', '.join(PRECISIONS)}"
            )
        model = _trimmed(_read(Path(path)), outputs, path)
        self.width, self.height = _sized(model, size, path)
        self._outputs = [output.any_name for output in model.outputs]
        self._compiled = _compiled(model, normalisation, threads, precision, at_once_now())
        self._of_thread = local()

    def __call__(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """Outputs by name, of a picture (height, width, 3) uint8.

        The thread's next call overwrites them.
        """
        request = self._request
        request.infer([picture[None]], share_inputs=True)
        tensors = request.output_tensors
        return {name: t.data for name, t in zip(self._outputs, tensors, strict=True)}

    @property
    def _request(self) -> "openvino.InferRequest":
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        request: openvino.InferRequest = self._of_thread.request
        return request


def _read(path: Path) -> "openvino.Model":
    if not path.is_file():
        raise InputError(f"no network at {path}; give the path of an .onnx, .tflite or .xml file")
    try:
        model = core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise InputError(
            f"{path} can't be read as a network ({reason}); give an .onnx, .tflite or .xml file"
        ) from error
    if len(model.inputs) != 1 or _layout(model.input(0)) is None:
        shapes = ", ".join(str(i.partial_shape) for i in model.inputs)
        raise InputError(
            f"{path} takes {shapes}, expected one picture (1, 3, height, width) or "
            f"(1, height, width, 3); give a network for pictures"
        )
    return model


def _layout(port: "openvino.Output") -> str | None:
    """NCHW or NHWC; ``None`` if it is no picture."""
    shape = port.partial_shape
    if shape.rank.is_dynamic or len(shape) != 4:
        return None
    if shape[1].is_static and shape[1].get_length() == 3:
        return "NCHW"
    return "NHWC" if shape[3].is_static and shape[3].get_length() == 3 else None


def _trimmed(model: "openvino.Model", names: Sequence[str], path: str | Path) -> "openvino.Model":
    """The part of the model that leads to these outputs."""
    import openvino

    if not names:
        return model
    known = {name: output for output in model.outputs for name in output.names}
    if lacking := [name for name in names if name not in known]:
        raise InputError(
            f"{path} has outputs {', '.join(sorted(known))}, expected {', '.join(names)}; "
            f"it lacks {', '.join(lacking)}: give the network that this detector is for"
        )
    return openvino.Model([known[name] for name in names], model.get_parameters())


def _sized(
    model: "openvino.Model", size: tuple[int, int] | None, path: str | Path
) -> tuple[int, int]:
    """Fix the input's shape to one picture; returns its width and height."""
    shape, layout = model.input(0).partial_shape, _layout(model.input(0)) or ""
    at_y, at_x = layout.index("H"), layout.index("W")
    if size is None and (shape[at_y].is_dynamic or shape[at_x].is_dynamic):
        raise InputError(f"{path} leaves its input size open; export it with a fixed size")
    fixed = [1, 3, 3, 3]
    fixed[at_y] = size[1] if shape[at_y].is_dynamic and size else shape[at_y].get_length()
    fixed[at_x] = size[0] if shape[at_x].is_dynamic and size else shape[at_x].get_length()
    if shape != type(shape)(fixed):
        model.reshape(fixed)
    return fixed[at_x], fixed[at_y]


def _compiled(
    model: "openvino.Model",
    normalisation: Normalisation,
    threads: int,
    precision: str,
    at_once: int,
) -> "openvino.CompiledModel":
    """With colours and normalisation made part of the graph."""
    import openvino
    from openvino.preprocess import ColorFormat, PrePostProcessor

    layout = _layout(model.input(0))
    processor = PrePostProcessor(model)
    given, steps = processor.input().tensor(), processor.input().preprocess()
    given.set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    given.set_color_format(ColorFormat.BGR)
    processor.input().model().set_layout(openvino.Layout(layout))
    if normalisation.rgb:
        steps.convert_color(ColorFormat.RGB)
    if model.input(0).element_type.is_real():
        steps.convert_element_type(openvino.Type.f32)
        steps.mean(list(normalisation.mean)).scale(list(normalisation.std))
    # Other threads (camera, lifter) share the cores, so none is pinned to one.
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    settings |= {} if precision == "auto" else computing_in(precision)
    settings |= {"NUM_STREAMS": min(at_once, threads)} if at_once > 1 else {}
    return core().compile_model(processor.build(), "CPU", settings)
