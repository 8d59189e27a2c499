"""The lifting stage: 2-D joints to 3-D joints, for everyone in view at once."""

from dataclasses import replace

from ..gast.checkpoint import load
from ..gast.folded import FoldedGASTNet
from ..gast.shipped import LIFTERS, find
from ..gast.skeleton import Skeleton
from ..gast.units import Lifter, to_screen
from .packets import Frame
from .streams import Streams


class Lift:
    """Runs a causal lifter once a frame.

    Args:
        checkpoint: Name of a lifter that comes with the package, or the path of one.
        patience_s: Stream time for which a person out of view is remembered.
        device: Where it runs: auto, cpu, cuda.

    Attributes:
        layout: Joints it reads and writes.

    Raises:
        InputError: No such lifter, or one that is not causal.
    """

    name = "lifter"

    def __init__(self, checkpoint: str, *, patience_s: float = 1.0, device: str = "cpu") -> None:
        net, self.card = load(find(checkpoint, folder=LIFTERS, kind="lifter"), causal=True)
        self.layout: Skeleton = net.skeleton
        lifter = Lifter(
            FoldedGASTNet(net), skeleton=net.skeleton, normalisation=self.card.normalisation
        )
        self._streams = Streams(lifter, patience_s=patience_s, device=device)

    def reset(self) -> None:
        """Forget everyone."""
        self._streams.reset()

    def __call__(self, frame: Frame) -> Frame:
        """Write `Person.xyz` of everyone who has `Person.xy`."""
        screen = {
            track: to_screen(person.xy, width=frame.width, height=frame.height)
            for track, person in frame.people.items()
            if person.xy is not None
        }
        lifted = self._streams.step(screen, frame.time_s)
        people = {
            track: replace(person, xyz=lifted[track]) if track in lifted else person
            for track, person in frame.people.items()
        }
        return frame.knowing(people=people)
