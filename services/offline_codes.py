"""Codes for a phone that will have no network: ten at once, each pays once, for a day.

A payment code is judged by the account, which remembers those of the last minute
(ledger/guards.py). One that was drawn hours ago is too old for that. So its minute begins when it
is first scanned: the moment is written here, once, and the account is told that the code is as old
as that. Within the minute the account keeps it to one payment; after it, the account finds it too
old. Nothing here has to know whether the payment happened, so nothing is left open by a gateway
that died in between.

Who holds the picture of a code can pay with it: that is what a set of them costs. So an account has
one set; a new one, a freeze and the end of the session that drew it each make an end of the old;
and its owner may say up to what each pays.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Delete, delete, insert, select, update

from ledger.clock import DAY_MS, Clock
from ledger.commands import ScannedCode
from ledger.decline import DeclineReason
from ledger.ids import AccountId, account_text
from ledger.money import Money
from services.passenger_tables import OFFLINE_CODES
from services.store import Store

# A journey without a network, and the day that it takes to notice a phone is gone.
LIFE_MS = DAY_MS
# What fits a pocket: as many as the large QR wallets load ahead.
CODES_MAX = 10


class CodeSet(msgspec.Struct, frozen=True, kw_only=True):
    """session: that drew it, if one did. largest: what each of them pays at most."""

    account: AccountId
    code_ids: Sequence[bytes]
    session: str | None
    largest: Money | None


class OfflineCodes:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def replace(self, drawn: CodeSet) -> int:
        """These pay from now on, and no older ones; until when."""
        assert len(drawn.code_ids) <= CODES_MAX
        expires_at_ms = self._clock.now_ms() + LIFE_MS
        account, largest = account_text(drawn.account), drawn.largest
        common = {
            "account": account,
            "session": drawn.session,
            "expires_at_ms": expires_at_ms,
            "largest_minor": largest.amount_minor if largest else None,
            "largest_currency": largest.commodity if largest else None,
        }
        rows = [{"code_id": code_id, **common} for code_id in drawn.code_ids]
        with self._store.write() as connection:
            connection.execute(_of(account))
            connection.execute(insert(OFFLINE_CODES), rows)
        return expires_at_ms

    def drop(self, account: AccountId) -> None:
        """None of them pays any more."""
        with self._store.write() as connection:
            connection.execute(_of(account_text(account)))

    def begin(self, code: ScannedCode, amount: Money) -> ScannedCode | DeclineReason:
        """The code with its minute running, or why it pays nothing."""
        columns = OFFLINE_CODES.c
        this = columns.code_id == code.code_id
        with self._store.read() as connection:
            row = connection.execute(select(OFFLINE_CODES).where(this)).one_or_none()
        if row is None or row.expires_at_ms <= self._clock.now_ms():
            return DeclineReason.CODE_EXPIRED
        if row.largest_minor is not None:
            largest = Money(row.largest_minor, row.largest_currency)
            if amount.commodity != largest.commodity or (
                amount.amount_minor > largest.amount_minor
            ):
                return DeclineReason.EXCEEDS_CHANNEL_LIMIT
        with self._store.write() as connection:
            first = update(OFFLINE_CODES).where(this, columns.begun_at_ms.is_(None))
            connection.execute(first.values(begun_at_ms=self._clock.now_ms()))
            begun = connection.execute(select(columns.begun_at_ms).where(this))
            begun_at_ms = begun.scalar_one_or_none()
        if begun_at_ms is None:  # dropped meanwhile
            return DeclineReason.CODE_EXPIRED
        return ScannedCode(code.code_id, begun_at_ms)


def _of(account: str) -> Delete:
    return delete(OFFLINE_CODES).where(OFFLINE_CODES.c.account == account)
