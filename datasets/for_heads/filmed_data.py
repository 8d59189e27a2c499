"""Lightning data module of filmed streams: fresh on a GPU, from a folder on a CPU."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from ...action.mirroring import mirror_images
from ...gast.errors import InputError
from ..labels import LabelMap
from ..process_seed import leads
from .augmentation import Augmentation
from .beside import Beside
from .filler import Filler
from .filmed import Filming
from .filmed_batches import CachedStreams, FreshStreams, SomeStreams
from .labelled import Lifted
from .quiet import Pastime, QuietStreams
from .quiet_beside import QuietPieces
from .stream_composer import Batch, Streams, Weights
from .stream_data import ActionStreams, FixedBatches

_ALL = 10**9


class FilmedStreams(ActionStreams):
    """Training streams from world-space motion; validation as of `ActionStreams`, of lifted clips.

    Without those it is filmed streams of the people for validation, always the same.
    On a GPU they are made anew for every batch. On a CPU they come from a `folder` that a process
    beside the training keeps filled, see `CachedStreams`. Arguments are those of `ActionData` and,
    for `onset_s`, `onset_weight` and `splice`, of `ActionStreams`; `augmentation` varies what is
    composed.

    Args:
        filming: How streams come about.
        folder: For files of 64 streams each.
        files: As many as the folder keeps; the process makes a quarter more.
        uses: How often a stream is used before it goes, if another is there;
        reuse: varied so each time.
        held: Streams for validation without lifted clips.
        begin: Files without which training doesn't begin.
        filler: Whether a process beside the training fills the folder.
        composed: Share of the batch that is composed of the training part's lifted clips, such as
            films, whose joints are known in the picture alone.
        quiet: Share of the batch that shows people who do nothing, see `QuietStreams`,
        quiet_hours: of so many hours of them.
    """

    def __init__(
        self,
        data: Lifted | None,
        *,
        filming: Filming,
        folder: str,
        files: int,
        uses: int,
        begin: int = 4,
        held: int = 192,
        filler: bool,
        composed: float,
        quiet: float,
        quiet_hours: float,
        batch: int,
        batches: int,
        seed: int,
        refit: bool,
        reuse: Augmentation,
        **rest: Any,
    ) -> None:
        if not isinstance(filming.labels, LabelMap):
            raise InputError("filmed streams want a label map; choose another labels=...")
        super().__init__(
            data or Lifted(""), protocol=filming.split, skeleton=filming.skeleton,
            labels=filming.labels, fps=filming.fps, frames=filming.frames, batch=batch,
            batches=batches, seed=seed, refit=refit, **rest,
        )  # fmt: skip
        self.filming = replace(filming, parts=("train", "val") if refit else ("train",))
        self.folder, self.files, self.uses, self.begin = folder, files, uses, min(begin, files)
        self.reuse = reuse
        self.fills, self.passes, self.held = filler, 0, None if data is not None else held
        self.clips, self.calm, self.quiet_hours = (
            round(composed * batch), round(quiet * batch), quiet_hours
        )  # fmt: skip
        self.streams = batch - self.clips - self.calm
        if min(composed, quiet) < 0 or composed + quiet >= 1:
            raise InputError(
                f"{composed=} and {quiet=} can't be shares of a batch with filmed streams in it; "
                f"give 0 to less than 1 together"
            )
        if composed and data is None:
            raise InputError(f"{composed=} of a batch wants lifted clips; give data.folder=...")
        self.beside: Streams | None = None
        self.pieces: QuietPieces | None = None
        self.filmed: FreshStreams | CachedStreams | None = None
        self.filler: Filler | None = None

    def windows(self, frames: int | None) -> None:
        """Make streams as long as a head's window, if it has one."""
        super().windows(frames)
        self.filming = replace(self.filming, frames=self.frames)

    def setup(self, stage: str | None = None) -> None:
        """See `ActionStreams`."""
        if self.report:
            return
        self.val = self.once("val")
        if self.clips and stage != "validate":
            self.beside = self.composing(self.clips)
        recipe = self.filming.recipe()
        self.report.append(f"filmed: {self.filming.everybody()}")
        if (made := recipe["lifter_sha256"]) != self.lifter[1]:
            raise InputError(
                f"the validation clips were lifted by {self.lifter[0] or 'no lifter'}, streams by "
                f"{recipe['lifter'] or 'none'} (sha256 {str(made)[:8]}); lift them anew, or give "
                f"filming.lifter=..."
            )
        self.report += self.source.problems()

    def once(self, part: str) -> FixedBatches:
        """See `ActionStreams`; filmed streams where there are no lifted clips."""
        if self.held is None:
            return super().once(part)
        studio = replace(self.filming, parts=(part,)).studio(torch.device("cpu"))
        self.report += studio.report
        self.lifter = (studio.lift.name, studio.lift.sha256)
        xyz, labels = studio.streams(self.held, self.seed, 1)
        known = (labels >= 0).float()
        return FixedBatches(
            zip(*(part.split(self.batch) for part in (xyz, labels, known)), strict=True)
        )

    def aside(self, hours: float) -> Sequence[Iterable[Batch]]:
        """See `ActionStreams`; of the people who train, since nobody else's motion is known."""
        if not hours:
            return ()
        studio = self.filming.studio(torch.device("cpu"))
        try:
            quiet = QuietStreams(studio, Pastime(), hours=hours, seed=self.seed)
        except InputError as error:
            print(f"the background is not fitted: {error}", flush=True)
            return ()
        count = round(hours * 3600 * self.fps / self.filming.frames / len(quiet))
        acting = SomeStreams(studio, batches=len(quiet), batch=count, seed=self.seed)
        return quiet, acting

    def train_dataloader(self) -> DataLoader:
        """Endless streams; starts the process that makes them, if there is one."""
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        self.filmed = self._cached() if device.type == "cpu" else self._fresh(device)
        self.filmed.passes = self.passes
        if self.calm and self.pieces is None:
            self.pieces = self._calm(self.filmed.weights)
        both = Beside(self.filmed, *self._others()) if self._others() else self.filmed
        return DataLoader(both, batch_size=None)

    def close(self) -> None:
        """End the process that fills the folder."""
        if self.filler is not None:
            self.filler.close()
            self.filler = None

    def state_dict(self) -> dict[str, Any]:
        """How many passes are begun: a resumed training goes on with others."""
        return {"passes": getattr(self.filmed, "passes", self.passes)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.passes = state["passes"]
        if self.filmed is not None:
            self.filmed.passes = self.passes
        for each in self._others():
            each.process.passes = self.passes

    def _others(self) -> list[Streams | QuietPieces]:
        return [each for each in (self.beside, self.pieces) if each is not None]

    def _calm(self, weights: Weights) -> QuietPieces:
        studio = self.filming.studio(torch.device("cpu"))
        print(f"filming {self.quiet_hours} hours of people who do nothing", flush=True)
        quiet = QuietStreams(studio, Pastime(), hours=self.quiet_hours, seed=self.seed + 1)
        pieces = QuietPieces(
            quiet, frames=self.frames, batch=self.calm, batches=self.batches, seed=self.seed,
            weights=weights, augmentation=self.reuse, skeleton=self.skeleton,
        )  # fmt: skip
        pieces.process.passes = self.passes
        return pieces

    def _fresh(self, device: torch.device) -> FreshStreams:
        studio = self.filming.studio(device)
        print("\n".join(studio.report), flush=True)
        return FreshStreams(
            studio, batch=self.streams, batches=self.batches, seed=self.seed, weigh=self._weigh
        )

    def _cached(self) -> CachedStreams:
        if self.fills and self.filler is None and leads():
            files = self.files + max(self.files // 4, 1)  # so that others come before one goes
            self.filler = Filler(self.filming, self.folder, files=files, seed=self.seed)
        return CachedStreams(
            self.folder, self.filming.recipe(), batch=self.streams, batches=self.batches,
            seed=self.seed, uses=self.uses, begin=self.begin,
            keep=self.files if self.fills else _ALL,
            filling=lambda: self.fills and (self.filler is None or self.filler.is_alive()),
            augmentation=self.reuse, swap=mirror_images(self.labels.names),
            skeleton=self.skeleton, weigh=self._weigh,
        )  # fmt: skip

    def _weigh(self, often: np.ndarray) -> Weights:
        return Weights(
            often[often >= 0],
            classes=len(self.labels.names),
            idle=self.labels.idle,
            onset_frames=self.onset_frames,
            onset_weight=self.onset_weight,
        )
