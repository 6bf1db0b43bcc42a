"""Images of accounts: memory, encoded and sealed with a hash, at a journal position.

An account has one image of its head, and one of each closed chapter of its history; the chapter
that is still being written is in the head, so a young account has one image only. Theory: what
did not change since it was drawn is not drawn again.

An image only shortens a replay. One that does not match its hash is damage, not a cache miss:
the disk under the journal cannot be trusted, so the partition stops.

An image of another version is no damage: it is as if it were not there. State is a pure function
of the journal, so a start after an upgrade replays from the first entry, and draws images anew.
Both say their version: the mark, so that nobody trusts a replay which begins behind it, and each
image, so that one which is left over is not read as something else.
"""

import hashlib
from collections.abc import Callable

import msgspec

from ledger.account import (
    Account,
    AccountStatus,
    BoundCode,
    Chapter,
    Credit,
    Earnings,
    KeyUse,
    Payment,
    Pot,
    Stripe,
    Transfer,
)
from ledger.entry import FORMAT_VERSION
from ledger.errors import JournalDamaged, StoreTooNew
from ledger.events import AccountKind
from ledger.ids import ACCOUNT_BYTES, AccountId, account_text
from ledger.journal import Image, Mark, Reader

# Of what an image holds: raise it when Account changes, or what apply.py makes of an entry. It is
# the first byte of a body. Those of the first release have none and begin as a msgpack array does,
# so versions stay below that.
IMAGE_VERSION = 6
_ARRAY = 0x90
assert 0 < IMAGE_VERSION < _ARRAY

_VERSION = bytes([IMAGE_VERSION])
_CHAPTER_BYTES = 4


class _History(msgspec.Struct, array_like=True):
    """A chapter as it is kept: ordinals count up, and keys stand in their order."""

    seq: int
    payments: dict[int, Payment]
    transfers: dict[int, Transfer]
    keys: dict[bytes, KeyUse]


class _Head(msgspec.Struct, array_like=True):
    """All of an account but its closed chapters."""

    kind: AccountKind
    status: AccountStatus
    opened_at_ms: int
    pots: dict[str, Pot]
    codes: dict[bytes, BoundCode]
    next_ordinal: int
    last_seq: int
    open_holds: dict[int, int]
    undelivered: int
    items: int
    latest: _History | None
    cards: dict[bytes, int]
    stripe: Stripe | None
    earnings: Earnings | None
    credits: dict[str, Credit]


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(_Head).decode
_decode_history = msgspec.msgpack.Decoder(_History).decode

Load = Callable[[AccountId], Image | None]


def draw(account: Account) -> list[Image]:
    """What changed since it was drawn last; the head always, and first. It is drawn then."""
    # The item that closes a chapter changes it too, so it is among these when it leaves the head.
    closed = {number for number in account.undrawn if number < account.latest}
    account.undrawn.clear()
    return [
        draw_head(account),
        *(draw_chapter(account, number) for number in sorted(closed)),
    ]


def draw_whole(account: Account) -> list[Image]:
    """The head, and every closed chapter: all that a start would read."""
    closed = range(account.latest)
    return [draw_head(account), *(draw_chapter(account, number) for number in closed)]


def draw_head(account: Account) -> Image:
    head = _Head(
        account.kind,
        account.status,
        account.opened_at_ms,
        account.pots,
        account.codes,
        account.next_ordinal,
        account.last_seq,
        account.open_holds,
        account.undelivered,
        account.items,
        _history(account, account.latest) if account.latest in account.chapters else None,
        account.cards,
        account.stripe,
        account.earnings,
        account.credits,
    )
    return _image(account.id, account.last_seq, account.next_due_ms(), head)


def draw_chapter(account: Account, number: int) -> Image:
    history = _history(account, number)
    return _image(chapter_id(account.id, number), history.seq, 0, history)


def chapter_id(account: AccountId, number: int) -> AccountId:
    """Under which a chapter's image is kept: behind the head's."""
    return AccountId(account + number.to_bytes(_CHAPTER_BYTES, "big"))


def owner_of(image: Image) -> tuple[AccountId, int | None]:
    """The account, and the number of the chapter; None for the head."""
    account, number = image.account[:ACCOUNT_BYTES], image.account[ACCOUNT_BYTES:]
    return AccountId(account), int.from_bytes(number, "big") if number else None


def restore(partition: int, image: Image, load: Load) -> Account | None:
    """The account of this head; load gives the images of its chapters. None for an image of
    another version. Raises JournalDamaged.
    """
    body = _body(partition, image)
    if body is None:
        return None
    head = _decode_head(body)
    account = Account(
        image.account,
        head.kind,
        head.status,
        head.opened_at_ms,
        head.pots,
        codes=head.codes,
        cards=head.cards,
        next_ordinal=head.next_ordinal,
        last_seq=head.last_seq,
        open_holds=head.open_holds,
        undelivered=head.undelivered,
        items=head.items,
        stripe=head.stripe,
        earnings=head.earnings,
        credits=head.credits,
    )
    for number in range(account.latest):
        _take_up(account, number, _chapter(partition, account.id, number, load))
    if head.latest is not None:
        _take_up(account, account.latest, head.latest)
    return account


def require_readable(partition: int, image: Image) -> bool:
    """False for an image of another version. Raises JournalDamaged, msgspec.DecodeError."""
    body = _body(partition, image)
    if body is not None:
        _, chapter = owner_of(image)
        _decode_head(body) if chapter is None else _decode_history(body)
    return body is not None


def _body(partition: int, image: Image) -> memoryview | None:
    """What the image holds; None for one of another version. Raises JournalDamaged."""
    if _hash(image.seq, image.body) != image.hash:
        account, _ = owner_of(image)
        raise JournalDamaged(partition, f"the image of {account_text(account)} is damaged")
    if not image.body.startswith(_VERSION):
        return None
    return memoryview(image.body)[1:]


def mark_at(seq: int, inbox: dict[int, int], incarnation: int) -> Mark:
    """The mark of images that draw() drew."""
    return Mark(seq, dict(inbox), incarnation, FORMAT_VERSION, IMAGE_VERSION)


def mark_of(partition: int, journal: Reader) -> Mark:
    """Where a replay may begin: at the first entry, if the images are of another version.

    Raises StoreTooNew.
    """
    mark = journal.mark()
    if mark.format_version > FORMAT_VERSION:
        raise StoreTooNew(partition, mark.format_version)
    return mark if mark.image_version == IMAGE_VERSION else Mark()


def _history(account: Account, number: int) -> _History:
    chapter = account.chapters[number]
    return _History(
        chapter.seq,
        {n: account.payments[n] for n in chapter.ordinals if n in account.payments},
        {n: account.transfers[n] for n in chapter.ordinals if n in account.transfers},
        {key: account.keys[key] for key in chapter.keys},
    )


def _take_up(account: Account, number: int, history: _History) -> None:
    ordinals = sorted(history.payments.keys() | history.transfers.keys())
    account.chapters[number] = Chapter(ordinals, list(history.keys), history.seq)
    account.payments.update(history.payments)
    account.transfers.update(history.transfers)
    account.keys.update(history.keys)


def _chapter(partition: int, account: AccountId, number: int, load: Load) -> _History:
    image = load(chapter_id(account, number))
    body = _body(partition, image) if image else None
    if body is None:
        what = f"chapter {number} of {account_text(account)} has no image"
        raise JournalDamaged(partition, what)
    return _decode_history(body)


def _image(whose: AccountId, seq: int, due_ms: int, what: _Head | _History) -> Image:
    body = _VERSION + _encode(what)
    return Image(whose, seq, due_ms, body, _hash(seq, body))


def _hash(seq: int, body: bytes) -> bytes:
    return hashlib.sha256(seq.to_bytes(8, "big") + body).digest()
