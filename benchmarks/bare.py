"""The bare payment: `python -m benchmarks.bare PORT FOLDER`, its parts in a row and no more.

The handler of the floor sends a frame to another process, by the road of the payments, and waits;
that process commits one row durably, and answers. As many bytes go each way as for a payment.
Nothing is checked, decided or remembered. So it is what a lone payment takes where none of our
code runs but the road, at the least: a partition's end of it is no plain loop. The parts are woken
one after the other, and that takes longer than all of them do, each alone in a loop.
"""

import asyncio
import select
import socket
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from aiohttp import web

from actors.frame import framed
from actors.socket_road import SocketRoad
from benchmarks.floor import decode, response, serve
from benchmarks.parts import ROW, journal_at
from benchmarks.processes import Child

# As long as those of one payment of the workload, on the wire.
FRAME, ANSWER = bytes(197), bytes(139)
SOCKET = "bare.sock"
_POLL_S = 0.02
_READ_BYTES = 1 << 18


def commit_rows(listener: socket.socket, journal: sqlite3.Connection) -> None:
    """One for each frame that comes, until its sender is gone, or our parent before it sent any."""
    readable, _, _ = select.select([listener, sys.stdin], [], [])
    if listener not in readable:
        return
    connection, _ = listener.accept()
    while connection.recv(_READ_BYTES):
        journal.execute("INSERT INTO rows (body) VALUES (?)", (ROW,))
        connection.sendall(framed(ANSWER))


def commit_at(folder: Path) -> None:
    with (
        closing(socket.socket(socket.AF_UNIX)) as listener,
        closing(journal_at(folder / "bare.sqlite")) as journal,
    ):
        listener.bind(str(folder / SOCKET))
        listener.listen()
        commit_rows(listener, journal)


def start_committer(folder: Path) -> Child:
    """Returns when it listens."""
    committer = Child("benchmarks.bare", str(folder))
    while not (folder / SOCKET).exists():
        time.sleep(_POLL_S)
    return committer


async def serve_bare(port: int, folder: Path, committer: Child) -> None:
    async def resolve(_partition: int) -> str:
        return str(folder / SOCKET)

    road = SocketRoad(resolve)

    async def answer(request: web.Request) -> web.Response:
        body = decode(await request.read())
        await road.send(0, FRAME)
        return response(body)

    try:
        await serve(port, answer)
    finally:
        await road.close()
        await committer.stop()


if __name__ == "__main__":
    if sys.argv[2:]:
        port, folder = int(sys.argv[1]), Path(sys.argv[2])
        asyncio.run(serve_bare(port, folder, start_committer(folder)))
    else:
        commit_at(Path(sys.argv[1]))
