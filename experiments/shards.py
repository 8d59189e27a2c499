"""A share of the work for each of several machines that know nothing of each other."""

import hashlib
import re
from dataclasses import dataclass

from ..gast.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Share `index`, from 1, of `count`.

    Whether it holds something depends on the name alone, by a hash: what comes or goes moves
    nothing else to another share, and shares are about as large as each other, not exactly.
    """

    index: int = 1
    count: int = 1

    def holds(self, name: str) -> bool:
        """Whether what has this name is in the share."""
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


def shard_of(given: str | None) -> Shard:
    """The share that ``shard=2/8`` means, all without one; an InputError if it means none."""
    if given is None:
        return Shard()
    if found := re.fullmatch(r"(\d{1,9})/(\d{1,9})", str(given)):
        index, count = map(int, found.groups())
        if 1 <= index <= count:
            return Shard(index, count)
    raise InputError(f"shard={given} is no share; give 1/8 to 8/8 for eight machines")
