"""Parts that the first picture doesn't need, made in a thread beside it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Later(Generic[T]):
    """What `make` makes, in a thread of its own from `begin` on; `get` waits for it.

    It is made once, whoever asks, and in the context in which this was (`pictures_at_once`).
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make, self._context, self._lock = make, copy_context(), Lock()
        self._made: Future[T] | None = None

    def begin(self) -> None:
        """Make it, if nobody has begun yet."""
        self._begun()

    def get(self) -> T:
        """It; raises what `make` raised."""
        return self._begun().result()

    def _begun(self) -> "Future[T]":
        with self._lock:
            if self._made is None:
                beside = ThreadPoolExecutor(1)
                self._made = beside.submit(self._context.run, self._make)
                beside.shutdown(wait=False)  # the thread ends with its work
            return self._made
