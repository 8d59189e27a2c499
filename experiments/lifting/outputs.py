"""Where results go: a folder, or an address such as ``s3://bucket/lifted``."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from errno import EACCES
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from ...gast.errors import InputError
from ..shards import Shard
from .addresses import is_address, reached, whole
from .ledger import Files, Ledger, Records
from .results import CannotWrite, cannot_write, part_of

RECORDS = ".gastlive-lift"
"""Folder of the records at an address."""
_ABOUT = b"A record of each finished input. gastlive-lift reads them to go on where it was.\n"


class Output(Protocol):
    """Plain enough to be pickled: every worker has one.

    Attributes:
        place: Absolute path, or address as `whole` gives it.
    """

    place: str

    def ledger(self, shard: Shard) -> Records:
        """What is finished there; `CannotWrite` if nothing can be written there."""

    def making(self) -> AbstractContextManager[Path]:
        """A folder to make the results of one input in."""

    def take(self, made: Path, name: str, files: Files, before: Collection[str]) -> None:
        """Bring results of an input from there to their place; those `before` go."""

    def clear(self, name: str) -> None:
        """Delete what a worker that died left of an input."""


class InFolder:
    """The `Output` in a folder, where results are made, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.place = str(self.folder)

    def ledger(self, shard: Shard) -> Records:
        """See `Output`; makes the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        return Ledger(self.folder, shard)

    def making(self) -> AbstractContextManager[Path]:
        """See `Output`."""
        return nullcontext(self.folder)

    def take(self, made: Path, name: str, files: Files, before: Collection[str]) -> None:
        """They are there."""

    def clear(self, name: str) -> None:
        """See `Output`."""
        shutil.rmtree(part_of(self.folder, name), ignore_errors=True)


class AtAddress:
    """The `Output` at an address, to which each input's results are brought when all are made.

    Raises:
        InputError: The package of such addresses is missing.
    """

    def __init__(self, address: str) -> None:
        self.address, self.place = address, whole(address)

    def ledger(self, shard: Shard) -> Records:
        """See `Output`; one for all shards."""
        with written(self.address) as (there, root):
            there.pipe_file(f"{root}/{RECORDS}/README", _ABOUT)  # tells whether it can be written
        return RecordsAt(self.address)

    @contextmanager
    def making(self) -> Iterator[Path]:
        """See `Output`."""
        with tempfile.TemporaryDirectory(prefix="gastlive-") as folder:
            yield Path(folder)

    def take(self, made: Path, name: str, files: Files, before: Collection[str]) -> None:
        """See `Output`; until a new record is noted, the input counts as unfinished."""
        names = {file for some in files.values() for file in some}
        with written(self.address) as (there, root):
            if before:
                _remove(there, f"{root}/{RECORDS}/{name}.json")
            for file in sorted(names):
                there.put_file(str(made / file), f"{root}/{file}")
            for file in sorted(set(before) - names):
                _remove(there, f"{root}/{file}")

    def clear(self, name: str) -> None:
        """It left nothing there."""


class RecordsAt(Records):
    """Records at an address, a file each: there is no appending in a bucket."""

    def __init__(self, address: str) -> None:
        self.address = address
        with reached(address) as (there, root):
            there.invalidate_cache()
            self._found = {path.removeprefix(f"{root}/") for path in there.find(root)}
        super().__init__()

    def lines(self) -> list[str]:
        """See `Records`."""
        with reached(self.address) as (there, root):
            records = [file for file in self._found if file.startswith(f"{RECORDS}/")]
            paths = [f"{root}/{file}" for file in sorted(records) if file.endswith(".json")]
            contents = there.cat_ranges(paths, None, None)
            for error in contents:
                if isinstance(error, Exception) and not isinstance(error, FileNotFoundError):
                    raise error
        found = (content for content in contents if isinstance(content, bytes))
        return [content.decode("utf-8", errors="replace") for content in found]

    def note(self, name: str, record: str) -> None:
        """See `Records`."""
        with written(self.address) as (there, root):
            there.pipe_file(f"{root}/{RECORDS}/{name}.json", record.encode())

    def is_inside(self, file: str) -> bool:
        """See `Records`."""
        path = PurePosixPath(file)
        return not path.is_absolute() and ".." not in path.parts

    def is_there(self, file: str) -> bool:
        """See `Records`; as of the beginning."""
        return file in self._found


def output_of(given: str) -> Output:
    """The output that ``output=`` means; an InputError if there can't be one."""
    return AtAddress(given) if is_address(given) else InFolder(Path(given).expanduser())


@contextmanager
def written(address: str) -> Iterator[tuple[Any, str]]:
    """See `reached`; `CannotWrite` of what a file system raises."""
    try:
        with reached(address, doing="written to") as found:
            yield found
    except InputError as error:
        raise CannotWrite(f"{error}; what is finished stays, the same command goes on") from error


def _remove(there: Any, path: str) -> None:
    with suppress(FileNotFoundError):
        there.rm_file(path)
