"""Records on disk that wait to be sent, and survive a killed program."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import platformdirs

from ...gast.errors import InputError
from ..run_folder import unwritable

_LOGGER = logging.getLogger(__name__)


class Spool:
    """A queue of texts in an SQLite file, oldest first; calls may come from several threads.

    What `add` has returned from is on the disk, or in memory while that is full. Beyond `most` the
    oldest are dropped and counted in `lost`, as is what never got to the disk and was not removed
    in time. A file belongs to one program at a time.

    Raises:
        InputError: Another program has the file, it is no spool, or it can't be made.
    """

    def __init__(self, path: Path, *, most: int) -> None:
        if most < 1:
            raise InputError(f"{path} would hold {most} records; give room for 1 or more")
        self.path, self.most, self.lost = path, most, 0
        self._lock, self._open = Lock(), True
        self._unwritten: deque[tuple[int, str]] = deque()
        self._newest = self._sent = 0  # keys; what was sent may still be on a disk that is full
        self._has_warned = False
        self._doing(self._begin)

    def add(self, text: str) -> None:
        """Append a record."""
        with self._lock:
            self._newest += 1
            self._unwritten.append((self._newest, text))
            while len(self._unwritten) > self.most:
                self._unwritten.popleft()
                self.lost += 1
        self._doing(self._save)

    def oldest(self) -> tuple[int, str] | None:
        """Key and text of the record to send next."""
        self._doing(self._save)
        rows = self._doing(lambda: self._waiting("key, text", "ORDER BY key LIMIT 1"))
        with self._lock:
            return next(iter([*rows, *self._unwritten]), None)

    def remove(self, key: int) -> None:
        """Forget a record and those before it, for they have been sent."""
        with self._lock:
            self._sent = key
            while self._unwritten and self._unwritten[0][0] <= key:
                self._unwritten.popleft()
        self._doing(self._save)

    def __len__(self) -> int:
        """How many wait on the disk."""
        self._doing(self._save)
        rows = self._doing(lambda: self._waiting("COUNT(*)"))
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        """Let go of the file; later calls do nothing."""
        self._doing(self._save)
        with self._lock:
            self.lost += len(self._unwritten)
            self._unwritten.clear()
            self._open = False
            self._file.close()

    def _begin(self) -> sqlite3.Cursor:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0)
        try:
            file.execute("PRAGMA locking_mode = EXCLUSIVE")  # kept once it is taken ...
            file.execute("BEGIN EXCLUSIVE")  # ... which is here
            file.execute(
                "CREATE TABLE IF NOT EXISTS waiting "
                "(key INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)"
            )
            file.execute("COMMIT")
            newest = file.execute("SELECT MAX(key) FROM waiting")
            self._newest = newest.fetchone()[0] or 0
        except BaseException:
            file.close()
            raise
        self._file = file
        return newest

    def _waiting(self, what: str, how: str = "") -> sqlite3.Cursor:
        return self._file.execute(f"SELECT {what} FROM waiting WHERE key > ? {how}", (self._sent,))

    def _save(self) -> None:
        """Bring the disk up to date, as far as it has room."""
        try:
            self._drop(self._sent)
            while self._unwritten:
                self._file.execute("INSERT INTO waiting VALUES (?, ?)", self._unwritten[0])
                key, _ = self._unwritten.popleft()
                self.lost += self._drop(key - self.most)
        except sqlite3.OperationalError as error:
            if not self._has_warned:
                _LOGGER.warning("can't write %s: %s; it waits in memory", self.path, error)
            self._has_warned = True

    def _drop(self, key: int) -> int:
        """How many were dropped, up to a key."""
        return self._file.execute("DELETE FROM waiting WHERE key <= ?", (key,)).rowcount

    def _doing(self, work: Callable[[], sqlite3.Cursor | None]) -> list[Any]:
        with self._lock:
            if not self._open:
                return []
            try:
                found = work()
                return [] if found is None else found.fetchall()
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise InputError(
                        f"{self.path} is in use by another program; give this one a file of its "
                        f"own with spool=FILE"
                    ) from error
                raise unwritable(self.path, OSError(str(error))) from error
            except sqlite3.DatabaseError as error:
                raise InputError(
                    f"{self.path} is no spool of gastlive ({error}); give another with spool=FILE"
                ) from error
            except OSError as error:
                raise unwritable(self.path, error) from error


def spool_of(kind: str, receiver: str, given: str | None) -> Path:
    """Where records for a receiver wait: the file given, else one in the user's state folder."""
    if given is not None:
        return Path(given)
    name = f"{kind}-{sha256(receiver.encode()).hexdigest()[:16]}.sqlite"
    return platformdirs.user_state_path("gastlive") / name
