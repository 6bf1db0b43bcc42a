"""Payment numbers: pay one amount once, before a date, in the manner of IATA EasyPay.

An agency draws one on demand and writes it where a ticketing system expects the number of a
payment card. It has 16 digits and can never be one: it begins with 0, which no card does (ISO/IEC
7812-1 gives 0 to industries that issue none), and no 13 digits or more of it pass the Luhn check,
so every gateway that refuses card numbers lets it through, ours included. Its own last digit makes
the Luhn sum end in 5: a mistyped digit is refused before anybody looks the number up.

Single use is not kept here. A number is an idempotency key that is handed out: its hold is asked
under the key that derives from it, and the account's actor answers a key once, for ever. So two
tickets at once cannot both spend it, whatever this table says.

The number itself is stored nowhere. It derives from the request that asked for it, under the
installation's key, so a repeated request gets the same number; and a keyed digest finds its row.
"""

import hashlib
from datetime import UTC, datetime
from itertools import count

import msgspec
from sqlalchemy import select, update

from ledger.clock import SECOND_MS
from ledger.keys import key_digest
from ledger.money import Money
from services.keyring import Keyring
from services.mint import mint
from services.rows import as_struct
from services.store import Store
from services.tables import PAYMENT_NUMBERS
from terminals.card_numbers import holds_card_number, luhn_sum

DIGITS = 16
LEADING = "0"
# What the Luhn sum of a number leaves when divided by ten; of a card it leaves 0.
LUHN_REST = 5
LAST = 4
PAGE_MAX = 200


class NumberRefused(Exception):
    """It pays nothing, and why. `reason` is a name for machines."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class UnknownNumber(LookupError):
    def __init__(self, number: str) -> None:
        super().__init__(f"there is no payment number {number[:48]!r}")


class NewNumber(msgspec.Struct, frozen=True, kw_only=True):
    """asked: the digest of the idempotency key that asked for it."""

    agency: str
    amount: Money
    expires_at_ms: int
    created_by: str
    asked: bytes


class PaymentNumber(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    agency: str
    last_four: str
    amount: Money
    expires_at_ms: int
    created_by: str
    created_at_ms: int
    cancelled_at_ms: int | None

    @property
    def masked(self) -> str:
        return f"{'•' * (DIGITS - LAST)}{self.last_four}"

    @property
    def expiration(self) -> str:
        """The month of its last moment, MMYY, as ticketing systems ask for it."""
        last = datetime.fromtimestamp(self.expires_at_ms // SECOND_MS, UTC)
        return f"{last:%m%y}"

    @property
    def key(self) -> bytes:
        """The idempotency key that using it asks under."""
        return key_digest("payment number", self.id)


class Drawn(msgspec.Struct, frozen=True):
    """digits: in full, to be shown this once. replayed: this request had drawn it before."""

    digits: str
    number: PaymentNumber
    replayed: bool

    def __repr__(self) -> str:
        return f"<drawn {self.number.id}>"


def draw_number(store: Store, keyring: Keyring, new: NewNumber, *, now_ms: int) -> Drawn:
    """Asked again under the same key, the same again; whoever asks compares what it pays."""
    seed = hashlib.sha256(b"payment number\x00" + new.asked).digest()
    id_ = mint("num", lambda length: seed[:length])
    digits = _digits(keyring, new.asked)
    row = {
        "id": id_,
        "digest": _digest(keyring, digits),
        "agency": new.agency,
        "last_four": digits[-LAST:],
        "amount_minor": new.amount.amount_minor,
        "currency": new.amount.commodity,
        "expires_at_ms": new.expires_at_ms,
        "created_by": new.created_by,
        "created_at_ms": now_ms,
    }
    statement = store.insert_into(PAYMENT_NUMBERS).values(row)
    with store.write() as connection:
        made = connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))
    return Drawn(digits, get_number(store, id_), replayed=made.rowcount != 1)


def get_number(store: Store, number: str) -> PaymentNumber:
    """By its id. Raises UnknownNumber."""
    query = select(PAYMENT_NUMBERS).where(PAYMENT_NUMBERS.c.id == number)
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownNumber(number)
    return _number(dict(row))


def list_numbers(
    store: Store, agency: str, *, limit: int = 50
) -> tuple[PaymentNumber, ...]:
    """Newest first."""
    columns = PAYMENT_NUMBERS.c
    query = (
        select(PAYMENT_NUMBERS)
        .where(columns.agency == agency)
        .order_by(columns.created_at_ms.desc(), columns.id.desc())
        .limit(limit)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings()
        return tuple(_number(dict(row)) for row in rows)


def cancel_number(store: Store, number: str, *, now_ms: int) -> PaymentNumber:
    """No ticket that is asked for after this is paid with it. Raises UnknownNumber."""
    columns = PAYMENT_NUMBERS.c
    statement = update(PAYMENT_NUMBERS).where(
        columns.id == number, columns.cancelled_at_ms.is_(None)
    )
    with store.write() as connection:
        connection.execute(statement.values(cancelled_at_ms=now_ms))
    return get_number(store, number)


def find_number(
    store: Store, keyring: Keyring, *, agency: str, digits: str
) -> PaymentNumber:
    """The agency's number that these digits are. Raises NumberRefused.

    What is another agency's is unknown here, so that numbers cannot be tried out.
    """
    if not well_formed(digits):
        raise NumberRefused("number_malformed", "This is not a payment number of ours.")
    query = select(PAYMENT_NUMBERS).where(
        PAYMENT_NUMBERS.c.digest == _digest(keyring, digits),
        PAYMENT_NUMBERS.c.agency == agency,
    )
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NumberRefused("number_unknown", "There is no such payment number.")
    return _number(dict(row))


def require_usable(
    number: PaymentNumber, amount: Money, expiration: str | None, *, now_ms: int
) -> None:
    """May it pay this now? Whether it has paid before is the account's to say, not asked here.

    expiration: MMYY as the caller has it, if it says so. Raises NumberRefused.
    """
    if expiration not in {None, number.expiration}:
        raise NumberRefused(
            "number_wrong_expiration", "This is not the month in which the number expires."
        )
    if number.cancelled_at_ms is not None:
        raise NumberRefused("number_cancelled", "This payment number was cancelled.")
    if number.expires_at_ms <= now_ms:
        raise NumberRefused("number_expired", "This payment number has expired.")
    if number.amount != amount:
        raise NumberRefused(
            "number_wrong_amount",
            f"This payment number pays {number.amount} exactly, not {amount}.",
        )


def well_formed(digits: str) -> bool:
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return False
    return digits.startswith(LEADING) and luhn_sum(digits) % 10 == LUHN_REST


def _digits(keyring: Keyring, asked: bytes) -> str:
    """The first of the candidates that this key gives which could be no card number."""
    for attempt in count():
        drawn = keyring.order_digest("payment number", f"{asked.hex()}.{attempt}")
        body = f"{int.from_bytes(drawn, 'big') % 10 ** (DIGITS - 2):0{DIGITS - 2}d}"
        digits = _with_last(LEADING + body)
        if not holds_card_number(digits):
            return digits
    raise AssertionError("one candidate in three is good")


def _with_last(body: str) -> str:
    """The last digit stands in an undoubled place, so it adds itself to the sum."""
    return f"{body}{(LUHN_REST - luhn_sum(f'{body}0')) % 10}"


def _digest(keyring: Keyring, digits: str) -> bytes:
    return keyring.order_digest("payment number digits", digits)


def _number(row: dict[str, object]) -> PaymentNumber:
    money = msgspec.convert([row["amount_minor"], row["currency"]], Money)
    return as_struct({**row, "amount": money}, PaymentNumber)
