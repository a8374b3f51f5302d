"""What Linux knows of its own clock: whether something keeps it, and how well.

adjtimex(2) without a mode only reads, and asks for no privilege. The kernel counts a clock as
unsynchronised until a daemon (chrony with rtcsync, ntpd, systemd-timesyncd, ptp4l) says
otherwise, and again when the daemon has been silent for so long that the error may be 16 s.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

NAME = "network time"
NS_PER_US = 1000
# sys/timex.h
STA_UNSYNC = 0x0040
STA_NANO = 0x2000
TIME_ERROR = 5


class _Timeval(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class Timex(ctypes.Structure):
    """``struct timex`` of adjtimex(2), as glibc lays it out."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),  # still to be slewed, us, or ns with STA_NANO
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # us
        ("esterror", ctypes.c_long),  # us
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("padding", ctypes.c_int * 11),
    )


@dataclass(frozen=True)
class KernelClock:
    """The kernel's own account of its clock, ns."""

    synchronised: bool
    remaining_ns: int  # what is still to be added to it, slewed little by little
    estimated_error_ns: int
    largest_error_ns: int  # grows by 0.5 ms a second until the daemon speaks again


Adjtimex = Callable[[Timex], int]


def read_kernel_clock(adjtimex: Adjtimex | None = None) -> KernelClock | None:
    """Return what the kernel says, or None where it cannot be asked.

    ``adjtimex`` fills the structure and returns the clock's state, or -1.
    """
    call = adjtimex or _libc_adjtimex()
    if call is None:
        return None
    told = Timex()
    state = call(told)
    if state < 0:  # a sandbox that forbids the call
        return None
    return KernelClock(
        synchronised=state != TIME_ERROR and not told.status & STA_UNSYNC,
        remaining_ns=told.offset * (1 if told.status & STA_NANO else NS_PER_US),
        estimated_error_ns=told.esterror * NS_PER_US,
        largest_error_ns=told.maxerror * NS_PER_US,
    )


def reference_offset_ns(adjtimex: Adjtimex | None = None) -> int | None:
    """Return how far the system clock is from `NAME`, ns, or None where nothing keeps it.

    It is what the clock is still to be slewed by, or the estimated error where that is
    larger: some daemons tell only one of the two.
    """
    clock = read_kernel_clock(adjtimex)
    if clock is None or not clock.synchronised:
        return None
    return max(-clock.remaining_ns, clock.estimated_error_ns, key=abs)


def _libc_adjtimex() -> Adjtimex | None:
    try:
        function = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):  # not Linux
        return None
    function.argtypes = (ctypes.POINTER(Timex),)
    function.restype = ctypes.c_int
    return lambda told: int(function(ctypes.byref(told)))
