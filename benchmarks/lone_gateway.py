"""`python -m benchmarks.lone_gateway CONFIG SOCKET`: a gateway process, and one partition's socket
is all it knows of an installation.
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from actors import garbage
from actors.directory import plan
from actors.socket_road import SocketRoad
from benchmarks.leash import told_to_stop
from gateway import logs
from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.layout import Layout
from gateway.parts import Parts
from gateway.runner import serve
from ledger.clock import SystemClock
from ledger.sqlite_store import SqliteStore


async def run(config: Config, path: str) -> None:
    async def resolve(_partition: int) -> str:
        return path

    layout = Layout(Path(config.data))
    parts = Parts(
        config=config,
        directory=plan(1),
        road=SocketRoad(resolve),
        pulse=SocketRoad(resolve),
        journals=SqliteStore(layout.journals),
        store=layout.open_store(),
        clock=SystemClock(),
    )
    gateway = Gateway(parts)
    garbage.look_seldom()
    await serve(gateway, config, told_to_stop())


def main() -> None:
    config = msgspec.json.decode(sys.argv[1], type=Config)
    logs.configure(config.log_level)
    asyncio.run(run(config, sys.argv[2]))


if __name__ == "__main__":
    main()
