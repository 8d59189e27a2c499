"""Where quality is lost between the true joints and the camera: ``gastlive-evaluate ladder``."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ....conf.program import program
from ....gast.errors import InputError
from ....gast.skeleton import H36M17
from ...reporting import by_name
from .climb import Chain, Watcher
from .films import Films
from .held_out import HeldOutPeople
from .report import write
from .scenes import TRUTH, Ground
from .scores import LabelOf, Scores


@program("evaluate_ladder", verbatim=("lifter.checkpoint", "classifier.checkpoint", "films"))
def main(cfg: DictConfig) -> None:
    """Climb with every lifter on all ground there is and write the report."""
    lifters = by_name(_lifters(cfg), kind="lifter")
    ground = list(grounds(cfg))
    known: dict[tuple[str, str], dict[str, Any]] = {}
    results = [
        {
            "name": name,
            "checkpoint": path,
            "grounds": climbed(Chain(cfg, path), ground, instantiate(cfg.labels).sets, known),
        }
        for name, path in lifters.items()
    ]
    choices = HydraConfig.get().runtime.choices
    about = {
        "command": shlex.join(["gastlive-evaluate", "ladder", *sys.argv[1:]]),
        "classifier": cfg.classifier.checkpoint,
        **{part: choices[part] for part in ("detector", "noise", "smoothing")},
        "seed": cfg.seed,
        "data": [line for one in ground for line in one.report],
    }
    print(write(results, about, folder=Path(cfg.output)))
    print(f"report in {Path(cfg.output) / 'ladder.md'}")


def _lifters(cfg: DictConfig) -> Any:
    given = cfg.lifters if cfg.lifters is not None else cfg.lifter.checkpoint
    return OmegaConf.to_container(given) if OmegaConf.is_config(given) else given


def grounds(cfg: DictConfig) -> Iterator[Ground]:
    """Renders and held-out people, as far as they are wanted.

    Raises:
        InputError: Nothing is wanted, or a set is not there.
    """
    if cfg.films is None and not cfg.people:
        raise InputError("films=null and people=[] leave nothing to measure on; give one of them")
    if cfg.films is not None:
        yield Films(
            cfg.films, noise=instantiate(cfg.noise), draws=cfg.draws, seed=cfg.seed, fps=cfg.fps,
            watch=Watcher(cfg),
        )  # fmt: skip
    if cfg.people:
        cfg.sets = present(cfg.sets, cfg.people)
        yield HeldOutPeople(partial(_held_out, cfg), fps=cfg.fps)


def _held_out(cfg: DictConfig, normalisation: str) -> Any:
    return instantiate(cfg.held_out, normalisation=normalisation)


def present(sets: DictConfig, wanted: str | Sequence[str]) -> DictConfig:
    """The configs of those `wanted`; of ``all`` those whose files are there.

    Raises:
        InputError: There is no such set, or none of all is there.
    """
    if wanted != "all":
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        if unknown := set(names) - set(sets):
            raise InputError(
                f"no held-out people {', '.join(sorted(unknown))}; choose all or from "
                f"{', '.join(sets)}"
            )
        return OmegaConf.masked_copy(sets, names)
    found = [str(name) for name in sets if _is_there(sets[name])]
    if not found:
        raise InputError(f"none of {', '.join(sets)} is there; set GASTLIVE_DATA, or people=[]")
    return OmegaConf.masked_copy(sets, found)


def _is_there(data: DictConfig) -> bool:
    try:
        instantiate(data)
    except InputError:
        return False
    except Exception as error:  # Hydra wraps what a constructor raises
        if isinstance(error.__cause__, InputError):
            return False
        raise
    return True


def climbed(
    chain: Chain,
    ground: Sequence[Ground],
    label_of: LabelOf,
    known: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Figures of one lifter by ground and rung; text where a rung is missing.

    Args:
        chain: Of the lifter.
        ground: To climb on.
        label_of: The label map of the data sets.
        known: Figures of the rung without a lifter, by ground and normalisation; filled in.
    """
    units = chain.lifter.card.normalisation
    found: dict[str, dict[str, Any]] = {}
    for one in ground:
        found[one.name] = {}
        for rung, missing in one.rungs().items():
            if missing:
                found[one.name][rung] = missing
            elif rung == TRUTH and (one.name, units) in known:
                found[one.name][rung] = known[one.name, units]
            else:
                found[one.name][rung] = figures(chain, one, rung, label_of)
        known[one.name, units] = found[one.name][TRUTH]
    return found


def figures(
    chain: Chain, ground: Ground, rung: str, label_of: Mapping[str, Mapping[str, str | None]]
) -> dict[str, Any]:
    """All figures of a rung.

    Raises:
        InputError: The lifter has other joints than the truth.
    """
    from rich.progress import track

    if chain.layout is not H36M17:
        raise InputError(
            f"the truth has joints of {H36M17.name}, the lifter of {chain.layout.name}; choose "
            f"another lifter"
        )
    scores = Scores(chain.layout, chain.classifier.labels, chain.classifier.background, label_of)
    scenes = ground.scenes(rung, chain.lifter.card.normalisation)
    for scene in track(scenes, description=f"{ground.name}, {rung}", transient=True):
        scores.add(scene, chain.answer(scene))
    return scores.figures()


if __name__ == "__main__":
    main()
