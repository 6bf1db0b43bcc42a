"""What happened on an account, searched: by words, kinds and days, newest first.

There is no index of it. An account's entries stand in its own line in the journal, and are walked
back; what they were for is opened page by page, because it is sealed. So a search does at most so
much work in one call, and says where to go on: a page may be short, or empty, while `next` is
not null.
"""

from collections.abc import AsyncIterator, Iterator

import msgspec

from actors.reads import ENTRIES_MAX
from channels.days import named_day
from channels.outcome import approved
from channels.problem import bad_field
from channels.route import Call
from channels.views import Views
from channels.wire import EntriesView, EntryView
from ledger.commands import ReadEntries
from ledger.entry import Entry, unseal
from ledger.ids import AccountId
from ledger.replies import EntriesReply
from services.asking import Accounts
from services.payment_state import KINDS, kind_of

# Entries that one call may walk: twenty pages, some 100 ms. Who searches years asks again.
WALKED_MAX = 20 * ENTRIES_MAX
TEXT_CHARS_MAX = 64

QUERY = {
    "q": "words in the merchant's name, the order, the amount's currency or the place",
    "kind": "kinds of entries, with commas between: purchased,refunded",
    "from": "first day, 2026-11-22 in UTC",
    "to": "last day",
}


class Wanted(msgspec.Struct, frozen=True):
    """words: all of them, in lower case. kinds: none for all. period: milliseconds since 1970."""

    words: tuple[str, ...]
    kinds: frozenset[str]
    period: range

    def may_hold(self, entry: Entry) -> bool:
        """As far as the entry itself can tell."""
        if entry.at_ms >= self.period.stop:
            return False
        return not self.kinds or kind_of(entry) in self.kinds

    def holds(self, view: EntryView) -> bool:
        if not self.words:
            return True
        texts = (view.merchant_name, view.order, view.place)
        currency = view.amount.currency if view.amount else ""
        text = " ".join([*(each or "" for each in texts), currency]).casefold()
        return all(word in text for word in self.words)


def wanted_of(call: Call) -> Wanted:
    """Raises Problem 400."""
    text = call.query.get("q", "")
    if len(text) > TEXT_CHARS_MAX:
        raise bad_field("q", f"q has {TEXT_CHARS_MAX} characters at most.")
    kinds = frozenset(filter(None, call.query.get("kind", "").split(",")))
    for kind in sorted(kinds - KINDS):
        raise bad_field("kind", f"There is no kind of entry {kind[:32]!r}.")
    first, last = call.query.get("from"), call.query.get("to")
    start = named_day(first, "from").start if first else 0
    stop = named_day(last, "to").stop if last else 2**53
    if stop <= start:
        raise bad_field("to", "The last day is before the first.")
    return Wanted(tuple(text.casefold().split()), kinds, range(start, stop))


class History:
    """caller: in whose line of the mailbox a read waits."""

    def __init__(self, accounts: Accounts, views: Views) -> None:
        self._accounts = accounts
        self._views = views

    async def page(
        self, account: AccountId, wanted: Wanted, *, before: int, limit: int, caller: str
    ) -> EntriesView:
        """At most `limit`, and where to go on. Raises Problem 404."""
        found: list[EntryView] = []
        seq, walked = before, 0
        while True:
            entries, seq = await self._read(account, seq, caller, ENTRIES_MAX)
            walked += len(entries)
            views = await self._views_of(account, wanted, entries)
            for entry, view in views:
                found.append(view)
                if len(found) == limit:
                    return EntriesView(found, _cursor(entry.previous, entry, wanted))
            if not seq or entries[-1].at_ms < wanted.period.start or walked >= WALKED_MAX:
                last = entries[-1] if entries else None
                return EntriesView(found, _cursor(seq, last, wanted))

    async def all(
        self, account: AccountId, wanted: Wanted, caller: str
    ) -> AsyncIterator[list[EntryView]]:
        """Page by page, to the first entry. Raises Problem 404."""
        seq = 0
        while True:
            entries, seq = await self._read(account, seq, caller, ENTRIES_MAX)
            yield [view for _, view in await self._views_of(account, wanted, entries)]
            if not seq or entries[-1].at_ms < wanted.period.start:
                return

    async def _read(
        self, account: AccountId, before: int, caller: str, limit: int
    ) -> tuple[list[Entry], int]:
        command = ReadEntries(account=account, before=before, limit=limit)
        reply = await self._accounts.read(command, caller)
        page = approved(reply, EntriesReply, "id")
        return [unseal(body) for body in page.bodies], page.next

    async def _views_of(
        self, account: AccountId, wanted: Wanted, entries: list[Entry]
    ) -> Iterator[tuple[Entry, EntryView]]:
        """Of those that are wanted. Names are looked up for no others."""
        some = [
            entry
            for entry in entries
            if entry.at_ms >= wanted.period.start and wanted.may_hold(entry)
        ]
        partition = self._accounts.partition_of(account)
        views = (await self._views.entries(some, partition, 0)).entries
        return (
            (entry, view)
            for entry, view in zip(some, views, strict=True)
            if wanted.holds(view)
        )


def _cursor(seq: int, last: Entry | None, wanted: Wanted) -> str | None:
    """Null when there is nothing further back, or nothing that is wanted."""
    if not seq or last is None or last.at_ms < wanted.period.start:
        return None
    return str(seq)
