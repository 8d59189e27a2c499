"""An animated GIF of a video: ``python -m gastlive.experiments.preview video=...``."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.filter import Graph
from omegaconf import DictConfig

from ..conf.program import program
from ..gast.errors import InputError


@program("preview")
def main(cfg: DictConfig) -> None:
    """Write an animated GIF of a stretch of the video."""
    frames = animate(
        Path(cfg.video), Path(cfg.path), start_s=cfg.start_s, stop_s=cfg.stop_s,
        width=cfg.width, fps=cfg.fps,
    )  # fmt: skip
    print(f"{frames} frames in {cfg.path}")


def animate(video: Path, path: Path, *, start_s: float, stop_s: float, width: int, fps: int) -> int:
    """Write a GIF with its own palette of `start_s` to `stop_s`; returns its number of frames.

    The height follows from `width` in pixels.

    Raises:
        InputError: The video can't be read or has no picture in that stretch.
    """
    try:
        source = av.open(str(video))
    except (OSError, av.FFmpegError) as error:
        raise InputError(f"can't read {video}: {error}; give a video file") from error
    with source, av.open(str(path), "w", format="gif") as target:
        stream = target.add_stream("gif", rate=fps)
        pictures = (f for f in source.decode(video=0) if start_s <= (f.time or 0.0) < stop_s)
        graph, count = None, 0
        for picture in pictures:
            graph = graph or _palette(source.streams.video[0], width, fps)
            graph.push(picture)
        if graph is None:
            raise InputError(f"{video} has no picture between {start_s} and {stop_s} s")
        graph.push(None)
        while (frame := _next(graph)) is not None:
            if count == 0:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "pal8"
            frame.pts, frame.time_base, count = count, Fraction(1, fps), count + 1
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return count


def _palette(stream: av.VideoStream, width: int, fps: int) -> Graph:
    """Filter that scales, drops frames, and maps to the best 256 colours of the stretch."""
    graph = Graph()
    nodes = [
        graph.add_buffer(template=stream),
        graph.add("fps", f"{fps}"),
        graph.add("scale", f"{width}:-2:flags=lanczos"),
        graph.add("split"),
    ]
    for before, after in pairwise(nodes):
        before.link_to(after)
    palette, use = (
        graph.add("palettegen", "stats_mode=full"),
        graph.add("paletteuse", "dither=bayer:diff_mode=rectangle"),
    )
    sink = graph.add("buffersink")
    nodes[-1].link_to(use, 0, 0)
    nodes[-1].link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph


def _next(graph: Graph) -> av.VideoFrame | None:
    try:
        frame = graph.pull()
    except (av.EOFError, BlockingIOError):
        return None
    return frame if isinstance(frame, av.VideoFrame) else None


if __name__ == "__main__":
    main()
