"""The user's own videos, which are lifted before a head is trained on them."""

from hydra import compose
from hydra.utils import instantiate
from omegaconf import DictConfig

from ...datasets.for_heads.stream_data import ActionData
from ...datasets.own.folder import Folder
from ...gast.shipped import LIFTERS, digest, find


def lift_videos(cfg: DictConfig) -> None:
    """Lift the videos of the user's own data that have not been lifted yet."""
    data = instantiate(cfg.get("data"))  # streams may be filmed from motion alone
    if not isinstance(data, Folder) or not data.videos():
        return
    from ..lifting.work import Work, progress

    with progress() as bars:
        lift = compose("lift", ["formats=[npz]"])
        lift.input, lift.output = str(data.root), str(data.lifted)
        lift.lifter.checkpoint = cfg.lifter_checkpoint
        work = Work(lift, bars)
        work.run()
    print(work.report(), flush=True)


def lifter_of(data: ActionData, cfg: DictConfig) -> tuple[str, str]:
    """Name and sha256 of the lifter that made the poses; empty for true joints."""
    if not isinstance(getattr(data.source, "data", None), Folder):
        return data.lifter
    return lifter_file(cfg.lifter_checkpoint)


def lifter_file(lifter: str) -> tuple[str, str]:
    """Name and sha256 of a lifter; an InputError if there is none."""
    path = find(lifter, folder=LIFTERS, kind="lifter")
    return path.stem, digest(path)
