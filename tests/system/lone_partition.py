"""python -m tests.system.lone_partition JOURNALS SOCKET [--careless]: one partition, without Ray.

What serves is what serves in an installation; --careless is a journal that commits without a sync,
for who wants to see that noticed.
"""

import os
import sys
from pathlib import Path

from actors.desk import Desk
from actors.partition import Partition
from actors.socket_server import SocketServer
from ledger.clock import SystemClock
from ledger.sqlite_store import SqliteStore


def main() -> None:
    folder, path, *options = sys.argv[1:]
    journal = SqliteStore(Path(folder)).writer(0)
    if "--careless" in options:
        journal._db.execute("PRAGMA synchronous=OFF")
    partition = Partition(
        0, owns=lambda _account: True, journal=journal, clock=SystemClock()
    )
    partition.open(b"alone")
    SocketServer(Desk(partition), Path(path)).run(started=_say_who)


def _say_who() -> None:
    """Once it listens."""
    print(os.getpid(), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
