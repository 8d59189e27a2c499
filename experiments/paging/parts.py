"""The parts of a run on the page, made as it is chosen; those that stay the same are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict

from ...gast.addresses import masked, masked_all, shown
from ...gast.errors import InputError
from ...realtime.live import deciding, stages
from ...realtime.page.camera import BrowserCamera
from ...realtime.page.server import PageServer
from ...realtime.sources.many import Many
from ...realtime.stages.classifying import Classify
from ...realtime.stages.deciding import Decide
from ...realtime.stages.joints import Joints
from ...realtime.stages.lifting import Lift
from ...realtime.stages.stage import Detector
from ...realtime.stages.tracker import Tracker
from .shared import Shared
from .taught import TaughtHeads

GROUPS = {"source": "source", "lifter": "lifter", "head": "classifier"}
"""What is chosen on the page, and the option group it is of."""
OWN = {"camera": "Camera of this browser", "film": "A video file of yours"}
"""Sources that a browser gives."""
HERE = {"demo": "The demo clip", "webcam": "Camera of the server"}
"""Sources of this machine; files of it are no choice, so that no page reads them."""


@dataclass(frozen=True)
class Parts:
    """What a run is made of, and how it was chosen."""

    chosen: Mapping[str, str]
    config: DictConfig
    source: Shared
    detector: Detector
    tracker: Tracker
    joints: Joints
    lifter: Lift
    classifier: Classify
    decision: Decide

    @property
    def stages(self) -> dict[str, Any]:
        """As `Pipeline` takes them."""
        return {
            "detector": self.detector, "tracker": self.tracker, "joints": self.joints,
            "lifter": self.lifter, "classifier": self.classifier, "decision": self.decision,
        }  # fmt: skip


class Maker:
    """Makes parts by what is chosen and, in all else, by the command line's config `cfg`.

    Attributes:
        given: What the command line chose.
    """

    def __init__(self, cfg: DictConfig, server: PageServer, taught: TaughtHeads) -> None:
        self.cfg, self.server, self.taught = cfg, server, taught
        hydra = HydraConfig.get()
        self._overrides = tuple(hydra.overrides.task)
        chosen = hydra.runtime.choices
        self.given = {what: str(chosen[group]) for what, group in GROUPS.items()}
        self._choices = {what: self._titles(what) for what in GROUPS}

    @property
    def choices(self) -> dict[str, list[dict[str, str]]]:
        """By what is chosen, each name with its title; heads that were taught come last."""
        heads = [{"name": h.name, "title": h.title} for h in self.taught.heads.values()]
        return {**self._choices, "head": [*self._choices["head"], *heads]}

    def first(self) -> Parts:
        """As the command line says."""
        cfg = self._composed(self.given)
        source = Shared(self._source(cfg, self.given["source"]))
        return Parts(chosen=self.given, config=cfg, source=source, **stages(cfg))

    def changed(self, parts: Parts, wish: Mapping[str, str]) -> Parts:
        """Parts as wished, with all others as they are; InputError if that can't be."""
        chosen = {**parts.chosen, **wish}
        cfg = self._composed(chosen)
        parts = replace(parts, chosen=chosen, config=cfg)
        if "lifter" in wish:
            parts = replace(parts, lifter=instantiate(cfg.lifter))
        layout = parts.lifter.layout
        if layout is not parts.joints.layout:
            parts = replace(parts, joints=instantiate(cfg.joints, layout=layout.name))
        if "head" in wish or layout is not parts.joints.layout:
            classifier: Classify = instantiate(cfg.classifier, layout=layout.name)
            parts = replace(parts, classifier=classifier, decision=deciding(cfg, classifier))
        if "source" in wish:  # last, because it may be a camera that only one can open
            parts = replace(parts, source=Shared(self._source(cfg, chosen["source"])))
        return parts

    def checkpoint(self, head: str) -> str:
        """The weights of one of the heads to choose from."""
        return str(self._composed({**self.given, "head": head}).classifier.checkpoint)

    def check(self, wish: Mapping[str, Any]) -> dict[str, str]:
        """The wish, if it is one of the choices."""
        for what, name in wish.items():
            names = [one["name"] for one in self.choices[what]]
            if name not in names:
                raise InputError(f"no {what} {name}; choose one of {', '.join(names)}")
        return dict(wish)

    def _titles(self, what: str) -> list[dict[str, str]]:
        given = self.given[what]
        if what != "source":
            folder = Path(__file__).parents[2] / "conf" / GROUPS[what]
            names = sorted({given, *(path.stem for path in folder.glob("*.yaml"))})
            titles = {name: name for name in names}
            checkpoint = str(self.cfg[GROUPS[what]].checkpoint)
            if checkpoint != given:
                titles[given] = Path(checkpoint).stem
        else:
            titles = {**HERE, **OWN}
            if given not in HERE:
                where = self.cfg.source.get("path") or self.cfg.source.get("folder")
                url = self.cfg.source.get("url")
                titles = {given: masked(url) if url else shown(str(where or given)), **titles}
        return [{"name": name, "title": title} for name, title in titles.items()]

    def _composed(self, chosen: Mapping[str, str]) -> DictConfig:
        """The command line's config, but for what was chosen otherwise on the page."""
        overrides, head = list(self._overrides), self.taught.heads.get(chosen["head"])
        for what, group in GROUPS.items():
            name = head.base if head and what == "head" else chosen[what]
            if name != self.given[what] and name not in OWN:
                keys = (f"{group}=", f"{group}.")
                overrides = [one for one in overrides if not one.startswith(keys)]
                overrides.append(f"{group}={name}")
        cfg = compose("page", overrides=overrides)
        if head is not None:
            cfg.classifier.checkpoint = str(head.path)
        return cfg

    def _source(self, cfg: DictConfig, name: str) -> Any:
        if name in OWN:
            return BrowserCamera(self.server, what=name)
        source = cfg.source.copy()
        for key, value in {"realtime": True, "repeat": 0}.items():
            if key in source and not any(o.startswith(f"source.{key}=") for o in self._overrides):
                with open_dict(source):  # a file is played like a camera, over and over
                    source[key] = value
        made = instantiate(source)
        if isinstance(made, Many):
            raise InputError(
                "gastlive-page shows one source; several cameras are on a page with: "
                "gastlive source=many 'sources=[...]' 'sink=[page]'"
            )
        return made


def plain(cfg: DictConfig) -> Any:
    """The config for the summary, without what hides in it."""
    hidden = ("run_folder", "page")
    kept = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in hidden])
    return masked_all(OmegaConf.to_container(kept, resolve=True))
