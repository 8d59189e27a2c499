"""Films a performance as H.264, with the ground truth beside it."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ...gast.errors import InputError
from .body import Body
from .camera import Camera
from .renderer import Renderer
from .scene import Scene
from .truth import Truth


class Film:
    """One scene, one person, one camera.

    Args:
        scene: The action.
        body: The person.
        camera: The view.
        fps: Pictures per second.
        quality: H.264's constant rate factor: 0 is lossless and huge, 51 is worst.
        room_m: Distances of the back wall and the left wall from the middle.
        path: The mp4; the ground truth lies beside it as ``NAME_truth.npz``.

    Raises:
        InputError: A number is out of range, or the path is no mp4.
    """

    def __init__(
        self,
        *,
        scene: Scene,
        body: Body,
        camera: Camera,
        fps: int,
        quality: int,
        room_m: tuple[float, float],
        path: str,
    ) -> None:
        if fps < 1 or not 0 <= quality <= 51:
            raise InputError(f"fps={fps}, quality={quality}; wanted at least 1, and 0 to 51")
        self.path = Path(path)
        if self.path.suffix != ".mp4":
            raise InputError(f"path={path} is no mp4; give a name that ends in .mp4")
        self.scene, self.body, self.camera = scene, body, camera
        self.fps, self.quality, self.room_m = fps, quality, room_m

    @property
    def truth_path(self) -> Path:
        """Beside the film."""
        return self.path.with_name(f"{self.path.stem}_truth.npz")

    def shoot(self) -> int:
        """Draw and write every picture, kept also when stopped half-way; returns how many.

        Raises:
            InputError: A clip can't be used, or OpenGL is missing.
        """
        renderer = Renderer(self.camera, self.body.look, self.body.mesh.faces, room_m=self.room_m)
        performance = self.scene.perform(self.body, fps=self.fps)
        truth = Truth.of(performance, self.body, self.camera)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        frames = 0
        try:
            with renderer, _Writer(self.path, self.camera, self.fps, self.quality) as writer:
                for i in _counted(len(performance.labels)):
                    writer.add(renderer.draw(*self.body.posed(performance.posing.frame(i))))
                    frames += 1
        finally:
            if frames:
                truth.save(self.truth_path, frames=frames)
                _report(self.path, self.truth_path, frames, truth.labels[:frames])
        return frames


class _Writer:
    """An mp4 that any browser plays."""

    def __init__(self, path: Path, camera: Camera, fps: int, quality: int) -> None:
        import av

        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=Fraction(fps))
        self._stream.width, self._stream.height = camera.width, camera.height
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": str(quality), "preset": "slow"}

    def __enter__(self) -> Self:
        return self

    def add(self, image: np.ndarray) -> None:
        import av

        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        self._container.mux(self._stream.encode(frame))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()


def _counted(frames: int) -> Iterable[int]:
    from rich.progress import track

    return track(range(frames), description="drawing")


def _report(path: Path, truth: Path, frames: int, labels: np.ndarray) -> None:
    actions = dict.fromkeys(str(label) for label in labels)
    print(f"{frames} frames: {', '.join(actions)}")
    print(f"film  {path.resolve()}")
    print(f"truth {truth.resolve()}")
