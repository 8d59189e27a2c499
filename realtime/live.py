"""The live program: ``gastlive source=... detector=... lifter=... classifier=... sink=[...]``."""

import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from ..conf.outlet import Outlet
from ..conf.program import program
from ..conf.secrets import keep_private
from ..gast.addresses import shown
from ..gast.errors import InputError
from .run_folder import lost_of

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
    (`interrupts`); while the parts are being loaded, with status 130. Where records were lost the
    status is 1, after the report.
    """
    speak()
    pipeline = build(cfg)
    out = Outlet(sys.stdout)
    out.write(f"results go to {Path(cfg.run_folder)}\n")
    pipeline.interrupts.heard_to_the_end()
    summary = pipeline.run()
    out.write(f"{report(summary, Path(cfg.run_folder))}\n")
    lost = lost_of(summary["sinks"])
    if pipeline.source.lingers or pipeline.lanes is not None:
        # All is written. With a thread in a driver, decoder or network, Python's end would be that
        # of the process: C++ aborts where the thread comes back. Several cameras did in one of ten.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(1 if lost else 0)
    if lost:
        raise InputError("it has lost records, as said above; what is in the files is whole")


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
    from .detectors.network import pictures_at_once
    from .sources.many import Many
    from .summary import Summary

    config: Any = OmegaConf.to_container(cfg, resolve=True)
    summary = Summary(folder=cfg.run_folder, config=config)  # which writes no secrets
    source = instantiate(cfg.source)
    if isinstance(source, Many) and source.has_secrets:  # also those that only a file knows
        keep_private(Path(cfg.run_folder))
    if cfg.get("sources") and not isinstance(source, Many):
        raise InputError("sources=... are the cameras of source=many; give that, too")
    with pictures_at_once(getattr(source, "at_once", 1)):
        parts = stages(cfg)
    from .pipeline import Pipeline  # not before: the detector compiles while torch is loaded
    from .sinks.fitting import fitted

    summary.runtimes = {each.name: each.runtime for each in (parts["lifter"], parts["classifier"])}
    return Pipeline(
        source=source,
        **parts,
        sinks={
            name: fitted(
                partial(instantiate, sink),
                live=source.live,
                several=source if isinstance(source, Many) else None,
            )
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
        detector = beside.submit(copy_context().run, instantiate, cfg.detector)
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
    from .stages.cues import Hands, Stroll, Travel
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
    instead = [
        (Stroll(layout, patience_s=patience_s), one, other) for one, other in _pairs(cfg.strolls)
    ]
    zones: Any = OmegaConf.to_container(cfg.zones, resolve=True)
    floor: Any = OmegaConf.to_container(cfg.floor, resolve=True)
    where = Zones(zones, layout, floor=floor, patience_s=patience_s)
    return Decide(rule, patience_s=patience_s, needs=needs, instead=instead, zones=where)


def _pairs(strolls: Any) -> list[tuple[str, str]]:
    pairs: Any = OmegaConf.to_container(strolls)
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise InputError(
            f"strolls={pairs}: wanted pairs of labels, such as [[jog, walk]], or [] for none"
        )
    return [(str(one), str(other)) for one, other in pairs]


def report(summary: dict[str, Any], folder: Path) -> str:
    """The few lines that are printed at the end."""
    if not summary["frames"]:
        return f"{summary['ended']}: no frame came\nresults in {folder}"
    age = summary["age_ms"]
    damaged = f"{summary['damaged']} damaged, " * bool(summary["damaged"])
    lost = lost_of(summary["sinks"])
    gone = f"\nlost: {', '.join(f'{n} of {name}' for name, n in lost.items())}" if lost else ""
    events = ", ".join(f"{n} {label}" for label, n in summary["events"]["labels"].items())
    return "\n".join(
        (
            f"{summary['ended']}: {summary['frames']} frames, {summary['dropped']} dropped, "
            f"{damaged}"
            f"{summary['fps']} frames/s, {summary['people']['count']} people",
            f"actions: {events or 'none'}",
            f"capture to label: p50 {age['p50']} ms, p95 {age['p95']} ms, p99 {age['p99']} ms",
            *_of_cameras(summary),
            f"results in {folder}{gone}",
        )
    )


def _of_cameras(summary: dict[str, Any]) -> Iterator[str]:
    """A line for each of several cameras."""
    for name, camera in summary.get("cameras", {}).items():
        age = camera["age_ms"]
        ages = f", age p50 / p99 {age['p50']:.0f} / {age['p99']:.0f} ms" if age else ""
        again = f", {camera['reconnects']} reconnects" * bool(camera["reconnects"])
        yield (
            f"camera {name}: {camera['processed']} frames, {camera['dropped']} dropped, "
            f"{camera['fps'] or 0} frames/s{ages}{again}: {camera['ended']}"
        )


if __name__ == "__main__":
    main()
