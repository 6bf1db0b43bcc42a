"""The relay: carries what one account's journal promises to another account.

It reads each journal in order and brings every promise to the partition that must keep it:

    TransferSent      → Deliver          to the target
    TransferReceived  → RecordDelivered  to the source
    StripeSwept       → DeliverSweep     to the merchant's account
    SweepReceived     → RecordDelivered  to the stripe
    TransferRefused   → ReturnTransfer   to the source

Delivery is at least once; the effect is once, because a partition remembers the last sequence
that it took over from each other partition. That needs order: a promise is only sent when
everything before it has been taken, so one that fails holds back those behind it.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from actors.directory import Directory
from actors.frame import Commands, decode_replies, encode
from actors.runtime import PartitionUnavailable, Road
from actors.tail import Tail
from ledger.commands import (
    Deliver,
    DeliverSweep,
    Envelope,
    RecordDelivered,
    Relayed,
    ReturnTransfer,
)
from ledger.entry import Entry
from ledger.events import (
    Origin,
    StripeSwept,
    SweepReceived,
    TransferReceived,
    TransferRefused,
    TransferSent,
)
from ledger.ids import Ref
from ledger.journal import Store
from ledger.replies import Noted


class Relay:
    """One per installation. Two at once would be slow, not wrong."""

    def __init__(
        self, directory: Directory, road: Road, store: Store, cursors: dict[int, int]
    ) -> None:
        self._directory = directory
        self._road = road
        count = directory.partition_count
        self._tails = [Tail(store, n, cursors.get(n, 0)) for n in range(count)]

    @property
    def cursors(self) -> dict[int, int]:
        return {tail.partition: tail.after for tail in self._tails}

    async def step(self) -> bool:
        """Carry one page of each journal. True if anything was there to carry."""
        busy = False
        for tail in self._tails:
            start = tail.after
            page = tail.next()
            if page and not await self._carry(tail.partition, page):
                tail.after = start
            busy = busy or (bool(page) and tail.after != start)
        return busy

    async def _carry(self, partition: int, page: list[Entry]) -> bool:
        by_target: dict[int, list[Envelope]] = {}
        for command in promises(partition, page):
            target = self._directory.partition_of(command.account)
            by_target.setdefault(target, []).append(Envelope(command, caller="relay"))
        done = True
        for target, envelopes in by_target.items():
            done = await self._deliver(target, envelopes) and done
        return done

    async def _deliver(self, target: int, envelopes: list[Envelope]) -> bool:
        try:
            answer = await self._road.send(target, encode(Commands(envelopes)))
        except PartitionUnavailable:
            return False
        return all(isinstance(reply, Noted) for reply in decode_replies(answer))

    def close(self) -> None:
        for tail in self._tails:
            tail.close()


def promises(partition: int, entries: Iterable[Entry]) -> Iterable[Relayed]:
    """What these entries oblige other accounts to do."""
    for entry in entries:
        origin = Origin(partition, entry.seq)
        match entry.event:
            case TransferSent(ordinal=ordinal, target=target, pot=pot, amount_minor=minor):
                source = Ref(entry.account, ordinal)
                yield Deliver(
                    account=target,
                    source=source,
                    pot=pot,
                    amount_minor=minor,
                    origin=origin,
                )
            case StripeSwept(ordinal=ordinal, target=target, pot=pot, amount_minor=minor):
                source = Ref(entry.account, ordinal)
                yield DeliverSweep(
                    account=target,
                    source=source,
                    pot=pot,
                    amount_minor=minor,
                    origin=origin,
                )
            case TransferReceived(source=source) | SweepReceived(source=source):
                yield RecordDelivered(
                    account=source.account, ordinal=source.ordinal, origin=origin
                )
            case TransferRefused(source=source):
                yield ReturnTransfer(
                    account=source.account, ordinal=source.ordinal, origin=origin
                )
            case _:
                pass


def load_cursors(path: Path) -> dict[int, int]:
    """Where the relay stopped. Lost cursors cost time, not money: everything is offered again."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[int, int])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}


def save_cursors(path: Path, cursors: dict[int, int]) -> None:
    spare = path.with_suffix(".new")
    spare.write_bytes(msgspec.json.encode(cursors))
    spare.replace(path)
