"""Online skeleton action recognition: pictures in, named actions out.

>>> from gastlive import watch
>>> for frame in watch("clip.mp4"):
...     for person in frame.people:
...         print(person.id, person.action, person.confidence)

`watch` reads a camera, file, folder or address; `Recognizer` takes the pictures of a loop of your
own. Importing this loads no net and no package that computes: they come with the first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gast.errors import InputError
    from .realtime.recognizer import Recognizer
    from .realtime.results import DetectedJoints, FinishedAction, FrameResult, PersonResult
    from .realtime.watching import watch

__version__ = "0.2.0"
__all__ = [
    "DetectedJoints",
    "FinishedAction",
    "FrameResult",
    "InputError",
    "PersonResult",
    "Recognizer",
    "__version__",
    "watch",
]

_HOMES = {
    "InputError": "gast.errors",
    "Recognizer": "realtime.recognizer",
    "watch": "realtime.watching",
    "DetectedJoints": "realtime.results",
    "FinishedAction": "realtime.results",
    "FrameResult": "realtime.results",
    "PersonResult": "realtime.results",
}


if not TYPE_CHECKING:  # a type checker would believe that every name is here

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found  # the next access does not come here any more
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
