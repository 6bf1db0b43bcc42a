"""One gateway process: `python -m gateway.process`, started by the supervisor.

Its standard input carries what it needs, one JSON object, and stays open for as long as the
supervisor lives: when it closes, the gateway drains and ends, so none is left behind.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys

import msgspec

from actors.directory import Directory
from actors.ray_head import HeadSpec
from actors.ray_runtime import RayRuntime
from actors.socket_road import SocketRoad
from gateway import logs
from gateway.bootstrap import Gateway, Parts, layout_of
from gateway.config import Config
from gateway.runner import serve
from ledger.clock import SystemClock
from ledger.stores import open_journals
from services.store import open_store

# New objects after which Python looks for dead circles among them; its own number is 700, which 15
# requests under way exceed all the time, for 5 % of all work. These are some 10 MB.
YOUNG_OBJECTS_MAX = 50_000


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
    asyncio.run(_run(spec))


async def _run(spec: GatewaySpec) -> None:
    runtime = RayRuntime(spec.head)
    await asyncio.to_thread(runtime.connect)
    layout = layout_of(spec.config)
    gateway = Gateway(
        Parts(
            config=spec.config,
            directory=spec.directory,
            road=SocketRoad(runtime.socket_path),
            pulse=SocketRoad(runtime.socket_path),
            journals=open_journals(layout.journals_at(spec.config.store)),
            store=open_store(layout.store_url),
            clock=SystemClock(),
        )
    )
    # What is there now stays. Python would look through all of it (Ray's, SQLAlchemy's) in each
    # full collection, and no payment is answered meanwhile: 80 ms, every few seconds.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)
    await serve(gateway, spec.config, _told_to_stop())


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
