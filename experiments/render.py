"""Render a person moved by mocap, with ground truth: ``gastlive-render motion=… body=…``."""

from hydra.utils import instantiate
from omegaconf import DictConfig

from ..conf.program import program


@program("render")
def main(cfg: DictConfig) -> None:
    """Draw every frame and say where the film is."""
    instantiate(cfg.film).shoot()


if __name__ == "__main__":
    main()
