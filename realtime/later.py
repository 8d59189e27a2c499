"""Parts that the first picture doesn't need, made in a thread beside it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """What `make` makes, in a thread of its own from `begin` on; `get` waits for it."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: Future[T] | None = None

    def begin(self) -> None:
        """Make it, if nobody has begun yet."""
        self._begun()

    def get(self) -> T:
        """It; raises what `make` raised."""
        return self._begun().result()

    def _begun(self) -> "Future[T]":
        if self._made is None:
            beside = ThreadPoolExecutor(1)
            self._made = beside.submit(self._make)
            beside.shutdown(wait=False)  # the thread ends with its work
        return self._made
