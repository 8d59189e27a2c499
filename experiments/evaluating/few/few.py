"""Actions taught with a few examples: ``gastlive-evaluate few folder=... dataset=...``."""

import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf

from ....action.checkpoint import load_head
from ....action.decision import Decision
from ....action.deployed import HEADS
from ....action.head import Head
from ....action.online_metrics import detections
from ....action.teaching.background import load_background
from ....action.teaching.examples import Example
from ....action.teaching.teach import teach
from ....conf.program import program
from ....datasets.for_heads.lifted import lifted_people, read_folder
from ....gast.errors import InputError
from ....gast.shipped import find
from ....realtime.sources.demo import PATH
from ...reporting import to_json
from ..films.chain import Chain, film
from ..films.lifted import Lifted, load, save
from .draws import Draw, cuts, draws
from .trained import trained

MEASURES = {
    "right": "said right",
    "closed": "right among the taught",
    "wrong": "something else said",
    "other": "said of other classes",
    "demo": "false events a minute, demo",
    "seconds": "seconds to teach",
}


@program("evaluate_few", verbatim=("folder", "head", "hydra.run.dir"))
def main(cfg: DictConfig) -> None:
    """Teach and test draw by draw, and write the report after each."""
    torch.set_num_threads(cfg.threads)
    people = [who for who in lifted_people(cfg.folder) if who[0] == cfg.dataset]
    if not people:
        raise InputError(f"{cfg.folder} has nobody of {cfg.dataset}; lift it first")
    clips, demo = cuts(read_folder(cfg.folder, people)), demo_joints(cfg)
    found, page = defaultdict[str, list[dict[str, float]]](list), ""
    chosen = draws(
        clips, without=cfg.without, classes=cfg.classes, examples=max(cfg.examples),
        tests=cfg.clips, others=cfg.others, count=cfg.draws, seed=cfg.seed,
    )  # fmt: skip
    for number, draw in enumerate(chosen):
        for count in cfg.examples:
            found[f"{count}"].append(taught(draw, count, cfg, demo))
            if cfg.trained is not None:
                found[f"{count}, trained"].append(fine_tuned(draw, count, cfg, demo))
        print(
            f"{number + 1} of {cfg.draws}: {', '.join(draw.labels)}, by {draw.teacher}", flush=True
        )
        page = written(found, cfg)
    print(page)


def taught(draw: Draw, count: int, cfg: DictConfig, demo: Sequence[np.ndarray]) -> dict[str, float]:
    """Figures of a head that is taught with so many examples of each label."""
    head, card = load_head(find(cfg.start, folder=HEADS, kind="head"))
    examples = [
        Example(cut.label, cut.xyz, head.fps, name=cut.name)
        for some in draw.examples
        for cut in some[:count]
    ]
    begun = time.perf_counter()
    made = teach(examples, head, card, background=load_background(), seed=cfg.seed)
    spent_s = time.perf_counter() - begun
    decision = Decision(made.head.labels, background=made.background, tuned=made.decision)
    return measured(made.head, decision, draw, demo) | {"seconds": spent_s}


def fine_tuned(
    draw: Draw, count: int, cfg: DictConfig, demo: Sequence[np.ndarray]
) -> dict[str, float]:
    """Figures of the head trained on as many examples as in `taught`."""
    known = load_head(find(cfg.start, folder=HEADS, kind="head"))[0]
    examples = [cut for some in draw.examples for cut in some[:count]]
    begun = time.perf_counter()
    head, card = trained(examples, known, cfg.trained, start=cfg.start, seed=cfg.seed)
    spent_s = time.perf_counter() - begun
    decision = Decision(head.labels, background=card.background, tuned=card.decision)
    found = measured(head, decision, draw, demo, temperature=card.temperature)
    return found | {"seconds": spent_s}


def measured(
    head: Head,
    decision: Decision,
    draw: Draw,
    demo: Sequence[np.ndarray],
    *,
    temperature: float = 1.0,
) -> dict[str, float]:
    """Shares of clips, and false events a minute."""
    named = partial(odds_of, head, temperature=temperature)
    tests = [(named(cut.xyz), head.labels.index(cut.label)) for cut in draw.tests]
    said = [(longest(odds, decision, head.fps), label) for odds, label in tests]
    others = [named(cut.xyz) for cut in draw.others]
    false = sum(len(detections(named(xyz), decision, fps=head.fps)) for xyz in demo)
    minutes = sum(map(len, demo)) / head.fps / 60
    rest = [k for k in range(len(head.labels)) if k != decision.background]
    return {
        "right": _share(events[:1] == [label] for events, label in said),
        "closed": _share(
            rest[int(np.log(odds[len(odds) // 3 :, rest] + 1e-9).mean(0).argmax())] == label
            for odds, label in tests
        ),
        "wrong": _share(bool(set(events) - {label}) for events, label in said),
        "other": _share(bool(longest(odds, decision, head.fps)) for odds in others),
        "demo": false / minutes if minutes else 0.0,
    }


def _share(found: Any) -> float:
    return float(np.mean(list(found) or [np.nan]))


@torch.inference_mode()
def odds_of(head: Head, xyz: np.ndarray, *, temperature: float) -> np.ndarray:
    """Joints (T, J, 3) to probabilities (T, K)."""
    logits = head.per_frame(torch.from_numpy(xyz)[None].float())[0]
    odds: np.ndarray = (logits / temperature).softmax(-1).numpy()
    return odds


def longest(odds: np.ndarray, decision: Decision, fps: float) -> list[int]:
    """Labels of all events, that of the longest first."""
    events = [one.event for one in detections(odds, decision, fps=fps)]
    events.sort(key=lambda event: event.start - event.stop)
    return [event.label for event in events]


def demo_joints(cfg: DictConfig) -> list[np.ndarray]:
    """Joints (T, J, 3) of everyone in the demo clip, as live."""
    chain = Chain(cfg, folder=cfg.joints_folder)
    kept = chain.kept(PATH)
    lifted = None if kept is None else load(kept)
    if lifted is None:
        lifted = chain.lift(film(PATH), lambda frames: frames)
        if kept is not None:
            save(lifted, kept)
    return streams(lifted)


def streams(lifted: Lifted) -> list[np.ndarray]:
    """Joints (T, J, 3) of each person in a film, without the frames that they are not lifted in."""
    seen = np.isfinite(lifted.xyz).all((1, 2))
    return [lifted.xyz[seen & (lifted.track == who)] for who in np.unique(lifted.track[seen])]


def written(found: dict[str, list[dict[str, float]]], cfg: DictConfig) -> str:
    """The report, in markdown and json, in the folder `cfg.output`."""
    command = shlex.join(["gastlive-evaluate", "few", *sys.argv[1:]])
    head = f"| examples | draws | {' | '.join(MEASURES.values())} |"
    lines = [f"`{command}`", "", head, "|" + "---|" * (2 + len(MEASURES))]
    for name, rows in found.items():
        means = {key: float(np.nanmean([row[key] for row in rows])) for key in MEASURES}
        cells = [
            f"{means[key]:.1f}" if key in ("demo", "seconds") else f"{means[key]:.1%}"
            for key in MEASURES
        ]
        lines.append(f"| {name} | {len(rows)} | {' | '.join(cells)} |")
    folder, page = Path(cfg.output), "\n".join(lines)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "few.md").write_text(page + "\n", encoding="utf-8")
    plain = {"config": OmegaConf.to_container(cfg, resolve=True), "draws": dict(found)}
    (folder / "few.json").write_text(to_json(plain), encoding="utf-8")
    return f"{page}\nreport in {folder / 'few.md'}"


if __name__ == "__main__":
    main()
