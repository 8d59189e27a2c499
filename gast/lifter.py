"""A lifter: a net together with the 2-D units that it was trained in."""

from torch import Tensor

from .errors import InputError
from .gastnet import GASTNet
from .skeleton import Skeleton
from .streaming import State, Streaming
from .units import UNITS, PersonUnits, ScreenUnits


class Lifter(Streaming):
    """A net behind the units it was trained in, a key of `UNITS` (else an InputError)."""

    def __init__(self, net: Streaming, *, skeleton: Skeleton, normalisation: str) -> None:
        super().__init__()
        if normalisation not in UNITS:
            raise InputError(
                f"unknown normalisation {normalisation!r}; choose one of {', '.join(UNITS)}"
            )
        self.net, self.skeleton, self.normalisation = net, skeleton, normalisation
        self.units: ScreenUnits | PersonUnits = UNITS[normalisation](skeleton)

    def forward(self, xy: Tensor) -> Tensor:
        """(N, T, J, 2) in screen units to (N, T, J, 3), metres, camera axes, root-relative."""
        return self.net(self.units(xy))

    def strided(self, xy: Tensor) -> Tensor:
        """One frame (N, 1, J, 3) from one receptive field (N, T, J, 2) in screen units."""
        if not isinstance(self.net, GASTNet):
            raise InputError(f"{type(self.net).__name__} has no strided path; train it on clips")
        return self.net.strided(self.units(xy))

    def step(self, xy: Tensor, state: State = None) -> tuple[Tensor, State]:
        """The next frame (N, J, 2) in screen units to (N, J, 3), as `forward` would."""
        sizes, past = (None, None) if state is None else state
        scaled, sizes = self.units.step(xy, sizes)
        xyz, past = self.net.step(scaled, past)
        return xyz, (sizes, past)
