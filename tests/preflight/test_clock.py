"""The clock beside others: what the kernel says, and whether it was set."""

from __future__ import annotations

import ctypes
import itertools
import sys
from collections.abc import Callable

import pytest

from collector.clock import NS_PER_MS, NS_PER_S, ManualClock
from collector.preflight.clock_reference import (
    NAME,
    STA_NANO,
    STA_UNSYNC,
    TIME_ERROR,
    Timex,
    read_kernel_clock,
    reference_offset_ns,
)
from collector.preflight.clock_watch import ClockWatch, boot_time_ns

START_NS = 1_795_528_501 * NS_PER_S


def kernel(state: int = 0, **told: int) -> Callable[[Timex], int]:
    """An adjtimex that tells this."""

    def adjtimex(into: Timex) -> int:
        assert into.modes == 0  # it only asks
        for name, value in told.items():
            setattr(into, name, value)
        return state

    return adjtimex


@pytest.mark.skipif(sys.maxsize < 2**32, reason="the layout of 64 bit systems")
def test_the_structure_is_glibc_s() -> None:
    assert ctypes.sizeof(Timex) == 208
    assert Timex.status.offset == 40
    assert Timex.time.offset == 72
    assert Timex.tai.offset == 160


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's system call")
def test_the_real_kernel_is_asked_or_cannot_be() -> None:
    clock = read_kernel_clock()
    assert clock is None or clock.estimated_error_ns >= 0
    offset_ns = reference_offset_ns()
    assert offset_ns is None or (clock is not None and clock.synchronised)


def test_a_clock_that_is_kept_tells_how_far_off_it_is() -> None:
    assert reference_offset_ns(kernel(esterror=1500, offset=200)) == 1500_000
    assert reference_offset_ns(kernel(esterror=3, offset=200)) == -200_000
    assert reference_offset_ns(kernel(status=STA_NANO, offset=-5000)) == 5000


@pytest.mark.parametrize(
    "told",
    [kernel(TIME_ERROR), kernel(status=STA_UNSYNC), kernel(-1)],
    ids=["error", "unsynchronised", "not permitted"],
)
def test_a_clock_that_nothing_keeps_has_no_reference(told: Callable[[Timex], int]) -> None:
    assert reference_offset_ns(told) is None


def test_a_call_that_is_not_permitted_is_not_known() -> None:
    assert read_kernel_clock(kernel(-1)) is None


class Steady:
    """Goes on by a little with every look, as the station clock beside it does."""

    def __init__(self, clock: ManualClock, pauses_ns: list[int] | None = None) -> None:
        self._clock = clock
        self._now_ns = 0
        self._pauses = itertools.chain(pauses_ns or [], itertools.repeat(0))

    def __call__(self) -> int:
        pause_ns = next(self._pauses)
        self._now_ns += pause_ns
        self._clock.advance(pause_ns)
        return self._now_ns

    def pass_by(self, ns: int) -> None:
        self._now_ns += ns
        self._clock.advance(ns)


def test_time_that_passes_is_no_step() -> None:
    clock = ManualClock(START_NS)
    steady = Steady(clock)
    watch = ClockWatch(clock, steady, lambda: 3)
    steady.pass_by(3600 * NS_PER_S)
    seen = watch.observation(newest_sealed_ns=START_NS)
    assert (seen.stepped_ns, seen.reference, seen.reference_offset_ns) == (0, NAME, 3)
    assert seen.newest_sealed_ns == START_NS


def test_a_step_is_remembered_when_the_clock_is_set_back() -> None:
    clock = ManualClock(START_NS)
    watch = ClockWatch(clock, Steady(clock), lambda: None)
    clock.advance(-2 * NS_PER_S)
    watch.look()
    clock.advance(2 * NS_PER_S + 5 * NS_PER_MS)
    seen = watch.observation()
    assert seen.stepped_ns == -2 * NS_PER_S
    assert seen.reference_offset_ns is None


def test_being_interrupted_between_two_readings_is_no_step() -> None:
    clock = ManualClock(START_NS)
    # The third and fourth reading of the steady clock are 80 ms apart.
    steady = Steady(clock, [0, 0, 0, 80 * NS_PER_MS])
    watch = ClockWatch(clock, steady, lambda: None)
    assert watch.observation().stepped_ns == 0


def test_the_steady_clock_goes_on() -> None:
    first = boot_time_ns()
    assert boot_time_ns() >= first > 0
