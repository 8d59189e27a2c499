"""Teach actions before a camera: ``gastlive-teach source=webcam 'actions=[wave,bow]'``."""

from collections.abc import Iterator
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig

from ..conf.program import program
from .lessons import Notes, Part, lesson
from .live import VERBATIM, speak
from .sources.source import Source


@program("teach", verbatim=(*VERBATIM, "output", "examples"))
def main(cfg: DictConfig) -> None:
    """Watch a lesson, teach the head what was shown, and write it.

    An InputError if the source ends before anybody has shown every action, or see `teach`.
    """
    speak()
    import torch

    from ..action.checkpoint import load_head
    from ..action.deployed import HEADS
    from ..action.teaching.background import load_background
    from ..action.teaching.teach import teach
    from ..gast.shipped import LIFTERS, digest, find
    from .example_folder import save_examples

    parts = lesson(
        list(cfg.actions or []), takes=cfg.takes, countdown_s=cfg.countdown_s, take_s=cfg.take_s,
        background_s=cfg.background_s,
    )  # fmt: skip
    torch.set_num_threads(cfg.threads)
    lifter = find(cfg.lifter.checkpoint, folder=LIFTERS, kind="lifter")
    stages: list[Any] = [instantiate(cfg[name]) for name in ("detector", "tracker", "lifter")]
    joints = instantiate(cfg.joints, layout=stages[-1].layout.name)
    path = find(cfg.start, folder=HEADS, kind="head")
    head, card = load_head(path, layout=stages[-1].layout.name)
    notes = Notes(parts)
    watch(instantiate(cfg.source), [*stages[:2], joints, stages[2]], notes)
    takes, missed = notes.takes(head.fps)
    if cfg.examples is not None:
        save_examples(
            cfg.examples, takes, layout=head.skeleton.name, background=card.background or ""
        )
    taught = teach(
        [take for take in takes if take.label], head, card, background=load_background(),
        others=[take.xyz for take in takes if not take.label], keep=cfg.keep, mirror=cfg.mirror,
    )  # fmt: skip
    taught.save(
        cfg.output, lifter=(lifter.stem, digest(lifter)), half=True,
        training={"start": path.stem, "source": cfg.source.get("_target_", "")},
    )  # fmt: skip
    print("\n".join([*missed, *taught.report()]))
    print(f"head written to {cfg.output}; try it: gastlive classifier={cfg.output} source=webcam")


def watch(source: Source, stages: list[Any], notes: Notes) -> None:
    """Show the source's people the lesson, and note what they do, until it is over."""
    said = announcements(notes.parts)
    line_s, line = next(said)
    with source:
        for frame in source:
            for stage in stages:
                frame = stage(frame)
            now_s = notes.add(frame)
            while line_s <= now_s:
                print(f"{line_s:6.1f} s  {line}", flush=True)
                line_s, line = next(said, (float("inf"), ""))
            if now_s >= notes.end_s:
                return


def announcements(parts: list[Part]) -> Iterator[tuple[float, str]]:
    """When to say what, in seconds of the lesson."""
    before_s = 0.0
    for part in parts:
        what = f"{part.label}, take {part.number}" if part.label else "anything else"
        wait_s = part.start_s - before_s
        yield before_s, f"{what} in {wait_s:g} s: stand still"
        yield part.start_s, f"{what}: now, for {part.stop_s - part.start_s:g} s"
        before_s = part.stop_s
    yield before_s, "done"


if __name__ == "__main__":
    main()
