"""Making an old ledger: a data folder like any other, its partitions written at once, one process
each (benchmarks/old_books.py).
"""

import asyncio
import os
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from actors.directory import load
from actors.relay import save_cursors
from benchmarks.old_books import PLAN
from benchmarks.old_plan import Plan, Share, histories
from benchmarks.processes import ChildFailed
from benchmarks.seed import people
from benchmarks.stack import settings
from gateway.layout import Layout
from gateway.serve import prepare
from ledger.clock import SystemClock
from ledger.ids import account_text
from ledger.sqlite_store import SqliteStore

WHO = "old-people.json"
# Whoever works on this machine goes first.
NICE = 15


class People(msgspec.Struct, frozen=True):
    """Who may ask, and who is paid."""

    api_key: str
    merchants: list[str]

    def __repr__(self) -> str:
        return f"<People, {len(self.merchants)} merchants>"


async def generate(folder: Path, wallets: int, entries: int, partitions: int) -> None:
    """Go on from wherever it is; nothing to do for one that is whole. Raises ChildFailed."""
    layout = Layout(folder)
    prepare(settings(folder, partitions=partitions), layout)
    path = folder / PLAN
    if not path.exists():
        plan = Plan(wallets, entries, partitions, SystemClock().now_ms())
        path.write_bytes(msgspec.json.encode(plan))
    plan = read_plan(folder)
    if not (folder / WHO).exists():
        with closing(layout.open_store()) as store:
            key, merchants = people(store)
        (folder / WHO).touch(mode=0o600)
        (folder / WHO).write_bytes(msgspec.json.encode(People(key, merchants)))
    await asyncio.gather(*[_write(folder, number) for number in range(plan.partitions)])
    _skip_relay_to_end(layout)


def read_plan(folder: Path) -> Plan:
    return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)


def read_people(folder: Path) -> People:
    return msgspec.json.decode((folder / WHO).read_bytes(), type=People)


def read_histories(folder: Path) -> dict[int, list[str]]:
    return histories(read_plan(folder), load(Layout(folder).directory))


def funded_wallets(folder: Path) -> list[str]:
    """Some that have money: those of short histories, from all over."""
    plan, directory = read_plan(folder), load(Layout(folder).directory)
    shares = [Share(plan, directory, number) for number in range(plan.partitions)]
    return [
        account_text(account)
        for share in shares
        for account in share.funded[len(share.histories) :]
    ]


async def _write(folder: Path, number: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.old_books", str(folder), str(number)),
        preexec_fn=lambda: os.nice(NICE) and None,
    )
    if await process.wait():
        raise ChildFailed("benchmarks.old_books")


def _skip_relay_to_end(layout: Layout) -> None:
    """What was to be carried was carried; or the relay's first look would be at every entry."""
    store = SqliteStore(layout.journals)
    ends = {}
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            ends[partition] = reader.tip().seq
    save_cursors(layout.relay_cursors, ends)
