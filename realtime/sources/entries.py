"""The list of cameras that a user gives: what each is called, and how it is opened."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ...gast.addresses import masked_all, shown
from ...gast.errors import InputError
from .kinds import EMBEDDED, kind_of

if TYPE_CHECKING:
    from .source import Source

WANTED = "sources=[{name: door, url: rtsp://...}, {name: hall, device: 0}]"
PLACES = ("url", "path", "device", "folder")
"""Keys that say where a camera is; there is one of them."""
NAME = r"[^\W_][\w .-]{0,63}"
LOOK_S = 1.0
"""A file of cameras is looked at so often, at most."""
LARGEST = 1 << 18
"""Bytes of a file of cameras."""


@dataclass(frozen=True)
class Entry:
    """One camera of several: its name, the option of the group ``source``, and that one's keys.

    `turn` is of no meaning: another one restarts the camera.
    """

    name: str
    kind: str
    values: Mapping[str, Any]
    turn: Any = None

    def open(self) -> "Source":
        """The source; an InputError says what is wrong with it, and of which camera."""
        from hydra.errors import InstantiationException
        from hydra.utils import instantiate

        from ...conf.option import chain
        from ...conf.program import explained

        try:
            given = {f"source.{key}": value for key, value in self.values.items()}
            source: Source = instantiate(chain({"source": self.kind} | given).source)
        except (InputError, InstantiationException, OmegaConfBaseException) as error:
            raise InputError(f"camera {self.name}: {explained(error)}") from error
        return source


def entries(given: Any) -> list[Entry]:
    """The cameras of a list, each a mapping with a ``name`` and where it is.

    ``url``, ``path``, ``device`` or ``folder`` say where, or ``source`` names the option; other
    keys are that option's. Files are played at their own speed, unless ``realtime: false``.

    Raises:
        InputError: This is no such list, or it is empty, or two have one name.
    """
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise InputError(f"{_short(given)} is no list of cameras; give {WANTED}")
    if not given:
        raise InputError(f"source=many has no cameras; give {WANTED}")
    found = [_entry(each) for each in given]
    names = [entry.name.casefold() for entry in found]
    for entry in found:
        if names.count(entry.name.casefold()) > 1:
            raise InputError(f"two cameras are called {entry.name}; give each a name of its own")
    return found


def read_entries(path: Path) -> list[Entry]:
    """The cameras of a yaml or JSON file: a list, or a mapping with such a list as ``sources``.

    Raises:
        InputError: It can't be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise InputError(f"{path} is too large for a list of cameras")
        content = yaml.safe_load(text.decode())
        if isinstance(content, Mapping) and set(content) == {"sources"}:
            content = content["sources"]
        plain: Any = OmegaConf.to_container(OmegaConf.create({"_": content}), resolve=True)
        return entries(plain["_"])
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except yaml.MarkedYAMLError as error:  # whose own words show the line, and the password in it
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{path} is no yaml or JSON, see line {line}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise InputError(f"{path} is no yaml or JSON") from None
    except OmegaConfBaseException as error:
        raise InputError(f"{path}: {' '.join(str(error).split())}") from error


class EntriesFile:
    """A yaml or JSON file with the list of cameras, and what it was like when it was read last."""

    def __init__(self, path: Path) -> None:
        self.path, self._next_s = path, float("-inf")
        self._known = self._state()

    def read(self) -> list[Entry]:
        """See `read_entries`."""
        return read_entries(self.path)

    def changed(self, now_s: float, warn: Callable[[str], None]) -> list[Entry] | None:
        """The list, if the file is another than before; one with mistakes is warned of."""
        if now_s < self._next_s:
            return None
        self._next_s = now_s + LOOK_S
        state = self._state()
        if state is None or state == self._known:  # it may be missing while it is replaced
            return None
        self._known = state
        try:
            return self.read()
        except InputError as error:
            warn(f"the cameras stay as they are: {shown(str(error))}")
            return None

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _entry(given: Any) -> Entry:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise InputError(f"{_short(given)} is no camera; give {WANTED}")
    values = dict(given)
    name, turn = str(values.pop("name", "")), values.pop("restart", None)
    if not re.fullmatch(NAME, name):
        raise InputError(
            f"{name!r} is no name of a camera (in {_short(given)}); give letters, digits, spaces, "
            f"dots, - and _, 64 at most"
        )
    kind, values = _kind(name, values)
    if "realtime" not in values and kind in ("video", *EMBEDDED):
        values["realtime"] = True
    return Entry(name, kind, values, turn)


def _kind(name: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if "source" in values:
        return str(values.pop("source")), values
    places = [key for key in PLACES if values.get(key) is not None]
    if not places and name in EMBEDDED:
        return name, values
    if len(places) != 1:
        said = "both " + " and ".join(places) if places else "nothing that says where it is"
        raise InputError(f"camera {name} has {said}; give it one of {', '.join(PLACES)}")
    place = values.pop(places[0])
    if isinstance(place, bool) or not isinstance(place, int | str):
        raise InputError(f"camera {name}: {places[0]}={_short(place)} is no {places[0]}")
    kind, where = kind_of(place)
    return kind, where | values


def _short(given: Any) -> str:
    said = str(masked_all(given))
    return said if len(said) <= 80 else f"{said[:77]}..."
