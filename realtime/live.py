"""The live program: ``gastlive source=... detector=... lifter=... classifier=... sink=[...]``."""

from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..action.decision import Decision
from ..conf.program import program
from .deciding import Decide
from .pipeline import Pipeline
from .summary import Summary


@program("live")
def main(cfg: DictConfig) -> None:
    """Until the source ends or Ctrl-C is pressed; then say where the results are."""
    summary = build(cfg).run()
    print(report(summary, Path(cfg.run_folder)))


def build(cfg: DictConfig) -> Pipeline:
    """Every part of the live program, made and joined as the config says."""
    import torch

    torch.set_num_threads(cfg.threads)
    lifter = instantiate(cfg.lifter)
    classifier = instantiate(cfg.classifier, layout=lifter.layout)
    rule = Decision(classifier.labels, background=classifier.background, **cfg.decision)
    return Pipeline(
        source=instantiate(cfg.source),
        detector=instantiate(cfg.detector),
        tracker=instantiate(cfg.tracker),
        joints=instantiate(cfg.joints, layout=lifter.layout.name),
        lifter=lifter,
        classifier=classifier,
        decision=Decide(rule, patience_s=cfg.patience_s),
        sinks={name: instantiate(sink) for name, sink in (cfg.sink or {}).items()},
        summary=Summary(
            folder=cfg.run_folder, config=OmegaConf.to_container(cfg, resolve=True)
        ),
    )


def report(summary: dict[str, Any], folder: Path) -> str:
    """The few lines a person wants to read at the end."""
    age, events = summary["age_ms"] or {}, summary["events"]
    return "\n".join(
        (
            f"{summary['ended']}: {summary['frames']} frames, {summary['dropped']} dropped, "
            f"{summary['fps']} frames/s; {summary['people']['count']} people, {events} actions",
            f"capture to label: p50 {age.get('p50')} ms, p95 {age.get('p95')} ms",
            f"results in {folder}",
        )
    )


if __name__ == "__main__":
    main()
