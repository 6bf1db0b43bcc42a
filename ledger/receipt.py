"""A receipt that proves itself: one entry of one payment, and why it must be in the book.

It holds the entry's bytes, the audit path from there to a checkpoint's Merkle root, and the signed
checkpoint; with the public key alone anybody can check, offline, that the installation had this
very entry in its journal when it signed. Of everybody else's payments it holds hashes only.

What a person reads in it follows from the entry and is computed again by who checks; the file has
one spelling only. So there is no byte that could be altered and not be noticed.

It does not prove that the entry is the payment's last: what came after the checkpoint is not in it.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Literal

import msgspec

from ledger.checkpoint import OtherInstallation, Signed, read_signed
from ledger.entry import Entry, unseal
from ledger.errors import LedgerError
from ledger.ids import Ref, payment_text
from ledger.journal import Reader, Store
from ledger.merkle import Tree, proven_root
from ledger.money import UnknownCommodity
from ledger.reading import NoPayment, OfPayment, Reading, reading_of
from ledger.signed_note import BadNote, Note, PublicKey, base64_text

FORMAT: Literal["airside receipt 1"] = "airside receipt 1"
# An entry has some 500 bytes, a path 63 hashes at most, a note 16 KB.
RECEIPT_BYTES_MAX = 65_536
PAGE = 1_000

Progress = Callable[[int], None]


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """body, path: base64. checkpoint: the signed note, line by line."""

    format: Literal["airside receipt 1"]
    reads: Reading
    seq: int
    body: str
    path: tuple[str, ...]
    checkpoint: tuple[str, ...]

    @property
    def written(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


class NotProvable(LedgerError):
    """There is nothing that this checkpoint could prove of the payment."""

    def __init__(self, payment: Ref, why: str) -> None:
        super().__init__(f"{payment_text(payment)} cannot be proved: {why}")


class ReceiptRefused(LedgerError):
    """The receipt proves nothing."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this receipt proves nothing: {why}")


def prove(store: Store, payment: Ref, signed: Signed, progress: Progress) -> Receipt:
    """The payment's last entry that the checkpoint covers. The journal is read twice: an audit path
    needs to know its leaf before it begins. Raises NotProvable, StoreUnreadable.
    """
    checkpoint = signed.checkpoint
    with closing(store.reader(checkpoint.partition)) as reader:
        found = _last_entry(reader, payment, checkpoint.size)
        if found is None:
            why = f"no entry up to {checkpoint.size:,} is about it; a later checkpoint may cover it"
            raise NotProvable(payment, why)
        seq, body = found
        tree = Tree(watched=seq - 1)
        for each in _bodies(reader, checkpoint.size):
            tree.add(each)
            if tree.size % PAGE == 0:
                progress(tree.size)
    if tree.size != checkpoint.size or tree.root() != checkpoint.root:
        why = "the journal is not what the checkpoint signed; `ledger verify --against` says more"
        raise NotProvable(payment, why)
    return Receipt(
        FORMAT,
        reading_of(unseal(body), checkpoint.partition),
        seq,
        base64_text(body),
        tuple(base64_text(sibling) for sibling in tree.audit_path()),
        tuple(str(signed.note).splitlines()),
    )


def check(written: bytes, key: PublicKey) -> tuple[Reading, Signed]:
    """What the receipt proves, and by which checkpoint. Raises ReceiptRefused."""
    receipt = _decoded(written)
    try:
        note = Note.parse("".join(f"{line}\n" for line in receipt.checkpoint))
        signed = read_signed(note, key)
        body = base64.b64decode(receipt.body, validate=True)
        path = [base64.b64decode(sibling, validate=True) for sibling in receipt.path]
    except (BadNote, OtherInstallation) as error:
        raise ReceiptRefused(f"its checkpoint: {error}") from None
    except binascii.Error:
        raise ReceiptRefused("a part of it is not base64") from None
    checkpoint = signed.checkpoint
    if proven_root(body, receipt.seq - 1, checkpoint.size, path) != checkpoint.root:
        raise ReceiptRefused("its entry is not in the tree that the checkpoint signed")
    try:
        entry = unseal(body)
        reading = reading_of(entry, checkpoint.partition)
    except (msgspec.DecodeError, UnknownCommodity, NoPayment):
        raise ReceiptRefused("its entry is not about a payment") from None
    if entry.seq != receipt.seq:
        raise ReceiptRefused(f"its entry says of itself that it is entry {entry.seq}")
    if reading != receipt.reads:
        raise ReceiptRefused("what it gives people to read is not what its entry says")
    if _spelt(receipt, body, path) != written:
        raise ReceiptRefused("it is not written as receipts are")
    return reading, signed


def _decoded(written: bytes) -> Receipt:
    if len(written) > RECEIPT_BYTES_MAX:
        raise ReceiptRefused(f"it is longer than {RECEIPT_BYTES_MAX:,} bytes")
    try:
        return msgspec.json.decode(written, type=Receipt)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReceiptRefused(f"it cannot be read ({error})") from None


def _spelt(receipt: Receipt, body: bytes, path: list[bytes]) -> bytes:
    """As prove() writes it: base64 and JSON have several spellings of one thing."""
    path_text = tuple(base64_text(sibling) for sibling in path)
    return msgspec.structs.replace(receipt, body=base64_text(body), path=path_text).written


def _last_entry(reader: Reader, payment: Ref, size: int) -> tuple[int, bytes] | None:
    found = None
    for seq, body in enumerate(_bodies(reader, size), 1):
        if body.find(payment.account) >= 0:  # or to decode it would be a waste
            entry = unseal(body)
            if entry.account == payment.account and _is_about(entry, payment.ordinal):
                found = seq, body
    return found


def _is_about(entry: Entry, ordinal: int) -> bool:
    return isinstance(entry.event, OfPayment) and entry.event.ordinal == ordinal


def _bodies(reader: Reader, size: int) -> Iterator[bytes]:
    seq = 0
    while seq < size and (page := reader.read(seq, min(PAGE, size - seq))):
        for sealed in page:
            yield sealed.body
        seq = page[-1].seq
