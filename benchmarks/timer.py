"""A timer of Linux (timerfd): an event loop rounds its own delays up to a whole millisecond,
which is more than a payment takes.
"""

import ctypes
import os
import time

_CLOCK_MONOTONIC = 1
_AT_AN_INSTANT = 1  # TFD_TIMER_ABSTIME


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


class Timer:
    """Readable (fd) once the instant is there that was set last."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")

    def set(self, at_ns: int) -> None:
        """at_ns: of time.perf_counter_ns(), which is Linux's monotonic clock."""
        seconds, nanoseconds = divmod(max(at_ns, 1), 1_000_000_000)
        spec = _Itimerspec(_Timespec(0, 0), _Timespec(seconds, nanoseconds))
        self._libc.timerfd_settime(self.fd, _AT_AN_INSTANT, ctypes.byref(spec), None)

    def read(self) -> None:
        try:
            os.read(self.fd, 8)
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self.fd)


assert (
    time.get_clock_info("perf_counter").implementation == "clock_gettime(CLOCK_MONOTONIC)"
)
