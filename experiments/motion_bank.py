"""All motion that lifters are trained on, in one file: ``gastlive-motion-bank output=...``."""

from collections.abc import Iterator

from hydra.utils import instantiate
from omegaconf import DictConfig

from ..conf.program import program
from ..datasets.clip import MotionClip
from ..datasets.own.bank import write_bank


@program("motion_bank")
def main(cfg: DictConfig) -> None:
    """Write the bank and say what is in it."""
    skeleton = instantiate(cfg.skeleton)
    print(write_bank(cfg.output, clips(cfg.sets), layout=skeleton, fps=cfg.fps))


def clips(sets: DictConfig) -> Iterator[MotionClip]:
    """All clips, set by set."""
    for name, reader in sets.items():
        data = instantiate(reader)
        yield from data
        print(f"{name!s}: {len(data)} files, {len(data.problems)} problems", flush=True)


if __name__ == "__main__":
    main()
