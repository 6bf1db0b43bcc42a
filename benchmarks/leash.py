"""Children that end with whoever started them: their standard input closes when it dies."""

import asyncio
import contextlib
import os
import signal
import sys


def told_to_stop() -> asyncio.Event:
    """Set by SIGTERM, SIGINT, or the end of our parent."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def leash() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(sys.stdin.fileno(), 1):
                loop.remove_reader(sys.stdin)
                stop.set()

    loop.add_reader(sys.stdin, leash)
    return stop
