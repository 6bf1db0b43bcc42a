"""The journal on PostgreSQL alone: `python -m benchmarks.appends ADDRESS ROWS SECONDS`.

One writer appends batches of so many entries, each batch one durable commit, by the very code of
the ledger. What the database itself used is read from outside.
"""

import sys
import time
from hashlib import sha256
from random import Random

import msgspec
import psycopg

from benchmarks.histogram import Counts, percentile, record
from ledger.entry import Sealed
from ledger.postgres_store import PostgresStore
from ledger.store_address import StoreAddress

# Entries in a commit: a lone payment, an ordinary moment, a full frame.
SIZES = (1, 16, 256)
# As big as an entry of a payment, and as little compressible.
BODY_BYTES = 250
_WAL: str = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
_SIZE: str = "SELECT pg_total_relation_size('airside.entries')"


class AppendFigures(msgspec.Struct, frozen=True, kw_only=True):
    """rows: in each commit; count: all of them. database_us: processor time of the server for each
    row, which the run adds.
    """

    rows: int
    count: int
    per_second: float
    p50_us: int
    p99_us: int
    wal_bytes: float
    table_bytes: float
    database_us: float = 0.0


def measure(address: StoreAddress, rows: int, seconds: float) -> AppendFigures:
    store = PostgresStore(address)
    store.prepare()  # the tables alone: what stands in them here is no journal
    journal = store.writer(0)
    seq, random, spent = journal.tip().seq, Random(rows), Counts()
    with psycopg.connect(address.text, autocommit=True) as session:
        wal, size = _ask(session, _WAL), _ask(session, _SIZE)
        started = time.perf_counter()
        while time.perf_counter() - started < seconds:
            batch = [_entry(seq + n, random) for n in range(1, rows + 1)]
            seq += rows
            began = time.perf_counter_ns()
            journal.append(batch)
            record(spent, (time.perf_counter_ns() - began) // 1_000)
        count = rows * sum(spent.values())
        passed_s = sum(value * times for value, times in spent.items()) / 1e6
        written, grown = _ask(session, _WAL) - wal, _ask(session, _SIZE) - size
    journal.close()
    return AppendFigures(
        rows=rows,
        count=count,
        per_second=round(count / passed_s, 1),
        p50_us=percentile(spent, 0.5),
        p99_us=percentile(spent, 0.99),
        wal_bytes=round(written / count, 1),
        table_bytes=round(grown / count, 1),
    )


def _entry(seq: int, random: Random) -> Sealed:
    body = random.randbytes(BODY_BYTES)
    return Sealed(seq, body, sha256(body).digest())


def _ask(session: psycopg.Connection[tuple[int]], query: str) -> int:
    row = session.execute(query.encode()).fetchone()
    assert row is not None, "it answers with one row"
    return int(row[0])


def main() -> None:
    address, rows, seconds = StoreAddress(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    sys.stdout.buffer.write(msgspec.json.encode(measure(address, rows, seconds)))


if __name__ == "__main__":
    main()
