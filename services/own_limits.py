"""Limits that a person sets to themselves: of one payment, and of a day, in each currency.

A lower limit holds at once. A higher one waits a day, so that who takes an unlocked phone cannot
first lift it; unless its owner has just shown the passkey.

Judged here, for every road by which money leaves at somebody's word: payments, increases of holds,
transfers. Most accounts have no limit, and must not pay for those that do: each gateway keeps in
memory who has one, and asks twice a second who changed theirs; the limit itself is read with what
was spent, in one transaction with the note of what will be.

    allow ──> the account is asked ──> did it take nothing? then the note is taken back

What is under way counts, or two payments at once would both find room. It is noted under the key of
the request: a retry counts once. What was given back later does not make room again on that day, as
with banks: a limit is what can be lost in a day, and a thief would be the one to void and pay anew.
"""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, select

from actors.batcher import MailboxFull
from ledger.clock import DAY_MS, Clock
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import AccountId, account_text, parse_account
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import DeclinedReply, PaymentReply, Reply, TransferReply
from ledger.time_text import day_text
from services.asking import Refused, Unanswered
from services.passenger_tables import OWN_LIMIT_USES, OWN_LIMITS
from services.store import Store

# A night to notice, and the time that banks take.
RAISE_MS = DAY_MS
# A transaction commits a little after the moment that it wrote down.
LATE_MS = 60_000


class OwnLimit(msgspec.Struct, frozen=True):
    """Of one currency. None: no limit."""

    currency: str
    payment_minor: int | None = None
    day_minor: int | None = None


class KeptLimit(msgspec.Struct, frozen=True):
    """later: what holds from then on (milliseconds), when that is another."""

    now: OwnLimit
    later: OwnLimit | None
    later_from_ms: int | None
    spent_today_minor: int


class Allowed(msgspec.Struct, frozen=True):
    """payment_minor: the limit of one payment. key: under which it was noted just now; empty when
    nothing was.
    """

    payment_minor: int | None = None
    key: bytes = b""


UNLIMITED = Allowed()


class OwnLimits:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._limited: set[AccountId] = set()
        self._asked_ms = 0

    def learn(self) -> None:
        """Who set a limit since, on any gateway. Raises StoreUnavailable, and asks again then."""
        asked_ms = self._clock.now_ms()
        columns = OWN_LIMITS.c
        query = select(columns.account).where(
            columns.changed_at_ms > self._asked_ms - LATE_MS
        )
        with self._store.read() as connection:
            found = connection.execute(query.distinct()).scalars().all()
        self._limited |= {parse_account(account) for account in found}
        self._asked_ms = asked_ms

    async def allow(
        self, account: AccountId, amount: Money, cause: Cause
    ) -> Allowed | DeclineReason:
        """Note that this will be spent, or say that it must not be. Raises StoreUnavailable."""
        if account not in self._limited:
            return UNLIMITED
        return await asyncio.to_thread(
            self._allow, account_text(account), amount, cause.key
        )

    async def asked(self, allowed: Allowed, asking: Awaitable[Reply]) -> Reply:
        """What the account answers; the note is taken back when nothing was taken, or was long ago.

        While it is not known whether something was, the note stays.
        """
        if not allowed.key:
            return await asking
        try:
            reply = await asking
        except (MailboxFull, Refused):
            await asyncio.to_thread(self._take_back, allowed.key)
            raise
        except Unanswered as error:
            if error.happened is Happened.NO:
                await asyncio.to_thread(self._take_back, allowed.key)
            raise
        if _took_nothing(reply):
            await asyncio.to_thread(self._take_back, allowed.key)
        return reply

    def limits(self, account: AccountId) -> list[KeptLimit]:
        """By currency."""
        text, now_ms = account_text(account), self._clock.now_ms()
        with self._store.read() as connection:
            rows = _rows(connection, text)
            spent = {
                row.currency: _spent(connection, text, row.currency, day_text(now_ms))
                for row in rows
            }
        return [_kept(row, now_ms, spent[row.currency]) for row in rows]

    def change(
        self, account: AccountId, wanted: Sequence[OwnLimit], *, at_once: bool
    ) -> None:
        """Instead of all that were set before. at_once: raise without waiting."""
        text, now_ms = account_text(account), self._clock.now_ms()
        by_currency = {limit.currency: limit for limit in wanted}
        with self._store.write() as connection:
            before = {
                row.currency: _kept(row, now_ms, 0) for row in _rows(connection, text)
            }
            for currency in {*before, *by_currency}:
                new = by_currency.get(currency, OwnLimit(currency))
                old = before.get(currency) or KeptLimit(OwnLimit(currency), None, None, 0)
                self._write(connection, text, _changed(old, new, now_ms, at_once=at_once))
        self._limited.add(account)

    def _write(self, connection: Connection, account: str, kept: KeptLimit) -> None:
        later = kept.later
        values = {
            "payment_minor": kept.now.payment_minor,
            "day_minor": kept.now.day_minor,
            "later_payment_minor": later.payment_minor if later else None,
            "later_day_minor": later.day_minor if later else None,
            "later_from_ms": kept.later_from_ms,
            "changed_at_ms": self._clock.now_ms(),
        }
        row = self._store.insert_into(OWN_LIMITS).values(
            account=account, currency=kept.now.currency, **values
        )
        connection.execute(
            row.on_conflict_do_update(index_elements=["account", "currency"], set_=values)
        )

    def _allow(self, account: str, amount: Money, key: bytes) -> Allowed | DeclineReason:
        now_ms = self._clock.now_ms()
        day, currency, minor = day_text(now_ms), amount.commodity, amount.amount_minor
        with self._store.write() as connection:
            limit = _limit_of(connection, account, currency, now_ms)
            if limit.payment_minor is not None and minor > limit.payment_minor:
                return DeclineReason.EXCEEDS_CHANNEL_LIMIT
            allowed = Allowed(limit.payment_minor)
            uses = OWN_LIMIT_USES.c
            same = select(uses.day).where(uses.key_digest == key)
            if limit.day_minor is None or connection.execute(same).first() is not None:
                return allowed  # no limit of a day, or noted by an earlier try
            if _spent(connection, account, currency, day) + minor > limit.day_minor:
                return DeclineReason.EXCEEDS_CHANNEL_LIMIT
            # A key is answered for 30 days; after the day, only a retry would look for it here.
            connection.execute(
                delete(OWN_LIMIT_USES).where(uses.account == account, uses.day < day)
            )
            row = self._store.insert_into(OWN_LIMIT_USES).values(
                key_digest=key,
                account=account,
                currency=currency,
                day=day,
                amount_minor=minor,
            )
            connection.execute(row)
        return Allowed(limit.payment_minor, key)

    def _take_back(self, key: bytes) -> None:
        with self._store.write() as connection:
            noted = delete(OWN_LIMIT_USES).where(OWN_LIMIT_USES.c.key_digest == key)
            connection.execute(noted)


def _took_nothing(reply: Reply) -> bool:
    """Now: a replay tells what was taken when the key was new."""
    if isinstance(reply, PaymentReply):
        return reply.state is PaymentState.DECLINED or reply.replayed
    if isinstance(reply, TransferReply):
        return reply.replayed
    return isinstance(reply, DeclinedReply)


def _changed(old: KeptLimit, new: OwnLimit, now_ms: int, *, at_once: bool) -> KeptLimit:
    if at_once:
        return KeptLimit(new, None, None, 0)
    now = OwnLimit(
        new.currency,
        _lower(old.now.payment_minor, new.payment_minor),
        _lower(old.now.day_minor, new.day_minor),
    )
    if now == new:
        return KeptLimit(now, None, None, 0)
    # Asked for the same again, it does not wait anew.
    from_ms = old.later_from_ms if old.later == new else now_ms + RAISE_MS
    return KeptLimit(now, new, from_ms, 0)


def _lower(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _rows(connection: Connection, account: str) -> Collection[Row[Any]]:
    query = select(OWN_LIMITS).where(OWN_LIMITS.c.account == account)
    return connection.execute(query.order_by(OWN_LIMITS.c.currency)).all()


def _limit_of(connection: Connection, account: str, currency: str, now_ms: int) -> OwnLimit:
    """Two gateways ask one after the other, or both would find the same room."""
    columns = OWN_LIMITS.c
    query = select(OWN_LIMITS).where(
        columns.account == account, columns.currency == currency
    )
    row = connection.execute(query.with_for_update()).one_or_none()
    return OwnLimit(currency) if row is None else _kept(row, now_ms, 0).now


def _kept(row: Row[Any], now_ms: int, spent_minor: int) -> KeptLimit:
    now = OwnLimit(row.currency, row.payment_minor, row.day_minor)
    if row.later_from_ms is None:
        return KeptLimit(now, None, None, spent_minor)
    later = OwnLimit(row.currency, row.later_payment_minor, row.later_day_minor)
    if row.later_from_ms <= now_ms:
        return KeptLimit(later, None, None, spent_minor)
    return KeptLimit(now, later, row.later_from_ms, spent_minor)


def _spent(connection: Connection, account: str, currency: str, day: str) -> int:
    uses = OWN_LIMIT_USES.c
    query = select(func.coalesce(func.sum(uses.amount_minor), 0)).where(
        uses.account == account, uses.currency == currency, uses.day == day
    )
    return int(connection.execute(query).scalar_one())
