"""`airside people …`: what an operator does for people without a running gateway, or beside one."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from actors.directory import load
from gateway.layout import Layout
from ledger.clock import DAY_MS, SystemClock
from ledger.errors import LedgerError
from ledger.ids import AccountId
from ledger.store_address import StoreAddress
from ledger.stores import open_journals
from ledger.time_text import time_text
from services.forgetting import (
    AccountInUse,
    AccountUnknown,
    Forgotten,
    StillRetained,
    forget,
    forgotten,
    trace_of,
)


class NoPeople(LedgerError):
    def __init__(self, data: Path) -> None:
        super().__init__(f"there is no data folder {data}")


def forget_holders(
    data: Path, store: StoreAddress, accounts: Sequence[AccountId], retention_days: int
) -> int:
    """0 when all are forgotten and nothing is left in the files, 1 when one is not.

    Raises NoPeople, OtherStore.
    """
    layout = _layout(data)
    layout.require_same_store(store)
    journals = open_journals(layout.journals_at(store))
    directory, now_ms = load(layout.directory), SystemClock().now_ms()
    done = True
    with closing(layout.open_store()) as people:
        for account in accounts:
            try:
                trace = trace_of(journals, directory.partition_of(account), account)
                retention_ms = retention_days * DAY_MS
                what = forget(
                    people, account, trace, retention_ms=retention_ms, now_ms=now_ms
                )
            except StillRetained as error:
                done = _say(f"{error}: until {time_text(error.until_ms)}")
            except (AccountInUse, AccountUnknown) as error:
                done = _say(str(error))
            else:
                done = _tell(what) and done
    return 0 if done else 1


def show_forgotten(data: Path) -> int:
    """One line each: the account, and when. Raises NoPeople."""
    with closing(_layout(data).open_store()) as people:
        for holder, at_ms in forgotten(people).items():
            sys.stdout.write(f"{holder} {time_text(at_ms)}\n")
    return 0


def _layout(data: Path) -> Layout:
    layout = Layout(data)
    if not layout.directory.exists():
        raise NoPeople(data)
    return layout


def _tell(what: Forgotten) -> bool:
    sys.stdout.write(f"{what.account} forgotten {time_text(what.at_ms)}\n")
    if not what.swept:
        _say("somebody is reading the store: run this again, or the gateway sweeps it soon")
    return what.swept


def _say(text: str) -> bool:
    sys.stderr.write(f"airside: {text}\n")
    return False
