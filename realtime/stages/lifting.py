"""The lifting stage: 2-D joints to 3-D joints, by a causal lifter."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import torch

from ...gast.deployed import deployed
from ...gast.runtimes.compiled import ready
from ...gast.skeleton import Skeleton, named
from ...gast.units import to_screen
from ...gast.windowed import mirrored
from ..packets import Frame, Person
from .batching import ByTrack, Streams, together
from .stage import Batching, anew


class Lift(Batching):
    """Steps a lifter once a frame for everyone in view: `Person.xy` to `Person.xyz`, of `layout`.

    Args:
        checkpoint: Name of a shipped lifter, or path of a .safetensors or exported .onnx file.
        flip: Lift everyone's mirror image, too, and take the mean, as papers do in evaluation.
        runtime, precision, threads, device: See `gast.runtimes.compiled.ready`.

    Raises:
        InputError: No such lifter, one that is not causal, or nothing here can run it as asked.
    """

    name = "lifter"

    def __init__(
        self,
        checkpoint: str,
        *,
        flip: bool,
        patience_s: float,
        runtime: str,
        precision: str,
        threads: int,
        device: str,
    ) -> None:
        source, self.card = deployed(checkpoint)
        self.layout: Skeleton = named(self.card.layout)
        self.flip = flip
        made = ready(
            source, shape=(len(self.layout), self.card.inputs), runtime=runtime,
            precision=precision, threads=threads, device=device,
        )  # fmt: skip
        self.runtime = made.runtime
        self._streams, self._other = (
            Streams(made.net, patience_s=patience_s, device=made.device) for _ in range(2)
        )

    def reset(self) -> None:
        """Drop everyone's past."""
        self._streams, self._other = anew(self._streams), anew(self._other)

    def step_all(self, stages: Sequence[Self], frames: Sequence[Frame]) -> list[Frame]:
        """Write `Person.xyz` of everyone who has `Person.xy`, and the same of another guess."""
        own = [{t: p.xy for t, p in f.people.items() if p.xy is not None} for f in frames]
        other = [
            {t: p.other_xy for t, p in f.people.items() if p.other_xy is not None} for f in frames
        ]
        lifted = self._lifted([stage._streams for stage in stages], own, frames)
        others = self._lifted([stage._other for stage in stages], other, frames)
        return [_written(*each) for each in zip(frames, lifted, others, strict=True)]

    def _inputs(self, seen: ByTrack, frame: Frame) -> ByTrack:
        """What the lifter takes of each person's pixels (J, 2)."""
        if not seen:
            return {}
        screen = to_screen(np.stack(list(seen.values())), width=frame.width, height=frame.height)
        if self.card.inputs == 3:
            trust = np.stack([_confidence(frame.people[track]) for track in seen])
            screen = np.concatenate([screen, trust[..., None]], -1)
        return dict(zip(seen, screen, strict=True))

    def _lifted(
        self, streams: Sequence[Streams], seen: Sequence[ByTrack], frames: Sequence[Frame]
    ) -> list[ByTrack]:
        """Joints (J, 3) of everyone whose pixels (J, 2) were seen in a frame."""
        inputs = [self._inputs(*each) for each in zip(seen, frames, strict=True)]
        if self.flip:  # a mirror image is one more stream of the batch, with a past of its own
            inputs = [each | self._images(each) for each in inputs]
        times_s = [frame.time_s for frame in frames]
        lifted = together(list(zip(streams, inputs, times_s, strict=True)))
        return [self._mean(each) for each in lifted] if self.flip else lifted

    def _images(self, seen: ByTrack) -> ByTrack:
        return {~track: self._mirrored(joints) for track, joints in seen.items()}

    def _mean(self, lifted: ByTrack) -> ByTrack:
        own = {track: joints for track, joints in lifted.items() if track >= 0}
        return {t: (joints + self._mirrored(lifted[~t])) / 2 for t, joints in own.items()}

    def _mirrored(self, joints: np.ndarray) -> np.ndarray:
        return mirrored(torch.from_numpy(joints), self.layout).numpy()


def _written(frame: Frame, lifted: ByTrack, others: ByTrack) -> Frame:
    people = {
        track: replace(person, xyz=lifted[track], other_xyz=others.get(track))
        if track in lifted
        else person
        for track, person in frame.people.items()
    }
    return frame.knowing(people=people)


def _confidence(person: Person) -> np.ndarray:
    """(J,); 1 where nobody says."""
    if person.confidence is not None:
        return person.confidence
    return np.ones(len(person.xy) if person.xy is not None else 0, np.float32)
