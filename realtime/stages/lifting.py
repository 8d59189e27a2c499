"""The lifting stage: 2-D joints to 3-D joints, by a causal lifter."""

from dataclasses import replace

import numpy as np
import torch

from ...gast.deployed import deployed
from ...gast.runtimes.compiled import ready
from ...gast.skeleton import Skeleton, named
from ...gast.units import to_screen
from ...gast.windowed import mirrored
from ..packets import Frame, Person
from .batching import Streams
from .stage import Remembering


class Lift(Remembering):
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
        self._streams.reset()
        self._other.reset()

    def step(self, frame: Frame) -> Frame:
        """Write `Person.xyz` of everyone who has `Person.xy`, and the same of another guess."""
        own = {track: p.xy for track, p in frame.people.items() if p.xy is not None}
        other = {t: p.other_xy for t, p in frame.people.items() if p.other_xy is not None}
        lifted = self._lifted(self._inputs(own, frame), frame.time_s, self._streams)
        others = self._lifted(self._inputs(other, frame), frame.time_s, self._other)
        people = {
            track: replace(person, xyz=lifted[track], other_xyz=others.get(track))
            if track in lifted
            else person
            for track, person in frame.people.items()
        }
        return frame.knowing(people=people)

    def _inputs(self, seen: dict[int, np.ndarray], frame: Frame) -> dict[int, np.ndarray]:
        """What the lifter takes of each person's pixels (J, 2)."""
        if not seen:
            return {}
        screen = to_screen(np.stack(list(seen.values())), width=frame.width, height=frame.height)
        if self.card.inputs == 3:
            trust = np.stack([_confidence(frame.people[track]) for track in seen])
            screen = np.concatenate([screen, trust[..., None]], -1)
        return dict(zip(seen, screen, strict=True))

    def _lifted(
        self, seen: dict[int, np.ndarray], time_s: float, streams: Streams
    ) -> dict[int, np.ndarray]:
        if not self.flip:
            return streams.step(seen, time_s)
        # A mirror image is one more stream of the batch, with a past of its own.
        images = {~track: self._mirrored(joints) for track, joints in seen.items()}
        lifted = streams.step(seen | images, time_s)
        return {track: (lifted[track] + self._mirrored(lifted[~track])) / 2 for track in seen}

    def _mirrored(self, joints: np.ndarray) -> np.ndarray:
        return mirrored(torch.from_numpy(joints), self.layout).numpy()


def _confidence(person: Person) -> np.ndarray:
    """(J,); 1 where nobody says."""
    if person.confidence is not None:
        return person.confidence
    return np.ones(len(person.xy) if person.xy is not None else 0, np.float32)
