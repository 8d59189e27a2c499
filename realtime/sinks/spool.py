"""Records on disk that wait to be sent, and survive a killed program."""

import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import platformdirs

from ...gast.errors import InputError
from ..run_folder import unwritable


class Spool:
    """A queue of texts in an SQLite file, oldest first; calls may come from several threads.

    What `add` has returned from is on the disk. Beyond `most` the oldest are dropped and counted
    in `lost`. A file belongs to one program at a time.

    Raises:
        InputError: Another program has the file, it is no spool, or it can't be written to.
    """

    def __init__(self, path: Path, *, most: int) -> None:
        if most < 1:
            raise InputError(f"{path} would hold {most} records; give room for 1 or more")
        self.path, self.most, self.lost = path, most, 0
        self._lock, self._open = Lock(), True
        self._doing(self._begin)

    def add(self, text: str) -> None:
        """Append a record."""
        self._doing(lambda: self._add(text))

    def oldest(self) -> tuple[int, str] | None:
        """Key and text of the record to send next."""
        rows = self._doing(
            lambda: self._file.execute("SELECT key, text FROM waiting ORDER BY key LIMIT 1")
        )
        return rows[0] if rows else None

    def remove(self, key: int) -> None:
        """Forget a record, for it has been sent."""
        self._doing(lambda: self._file.execute("DELETE FROM waiting WHERE key = ?", (key,)))

    def __len__(self) -> int:
        rows = self._doing(lambda: self._file.execute("SELECT COUNT(*) FROM waiting"))
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        """Let go of the file; later calls do nothing."""
        with self._lock:
            self._open = False
            self._file.close()

    def _begin(self) -> sqlite3.Cursor:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=0
        )
        self._file.execute("PRAGMA locking_mode = EXCLUSIVE")  # kept once it is taken ...
        self._file.execute("BEGIN EXCLUSIVE")  # ... which is here
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS waiting (key INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT)"
        )
        return self._file.execute("COMMIT")

    def _add(self, text: str) -> sqlite3.Cursor:
        self._file.execute("INSERT INTO waiting (text) VALUES (?)", (text,))
        surplus = self._file.execute(
            "DELETE FROM waiting WHERE key <= (SELECT MAX(key) FROM waiting) - ?", (self.most,)
        )
        self.lost += max(surplus.rowcount, 0)
        return surplus

    def _doing(self, work: Callable[[], sqlite3.Cursor]) -> list[Any]:
        with self._lock:
            if not self._open:
                return []
            try:
                return work().fetchall()
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
