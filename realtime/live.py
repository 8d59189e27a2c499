"""The live program: ``gastlive source=... detector=... lifter=... classifier=... sink=[...]``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.program import program

if TYPE_CHECKING:
    from .pipeline import Pipeline


@program("live")
def main(cfg: DictConfig) -> None:
    """Until the source ends or Ctrl-C is pressed; then say where the results are."""
    print(f"results go to {Path(cfg.run_folder)}", flush=True)
    print(report(build(cfg).run(), Path(cfg.run_folder)))


def build(cfg: DictConfig) -> "Pipeline":
    """Every part of the live program, made and joined as the config says."""
    # Imported here, so that a machine on which OpenCV or torch can't be loaded is told so in one
    # line, and `gastlive --help` does not wait for them.
    import torch

    from ..action.decision import Decision
    from .deciding import Decide
    from .pipeline import Pipeline
    from .sources.stream import masked
    from .summary import Summary

    torch.set_num_threads(cfg.threads)
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    if "url" in cfg.source:
        config["source"]["url"] = masked(cfg.source.url)
    summary = Summary(folder=cfg.run_folder, config=config)
    source = instantiate(cfg.source)
    lifter = instantiate(cfg.lifter)
    classifier = instantiate(cfg.classifier, layout=lifter.layout.name)
    rule = Decision(classifier.labels, background=classifier.background, **cfg.decision)
    return Pipeline(
        source=source,
        detector=instantiate(cfg.detector),
        tracker=instantiate(cfg.tracker),
        joints=instantiate(cfg.joints, layout=lifter.layout.name),
        lifter=lifter,
        classifier=classifier,
        decision=Decide(rule, patience_s=cfg.patience_s),
        sinks={name: instantiate(sink) for name, sink in (cfg.get("sink") or {}).items()},
        summary=summary,
    )


def report(summary: dict[str, Any], folder: Path) -> str:
    """The few lines a person wants to read at the end."""
    age = summary["age_ms"] or {}
    events = ", ".join(f"{n} {label}" for label, n in summary["events"]["labels"].items())
    return "\n".join(
        (
            f"{summary['ended']}: {summary['frames']} frames, {summary['dropped']} dropped, "
            f"{summary['fps']} frames/s, {summary['people']['count']} people",
            f"actions: {events or 'none'}",
            f"capture to label: p50 {age.get('p50')} ms, p95 {age.get('p95')} ms",
            f"results in {folder}",
        )
    )


if __name__ == "__main__":
    main()
