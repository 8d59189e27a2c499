"""The live program on a page in the browser: ``gastlive-page``."""

from omegaconf import DictConfig

from ..conf.program import program
from ..realtime.live import VERBATIM, speak


@program("page", verbatim=(*VERBATIM, "page.token"))
def main(cfg: DictConfig) -> None:
    """Serve the page until Ctrl-C is pressed; what runs is chosen on it."""
    # Imported here, so that a machine on which OpenCV can't be loaded is told so in one line.
    from .paging.desk import Desk

    speak()
    Desk(cfg).run()


if __name__ == "__main__":
    main()
