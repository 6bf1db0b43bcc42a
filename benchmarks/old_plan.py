"""What an old ledger holds, as arithmetic: which wallet there is, and who makes the n-th payment.

Pure, so that a run which was ended can go on where it was, and a measurement knows whose history
has which length without looking.
"""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from math import gcd

import msgspec

from actors.directory import Directory
from ledger.clock import DAY_MS
from ledger.ids import AccountId, account_text, derive_account

OPENER = "prn_old"
# Of all wallets, every so manieth was given money, by one top-up of its own: five entries.
FUNDED_EVERY = 3
ENTRIES_OF_TOP_UP = 4
# A passenger pays so many times on a trip, and then not for a while.
TRIP = 3
# Every so manieth payment is a hold that is captured: two entries.
HOLD_EVERY = 20
# Accounts with a long history, as many of each: an agent's, a company's, a traveller's.
HISTORIES = {100_000: 1, 1_000: 10, 10: 50}
# Of all payments these may make so many; in a small ledger the longest histories are left out.
HISTORIES_SHARE = 0.25
YEARS_MS = 3 * 365 * DAY_MS
# Any number that shares no factor with a count visits all of it, and jumps about.
STRIDE = 7_919


class Plan(msgspec.Struct, frozen=True):
    """ends_at_ms: when the last entry is written, by the ledger's clock."""

    wallets: int
    entries: int
    partitions: int
    ends_at_ms: int


class Share:
    """Of one partition. payments: as many as its share of the entries has room for."""

    def __init__(self, plan: Plan, directory: Directory, partition: int) -> None:
        self.plan = plan
        self.wallets = [
            wallet
            for number in range(plan.wallets)
            if directory.partition_of(wallet := wallet_of(number)) == partition
        ]
        self.funded = self.wallets[::FUNDED_EVERY]
        opening = len(self.wallets) + ENTRIES_OF_TOP_UP * len(self.funded)
        room = max(0, plan.entries // plan.partitions - opening)
        self.payments = room * HOLD_EVERY // (HOLD_EVERY + 1)
        lengths = _lengths(self.payments, len(self.funded))
        self.histories = list(zip(lengths, self.funded, strict=False))
        self._ends = list(accumulate(lengths))
        self._travellers = self.funded[len(lengths) :]

    def at_ms(self, step: int, steps: int) -> int:
        return self.plan.ends_at_ms - YEARS_MS + YEARS_MS * step // steps

    def payer(self, number: int) -> AccountId:
        """Of the payment with this number: a long history's, in its turn, or a traveller."""
        total = self._ends[-1] if self._ends else 0
        turn = number * total // self.payments
        if (number + 1) * total // self.payments > turn:
            place = turn * _coprime(total) % total
            return self.histories[bisect(self._ends, place)][1]
        trip = number // TRIP
        return self._travellers[
            trip * _coprime(len(self._travellers)) % len(self._travellers)
        ]


def wallet_of(number: int) -> AccountId:
    return derive_account(OPENER, f"wallet-{number}")


def histories(plan: Plan, directory: Directory) -> dict[int, list[str]]:
    """Accounts by the length of their history."""
    found: dict[int, list[str]] = {}
    for partition in range(plan.partitions):
        for length, account in Share(plan, directory, partition).histories:
            found.setdefault(length, []).append(account_text(account))
    return found


def _lengths(payments: int, wallets: int) -> list[int]:
    """The histories that fit, longest first."""
    found: list[int] = []
    for length, count in HISTORIES.items():
        for _ in range(count):
            fits = sum(found) + length <= payments * HISTORIES_SHARE
            if fits and len(found) < wallets // 2:
                found.append(length)
    return found


def _coprime(count: int) -> int:
    return next(_from(STRIDE, count))


def _from(start: int, count: int) -> Iterator[int]:
    number = start
    while True:
        if gcd(number, count) == 1:
            yield number
        number += 1
