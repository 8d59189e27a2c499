"""Files at addresses such as ``s3://bucket/clips``, through fsspec."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from ...gast.errors import InputError

_CHANGING = ("size", "ETag", "etag", "LastModified", "last_modified", "mtime", "created", "md5")
"""What file systems say of a file that changes with its content; each has some of them."""


def is_address(given: str) -> bool:
    """Whether it is an address, not a path."""
    return "://" in given


def local(given: str) -> str:
    """The path that an address of a file on this machine means; others as they are."""
    return given.removeprefix("file://") if given.startswith("file:///") else given


def whole(address: str) -> str:
    """An address as `files_at` gives those of files."""
    with reached(address) as (_, root):
        return f"{address.partition('://')[0]}://{root}"


def files_at(address: str) -> dict[PurePosixPath, tuple[str, list[str]]]:
    """The file at an address, or those in the folder there and all folders below.

    Returns, by path as seen from the folder, the address of each and its state, which changes with
    the content. What is hidden is left out.

    Raises:
        InputError: The address can't be reached, or its package is missing.
    """
    with reached(address) as (files, root):
        found = files.find(root, detail=True)
    protocol = address.partition("://")[0]
    base = PurePosixPath(root)
    base = base.parent if list(found) == [root] else base
    below = {PurePosixPath(path).relative_to(base): info for path, info in found.items()}
    return {
        path: (f"{protocol}://{base / path}", _state(info))
        for path, info in below.items()
        if not any(part.startswith(".") for part in path.parts)
    }


def state_at(address: str) -> list[str]:
    """The state of one file, see `files_at`; empty if it isn't there."""
    with reached(address) as (files, path):
        try:
            return _state(files.info(path))
        except FileNotFoundError:
            return []


@contextmanager
def fetched(address: str) -> Iterator[Path]:
    """A copy of the file at an address, deleted at the end; an InputError if there is none."""
    with tempfile.TemporaryDirectory(prefix="gastlive-") as folder:
        here = Path(folder) / PurePosixPath(address).name
        with reached(address) as (files, path):
            files.get_file(path, str(here))
        yield here


def _state(info: dict[str, Any]) -> list[str]:
    return [f"{key}={info[key]}" for key in _CHANGING if key in info]


@contextmanager
def reached(address: str, *, doing: str = "read") -> Iterator[tuple[Any, str]]:
    """The file system of an address, and the path there.

    An InputError of whatever a file system raises; each has errors of its own.
    """
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(address)
        yield files, path.rstrip("/") if path.strip("/") else path
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{address}: no such file or folder") from error
    except Exception as error:
        if isinstance(error, ImportError):
            package = "'gastlive[s3]'" if address.startswith("s3") else "what it names"
            raise InputError(f"{address}: {_line(error)}; pip install {package}") from error
        raise InputError(f"{address} can't be {doing}: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
