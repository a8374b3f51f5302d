"""How long the supervisor waits before it starts a process again."""

from __future__ import annotations

from collector.station.back_off import BackOff


def test_waits_double_up_to_the_longest() -> None:
    back_off = BackOff(initial_s=1.0, longest_s=10.0, healthy_after_s=5.0)
    assert [back_off.next_delay_s(0.1) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_process_that_has_lived_well_starts_over() -> None:
    back_off = BackOff(initial_s=1.0, longest_s=10.0, healthy_after_s=5.0)
    for _ in range(5):
        back_off.next_delay_s(0.0)
    assert back_off.next_delay_s(5.0) == 1.0
    assert back_off.next_delay_s(0.0) == 2.0


def test_no_first_wait_still_ends_in_waiting() -> None:
    back_off = BackOff(initial_s=0.0)
    assert back_off.next_delay_s(0.0) == 0.0
    assert back_off.next_delay_s(0.0) > 0.0
    for _ in range(2000):
        last = back_off.next_delay_s(0.0)
    assert last == 30.0
