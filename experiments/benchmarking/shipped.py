"""A frame of all that ships: lifters beside windows, ours and the reference's, heads, chains."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from ...action.deployed import HEADS
from ...conf.option import option
from ...gast.deployed import deployed
from ...gast.errors import InputError
from ...gast.shipped import LIFTERS
from ..reporting import origin, origin_line, table, write_files
from ..timing.jobs import Job, Row
from ..timing.parts import WINDOWS, Candidate, Stepping
from ..timing.step import Step
from ..timing.untrained import untrained
from .spread import cell, ratio, spread_text

_FIGURE = "step_p50_ms"


@dataclass(frozen=True)
class Lifter:
    """What is measured of a lifter: its step live and in `WINDOWS`, and with each head behind it.

    `about` is its name, receptive field in frames, and channels.
    """

    about: tuple[str, str, str]
    ways: Sequence[Candidate]
    chains: Sequence[Candidate]


class Shipped:
    """Milliseconds of a frame of one person, everything in turns; the page is ``shipped.md``.

    Measured are lifters as they stream live and in `WINDOWS`, heads, and each lifter with each
    head, in the config's runtime and precision.

    Args:
        lifters: Names or paths; ``None`` for all that ship.
        shapes: Names in ``conf/net`` of untrained lifters, measured without heads.
        heads: Names or paths of streaming heads; ``None`` for all that ship.
        rounds, frames, seconds, warm: As in `Step`.

    Raises:
        InputError: Numbers below 1; in a call: several configs, or something that isn't there.
    """

    title = "All that ships, a frame"

    def __init__(
        self,
        *,
        lifters: Sequence[str] | None,
        shapes: Sequence[str],
        heads: Sequence[str] | None,
        rounds: int,
        frames: int,
        seconds: float,
        warm: int,
    ) -> None:
        self.lifters = _all_in(LIFTERS) if lifters is None else list(lifters)
        self.heads = _all_in(HEADS) if heads is None else list(heads)
        self.shapes = list(shapes)
        pace = {"rounds": rounds, "frames": frames, "seconds": seconds, "warm": warm}
        self._step: Step = option("mode/step", strategies=["stream", *WINDOWS], **pace)
        self._head: Step = option("mode/step", part="head", **pace)

    def __call__(self, jobs: Sequence[Job], folder: Path) -> list[Row]:
        """Rows of lifters in all ways, heads, and lifters with heads, in that order."""
        if len(jobs) > 1:
            raise InputError("mode=shipped measures everything in one run; leave -m out")
        with ExitStack() as files:
            heads = [*self._heads(jobs[0])]
            lifters = [*self._trained(jobs[0], heads), *self._untrained(jobs[0], files)]
        rows = self._measured(lifters, heads)
        found = {row.name: row for row in rows}
        write_files(folder.parent, lambda _: [("shipped.md", self.page(lifters, heads, found))])
        return rows

    def _heads(self, job: Job) -> Iterator[Candidate]:
        for name in self.heads:
            yield from self._head.candidates(_of(job, name, "classifier", name))

    def _trained(self, job: Job, heads: Sequence[Candidate]) -> Iterator[Lifter]:
        for name in self.lifters:
            mine = _of(job, name, "lifter", name)
            ways = self._step.candidates(mine)
            yield Lifter(_about(mine), ways, [_chain(name, ways[0], head) for head in heads])

    def _untrained(self, job: Job, files: ExitStack) -> Iterator[Lifter]:
        for name in self.shapes:
            path = files.enter_context(untrained(name))
            mine = _of(job, f"{name}, untrained", "lifter", str(path))
            yield Lifter(_about(mine), self._step.candidates(mine), [])

    def _measured(self, lifters: Sequence[Lifter], heads: Sequence[Candidate]) -> list[Row]:
        chains = [chain for lifter in lifters for chain in lifter.chains]
        teams = [*(lifter.ways for lifter in lifters), *([each] for each in [*heads, *chains])]
        apart = [far for team in teams for far in self._step.differences(team)]
        return self._step.in_turns([each for team in teams for each in team], apart=apart)

    def page(
        self, lifters: Sequence[Lifter], heads: Sequence[Candidate], found: Mapping[str, Row]
    ) -> str:
        """The tables, from the rows by candidates' names."""
        rounds = self._step.rounds
        turns = f"median (min-max) of {rounds} rounds in turns" if rounds > 1 else "one round"
        parts = [
            f"# {self.title}",
            f"p50 of one person's frame in ms, {turns}; {origin_line(origin())}.",
            "## Lifters",
            *_lifters(lifters, found),
            "## Heads",
            table(["", "ms"], [[head.name, _ms(found[head.name])] for head in heads]),
            "## Lifter and head",
            table(["", *self.heads], [
                [each.about[0], *(_ms(found[chain.name]) for chain in each.chains)]
                for each in lifters if each.chains
            ]),
        ]  # fmt: skip
        return "\n\n".join(parts)


def _lifters(lifters: Sequence[Lifter], found: Mapping[str, Row]) -> Iterator[str]:
    """Milliseconds, and how many times the streamed step that is."""
    head, windows = ["", "frames", "channels"], [way.replace("-", " ") for way in WINDOWS]
    rows = [(each.about, [found[way.name] for way in each.ways]) for each in lifters]
    yield table([*head, "streamed", *windows], [[*about, *map(_ms, ways)] for about, ways in rows])
    yield "Times the streamed step, round by round:"
    yield table([*head, *windows], [
        [*about, *(spread_text(ratio(way, ways[0], _FIGURE)) for way in ways[1:])]
        for about, ways in rows
    ])  # fmt: skip


def _ms(row: Row) -> str:
    return cell([row], row, _FIGURE)


def _all_in(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.safetensors"))


def _of(job: Job, name: str, part: str, checkpoint: str) -> Job:
    """The job with other weights for a part."""
    cfg = deepcopy(job.cfg)
    cfg[part].checkpoint = checkpoint
    return Job(name, {**job.config, part: name}, cfg, job.program)


def _about(job: Job) -> tuple[str, str, str]:
    card = deployed(job.cfg.lifter.checkpoint)[1]
    return job.name, str(card.receptive_field), str(card.channels)


def _chain(lifter: str, step: Candidate, head: Candidate) -> Candidate:
    """A head behind a lifter, with the compiled steps of both."""
    one, other = cast(Stepping, step.turn), cast(Stepping, head.turn)
    turn = Stepping([*one.nets, *other.nets], one.frames)
    return Candidate(f"{lifter}, {head.name}", {**step.config, **head.config}, turn)
