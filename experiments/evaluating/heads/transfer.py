"""Heads on a data set they have never seen: ``gastlive-evaluate transfer data.folder=FOLDER``."""

import hashlib
import json
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from rich.progress import track

from ....action.calibration import calibration_error
from ....action.checkpoint import HeadCard, load_head
from ....action.evaluation import Scored, clip_figures, figures, rounded, score_clips, scored
from ....action.head import Head
from ....conf.program import program
from ....datasets.for_heads.clip_data import samples
from ....datasets.for_heads.lifted import LiftedClip, lifted_people
from ....datasets.for_heads.stream_data import ActionData, ActionStreams
from ....datasets.labels import UNKNOWN, LabelMap
from ....datasets.protocols import PARTS, Split
from ....gast.errors import InputError
from ...reporting import to_json
from ...training.heads import train
from .transfer_report import write

SOFTER = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""Factors of a head's temperature that are tried on sets left out."""


@program("evaluate_transfer")
def main(cfg: DictConfig) -> None:
    """Train without each set in turn, measure on it, and write the report after each."""
    torch.set_num_threads(cfg.threads)
    sets, recipe, output = chosen(cfg), recipe_of(cfg), Path(cfg.output)
    about = {"command": shlex.join(["gastlive-evaluate", "transfer", *sys.argv[1:]])}
    done = {name: found for name in sets if (found := done_before(output / name, recipe))}
    page = write(done, about, output) if done else ""
    for name in sets:
        if name in done:
            continue
        print(f"{len(done) + 1} of {len(sets)}: without {name}", flush=True)
        try:
            done[name] = fold(of_fold(cfg, name), recipe)
        except KeyboardInterrupt:
            print("the same command goes on with it; what is done is kept", flush=True)
            raise
        page = write({each: done[each] for each in sets if each in done}, about, output)
    print(f"{page}\nreport in {output / 'report.md'}")


def chosen(cfg: DictConfig) -> list[str]:
    """The sets to leave out.

    Raises:
        InputError: There is none, or the folder, the split or the label map lacks one.
    """
    split, labels = instantiate(cfg.split), instantiate(cfg.labels)
    if not isinstance(labels, LabelMap):
        raise InputError("sets have no labels in common; give a map of them, labels=everyday")
    lifted = set(lifted_people(cfg.data.folder))
    found = {data for part in PARTS for data, _ in lifted.intersection(split.people(part))}
    known = sorted(found.intersection(labels.sets))
    given = [cfg.sets] if isinstance(cfg.sets, str) else cfg.sets
    sets = known if given is None else list(given)
    if not sets or set(sets) - set(known):
        raise InputError(
            f"{', '.join(sorted(set(sets) - set(known))) or 'nothing'} can't be left out: "
            f"{cfg.data.folder} has {', '.join(known) or 'no set'} of split and labels; lift more "
            f"with gastlive-lift-dataset"
        )
    return sets


def of_fold(cfg: DictConfig, name: str) -> Any:
    """The config of a fold, which is one of a training."""
    folder = f"{cfg.output}/{name}"
    changed = {"fold": name, "folder": folder, "output": f"{folder}/head.safetensors"}
    return OmegaConf.merge(cfg, changed)


def recipe_of(cfg: DictConfig) -> str:
    """A hash of everything that a fold depends on, but for its place and the threads."""
    same = {"fold": "", "folder": "", "output": "", "sets": None, "threads": 0, "note": ""}
    plain = OmegaConf.to_container(OmegaConf.merge(cfg, same), resolve=True)
    files = sorted(path.name for path in Path(cfg.data.folder).glob("*.npz"))
    return hashlib.sha256(repr((plain, files)).encode()).hexdigest()


def done_before(folder: Path, recipe: str) -> Any:
    """A fold's figures, None if it is not done; an InputError if it is of another recipe."""
    if not (folder / "recipe.txt").is_file():
        return None
    if (folder / "recipe.txt").read_text() != recipe:
        raise InputError(
            f"{folder} is of another recipe or other clips; give another name=... or delete it"
        )
    path = folder / "fold.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def fold(cfg: Any, recipe: str) -> dict[str, Any]:
    """Train a head without a set, and measure it there and on held-out people of its own sets.

    Raises:
        InputError: No label of the set is in another one, or see `train`.
    """
    folder, labels, split = Path(cfg.folder), instantiate(cfg.labels), instantiate(cfg.split)
    own: ActionData = instantiate(cfg.measuring)
    known = labels.within(names_of(own.read("train"), labels))
    everyone = Split(train={}, val={}, held_out={cfg.fold: split.subjects(cfg.fold, PARTS)})
    other: ActionData = instantiate(cfg.measuring, protocol=everyone, labels=known)
    clips = other.read("held_out")
    tested = names_of(clips, known)
    if not tested:
        raise InputError(f"no label of {cfg.fold} is in another set; leave it out of sets=[...]")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.txt").write_text(recipe)
    head, card = trained(cfg)
    people = set(own.protocol.people("held_out") or ()) & set(lifted_people(cfg.data.folder))
    found = {
        "labels": list(card.labels),
        "tested": sorted(tested),
        "not_tested": sorted(names_of(clips, labels) - tested),
        "left_out": measured(head, card, other),
        "own": measured(head, card, own) if people else None,
    }
    (folder / "fold.json").write_text(to_json(found), encoding="utf-8")
    return found


def names_of(clips: Iterable[LiftedClip], labels: LabelMap) -> set[str]:
    """Our labels of all frames; an InputError if a publisher's has no counterpart."""
    by_origin = defaultdict[tuple[str, tuple[str, ...]], set[int]](set)
    for clip in clips:
        by_origin[clip.origin.dataset, clip.origin.labels] |= set(clip.actions.tolist())
    return {
        labels.names[ours]
        for (data, theirs), actions in by_origin.items()
        for place, ours in enumerate(labels.places(data, theirs))
        if ours != UNKNOWN and place in actions
    }


def trained(cfg: Any) -> tuple[Head, HeadCard]:
    """The head of a fold: the finished one, or trained on from where it was interrupted."""
    path, folder = Path(cfg.output), Path(cfg.folder) / "checkpoints"
    if not path.is_file() or not load_head(path)[1].training["validation"]:
        if saved := sorted(folder.glob("*.ckpt"), key=lambda each: each.stat().st_mtime):
            cfg = OmegaConf.merge(cfg, {"training": {"resume": str(saved[-1])}})
        train(cfg)
    head, card = load_head(path)
    return head.eval(), card


def measured(head: Head, card: HeadCard, data: ActionData) -> dict[str, Any]:
    """Figures of the held-out clips and, of a head with a background, of their streams."""
    cut = [(each.xyz, each.label) for each in samples(data.read("held_out"), data.labels)]
    shown = partial(track, transient=True, disable=not sys.stdout.isatty())
    print(f"testing {len(cut)} clips", flush=True)
    result = score_clips(head, shown(cut, "clips"), early=False)
    clips = clip_figures(
        result, card.labels, temperature=card.temperature, background=card.background
    )
    if not isinstance(data, ActionStreams):
        return {"clips": clips, "streams": None}
    found = scored(head.per_frame, shown(data.once("held_out").batches, "streams"))
    streams = figures(found, card, background=card.background, temperature=card.temperature)
    streams["calibration_error_softer"] = softer(found, card.temperature)
    return {"clips": clips, "streams": streams}


def softer(found: Scored, temperature: float) -> dict[str, float | None]:
    """Calibration error of frames with the temperature times each of `SOFTER`."""
    logits, truth = found.together()
    return {
        f"{factor:g}": rounded(
            calibration_error((logits / (temperature * factor)).softmax(-1), truth)
        )
        for factor in SOFTER
    }


if __name__ == "__main__":
    main()
