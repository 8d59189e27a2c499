"""What the live program gives to sinks that ask for it: a thread, a sink a camera, a mosaic."""

from collections.abc import Callable
from typing import Any

from .background import apart
from .each_camera import EachCamera
from .mosaic import Mosaic
from .sink import Sink


def fitted(make: Callable[..., Any], *, live: bool, several: Any = None) -> Sink:
    """The sink that `make` makes, fitted to a source: one that is `live`, or `several` cameras.

    See `Sink` for what a sink may ask for; `make` takes the ``name`` of a camera where it wants
    one for each. One with a method ``offer`` is given the cameras.
    """
    sink: Sink = make()
    if several and hasattr(sink, "offer"):
        sink.offer(several)
    if several and getattr(sink, "per_camera", False):
        return EachCamera(lambda camera: apart(make(name=camera), live=live))
    if several and getattr(sink, "one_picture", False):
        return Mosaic(apart(sink, live=live))
    return apart(sink, live=live)
