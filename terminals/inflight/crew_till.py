"""The crew's till: it judges a frame with no network, writes the sale down, then says yes.

The checks stand in a column, cheap ones first. The last one before the money is `left`: what this
till may still sell on the allowance (terminals/inflight/till_book.py). After it the sale is
appended to the journal and forced to the disk; only then is anything handed over.

A frame that has sold before, with the same basket, is the same sale again: the crew scans once more
when it does not know whether the first time counted.

After a failed append nobody knows what is on the disk. So the till stops, and starts anew from what
it finds there.
"""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.clock import SECOND_MS, Clock
from terminals.inflight.allowance import Allowance, AllowanceRefused, open_allowance
from terminals.inflight.entry import (
    COUNT_MAX,
    LINES_MAX,
    NO_ENTRY,
    Body,
    Closed,
    Entry,
    EntryRefused,
    Gave,
    Happening,
    Line,
    Opened,
    Sold,
    Took,
    make_entry,
    open_entry,
    take_gift,
)
from terminals.inflight.frame import Frame, FrameRefused, NotAFrame, read_frame
from terminals.inflight.gift import AskedShare, read_request, write_request
from terminals.inflight.log_file import LogDamaged, LogFile, append_record, read_log
from terminals.inflight.plan import Plan, open_plan, plan_digest
from terminals.inflight.refusal import Reason, Refusal
from terminals.inflight.till_book import Sale, TillBook


class Accepted(msgspec.Struct, frozen=True):
    """replayed: the sale had been made before. left_minor: at this till, after it."""

    sale: Sale
    left_minor: int
    replayed: bool = False


class TillStopped(Exception):
    """The journal could not be written. Start the till again: it knows then what was sold."""

    def __init__(self) -> None:
        super().__init__("the till's journal cannot be written; the last sale is not known")


class NotThisTill(Exception):
    """The key in this folder belongs to no till of the flight."""

    def __init__(self) -> None:
        super().__init__(
            "this till is not one of the flight: it has to join before boarding"
        )


class CrewTill:
    """content: the plan as it was fetched. Raises PlanRefused, NotThisTill, LogDamaged."""

    def __init__(
        self, content: bytes, key: Ed25519PrivateKey, log: LogFile, clock: Clock
    ) -> None:
        self.plan: Plan = open_plan(content)
        public = key.public_key().public_bytes_raw()
        mine = next((d for d in self.plan.devices if d.public_key == public), None)
        if mine is None:
            raise NotThisTill
        self.device = mine
        self.public_keys = {d.number: d.public_key for d in self.plan.devices}
        self.book = TillBook(mine.number, self.plan.keys)
        self.entries: list[Entry] = []
        self._key = key
        self._log = log
        self._clock = clock
        self._stopped = False
        self.last_taken_minor = 0
        raws, cut_bytes = read_log(log)
        for raw in raws:
            self._replay(raw)
        # After *closed* nothing is written, or its journal would not end with it any more.
        if not self.book.closed:
            self._write(Opened(plan_digest(content), cut_bytes))

    def price(self, lines: tuple[Line, ...]) -> int:
        """Of the basket, in minor units; articles that the plan does not know count nothing."""
        known = ((self.plan.article(line.sku), line.count) for line in lines)
        return sum(article.price_minor * count for article, count in known if article)

    def stock(self, sku: str) -> int:
        article = self.plan.article(sku)
        loaded = article.stock.get(str(self.device.number), 0) if article else 0
        return loaded - self.book.stock_sold[sku]

    def sell(self, text: str, lines: tuple[Line, ...]) -> Accepted | Refusal:
        """Raises TillStopped."""
        self._require_running()
        try:
            frame = read_frame(text, self.plan.keys)
        except (AllowanceRefused, FrameRefused) as error:
            nothing = isinstance(error, NotAFrame)
            return Refusal(Reason.NOT_A_FRAME if nothing else Reason.NOT_GENUINE)
        known = self.book.by_counter.get((frame.allowance.id, frame.showing.counter))
        if known is not None and self._is_same(known, frame, lines):
            return Accepted(known, self.book.left(frame.allowance), replayed=True)
        reason = self._trust(frame) or self._basket(lines)
        if reason is None:
            reason = self._money(frame.allowance, self.price(lines))
        if reason:
            return Refusal(reason, max(0, self.book.left(frame.allowance)))

        # After this point the sale must succeed, or the till stops.
        entry = self._write(Sold(frame.raw, self.price(lines), lines))
        sale = self.book.sales[entry.body.device, entry.body.seq]
        return Accepted(sale, self.book.left(frame.allowance))

    def _is_same(self, sale: Sale, frame: Frame, lines: tuple[Line, ...]) -> bool:
        mine = sale.device == self.device.number
        return mine and sale.frame.raw == frame.raw and sale.sold.lines == lines

    def _trust(self, frame: Frame) -> Reason | None:
        allowance, showing, plan = frame.allowance, frame.showing, self.plan
        now_ms = self._clock.now_ms()
        now_s = now_ms // SECOND_MS
        if self.book.closed:
            return Reason.TILL_CLOSED
        if self.book.set_back:
            return Reason.SET_BACK
        if allowance.flight != plan.flight:
            return Reason.OTHER_FLIGHT
        if allowance.currency != plan.currency:
            return Reason.WRONG_CURRENCY
        if now_ms + plan.policy.frame_age_max_s * SECOND_MS < plan.issued_at_ms:
            return Reason.CLOCK_BEHIND
        # A clock that went back makes no list younger: two clocks had agreed on the last sale's.
        newest_ms = max(now_ms, self.book.newest_ms)
        if newest_ms - plan.issued_at_ms > plan.policy.deny_age_max_s * SECOND_MS:
            return Reason.DENY_LIST_OLD
        if allowance.id in plan.denied or allowance.alias in plan.denied:
            return Reason.DENIED
        if now_s < allowance.not_before_s:
            return Reason.NOT_YET_VALID
        if now_s >= allowance.not_after_s:
            return Reason.EXPIRED
        if (allowance.id, showing.counter) in self.book.by_counter:
            return Reason.COUNTER_USED
        newest = max(self.book.last_counter(allowance.id), allowance.first_counter - 1)
        if showing.counter <= newest:
            return Reason.COUNTER_OLD
        if abs(now_s - showing.at_s) > plan.policy.frame_age_max_s:
            return Reason.CLOCKS_APART
        return None

    def _basket(self, lines: tuple[Line, ...]) -> Reason | None:
        if len(lines) > LINES_MAX or any(not 0 < line.count <= COUNT_MAX for line in lines):
            return Reason.TOO_MANY_LINES
        wanted: dict[str, int] = {}
        for line in lines:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.count
        if not wanted or any(self.plan.article(sku) is None for sku in wanted):
            return Reason.UNKNOWN_ARTICLE
        if any(self.stock(sku) < count for sku, count in wanted.items()):
            return Reason.OUT_OF_STOCK
        return None

    def _money(self, allowance: Allowance, amount_minor: int) -> Reason | None:
        if amount_minor > allowance.sale_max_minor:
            return Reason.ABOVE_SALE_MAX
        since_ms = self._clock.now_ms() - self.plan.policy.split_window_s * SECOND_MS
        recent_minor = sum(
            sale.sold.amount_minor
            for sale in self.book.sales_of(allowance.id)
            if sale.at_ms > since_ms
        )
        if recent_minor + amount_minor > allowance.sale_max_minor:
            return Reason.SPLIT_SALE
        if amount_minor > self.book.left(allowance):
            return Reason.SHARE_SPENT
        return None

    # Shares

    def give(self, raw: bytes) -> Entry | None:
        """Sign over what the other till asked for, or what is left of it; None when nothing is.

        The same request again gets the same entry. Raises EntryRefused, AllowanceRefused.
        """
        self._require_running()
        asked: AskedShare = read_request(raw, self.plan.flight, self.public_keys)
        if asked.request in self.book.gifts:
            return self.book.gifts[asked.request]
        if asked.device == self.device.number:
            raise EntryRefused
        allowance = open_allowance(asked.sealed, self.plan.keys)
        amount_minor = min(asked.amount_minor, self.book.left(allowance))
        ended = self.book.closed or self.book.set_back
        if amount_minor <= 0 or ended or allowance.flight != self.plan.flight:
            return None
        return self._write(Gave(allowance.id, asked.device, amount_minor, asked.request))

    def take(self, raw: bytes) -> bool:
        """What another till signed over to this one; it counts once, and not after the end.

        Raises EntryRefused.
        """
        self._require_running()
        entry, gave = take_gift(raw, self.plan.flight, self.public_keys)
        mine = gave.to == self.device.number and entry.body.device != self.device.number
        if not mine:
            raise EntryRefused
        taken = (entry.body.device, entry.body.seq) in self.book.taken
        ended = self.book.closed or self.book.set_back
        # Who tells two stories may have given the same share twice.
        if taken or ended or entry.body.device in self.book.forked:
            return False
        self._write(Took(raw))
        self.last_taken_minor = gave.amount_minor
        return True

    def ask_share(self, asked: AskedShare) -> bytes:
        """A request for a part of another till's share."""
        return write_request(asked, self._key)

    def close(self) -> None:
        """Nothing more is sold: now the gateway knows when it has heard all."""
        self._require_running()
        if not self.book.closed:
            self._write(Closed())

    # The journal

    def _write(self, what: Happening) -> Entry:
        last = self.entries[-1] if self.entries else None
        body = Body(
            flight=self.plan.flight,
            device=self.device.number,
            seq=last.body.seq + 1 if last else 1,
            at_ms=self._clock.now_ms(),
            previous=last.digest if last else NO_ENTRY,
            what=what,
        )
        entry = make_entry(body, self._key)
        try:
            append_record(self._log, entry.raw)
        except OSError:
            self._stopped = True
            raise TillStopped from None
        self._accept(entry)
        return entry

    def _replay(self, raw: bytes) -> None:
        """An entry as the disk has it. Raises LogDamaged: it is whole, and not this till's."""
        try:
            entry = open_entry(raw, self.plan.flight, self.public_keys)
            if not self._is_next(entry):
                raise LogDamaged(len(self.entries))
            self._accept(entry)
        except (EntryRefused, FrameRefused, AllowanceRefused):
            raise LogDamaged(len(self.entries)) from None

    def _is_next(self, entry: Entry) -> bool:
        last = self.entries[-1] if self.entries else None
        place = (self.device.number, last.body.seq + 1 if last else 1)
        chained = entry.body.previous == (last.digest if last else NO_ENTRY)
        return (entry.body.device, entry.body.seq) == place and chained

    def _accept(self, entry: Entry) -> None:
        assert self._is_next(entry), "the journal is one chain without a gap"
        self.book.apply(entry)
        self.entries.append(entry)

    def _require_running(self) -> None:
        if self._stopped:
            raise TillStopped
