"""Measure a detector's errors: ``gastlive-measure-noise takes=400``."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.program import program
from ..datasets.clip import MotionClip
from ..datasets.seen.noise import VERSION, GaussianNoise, MeasuredNoise
from ..gast.errors import InputError
from ..gast.skeleton import H36M17
from ..realtime.stages.joints import Joints
from .measuring.checking import check
from .measuring.filming import film as film_take
from .measuring.filming import read_filmed
from .measuring.noise_fit import fit
from .measuring.observed_errors import errors_of
from .measuring.takes import Plan
from .measuring.watching import Sight, read_sight, watch

CHECKING = 5
"""Every n-th take validates the fit."""
LEAST_TAKES = 10
"""With fewer a fit says nothing."""
KINDS = ("fit", "check")
"""Folders of the takes."""
FILES = "[0-9]*[0-9].npz"
"""Finished takes."""


@program("measure_noise")
def main(cfg: DictConfig) -> None:
    """Film missing takes, let the detector watch them, and fit and validate the noise."""
    if not isinstance(cfg.takes, int) or cfg.takes < 0:
        raise InputError(f"takes={cfg.takes} is no number of takes; 0 films none")
    steps = {"film": film, "watch": watch_all, "fit": fit_all}
    if unknown := [step for step in cfg.steps if step not in steps]:
        raise InputError(f"steps={unknown}; wanted some of {', '.join(steps)}")
    for name, step in steps.items():
        if name in cfg.steps:
            step(cfg)


def is_for_checking(number: int) -> bool:
    """Whether a take only validates the fit."""
    return number % CHECKING == CHECKING - 1


def pictures_of(cfg: DictConfig, number: int) -> Path:
    """File of a take's pictures."""
    kind = KINDS[is_for_checking(number)]
    return Path(cfg.folder).expanduser() / "pictures" / kind / f"{number:04d}.npz"


def sights_of(cfg: DictConfig) -> Path:
    """Folder of what the chosen detector saw."""
    detector = HydraConfig.get().runtime.choices["detector"]
    return Path(cfg.folder).expanduser() / "sights" / str(detector)


def film(cfg: DictConfig) -> None:
    """Render every take that has no pictures yet."""
    from rich.progress import track

    missing = [n for n in range(cfg.takes) if not pictures_of(cfg, n).exists()]
    if not missing:
        return
    clips = {name: list(instantiate(data)) for name, data in cfg.sets.items()}
    plans = {checking: _plan(cfg, clips, checking=checking) for checking in (False, True)}
    for number in track(missing, "filming"):
        path = pictures_of(cfg, number)
        if not path.exists():  # another run of this program may have been faster
            film_take(plans[is_for_checking(number)].take(number), fps=cfg.fps).save(path)


def watch_all(cfg: DictConfig) -> None:
    """Let the detector see every take that it has not seen."""
    from rich.progress import track

    folder = Path(cfg.folder).expanduser() / "pictures"
    files = [path for kind in KINDS for path in sorted((folder / kind).glob(FILES))]
    pairs = [(path, sights_of(cfg) / path.relative_to(folder)) for path in files]
    missing = [(path, seen) for path, seen in pairs if not seen.exists()]
    if not missing:
        return
    stages = [instantiate(cfg.detector), instantiate(cfg.tracker), _joints(cfg)]
    for path, seen in track(missing, "watching"):
        watch(read_filmed(path), stages).save(seen)


def fit_all(cfg: DictConfig) -> None:
    """Fit the noise, and compare it with what was watched in takes kept aside."""
    fitted, kept = (takes_in(sights_of(cfg) / kind) for kind in KINDS)
    output = Path(cfg.output).expanduser()
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(_written(noise_of(cfg, fitted)))
    noises = {
        "measured": MeasuredNoise(str(output), fps=cfg.fps, cut=0.0),
        "multipose": MeasuredNoise("movenet_multipose", fps=cfg.fps, cut=0.0),
        "gaussian": GaussianNoise(str(output)),
        **{name: instantiate(noise) for name, noise in cfg.compared.items()},
    }
    table = check(list(kept.values()), noises, seed=cfg.seed)
    output.with_suffix(".md").write_text(table)
    print(table)
    print(f"noise {output.resolve()}\ntable {output.with_suffix('.md').resolve()}")


def takes_in(folder: Path) -> dict[str, Sight]:
    """Takes by number; InputError if there are none or a file is broken."""
    sights = {path.stem: read_sight(path) for path in sorted(folder.glob(FILES))}
    if not sights:
        raise InputError(f"no takes in {folder}; film some with takes={2 * CHECKING} or more")
    return sights


def noise_of(cfg: DictConfig, sights: Mapping[str, Sight]) -> dict[str, Any]:
    """The noise file; InputError if the detector found the person in too few takes."""
    takes = [errors for sight in sights.values() if (errors := errors_of(sight))]
    if len(takes) < LEAST_TAKES:
        raise InputError(
            f"the person was found in {len(takes)} of {len(sights)} takes to fit, wanted "
            f"{LEAST_TAKES}; film more with a larger takes=..."
        )
    joints = _joints(cfg)
    return {
        "version": VERSION,
        "made": {
            "command": " ".join(["gastlive-measure-noise", *HydraConfig.get().overrides.task]),
            "detector": OmegaConf.to_container(cfg.detector, resolve=True),
            "seed": cfg.seed,
            "takes": len(takes),
            "numbers": " ".join(sights),
            "frames": sum(len(take.final) for take in takes),
            "person_not_found": len(sights) - len(takes),
        },
        **_rounded(fit(takes)),
        "ease_s": joints.fill.ease_s,
        "smoothing": asdict(joints.smooth) if is_dataclass(joints.smooth) else None,
    }


def _written(content: Mapping[str, Any]) -> str:
    """JSON with each list of numbers in one line."""
    lines = json.dumps(content, indent=1)
    return re.sub(r"\[[^][{}]*\]", lambda m: " ".join(m[0].split()), lines) + "\n"


def _joints(cfg: DictConfig) -> Joints:
    joints: Joints = instantiate(cfg.joints, layout=H36M17.name)
    return joints


def _plan(cfg: DictConfig, clips: dict[str, list[MotionClip]], *, checking: bool) -> Plan:
    allowed = {
        name: [clip for clip in own if (clip.subject in cfg.check.get(name, ())) == checking]
        for name, own in clips.items()
    }
    return Plan(
        allowed,
        shares=cfg.shares,
        ranges=instantiate(cfg.ranges),
        smoothing_s=cfg.smoothing_s,
        seed=cfg.seed,
    )


def _rounded(value: Any) -> Any:
    """All numbers to three digits."""
    if isinstance(value, dict):
        return {key: _rounded(own) for key, own in value.items()}
    if isinstance(value, list):
        return [_rounded(own) for own in value]
    return float(f"{value:.3g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
