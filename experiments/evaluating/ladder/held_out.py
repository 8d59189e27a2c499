"""Held-out people of motion capture, through virtual cameras."""

from collections.abc import Callable, Iterator, Mapping

from ....datasets.for_lifters.held_out import HeldOut, Watched
from ....gast.errors import InputError
from .scenes import DETECTOR, EXACT, NOISE, TRUTH, OfJoints, OfPicture, Scene


class HeldOutPeople:
    """The views of `HeldOut` data, which `make` makes for lifters of a normalisation.

    Their conditions are exact and noisy 2-D joints.
    """

    name = "held-out people"

    def __init__(self, make: Callable[[str], HeldOut], *, fps: float) -> None:
        self._make, self.fps = make, fps
        self._held_out: dict[str, HeldOut] = {}

    @property
    def report(self) -> list[str]:
        """Lines about the sets."""
        return list(dict.fromkeys(line for one in self._held_out.values() for line in one.report))

    def rungs(self) -> Mapping[str, str]:
        """See `Ground`."""
        return {TRUTH: "", EXACT: "", NOISE: "", DETECTOR: "no pictures of them"}

    def scenes(self, rung: str, normalisation: str) -> Iterator[Scene]:
        """See `Ground`."""
        if normalisation not in self._held_out:
            self._held_out[normalisation] = self._make(normalisation)
        held_out = self._held_out[normalisation]
        if len(held_out.conditions) != 2:
            raise InputError(
                f"the ladder wants exact and noisy 2-D joints, the held-out data have "
                f"{', '.join(held_out.conditions)}; give held_out=virtual"
            )
        exact, noisy = held_out.conditions
        if rung != NOISE:
            yield from (self._scene(rung, seen, seen) for seen in held_out.watch(exact))
            return
        for seen, before in zip(held_out.watch(noisy), held_out.watch(exact), strict=True):
            yield self._scene(rung, seen, before)

    def _scene(self, rung: str, seen: Watched, exact: Watched) -> Scene:
        given = OfJoints(seen.xyz) if rung == TRUTH else OfPicture(seen.xy, seen.confidence)
        return Scene(
            name=seen.name,
            dataset=seen.dataset,
            labels=seen.actions,
            fps=self.fps,
            true=seen.xyz,
            made=seen.xyz,
            exact=exact.xy,
            given=given,
        )
