"""A receipt proves its own payment, offline; one that was altered proves nothing, and says why."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from ledger.checkpoint import Signed
from ledger.entry import unseal
from ledger.events import (
    Authorised,
    Declined,
    Expired,
    PaymentDeclined,
    Purchased,
    Refunded,
    TransferSent,
    Voided,
)
from ledger.ids import Ref, account_text, payment_text
from ledger.merkle import Tree
from ledger.receipt import (
    RECEIPT_BYTES_MAX,
    NotProvable,
    Receipt,
    ReceiptRefused,
    check,
    prove,
)
from ledger.signed_note import PublicKey
from ledger.sqlite_store import SqliteStore
from tests.books import memory_folder
from tests.ledger.evidence import INSTALLATION, KEY, checkpoint_of
from tests.ledger.forge import AMIRA, BILAL, Forger, make_world


@pytest.fixture(scope="module")
def sound() -> Iterator[SqliteStore]:
    with memory_folder() as folder:
        make_world(SqliteStore(Path(folder)))
        yield SqliteStore(Path(folder))


@pytest.fixture(scope="module")
def signed(sound: SqliteStore) -> Signed:
    return checkpoint_of(sound)


@pytest.fixture(scope="module")
def receipt(sound: SqliteStore, signed: Signed) -> Receipt:
    return made(sound, Ref(AMIRA, 2), signed)


def made(store: SqliteStore, payment: Ref, signed: Signed) -> Receipt:
    return prove(store, payment, signed, lambda _entries: None)


def altered(receipt: Receipt, **changes: object) -> bytes:
    return msgspec.structs.replace(receipt, **changes).written


def test_a_receipt_says_how_its_payment_stands(receipt: Receipt, signed: Signed) -> None:
    reading, by = check(receipt.written, KEY)

    assert by == signed
    assert msgspec.structs.asdict(reading) == {
        "payment": payment_text(Ref(AMIRA, 2)),
        "state": "captured",
        "amount": "20.00 QAR",
        "captured": "10.00 QAR",
        "refunded": "3.00 QAR",
        "decline": "",
        "merchant": "mer_lounge",
        "at": "2026-01-01T00:00:00.000Z",
        "entry": f"0-{receipt.seq}",
    }


@pytest.mark.parametrize("kind", [Purchased, Authorised, PaymentDeclined, Expired, Voided])
def test_each_kind_of_end_can_be_proved(
    sound: SqliteStore, signed: Signed, kind: Any
) -> None:
    seq = Forger(sound, 0).of(kind, AMIRA, last=True)
    ordinal: int = getattr(Forger(sound, 0).entry(seq).event, "ordinal", 0)

    reading, _ = check(made(sound, Ref(AMIRA, ordinal), signed).written, KEY)

    wanted = {
        Purchased: ("captured", "7.00 QAR", "7.00 QAR", ""),
        Authorised: ("authorised", "15.00 QAR", "", ""),
        PaymentDeclined: ("declined", "100,000.00 QAR", "", "insufficient_funds"),
        Expired: ("expired", "30.00 QAR", "", ""),
        Voided: ("voided", "40.00 QAR", "", ""),
    }[kind]
    found = (reading.state, reading.amount, reading.captured, reading.decline)
    assert found == wanted


def test_every_payment_of_the_journal_can_be_proved(
    sound: SqliteStore, signed: Signed
) -> None:
    attempts = [
        Ref(entry.account, entry.event.ordinal)
        for entry in Forger(sound, 0).entries
        if isinstance(entry.event, Purchased | Authorised | PaymentDeclined)
    ]
    assert len(attempts) > 5
    for payment in attempts:
        reading, _ = check(made(sound, payment, signed).written, KEY)

        assert reading.payment == payment_text(payment)


def test_a_receipt_holds_nobody_elses_entry(sound: SqliteStore, receipt: Receipt) -> None:
    others = {
        account_text(entry.account)[4:]
        for entry in Forger(sound, 0).entries
        if entry.account and entry.account != AMIRA
    }
    bodies = b"".join(base64.b64decode(part) for part in (receipt.body, *receipt.path))

    assert others
    for other in others:
        assert other not in receipt.written.decode()
    for entry in Forger(sound, 0).entries:
        if entry.account and entry.account != AMIRA:
            assert bodies.find(entry.account) < 0


def test_any_bit_that_is_flipped_is_refused(receipt: Receipt) -> None:
    """In each byte one bit, drawn; the seed makes it the same bits always."""
    random = Random(6962)
    written = receipt.written
    reasons = set()
    for place in range(len(written)):
        spoilt = bytearray(written)
        spoilt[place] ^= 1 << random.randrange(8)
        with pytest.raises(ReceiptRefused) as caught:
            check(bytes(spoilt), KEY)
        reasons.add(str(caught.value).split(":")[1])

    assert len(reasons) >= 5


def test_any_byte_more_or_less_is_refused(receipt: Receipt) -> None:
    written = receipt.written
    for place in range(0, len(written), 7):
        for spoilt in (
            written[:place] + written[place + 1 :],
            written[:place] + b" " + written[place:],
        ):
            with pytest.raises(ReceiptRefused):
                check(spoilt, KEY)


def test_each_refusal_has_its_reason(receipt: Receipt) -> None:
    entry = unseal(base64.b64decode(receipt.body))
    richer = msgspec.msgpack.encode(msgspec.structs.replace(entry, caller="prn_other"))
    more = msgspec.structs.replace(receipt.reads, amount="2,000.00 QAR")
    later = (receipt.checkpoint[0], "36", *receipt.checkpoint[2:])
    rows = [
        (b"", "it cannot be read"),
        (b"{}", "it cannot be read"),
        (b" " * (RECEIPT_BYTES_MAX + 1), "it is longer than"),
        (altered(receipt, body=base64.b64encode(richer).decode()), "its entry is not in"),
        (altered(receipt, seq=receipt.seq + 1), "its entry is not in the tree"),
        (altered(receipt, path=receipt.path[1:]), "its entry is not in the tree"),
        (altered(receipt, reads=more), "what it gives people to read is not"),
        (altered(receipt, checkpoint=later), "its checkpoint: the signature does not fit"),
        (altered(receipt, checkpoint=()), "its checkpoint: it is not a text"),
        (altered(receipt, body="%"), "a part of it is not base64"),
        (receipt.written + b"\n", "it is not written as receipts are"),
        (msgspec.json.encode(receipt), "it is not written as receipts are"),
    ]
    for spoilt, why in rows:
        with pytest.raises(ReceiptRefused, match=f"^this receipt proves nothing: {why}"):
            check(spoilt, KEY)


def test_another_key_proves_nothing(receipt: Receipt) -> None:
    other = PublicKey(INSTALLATION, KEY.raw[::-1])
    with pytest.raises(ReceiptRefused, match="no signature is by the key"):
        check(receipt.written, other)

    with pytest.raises(ReceiptRefused, match="it is another installation's"):
        check(receipt.written, PublicKey("airside/ponmlkjihgfedcba", KEY.raw))


def test_an_entry_about_something_else_is_no_receipt(
    sound: SqliteStore, signed: Signed, receipt: Receipt
) -> None:
    """It is in the book, and signed; but it is a transfer."""
    seq = Forger(sound, 0).of(TransferSent, AMIRA)
    tree = Tree(watched=seq - 1)
    bodies = [sealed.body for sealed in sound.reader(0).read(0, 1_000)]
    for body in bodies:
        tree.add(body)
    path = tuple(base64.b64encode(sibling).decode() for sibling in tree.audit_path())
    body_text = base64.b64encode(bodies[seq - 1]).decode()

    with pytest.raises(ReceiptRefused, match="its entry is not about a payment"):
        check(altered(receipt, seq=seq, body=body_text, path=path), KEY)


def test_a_payment_that_came_after_the_checkpoint_cannot_be_proved_by_it(
    sound: SqliteStore, signed: Signed
) -> None:
    size = signed.checkpoint.size
    for unknown in (Ref(AMIRA, 99), Ref(BILAL, 1)):
        with pytest.raises(NotProvable, match=f"no entry up to {size} is about it"):
            made(sound, unknown, signed)


def test_what_was_refused_later_is_not_how_the_payment_stands(
    sound: SqliteStore, signed: Signed
) -> None:
    with memory_folder() as folder:
        shutil.copytree(sound.path(0).parent, folder, dirs_exist_ok=True)
        store = SqliteStore(Path(folder))
        forger = Forger(store, 0)
        forger.add(AMIRA, Declined("exceeds_captured", 2))  # type: ignore[arg-type]
        forger.write()

        found = made(store, Ref(AMIRA, 2), checkpoint_of(store))

    assert found.seq == Forger(sound, 0).of(Refunded, AMIRA)


def test_nothing_is_proved_from_a_journal_that_the_checkpoint_does_not_fit(
    sound: SqliteStore, signed: Signed
) -> None:
    with memory_folder() as folder:
        shutil.copytree(sound.path(0).parent, folder, dirs_exist_ok=True)
        store = SqliteStore(Path(folder))
        forger = Forger(store, 0)
        forger.change(3, caller="prn_thief")
        forger.write()

        with pytest.raises(NotProvable, match="the journal is not what the checkpoint"):
            made(store, Ref(AMIRA, 2), signed)
