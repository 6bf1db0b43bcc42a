"""`python -m benchmarks.slow_partition JOURNALS SOCKET DELAY_MS`: a partition on a slow disk.

All of it is what serves in an installation, without Ray, which carries no payment. Only the
journal waits before each commit, as one does on a disk that is worn out or far away.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from actors import garbage
from actors.desk import Desk
from actors.partition import Partition
from actors.socket_server import SocketServer
from ledger.clock import SystemClock
from ledger.entry import Sealed
from ledger.journal import Image, Mark
from ledger.sqlite_store import SqliteJournal, SqliteStore


class SlowJournal(SqliteJournal):
    delay_s = 0.0

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        time.sleep(self.delay_s)
        super().append(entries, images, mark)


def main() -> None:
    folder, path, delay_ms = sys.argv[1:]
    store = SqliteStore(Path(folder))
    journal = SlowJournal(0, store.path(0))
    partition = Partition(
        0, owns=lambda _account: True, journal=journal, clock=SystemClock()
    )
    partition.open(b"pressure")
    journal.delay_s = int(delay_ms) / 1_000
    garbage.look_seldom()
    # Its standard input closes when whoever started it ends.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    SocketServer(Desk(partition), Path(path)).run()


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
