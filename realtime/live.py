"""The live program: ``gastlive source=... detector=... lifter=... classifier=... sink=[...]``."""

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.outlet import Outlet
from ..conf.program import program
from ..gast.addresses import shown
from ..gast.errors import InputError

if TYPE_CHECKING:
    from .pipeline import Pipeline
    from .stages.classifying import Classify
    from .stages.deciding import Decide
    from .stages.joints import Joints
    from .stages.lifting import Lift
    from .stages.stage import Detector
    from .stages.tracker import Tracker

VERBATIM = (
    "source.url", "source.path", "source.folder", "lifter.checkpoint", "classifier.checkpoint",
    "hydra.run.dir", "sink.webhook.url", "sink.webhook.secret", "sink.webhook.spool",
    "sink.mqtt.username", "sink.mqtt.password", "sink.mqtt.spool",
)  # fmt: skip
"""Addresses and paths of the command line."""


@program("live", verbatim=VERBATIM)
def main(cfg: DictConfig) -> None:
    """Run until the source ends or Ctrl-C is pressed, then print a report.

    Ctrl-C ends with the report and status 0, however often it is pressed in the next 5 seconds
    (`interrupts`); while the parts are being loaded, with status 130.
    """
    speak()
    pipeline = build(cfg)
    out = Outlet(sys.stdout)
    out.write(f"results go to {Path(cfg.run_folder)}\n")
    pipeline.interrupts.heard_to_the_end()
    out.write(f"{report(pipeline.run(), Path(cfg.run_folder))}\n")


def speak() -> None:
    """Warnings, such as of a camera that gives another size, go to stderr as they come."""
    handler = logging.StreamHandler(Outlet(sys.stderr))
    handler.setFormatter(_Masked("gastlive: %(message)s"))
    logger = logging.getLogger("gastlive")
    logger.setLevel(logging.WARNING)
    logger.handlers, logger.propagate = [handler], False
    for name in logging.root.manager.loggerDict:
        if name.startswith("gastlive."):
            logging.getLogger(name).disabled = False  # Hydra silences those that were there before


class _Masked(logging.Formatter):
    """Without passwords of cameras."""

    def format(self, record: logging.LogRecord) -> str:
        return shown(super().format(record))


def build(cfg: DictConfig) -> "Pipeline":
    """Every part of the live program, made and joined as the config says."""
    # Imported here, so that where OpenCV or torch can't be loaded the error is one line, and
    # `gastlive --help` does not wait for them.
    from .pipeline import Pipeline
    from .sinks.background import apart
    from .summary import Summary

    config: Any = OmegaConf.to_container(cfg, resolve=True)
    summary = Summary(folder=cfg.run_folder, config=config)  # which writes no secrets
    source, parts = instantiate(cfg.source), stages(cfg)
    summary.runtimes = {each.name: each.runtime for each in (parts["lifter"], parts["classifier"])}
    return Pipeline(
        source=source,
        **parts,
        sinks={
            name: apart(instantiate(sink), live=source.live)
            for name, sink in (cfg.get("sink") or {}).items()
        },
        summary=summary,
    )


class Stages(TypedDict):
    """The stages by their names in `Chain`."""

    detector: "Detector"
    tracker: "Tracker"
    joints: "Joints"
    lifter: "Lift"
    classifier: "Classify"
    decision: "Decide"


def stages(cfg: DictConfig) -> Stages:
    """The stages that the config describes."""
    with ThreadPoolExecutor(1) as beside:  # the detector's networks compile while the others load
        detector = beside.submit(instantiate, cfg.detector)
        lifter, classifier, decision = naming(cfg)
    return Stages(
        detector=detector.result(),
        tracker=instantiate(cfg.tracker),
        joints=instantiate(cfg.joints, layout=lifter.layout.name),
        lifter=lifter,
        classifier=classifier,
        decision=decision,
    )


def naming(cfg: DictConfig) -> tuple["Lift", "Classify", "Decide"]:
    """Lifter, head and decision; InputError if `cfg.threads` is no number of threads."""
    import torch

    if not isinstance(cfg.threads, int) or cfg.threads < 1:
        raise InputError(f"threads={cfg.threads} is no number of CPU threads; give 1 or more")
    torch.set_num_threads(cfg.threads)
    lifter = instantiate(cfg.lifter)
    classifier = instantiate(cfg.classifier, layout=lifter.layout.name)
    return lifter, classifier, deciding(cfg, classifier)


def deciding(cfg: DictConfig, classifier: "Classify") -> "Decide":
    """The decision on what that head says."""
    from ..gast.skeleton import named
    from .stages.cues import Hands, Travel
    from .stages.deciding import Decide
    from .stages.zones import Zones

    rule = instantiate(
        cfg.decision, labels=list(classifier.labels), background=classifier.background,
        tuned=dict(classifier.card.decision),
    )  # fmt: skip
    layout, patience_s = named(classifier.card.layout), cfg.patience_s
    needs = (
        (Travel(layout, patience_s=patience_s), list(cfg.travels)),
        (Hands(layout, patience_s=patience_s, sure=cfg.hand_sure), list(cfg.by_hand)),
    )
    zones: Any = OmegaConf.to_container(cfg.zones, resolve=True)
    floor: Any = OmegaConf.to_container(cfg.floor, resolve=True)
    where = Zones(zones, layout, floor=floor, patience_s=patience_s)
    return Decide(rule, patience_s=patience_s, needs=needs, zones=where)


def report(summary: dict[str, Any], folder: Path) -> str:
    """The few lines that are printed at the end."""
    if not summary["frames"]:
        return f"{summary['ended']}: no frame came\nresults in {folder}"
    age = summary["age_ms"]
    damaged = f"{summary['damaged']} damaged, " * bool(summary["damaged"])
    events = ", ".join(f"{n} {label}" for label, n in summary["events"]["labels"].items())
    return "\n".join(
        (
            f"{summary['ended']}: {summary['frames']} frames, {summary['dropped']} dropped, "
            f"{damaged}"
            f"{summary['fps']} frames/s, {summary['people']['count']} people",
            f"actions: {events or 'none'}",
            f"capture to label: p50 {age['p50']} ms, p95 {age['p95']} ms, p99 {age['p99']} ms",
            f"results in {folder}",
        )
    )


if __name__ == "__main__":
    main()
