"""Statements of a wallet: searched, exported, and the receipt of one payment."""

import csv
import io
from collections.abc import AsyncIterator

import msgspec

from actors.reads import ENTRIES_MAX
from channels.access import own_account
from channels.csv_text import amount_cell, safe_cell
from channels.history import QUERY, History, wanted_of
from channels.query import number
from channels.route import Answer, Call, Document, Route, Stream, scopes
from channels.wire import EntriesView, EntryView

CSV, JSON_LINES = "text/csv", "application/x-ndjson"
COLUMNS = (
    "at", "kind", "amount", "currency", "available_change", "merchant", "order", "place",
    "channel", "decline", "payment", "transfer", "entry",
)  # fmt: skip


class HistoryApi:
    def __init__(self, history: History) -> None:
        self._history = history

    def routes(self) -> list[Route]:
        holder, texts = scopes("accounts", "own"), frozenset(QUERY)
        one = "/v1/accounts/{id}/entries"
        return [
            Route(
                method="GET", path=one, handler=self.page, scopes=holder,
                summary="Statement, newest first; searched, if something is asked for",
                answers={200: EntriesView}, problems=(400,), texts=texts,
                query={
                    "limit": f"entries of one page, {ENTRIES_MAX} at most",
                    "before": "the `next` of the page before",
                    **QUERY,
                },
            ),
            Route(
                method="GET", path=f"{one}.csv", handler=self.csv, scopes=holder,
                summary="The same as CSV, all of it", answers={200: Document},
                problems=(400,), query=QUERY, texts=texts, gives=CSV,
            ),
            Route(
                method="GET", path=f"{one}.jsonl", handler=self.lines, scopes=holder,
                summary="The same as lines of JSON, all of it", answers={200: Document},
                problems=(400,), query=QUERY, texts=texts, gives=JSON_LINES,
            ),
        ]  # fmt: skip

    async def page(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        before = number(call, "before", default=0, most=2**53)
        limit = number(call, "limit", default=50, most=ENTRIES_MAX)
        view = await self._history.page(
            account,
            wanted_of(call),
            before=before,
            limit=max(1, limit),
            caller=call.caller.id,
        )
        return Answer(200, view)

    async def csv(self, call: Call) -> Answer:
        pages = await self._begun(call)
        return Answer(200, Stream(_as_csv(pages), CSV))

    async def lines(self, call: Call) -> Answer:
        pages = await self._begun(call)
        return Answer(200, Stream(_as_lines(pages), JSON_LINES))

    async def _begun(self, call: Call) -> AsyncIterator[list[EntryView]]:
        """The first page is read before the answer begins: what is refused, is refused plainly."""
        account = own_account(call.caller, call.path["id"])
        pages = self._history.all(account, wanted_of(call), call.caller.id)
        first = await anext(pages)

        async def all_of_them() -> AsyncIterator[list[EntryView]]:
            yield first
            async for page in pages:
                yield page

        return all_of_them()


async def _as_csv(pages: AsyncIterator[list[EntryView]]) -> AsyncIterator[bytes]:
    yield _rows([COLUMNS])
    async for page in pages:
        yield _rows([_row(view) for view in page])


async def _as_lines(pages: AsyncIterator[list[EntryView]]) -> AsyncIterator[bytes]:
    async for page in pages:
        yield b"".join(msgspec.json.encode(view) + b"\n" for view in page)


def _rows(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)  # RFC 4180
    return text.getvalue().encode()


def _row(view: EntryView) -> tuple[str, ...]:
    amount = view.amount
    return (
        view.at,
        view.kind,
        amount_cell(amount.amount_minor, amount.currency) if amount else "",
        amount.currency if amount else "",
        amount_cell(view.available_change_minor, amount.currency) if amount else "",
        safe_cell(view.merchant_name or ""),
        safe_cell(view.order or ""),
        safe_cell(view.place or ""),
        view.channel or "",
        view.decline or "",
        view.payment or "",
        view.transfer or "",
        view.id,
    )
