"""A journal entry: what happened, once, with the lines that balance and its place in the chain.

On disk an entry is its sequence number, its body (msgpack of Entry) and its hash: SHA-256 over
the hash before it and the body. So an entry can neither be changed nor dropped unseen.
"""

import hashlib

import msgspec

from ledger.events import Event
from ledger.ids import AccountId
from ledger.posting import Posting, require_balance
from ledger.postings import postings_of

# Version of Entry and of the events in it, written by each incarnation's first entry.
FORMAT_VERSION = 2
GENESIS_HASH = bytes(32)


class Entry(msgspec.Struct, frozen=True, array_like=True):
    seq: int
    at_ms: int
    account: AccountId  # empty for an entry of the partition itself
    previous: int  # the account's entry before this one, 0 for its first
    key: bytes  # digest of the idempotency key, empty when nobody asked
    request: bytes  # digest of the request that came with the key
    caller: str  # opaque principal id
    event: Event
    postings: tuple[Posting, ...]


class Sealed(msgspec.Struct, frozen=True):
    """An entry as the store keeps it."""

    seq: int
    body: bytes
    hash: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class Cause(msgspec.Struct, frozen=True):
    """Who asked, under which key: the part of an entry that comes from outside."""

    key: bytes = b""
    request: bytes = b""
    caller: str = ""


NOBODY = Cause()


class Place(msgspec.Struct, frozen=True):
    """Where and when an entry stands."""

    seq: int
    at_ms: int
    previous: int = 0


def build(account: AccountId, event: Event, place: Place, cause: Cause = NOBODY) -> Entry:
    """The entry of this event. Raises Unbalanced: such an entry cannot be built."""
    postings = postings_of(account, event)
    require_balance(postings)
    return Entry(
        place.seq,
        place.at_ms,
        account,
        place.previous,
        cause.key,
        cause.request,
        cause.caller,
        event,
        tuple(postings),
    )


def seal(entry: Entry, previous_hash: bytes) -> Sealed:
    body = _encode(entry)
    return Sealed(entry.seq, body, chain(previous_hash, body))


def chain(previous_hash: bytes, body: bytes) -> bytes:
    return hashlib.sha256(previous_hash + body).digest()


def unseal(body: bytes) -> Entry:
    """Raises msgspec.DecodeError (a ValidationError where the shape is wrong)."""
    try:
        return _decode(body)
    except UnicodeDecodeError as error:  # of a text in it: msgspec lets it through as it is
        raise msgspec.DecodeError(str(error)) from None
