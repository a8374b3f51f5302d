from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_streams import repeatable

from collector.synchronization.ring_buffer import Insertion, RingBuffer


@repeatable
@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 20))
def test_holds_the_newest_distinct_stamps_in_order(stamps: list[int], capacity: int) -> None:
    buffer: RingBuffer[str] = RingBuffer(capacity)
    kept: list[int] = []
    overflowed = 0
    for stamp in stamps:
        expected = (
            Insertion.DUPLICATE
            if stamp in kept
            else Insertion.APPENDED
            if not kept or stamp > kept[-1]
            else Insertion.OUT_OF_ORDER
        )
        assert buffer.insert(stamp, str(stamp)) is expected
        if expected is not Insertion.DUPLICATE:
            overflowed += len(kept) == capacity
            kept = sorted([*kept, stamp])[-capacity:]
        assert list(buffer.stamps) == kept
        assert list(buffer.items) == [str(k) for k in kept]
    assert buffer.overflowed == overflowed


def test_drop_before_keeps_the_stamp_itself() -> None:
    buffer: RingBuffer[int] = RingBuffer(5)
    for stamp in (10, 20, 30):
        buffer.insert(stamp, stamp)
    buffer.drop_before(20)
    assert list(buffer.stamps) == [20, 30]
    assert buffer.at_or_after(21) == 1
    buffer.clear()
    assert len(buffer) == 0


def test_refuses_no_capacity() -> None:
    with pytest.raises(ValueError, match="at least one"):
        RingBuffer(0)
