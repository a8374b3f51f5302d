"""A bounded buffer of stamped items, kept in the order of their stamps."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Insertion(Enum):
    """What became of an item."""

    APPENDED = "appended"  # the newest stamp so far
    OUT_OF_ORDER = "out of order"  # put in its place among later stamps
    DUPLICATE = "duplicate"  # the stamp is there already: not kept


class RingBuffer(Generic[T]):
    """At most ``capacity`` items ordered by stamp; the oldest leaves when it is full."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a buffer holds at least one item, not {capacity}")
        self.capacity = capacity
        self.overflowed = 0  # items that left because the buffer was full
        self._stamps: list[int] = []
        self._items: list[T] = []

    def __len__(self) -> int:
        return len(self._items)

    @property
    def stamps(self) -> Sequence[int]:
        """Stamps in ns, ascending."""
        return self._stamps

    @property
    def items(self) -> Sequence[T]:
        """Items in the order of their stamps."""
        return self._items

    def insert(self, stamp_ns: int, item: T) -> Insertion:
        """Put the item where its stamp belongs, unless that stamp is there already."""
        place = self.at_or_after(stamp_ns)
        if place < len(self._stamps) and self._stamps[place] == stamp_ns:
            return Insertion.DUPLICATE
        newest = place == len(self._stamps)
        self._stamps.insert(place, stamp_ns)
        self._items.insert(place, item)
        if len(self._items) > self.capacity:
            del self._stamps[0], self._items[0]
            self.overflowed += 1
        return Insertion.APPENDED if newest else Insertion.OUT_OF_ORDER

    def at_or_after(self, stamp_ns: int) -> int:
        """Return the index of the first item stamped at or after ``stamp_ns`` (may be len)."""
        return bisect_left(self._stamps, stamp_ns)

    def drop_before(self, stamp_ns: int) -> None:
        """Forget the items stamped before ``stamp_ns``."""
        place = self.at_or_after(stamp_ns)
        del self._stamps[:place], self._items[:place]

    def clear(self) -> None:
        """Forget all items."""
        self._stamps.clear()
        self._items.clear()
