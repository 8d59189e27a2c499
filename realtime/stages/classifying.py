"""The classifying stage: 3-D joints over time to class probabilities, by an action head."""

from dataclasses import replace

import numpy as np
from scipy.special import softmax

from ...action.deployed import deployed
from ...gast.errors import InputError
from ...gast.runtimes.compiled import ready
from ...gast.runtimes.step_graph import StepGraph
from ...gast.skeleton import named
from ...gast.streaming import Streaming
from ..packets import Frame
from .runners import StreamRunner, WindowRunner
from .stage import Remembering


class Classify(Remembering):
    """Runs an action head for everyone in view: `Person.xyz` to `Person.probabilities`.

    Args:
        checkpoint: Name of a shipped head, or path of a .safetensors or exported .onnx file.
        layout: Name of the lifter's; the head must have been trained on it.
        window_every_s: How often a windowed head, which torch alone runs, is run for a person.
        runtime, precision, threads, device: See `gast.runtimes.compiled.ready`.

    Raises:
        InputError: No such head, one of another layout, or nothing here can run it as asked.
    """

    name = "head"

    def __init__(
        self,
        checkpoint: str,
        *,
        layout: str,
        patience_s: float,
        window_every_s: float = 0.1,
        runtime: str,
        precision: str,
        threads: int,
        device: str,
    ) -> None:
        source, self.card = deployed(checkpoint, layout=layout)
        if self.card.background is None:
            raise InputError(
                f"head {checkpoint} was trained on cut clips and knows no background class, so it "
                f"can't run live; train it with datamodule=streams"
            )
        self.labels, self.background = tuple(self.card.labels), self.card.background
        self.temperature = self.card.temperature
        self._run: StreamRunner | WindowRunner
        if isinstance(source, Streaming | StepGraph):
            made = ready(
                source, shape=(len(named(layout)), 3), runtime=runtime, precision=precision,
                threads=threads, device=device,
            )  # fmt: skip
            self.runtime = made.runtime
            self._run = StreamRunner(
                made.net, fps=self.card.fps, patience_s=patience_s, device=made.device
            )
        else:
            if runtime not in ("auto", "torch") or precision != "float32":
                raise InputError(
                    f"classifier {checkpoint} looks at windows, which runtime=torch and "
                    f"precision=float32 alone run; got runtime={runtime}, precision={precision}"
                )
            self.runtime = "torch"
            self._run = WindowRunner(
                source, joints=len(source.skeleton), frames=source.frames, fps=self.card.fps,
                patience_s=patience_s, every_s=window_every_s, device=device,
            )  # fmt: skip

    def reset(self) -> None:
        """Drop everyone's past."""
        self._run.reset()

    def step(self, frame: Frame) -> Frame:
        """Write `Person.probabilities` of everyone who has `Person.xyz`."""
        seen = {t: p.xyz for t, p in frame.people.items() if p.xyz is not None}
        logits = self._run.step(seen, frame.time_s)
        if not logits:
            return frame
        people = dict(frame.people)
        rows = softmax(np.stack(list(logits.values())) / self.temperature, axis=1)
        for track, probabilities in zip(logits, rows, strict=True):
            people[track] = replace(people[track], probabilities=probabilities)
        return frame.knowing(people=people)
