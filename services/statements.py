"""Statements: opening balance, what changed it, closing balance; they tie to the ledger or fail.

A statement is read from the journal, back from the balance as it stands. The account is read once,
with the sequence of its last entry; from there its own line of entries is walked back, and each
change is taken off again. So the closing balance is the ledger's, the opening balance is what is
left when all has been taken off, and the lines in between add up, because they are the entries.

The balance is what the owner has less what it owes: available and held, less the credit that is
drawn. So a hold moves nothing here, and its capture does; nor does credit, until it is spent.
"""

import msgspec

from actors.reads import ENTRIES_MAX
from ledger.commands import ReadAccount, ReadEntries
from ledger.entry import Entry, unseal
from ledger.ids import AccountId
from ledger.posting import Book
from ledger.replies import AccountReply, EntriesReply
from services.asking import Accounts

# Entries that one statement may walk: some 300 pages, a second of reading. Who has more between
# then and now asks for what is nearer.
ENTRIES_WALKED_MAX = 30_000


class StatementTooLong(Exception):
    def __init__(self) -> None:
        super().__init__(
            f"more than {ENTRIES_WALKED_MAX} entries lie between then and now: begin later"
        )


class NoSuchPot(LookupError):
    def __init__(self, currency: str) -> None:
        super().__init__(f"the account has no pot in {currency!r}")


class Line(msgspec.Struct, frozen=True):
    """amount_minor: what the entry did to the balance; balance_minor: as it stood after it."""

    entry: Entry
    amount_minor: int
    balance_minor: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Of one pot, in a period of milliseconds since 1970. Lines are oldest first."""

    account: AccountId
    currency: str
    period: range
    opening_minor: int
    closing_minor: int
    lines: tuple[Line, ...]


class Statements:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def read(
        self, account: AccountId, currency: str | None, period: range, caller: str
    ) -> Statement:
        """currency: None for the account's first.

        Raises NoSuchPot, StatementTooLong, and what asking an account raises.
        """
        now = await self._accounts.read(ReadAccount(account=account), caller)
        assert isinstance(now, AccountReply), "the caller knows that the account is there"
        if currency is None:
            currency = next(iter(now.pots))
        if currency not in now.pots:
            raise NoSuchPot(currency)
        pot = now.pots[currency]
        balance_minor = pot.available_minor + pot.held_minor - pot.drawn_minor
        closing_minor = balance_minor
        lines: list[Line] = []
        seq, walked = now.seq, 0
        while seq and walked <= ENTRIES_WALKED_MAX:
            page = await self._page(account, seq, caller)
            walked += len(page.bodies)
            seq = page.next
            for entry in map(unseal, page.bodies):
                if entry.at_ms < period.start:
                    seq = 0
                    break
                change_minor = change(entry, currency)
                if entry.at_ms >= period.stop:
                    closing_minor -= change_minor
                elif change_minor:
                    lines.append(Line(entry, change_minor, balance_minor))
                balance_minor -= change_minor
        if seq:
            raise StatementTooLong
        return Statement(
            account=account,
            currency=currency,
            period=period,
            opening_minor=balance_minor,
            closing_minor=closing_minor,
            lines=tuple(reversed(lines)),
        )

    async def _page(self, account: AccountId, seq: int, caller: str) -> EntriesReply:
        command = ReadEntries(account=account, before=seq, limit=ENTRIES_MAX)
        page = await self._accounts.read(command, caller)
        assert isinstance(page, EntriesReply), "an account that was read has entries"
        return page


def change(entry: Entry, currency: str) -> int:
    """What the entry did to what the owner has in this pot, less what it owes, in minor units."""
    own = {Book.AVAILABLE, Book.HELD, Book.RECEIVABLE}
    return -sum(
        line.amount_minor
        for line in entry.postings
        if line.book in own and line.pot == currency
    )
