"""Mailboxes: the only place where threads hand items to each other."""

from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterator
from threading import Condition, Event
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(ABC, Generic[T]):
    """One thread writes items with `put` and, once, `close`; another reads, until it calls `leave`.

    An error given to `close` is raised in the reader after the last item.

    Attributes:
        dropped: Items replaced by newer ones before the one taken last.
        left: Set when the reader has left; a writer may wait on it instead of sleeping.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self.left = Event()
        self._items: deque[T] = deque()
        self._replaced = 0
        self._closed = False
        self._error: BaseException | None = None
        self._change = Condition()

    @abstractmethod
    def put(self, item: T) -> bool:
        """Hand an item over; false when the reader has left."""

    def close(self, error: BaseException | None = None) -> None:
        """End the stream, for the writer."""
        with self._change:
            self._closed, self._error = True, error
            self._change.notify_all()

    def leave(self) -> None:
        """Take no more, for the reader; does not wait for the writer."""
        with self._change:
            self.left.set()
            self._items.clear()
            self._change.notify_all()

    def items(self, *, timeout_s: float | None = None) -> Iterator[T]:
        """All items until the writer closes or the reader leaves.

        TimeoutError if nothing comes for `timeout_s`; ``None`` waits for ever.
        """
        while True:
            with self._change:
                if not self._change.wait_for(self._is_decided, timeout_s):
                    raise TimeoutError
                if not self._items:
                    break
                item = self._items.popleft()
                self.dropped = self._replaced
                self._change.notify_all()
            yield item
        if self._error is not None and not self.left.is_set():
            raise self._error

    def __iter__(self) -> Iterator[T]:
        return self.items()

    def _is_decided(self) -> bool:
        return bool(self._items) or self._closed or self.left.is_set()


class Slots(Generic[T]):
    """Several writers, one reader, and a slot of one item for each writer, by its name.

    The reader takes from those that have waited for their turn the longest, so that each gets as
    many turns as the others, or all that it wants.
    """

    def __init__(self) -> None:
        self._items: dict[str, T] = {}
        self._served: dict[str, int] = {}
        self._replaced: Counter[str] = Counter()
        self._turns = 0
        self._left = False
        self._change = Condition()

    def put(self, name: str, item: T) -> None:
        """Fill the writer's slot, and replace what the reader has not taken yet."""
        with self._change:
            self._replaced[name] += name in self._items
            self._items[name] = item
            self._change.notify_all()

    def wait(self, name: str, stop: Event) -> bool:
        """Wait until the writer's slot is empty; false when it is to stop or the reader has left.

        Who sets `stop` calls `wake`.
        """
        with self._change:
            self._change.wait_for(lambda: name not in self._items or self._left or stop.is_set())
            return not (self._left or stop.is_set())

    def wake(self) -> None:
        """Have all that wait look again."""
        with self._change:
            self._change.notify_all()

    def take(self, most: int, *, timeout_s: float | None = None) -> dict[str, tuple[T, int]]:
        """Up to so many items, by the writers' names; none after `timeout_s` without one.

        Each with the number of the writer's items that were replaced before it.
        """
        with self._change:
            self._change.wait_for(lambda: bool(self._items) or self._left, timeout_s)
            waiting = sorted(self._items, key=lambda name: self._served.get(name, -1))
            taken = {name: (self._items.pop(name), self._replaced[name]) for name in waiting[:most]}
            self._served |= {name: self._turns + i for i, name in enumerate(taken)}
            self._turns += len(taken)
            self._change.notify_all()
            return taken

    @property
    def left(self) -> bool:
        """Whether the reader has left."""
        return self._left

    def forget(self, name: str) -> None:
        """There is no such writer any more."""
        with self._change:
            self._items.pop(name, None)
            self._served.pop(name, None)

    def leave(self) -> None:
        """Take no more, for the reader."""
        with self._change:
            self._left = True
            self._items.clear()
            self._change.notify_all()


class Latest(Mailbox[T]):
    """Holds the newest item only, so a slow reader is at most one item late."""

    def put(self, item: T) -> bool:
        """Replace what the reader has not taken yet; false when there is no reader any more."""
        with self._change:
            if self.left.is_set():
                return False
            self._replaced += len(self._items)
            self._items = deque([item])
            self._change.notify_all()
            return True


class Queue(Mailbox[T]):
    """Loses nothing: a writer waits while `capacity` items, at least one, are queued."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    @property
    def is_full(self) -> bool:
        """Whether the writer would have to wait; only the writer can make it full."""
        with self._change:
            return len(self._items) >= self.capacity

    def put(self, item: T) -> bool:
        """Wait for room and add; false when there is no reader any more."""
        with self._change:
            self._change.wait_for(lambda: len(self._items) < self.capacity)
            if self.left.is_set():
                return False
            self._items.append(item)
            self._change.notify_all()
            return True
