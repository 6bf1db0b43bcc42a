"""Allowances: money of a wallet, set aside for one flight and signed for its tills.

    opening ──> open ──> releasing ──> released
       │
       v
    declined

The row is written first, then the hold is asked for under a key that derives from it; so a retry,
or a gateway that died in between, ends as one allowance with one hold. What is signed is computed
from the row, and so is the same each time. One that stays *opening* was never signed, and ends with
its flight: its hold is reversed, which also bars a request that is still under way.
"""

import asyncio
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, select, update

from ledger.clock import DAY_MS, SECOND_MS, Clock
from ledger.commands import CaptureMode
from ledger.entry import Cause
from ledger.ids import parse_account, payment_text
from ledger.keys import key_digest
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import DeclinedReply, PaymentReply
from services.flight_tables import ALLOWANCES
from services.flights import (
    MAY_SET_ASIDE,
    Flight,
    WrongMoment,
    lock_flight,
    read_flight,
    read_tills,
)
from services.keyring import Keyring
from services.mint import mint, raw_of
from services.own_cause import own_cause
from services.payments import Payer, PaymentRequest, Payments
from services.rows import as_struct
from services.store import Store
from terminals.inflight.allowance import Allowance, Share, equal_shares, issue
from terminals.inflight.signed import PUBLIC_KEY_BYTES

CHANNEL = "inflight"
# The hold outlives the allowance, the flight and the time limit of its tills by far.
HOLD_MS = 28 * DAY_MS
# The first key of allowances. Tills get the ring with each flight's plan.
KEY_ID = 1


class AllowanceStatus(StrEnum):
    OPENING = "opening"
    OPEN = "open"
    DECLINED = "declined"
    RELEASING = "releasing"
    RELEASED = "released"


class UnknownAllowance(LookupError):
    def __init__(self, allowance: str) -> None:
        super().__init__(f"there is no allowance {allowance[:48]!r}")


class AllowanceKeyReused(Exception):
    """The idempotency key came with another allowance before."""


class NoTills(Exception):
    def __init__(self) -> None:
        super().__init__("the flight has no till yet that could sell anything")


class WalletBlocked(Exception):
    """A case about its last codes is open; a person must close it first."""

    def __init__(self) -> None:
        super().__init__("an earlier code of this wallet was spent twice: ask the airline")


class KeptAllowance(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    flight: str
    account: str
    alias: bytes
    amount_minor: int
    sale_max_minor: int
    phone_key: bytes
    shares: tuple[Share, ...]
    not_before_s: int
    not_after_s: int
    status: AllowanceStatus
    payment: str | None
    reason: str | None
    blocked_at_ms: int | None
    created_at_ms: int


class Wanted(msgspec.Struct, frozen=True):
    """What a passenger asks for. caller: the principal."""

    flight: str
    account: str
    amount: Money
    phone_key: bytes
    caller: str


class Allowances:
    def __init__(
        self, payments: Payments, store: Store, keyring: Keyring, clock: Clock
    ) -> None:
        self._payments = payments
        self._store = store
        self._keyring = keyring
        self._clock = clock

    async def set_aside(self, wanted: Wanted, key: bytes) -> tuple[KeptAllowance, bool]:
        """The allowance, open or declined; and whether it was asked for before.

        Raises UnknownFlight, WrongMoment, NoTills, WalletBlocked, AllowanceKeyReused, and what
        asking an account raises.
        """
        assert len(wanted.phone_key) == PUBLIC_KEY_BYTES
        name = mint("alw", lambda count: key_digest("allowance", key.hex())[:count])
        kept, replayed = await asyncio.to_thread(self._open, name, wanted)
        if kept.status is AllowanceStatus.OPENING:
            kept = await self._hold(kept, wanted)
        return kept, replayed

    def sealed(self, kept: KeptAllowance, currency: str) -> bytes:
        """What the phone carries."""
        allowance = Allowance(
            key_id=KEY_ID,
            id=raw_id(kept.id),
            alias=kept.alias,
            flight=raw_id(kept.flight),
            currency=currency,
            amount_minor=kept.amount_minor,
            sale_max_minor=kept.sale_max_minor,
            not_before_s=kept.not_before_s,
            not_after_s=kept.not_after_s,
            phone_key=kept.phone_key,
            first_counter=0,
            shares=kept.shares,
        )
        return issue(allowance, self._keyring.allowance_key(KEY_ID))

    def _open(self, name: str, wanted: Wanted) -> tuple[KeptAllowance, bool]:
        with self._store.write() as connection:
            found = find_allowance(connection, name)
            if found is not None:
                same = (found.flight, found.account, found.amount_minor, found.phone_key)
                minor = wanted.amount.amount_minor
                if same != (wanted.flight, wanted.account, minor, wanted.phone_key):
                    raise AllowanceKeyReused
                return found, True
            # Locked: it must not close between this look and the row, which nobody would settle.
            flight = lock_flight(connection, wanted.flight)
            if flight.status not in MAY_SET_ASIDE:
                raise WrongMoment(flight, "nothing more can be set aside for it.")
            tills = [till.number for till in read_tills(connection, flight.id)]
            if not tills:
                raise NoTills
            if _is_blocked(connection, wanted.account):
                raise WalletBlocked
            row = self._row(name, wanted, flight, tills)
            connection.execute(ALLOWANCES.insert(), row)
            return read_allowance(connection, name), False

    def _row(
        self, name: str, wanted: Wanted, flight: Flight, tills: list[int]
    ) -> dict[str, object]:
        now_ms = self._clock.now_ms()
        minor = wanted.amount.amount_minor
        return {
            "id": name,
            "flight": flight.id,
            "account": wanted.account,
            "alias": self._keyring.account_alias(wanted.account),
            "amount_minor": minor,
            "sale_max_minor": min(minor, flight.rules.sale_max_minor or minor),
            "phone_key": wanted.phone_key,
            "shares": msgspec.to_builtins(equal_shares(minor, tills)),
            "not_before_s": now_ms // SECOND_MS,
            "not_after_s": now_ms // SECOND_MS + flight.rules.valid_s,
            "status": AllowanceStatus.OPENING,
            "created_at_ms": now_ms,
        }

    async def _hold(self, kept: KeptAllowance, wanted: Wanted) -> KeptAllowance:
        flight = await asyncio.to_thread(self._flight, kept.flight)
        request = PaymentRequest(
            payer=Payer(parse_account(kept.account)),
            amount=wanted.amount,
            merchant=flight.merchant,
            order=kept.id,
            channel=CHANNEL,
            place=flight.number,
            capture=CaptureMode.MANUAL,
            hold_ms=HOLD_MS,
        )
        cause = _hold_cause(kept.id, wanted.caller)
        reply = await self._payments.authorise(request, cause)
        if isinstance(reply, DeclinedReply):
            return await self._move(kept, AllowanceStatus.DECLINED, reason=reply.reason)
        assert isinstance(reply, PaymentReply), "a hold ends approved or declined"
        payment = payment_text(reply.ref)
        if reply.state is PaymentState.DECLINED:
            return await self._move(
                kept, AllowanceStatus.DECLINED, payment=payment, reason=reply.decline
            )
        return await self._move(kept, AllowanceStatus.OPEN, payment=payment)

    def _flight(self, flight: str) -> Flight:
        with self._store.read() as connection:
            return read_flight(connection, flight)

    async def _move(
        self, kept: KeptAllowance, status: AllowanceStatus, **known: str | None
    ) -> KeptAllowance:
        return await asyncio.to_thread(move_allowance, self._store, kept, status, **known)


def hold_key(allowance: str) -> bytes:
    """Of the hold, for whoever must undo it."""
    return _hold_cause(allowance).key


def _hold_cause(allowance: str, caller: str = "") -> Cause:
    return own_cause("allowance hold", allowance, caller)


def find_allowance(connection: Connection, allowance: str) -> KeptAllowance | None:
    query = select(ALLOWANCES).where(ALLOWANCES.c.id == allowance)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else as_struct(row, KeptAllowance)


def read_allowance(connection: Connection, allowance: str) -> KeptAllowance:
    """Raises UnknownAllowance."""
    found = find_allowance(connection, allowance)
    if found is None:
        raise UnknownAllowance(allowance)
    return found


def get_allowance(store: Store, allowance: str) -> KeptAllowance:
    """Raises UnknownAllowance."""
    with store.read() as connection:
        return read_allowance(connection, allowance)


def read_allowances(connection: Connection, flight: str) -> list[KeptAllowance]:
    """All of a flight, oldest first."""
    columns = ALLOWANCES.c
    query = (
        select(ALLOWANCES).where(columns.flight == flight).order_by(columns.created_at_ms)
    )
    return [as_struct(row, KeptAllowance) for row in connection.execute(query).mappings()]


def own_allowances(store: Store, account: str) -> list[KeptAllowance]:
    """A wallet's latest, newest first."""
    columns = ALLOWANCES.c
    query = select(ALLOWANCES).where(columns.account == account)
    newest = query.order_by(columns.created_at_ms.desc()).limit(20)
    with store.read() as connection:
        return [
            as_struct(row, KeptAllowance) for row in connection.execute(newest).mappings()
        ]


def move_allowance(
    store: Store, kept: KeptAllowance, status: AllowanceStatus, **known: str | None
) -> KeptAllowance:
    """In its next state, if it is still where the caller saw it; as it is otherwise."""
    columns = ALLOWANCES.c
    here = (columns.id == kept.id) & (columns.status == kept.status)
    with store.write() as connection:
        values = {"status": status, **known}
        connection.execute(update(ALLOWANCES).where(here).values(values))
        return read_allowance(connection, kept.id)


def denied(store: Store) -> tuple[bytes, ...]:
    """What no till may sell on: blocked allowances, and accounts whose codes were copied."""
    columns = ALLOWANCES.c
    query = select(columns.id, columns.alias).where(columns.blocked_at_ms.is_not(None))
    with store.read() as connection:
        rows = connection.execute(query).all()
    found = {raw_id(row.id) for row in rows} | {bytes(row.alias) for row in rows}
    return tuple(sorted(found))


def raw_id(text: str) -> bytes:
    """The bytes of a flight's or an allowance's id, as phones and tills carry it."""
    return raw_of(text, text[: text.index("_") + 1])


def text_id(prefix: str, raw: bytes) -> str:
    return mint(prefix, lambda _count: raw)


def _is_blocked(connection: Connection, account: str) -> bool:
    columns = ALLOWANCES.c
    query = select(columns.id).where(
        columns.account == account, columns.blocked_at_ms.is_not(None)
    )
    return connection.execute(query).first() is not None
