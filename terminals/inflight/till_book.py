"""What a till knows of the flight's money: a fold of its own entries, and of those that it heard.

`left` is the heart: the share that the gateway gave this till, plus what others signed over to it,
minus what it signed away and what it sold. Only the till's own entries count there; so two tills
that never hear each other still cannot sell the same money twice.

What was heard only makes a till more careful: a counter that was seen elsewhere, a sale that was
split between two trolleys.
"""

from collections import Counter

import msgspec

from terminals.inflight.allowance import Allowance
from terminals.inflight.entry import (
    Closed,
    Entry,
    EntryRefused,
    Gave,
    Opened,
    Sold,
    Took,
)
from terminals.inflight.frame import Frame, open_frame
from terminals.inflight.signed import SIGNATURE_BYTES


class Sale(msgspec.Struct, frozen=True):
    """One sale as an entry tells it. device and seq name it everywhere."""

    device: int
    seq: int
    at_ms: int
    frame: Frame
    sold: Sold


class TillBook:
    """device: this till's number. keys: the gateway's."""

    def __init__(self, device: int, keys: dict[int, bytes]) -> None:
        self._device = device
        self._keys = keys
        self.sales: dict[tuple[int, int], Sale] = {}
        self.by_counter: dict[tuple[bytes, int], Sale] = {}
        self.stock_sold: Counter[str] = Counter()
        self.closed = False
        self.set_back = (
            False  # another till knows more of this one's journal than it does itself
        )
        self.forked: set[int] = set()  # tills that tell two stories
        self.newest_ms = 0  # of this till's own sales
        self.gifts: dict[bytes, Entry] = {}  # by the request that asked for it
        # Gifts that this till took, by device and sequence.
        self.taken: set[tuple[int, int]] = set()
        self._moved: Counter[bytes] = Counter()  # taken minus given
        self._spent: Counter[bytes] = Counter()
        self._counters: dict[bytes, int] = {}
        self._of_allowance: dict[bytes, list[Sale]] = {}

    def left(self, allowance: Allowance) -> int:
        """What this till may still sell on it, in minor units."""
        share_minor = allowance.share_of(self._device)
        return share_minor + self._moved[allowance.id] - self._spent[allowance.id]

    def last_counter(self, allowance: bytes) -> int:
        """The highest that any till showed or told this one; -1 when there was none."""
        return self._counters.get(allowance, -1)

    def sales_of(self, allowance: bytes) -> list[Sale]:
        return self._of_allowance.get(allowance, [])

    def apply(self, entry: Entry) -> None:
        """One of this till's own, in its order."""
        match entry.body.what:
            case Sold() as sold:
                sale = self._sale(entry, sold)
                self._note(sale)
                self.newest_ms = max(self.newest_ms, sale.at_ms)
                self._spent[sale.frame.allowance.id] += sold.amount_minor
                for line in sold.lines:
                    self.stock_sold[line.sku] += line.count
            case Gave() as gave:
                self._moved[gave.allowance] -= gave.amount_minor
                self.gifts[gave.request] = entry
            case Took() as took:
                self._take(took)
            case Closed():
                self.closed = True
            case Opened():
                pass  # also after *closed*: a till that has closed stays so

    def hear(self, entry: Entry) -> None:
        """One of another till's. Raises FrameRefused, AllowanceRefused: it sold on nothing."""
        if isinstance(entry.body.what, Sold):
            self._note(self._sale(entry, entry.body.what))

    def _sale(self, entry: Entry, sold: Sold) -> Sale:
        body = entry.body
        frame = open_frame(sold.frame, self._keys)
        return Sale(body.device, body.seq, body.at_ms, frame, sold)

    def _note(self, sale: Sale) -> None:
        allowance, counter = sale.frame.allowance.id, sale.frame.showing.counter
        self.sales[sale.device, sale.seq] = sale
        self.by_counter.setdefault((allowance, counter), sale)
        self._of_allowance.setdefault(allowance, []).append(sale)
        self._counters[allowance] = max(self.last_counter(allowance), counter)

    def _take(self, took: Took) -> None:
        # Its signature was checked before it was written down, with the giver's key.
        gift = read_gift(took.gave)
        self.taken.add((gift.device, gift.seq))
        self._moved[gift.gave.allowance] += gift.gave.amount_minor


class Gift(msgspec.Struct, frozen=True):
    device: int
    seq: int
    gave: Gave


def read_gift(raw: bytes) -> Gift:
    """Of a giver's entry whose signature was checked. Raises EntryRefused."""
    try:
        from_body = msgspec.msgpack.decode(raw[SIGNATURE_BYTES:], type=_GaveBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise EntryRefused from None
    return Gift(from_body.device, from_body.seq, from_body.what)


class _GaveBody(msgspec.Struct, frozen=True, array_like=True):
    flight: bytes
    device: int
    seq: int
    at_ms: int
    previous: bytes
    what: Gave
