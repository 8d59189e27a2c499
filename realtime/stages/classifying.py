"""The classifying stage: 3-D joints over time to class probabilities, by an action head."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from scipy.special import softmax

from ...action.deployed import deployed
from ...gast.errors import InputError
from ...gast.runtimes.compiled import ready
from ...gast.runtimes.step_graph import StepGraph
from ...gast.skeleton import named
from ...gast.streaming import Streaming
from ..packets import Frame
from .batching import ByTrack
from .runners import StreamRunner, WindowRunner
from .stage import Batching, anew


class Classify(Batching):
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
        self._other: StreamRunner | WindowRunner
        if isinstance(source, Streaming | StepGraph):
            made = ready(
                source, shape=(len(named(layout)), 3), runtime=runtime, precision=precision,
                threads=threads, device=device,
            )  # fmt: skip
            self.runtime = made.runtime
            self._run, self._other = (
                StreamRunner(made.net, fps=self.card.fps, patience_s=patience_s, device=made.device)
                for _ in range(2)
            )
        else:
            if runtime not in ("auto", "torch") or precision != "float32":
                raise InputError(
                    f"classifier {checkpoint} looks at windows, which runtime=torch and "
                    f"precision=float32 alone run; got runtime={runtime}, precision={precision}"
                )
            self.runtime = "torch"
            self._run, self._other = (
                WindowRunner(
                    source, joints=len(source.skeleton), frames=source.frames, fps=self.card.fps,
                    patience_s=patience_s, every_s=window_every_s, device=device,
                )
                for _ in range(2)
            )  # fmt: skip

    def reset(self) -> None:
        """Drop everyone's past."""
        self._run, self._other = anew(self._run), anew(self._other)

    def step_all(self, stages: Sequence[Self], frames: Sequence[Frame]) -> list[Frame]:
        """Write `Person.probabilities` of everyone who has `Person.xyz`.

        With two guesses at what was never in sight, a class is as likely as the less likely one
        says, and the background takes the rest: an action that hangs on a guess is none.
        """
        own = [{t: p.xyz for t, p in f.people.items() if p.xyz is not None} for f in frames]
        other = [
            {t: p.other_xyz for t, p in f.people.items() if p.other_xyz is not None} for f in frames
        ]
        found = self._probabilities([stage._run for stage in stages], own, frames)
        doubts = self._probabilities([stage._other for stage in stages], other, frames)
        return [self._written(*each) for each in zip(frames, found, doubts, strict=True)]

    def _written(self, frame: Frame, found: ByTrack, doubts: ByTrack) -> Frame:
        people = dict(frame.people)
        for track, odds in found.items():
            if track in doubts:
                odds = np.minimum(odds, doubts[track])
                odds[self.labels.index(self.background)] += 1 - odds.sum()
            people[track] = replace(people[track], probabilities=odds)
        return frame.knowing(people=people)

    def _probabilities(
        self, runs: Sequence[Any], seen: Sequence[ByTrack],
        frames: Sequence[Frame],
    ) -> list[ByTrack]:  # fmt: skip
        times_s = [frame.time_s for frame in frames]
        found = runs[0].together(list(zip(runs, seen, times_s, strict=True)))
        return [self._softmax(logits) for logits in found]

    def _softmax(self, logits: ByTrack) -> ByTrack:
        if not logits:
            return {}
        rows = softmax(np.stack(list(logits.values())) / self.temperature, axis=1)
        return dict(zip(logits, rows, strict=True))
