"""One gateway process: `python -m gateway.process`, started by the supervisor.

Its standard input carries what it needs, one JSON object, and stays open for as long as the
supervisor lives: when it closes, the gateway drains and ends, so none is left behind. Its one
argument is the pipe to which it writes that it lives.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import msgspec

from actors import garbage
from actors.directory import Directory
from actors.ray_head import HeadSpec
from actors.ray_runtime import RayRuntime
from actors.socket_road import SocketRoad
from gateway import logs
from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.layout import Layout
from gateway.parts import Parts
from gateway.runner import serve
from ledger.clock import SystemClock
from ledger.stores import open_journals

# Between two signs of life; the supervisor is patient for some seconds.
BEAT_S = 0.25


class GatewaySpec(msgspec.Struct, frozen=True):
    config: Config
    head: HeadSpec
    directory: Directory


def main() -> None:
    told = sys.stdin.buffer.readline()
    if not told:
        return  # the supervisor ended before there was anything to serve
    spec = msgspec.json.decode(told, type=GatewaySpec)
    logs.configure(spec.config.log_level)
    asyncio.run(_run(spec, int(sys.argv[1])))


async def _run(spec: GatewaySpec, pulse: int) -> None:
    beating = asyncio.create_task(_beat(pulse))
    runtime = RayRuntime(spec.head)
    await asyncio.to_thread(runtime.connect)
    layout = Layout(Path(spec.config.data))
    gateway = Gateway(
        Parts(
            config=spec.config,
            directory=spec.directory,
            road=SocketRoad(runtime.socket_path),
            pulse=SocketRoad(runtime.socket_path),
            journals=open_journals(layout.journals_at(spec.config.store)),
            store=layout.open_store(),
            clock=SystemClock(),
        )
    )
    garbage.look_seldom()
    await serve(gateway, spec.config, _told_to_stop())
    beating.cancel()


async def _beat(pulse: int) -> None:
    """From the loop that serves: a gateway whose loop stands still shall be silent."""
    os.set_blocking(pulse, False)
    with contextlib.suppress(BrokenPipeError):  # the supervisor ended, and so do we
        while True:
            with contextlib.suppress(BlockingIOError):  # it was stopped, and reads none
                os.write(pulse, b".")
            await asyncio.sleep(BEAT_S)


def _told_to_stop() -> asyncio.Event:
    """Set by SIGTERM, SIGINT, or the end of the supervisor."""
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


if __name__ == "__main__":
    main()
