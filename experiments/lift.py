"""Videos or 2-D keypoints to 3-D joints: ``gastlive-lift input=clips/ output=lifted/``."""

from omegaconf import DictConfig

from ..conf.program import program
from ..gast.errors import InputError
from ..realtime.live import speak


@program("lift", verbatim=("input", "output", "lifter.checkpoint", "hydra.run.dir"))
def main(cfg: DictConfig) -> None:
    """Lift every unfinished input; an InputError names those that could not be lifted."""
    if "_target_" in cfg.source:
        raise InputError(
            "source=... chooses no source here: input= does, and each input is lifted as a whole; "
            "of source, give what keypoint files don't state, rotate and mirror"
        )
    # Imported here, so that a machine on which OpenCV can't be loaded is told so in one line.
    from .lifting.work import Work, progress

    with progress() as bars:
        speak()
        work = Work(cfg, bars)
        try:
            work.run()
        finally:
            print(work.report(), flush=True)
    if work.failed:
        raise InputError(
            f"{len(work.failed)} of {len(work.inputs)} inputs could not be lifted: "
            f"{', '.join(work.failed)}"
        )


if __name__ == "__main__":
    main()
