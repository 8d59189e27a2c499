"""Where the time to the first label goes: ``python -m gastlive.experiments.timing.start``.

Prints what each part of the live program's start takes of a core when all are done one after the
other. The program makes the detector beside lifter and head, so that it waits for the longer one.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from typing import Any

CHOICES = ("source=demo", "sink=[]")


def start() -> list[tuple[str, float]]:
    """Parts and the CPU seconds of each."""
    spent: list[tuple[str, float]] = [("Python itself", time.process_time())]

    def part(name: str, work: Callable[[], Any]) -> Any:
        begun_s = time.process_time()
        made = work()
        spent.append((name, time.process_time() - begun_s))
        return made

    part("import hydra", lambda: __import__("hydra"))
    part("import torch", lambda: __import__("torch"))
    for name in ("cv2", "av", "openvino", "onnxruntime", "onnx"):
        part(f"import {name}", partial(__import__, name))
    part("import the stages", _import)
    with tempfile.TemporaryDirectory() as folder:
        cfg = part("compose the config", lambda: _composed(folder))
        from hydra.utils import instantiate

        detector = part("detector", lambda: instantiate(cfg.detector))
        lifter = part("lifter", lambda: instantiate(cfg.lifter))
        head = part("head", lambda: instantiate(cfg.classifier, layout=lifter.layout.name))
        source = part("source", lambda: instantiate(cfg.source))
        frame = part("first picture", lambda: next(iter(source)))
        part("detector on it", lambda: detector(frame))
        source.close()
        del head
    return spent


def _import() -> None:
    from ...realtime import pipeline, summary  # noqa: F401


def _composed(folder: str) -> Any:
    from hydra import compose, initialize_config_module

    with initialize_config_module("gastlive.conf", version_base="1.3"):
        return compose("live", [*CHOICES, f"run_folder={folder}"])


def main() -> None:
    """Print the table."""
    spent = start()
    print("| part | CPU s |\n|---|---|")
    for name, seconds in [*spent, ("sum", sum(seconds for _, seconds in spent))]:
        print(f"| {name} | {seconds:.2f} |")


if __name__ == "__main__":
    main()
