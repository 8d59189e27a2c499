"""Train an action head: ``gastlive-train-action data.folder=FOLDER head=... name=...``."""

import hashlib
import sys
from typing import Any

import pytorch_lightning as pl
import torch
from hydra import compose
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from ..action.calibration import best_temperature
from ..action.checkpoint import HeadCard, head_name, load_head, save_head
from ..action.decision import Decision
from ..action.deployed import HEADS
from ..action.evaluation import clip_figures, figures, score_clips, scored
from ..action.head import Head
from ..action.tuning import shifted, tuned_on
from ..conf.program import program
from ..datasets.for_heads.clip_data import ActionClips
from ..datasets.for_heads.stream_data import ActionStreams
from ..datasets.own.folder import Folder
from ..gast.errors import InputError
from ..gast.shipped import LIFTERS, find

Data = ActionStreams | ActionClips


def main() -> None:
    """The program; for the user's own clips everything else is chosen to suit them."""
    given = sys.argv[1:]
    if "data=folder" in given and not any(word.startswith("+experiment=") for word in given):
        sys.argv[1:] = ["+experiment=own_clips", *given]
    run()


@program("train_action", verbatim=("data.path",))
def run(cfg: DictConfig) -> None:
    """Fit, calibrate and tune on the validation subjects, and write the head with its card."""
    torch.set_num_threads(cfg.threads)
    pl.seed_everything(cfg.seed, workers=True, verbose=False)
    before = calibrated(cfg.calibrated)
    lift_videos(cfg)
    data: Data = instantiate(cfg.datamodule)
    head: Head = instantiate(cfg.head, labels=data.labels.names)
    head_name(head)
    if cfg.start is not None:
        print(started(head, cfg.start))
    data.windows(head.frames)
    data.setup()
    print("\n".join(data.report), flush=True)
    fitted = instantiate(cfg.training).fit(head, data)
    temperature, decision, validation = validated(head.eval(), data, before)
    training = {
        "command": " ".join(sys.argv),
        "config": OmegaConf.to_container(cfg, resolve=True),
        **fitted,
        "data": data.report,
        "validation": validation,
        "note": cfg.note,
    }
    save_head(
        head, cfg.output, background=data.labels.background, temperature=temperature,
        lifter=lifter_of(data, cfg), decision=decision, training=training, half=cfg.half,
    )  # fmt: skip
    tell(validation, cfg.output)


def calibrated(name: str | None) -> HeadCard | None:
    """The card of a head that was calibrated before.

    Raises:
        InputError: No such head.
    """
    return None if name is None else load_head(find(name, folder=HEADS, kind="head"))[1]


def lift_videos(cfg: DictConfig) -> None:
    """Lift the videos of the user's own data that have not been lifted yet."""
    data = instantiate(cfg.data)
    if not isinstance(data, Folder) or not data.videos():
        return
    from .lifting.work import Work, progress

    with progress() as bars:
        lift = compose("lift", [f"lifter={cfg.lifter}", "formats=[npz]"])
        lift.input, lift.output = str(data.root), str(data.lifted)
        work = Work(lift, bars)
        work.run()
    print(work.report(), flush=True)


def lifter_of(data: Data, cfg: DictConfig) -> tuple[str, str]:
    """Name and sha256 of the lifter that made the poses; empty for true joints."""
    if not isinstance(getattr(data.source, "data", None), Folder):
        return data.lifter
    path = find(cfg.lifter, folder=LIFTERS, kind="lifter")
    return path.stem, hashlib.sha256(path.read_bytes()).hexdigest()


def started(head: Head, start: str) -> str:
    """Go on from the layers of another head; a line that says how much was taken over.

    Raises:
        InputError: No such head, or nothing of it fits.
    """
    path, own = find(start, folder=HEADS, kind="head"), head.state_dict()
    known = load_head(path, layout=head.skeleton.name, fps=head.fps)[0].state_dict()
    taken = {name: old for name, old in known.items() if fits(name, own, old)}
    if not taken:
        raise InputError(f"nothing of start={start} fits a {type(head).__name__}; use its head=...")
    head.load_state_dict(taken, strict=False)
    return f"{len(taken)} of {len(own)} tensors start from {path.name}"


def fits(name: str, own: dict[str, Tensor], old: Tensor) -> bool:
    """Whether a tensor of another head has a place in this one; what scores labels has not."""
    return name in own and own[name].shape == old.shape and not name.startswith("score")


def validated(
    head: Head, data: Data, before: HeadCard | None
) -> tuple[float, dict[str, float], dict[str, Any]]:
    """The temperature, the decision that suits the head, and the figures on validation data.

    With the card of a head that was calibrated before, temperature and decision are that one's.
    """
    if isinstance(data, ActionClips):
        clips = score_clips(head, [(sample.xyz, sample.label) for sample in data.clips("val")])
        temperature = before.temperature if before else best_temperature(*clips.together())
        return temperature, {}, clip_figures(clips, head.labels, temperature=temperature)
    background = data.labels.names[data.labels.idle]
    streams = scored(head.per_frame, data.val_dataloader())
    shift = shifted(head, streams, data.labels.idle, before)
    temperature = before.temperature if before else best_temperature(*streams.together())
    tuned = dict(before.decision) if before else tuned_on(streams, head, background, temperature)
    found = figures(
        streams, head, background=background, temperature=temperature,
        decision=Decision(head.labels, background=background, tuned=tuned),
    )  # fmt: skip
    return temperature, tuned, found | {"background_shift": shift}


def tell(validation: dict[str, Any], output: str) -> None:
    """What a person wants to read at the end."""
    for label, share in validation.get("by_label", {}).items():
        print(f"{label:>28} {share:6.1%}")
    short = {key: value for key, value in validation.items() if isinstance(value, float | int)}
    print(f"validation {short}\nhead written to {output}")


if __name__ == "__main__":
    main()
