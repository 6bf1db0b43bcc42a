"""Ways to break the books, by the promise that each of them breaks.

A spoil does one thing to a copy of the small world (tests/ledger/forge.py) and says where the check
must find it.
"""

import shutil
from collections.abc import Callable
from contextlib import closing

import msgspec

from ledger.events import (
    AccountOpened,
    Authorised,
    Captured,
    CardUse,
    Expired,
    PartitionOpened,
    PaymentDeclined,
    Purchased,
    Refunded,
    TransferDelivered,
    TransferReceived,
    TransferSent,
    Voided,
)
from ledger.finding import EVERYWHERE, NO_ENTRY, Invariant
from ledger.images import draw, restore
from ledger.money import AMOUNT_MINOR_MAX
from ledger.posting import Book
from ledger.sqlite_store import SqliteStore
from tests.ledger.forge import AMIRA, BILAL, DANA, Forger, edited, set_mark

# Where a finding must stand: partition and entry.
Where = tuple[int, int]
Spoil = Callable[[SqliteStore], Where]
SPOILS: dict[Invariant, list[Spoil]] = {}


def spoils(invariant: Invariant) -> Callable[[Spoil], Spoil]:
    """Registers a way to break this invariant."""

    def register(spoil: Spoil) -> Spoil:
        SPOILS.setdefault(invariant, []).append(spoil)
        return spoil

    return register


@spoils(Invariant.READABLE)
def a_file_is_overwritten(store: SqliteStore) -> Where:
    store.path(1).write_bytes(b"zeros would do as well " * 1_000)
    return 1, NO_ENTRY


@spoils(Invariant.READABLE)
def a_file_is_gone(store: SqliteStore) -> Where:
    store.path(0).unlink()
    return 0, NO_ENTRY


@spoils(Invariant.READABLE)
def pages_behind_the_first_are_zeros(store: SqliteStore) -> Where:
    whole = store.path(0).read_bytes()
    store.path(0).write_bytes(whole[:8_192] + bytes(len(whole) - 8_192))
    return 0, NO_ENTRY


@spoils(Invariant.SEQUENCE)
def an_entry_is_dropped(store: SqliteStore) -> Where:
    with edited(store, 0) as db:
        db.execute("DELETE FROM entries WHERE seq = 9")
    return 0, 10


@spoils(Invariant.CHAIN)
def a_byte_is_flipped(store: SqliteStore) -> Where:
    """In the name of a till, so that all else stays as it was."""
    seq = Forger(store, 0).of(Authorised)
    with edited(store, 0) as db:
        [body] = db.execute("SELECT body FROM entries WHERE seq = ?", (seq,)).fetchone()
        spoilt = body.replace(b"till_b12", b"till_b13")
        db.execute("UPDATE entries SET body = ? WHERE seq = ?", (spoilt, seq))
    return 0, seq


@spoils(Invariant.CHAIN)
def a_hash_is_changed(store: SqliteStore) -> Where:
    with edited(store, 0) as db:
        db.execute("UPDATE entries SET hash = zeroblob(32) WHERE seq = 9")
    return 0, 9


@spoils(Invariant.ENTRY)
def a_body_is_replaced_by_noise(store: SqliteStore) -> Where:
    with edited(store, 0) as db:
        db.execute("UPDATE entries SET body = x'c1c1' WHERE seq = 9")
    return 0, 9


@spoils(Invariant.ENTRY)
def two_entries_change_places(store: SqliteStore) -> Where:
    with edited(store, 0) as db:
        for old, new in [(9, 0), (10, 9), (0, 10)]:
            db.execute("UPDATE entries SET seq = ? WHERE seq = ?", (new, old))
    return 0, 9


@spoils(Invariant.ENTRY)
def a_file_takes_the_name_of_another(store: SqliteStore) -> Where:
    shutil.copy(store.path(0), store.path(1))
    return 1, 1


@spoils(Invariant.ENTRY)
def an_entry_of_nobody_is_about_an_account(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Authorised)
    forger.change(seq, account=b"")
    forger.write()
    return 0, seq


@spoils(Invariant.ENTRY)
def a_newer_release_has_written(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    forger.tell(1, format_version=99)
    forger.write()
    return 0, 1


@spoils(Invariant.TIME)
def an_entry_is_older_than_the_one_before_it(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(PaymentDeclined)
    forger.change(seq, at_ms=forger.entry(seq - 1).at_ms - 1)
    forger.write()
    return 0, seq


@spoils(Invariant.INCARNATION)
def an_incarnation_is_counted_twice(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.add(forger.entry(1).account, PartitionOpened(0, b"token", 1, 1))
    forger.write()
    return 0, seq


@spoils(Invariant.HOME)
def an_account_lives_twice(store: SqliteStore) -> Where:
    opened = Forger(store, 0).entry(Forger(store, 0).of(AccountOpened, AMIRA))
    forger = Forger(store, 1)
    seq = forger.add(AMIRA, opened.event)
    forger.write()
    return 1, seq


@spoils(Invariant.POSTINGS)
def a_line_loses_its_sign(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased)
    debit, credit = forger.entry(seq).postings
    spoilt = msgspec.structs.replace(credit, amount_minor=-credit.amount_minor)
    forger.change(seq, postings=(debit, spoilt))
    forger.write()
    return 0, seq


@spoils(Invariant.POSTINGS)
def another_merchant_is_credited(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased)
    debit, credit = forger.entry(seq).postings
    spoilt = msgspec.structs.replace(credit, owner=b"mer_thief")
    forger.change(seq, postings=(debit, spoilt))
    forger.write()
    return 0, seq


@spoils(Invariant.AMOUNT)
def a_payment_takes_less_than_nothing(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased, last=True)
    forger.tell(seq, legs={"QAR": -700})
    forger.write()
    return 0, seq


@spoils(Invariant.CUSTODY)
def riyals_are_issued_like_points(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.find(lambda e: getattr(e.event, "debited", None) is Book.SAFEGUARDED)
    forger.tell(seq, debited=Book.POINTS_ISSUED)
    forger.write()
    return 0, seq


@spoils(Invariant.EVIDENCE)
def a_wallet_sends_money_that_nobody_paid_in(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(TransferSent, AMIRA)
    forger.tell(seq, debited=Book.SAFEGUARDED)
    forger.write()
    return 0, seq


@spoils(Invariant.EVIDENCE)
def evidence_is_used_to_take_from_a_wallet(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.find(lambda e: getattr(e.event, "debited", None) is Book.SAFEGUARDED)
    forger.tell(seq, debited=Book.AVAILABLE)
    forger.write()
    return 0, seq


@spoils(Invariant.LINE)
def an_entry_names_another_before_it(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(PaymentDeclined, AMIRA)
    forger.change(seq, previous=forger.entry(seq).previous - 1)
    forger.write()
    return 0, seq


@spoils(Invariant.KEY)
def a_key_is_answered_twice(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    first, last = forger.of(Purchased, AMIRA), forger.of(Purchased, AMIRA, last=True)
    forger.change(last, key=forger.entry(first).key)
    forger.write()
    return 0, last


@spoils(Invariant.KEY)
def a_key_pays_that_a_reversal_had_barred(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    barred = forger.find(lambda e: hasattr(e.event, "original"))
    original: bytes = getattr(forger.entry(barred).event, "original")  # noqa: B009 — of a union
    seq = forger.of(Purchased, AMIRA, last=True)
    forger.change(seq, key=original)
    forger.write()
    return 0, seq


@spoils(Invariant.CODE)
def a_code_pays_twice(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    first, last = forger.of(Purchased, AMIRA), forger.of(Purchased, AMIRA, last=True)
    forger.tell(last, code_id=getattr(forger.entry(first).event, "code_id", b""))
    forger.write()
    return 0, last


@spoils(Invariant.CARD)
def a_copy_of_a_card_pays(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    first, last = forger.of(Purchased, AMIRA), forger.of(Purchased, AMIRA, last=True)
    forger.tell(first, card=CardUse(b"blue", 2))
    forger.tell(last, card=CardUse(b"blue", 2))
    forger.write()
    return 0, last


@spoils(Invariant.CARD)
def a_card_pays_without_a_tap(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased, AMIRA, last=True)
    forger.tell(seq, card=CardUse(b"blue", 2), code_id=b"")
    forger.write()
    return 0, seq


@spoils(Invariant.HOLD)
def a_hold_expires_early(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Expired, AMIRA)
    for number in range(1, seq):
        if isinstance(forger.entry(number).event, Authorised):
            forger.tell(number, expires_at_ms=forger.entry(seq).at_ms + 1)
    forger.write()
    return 0, seq


@spoils(Invariant.HOLD)
def a_hold_is_used_after_its_time(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Captured, AMIRA)
    held = forger.find(lambda e: getattr(e.event, "ordinal", 0) == 2 and e.account == AMIRA)
    forger.tell(held, expires_at_ms=forger.entry(seq).at_ms)
    forger.write()
    return 0, seq


@spoils(Invariant.HOLD)
def a_hold_ends_twice(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.add(AMIRA, forger.entry(forger.of(Voided, AMIRA)).event)
    forger.write()
    return 0, seq


@spoils(Invariant.HOLD)
def a_refund_says_that_less_was_given_back(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Refunded, AMIRA)
    event = forger.entry(seq).event
    assert isinstance(event, Refunded)
    forger.tell(seq, after=msgspec.structs.replace(event.after, refunded={"QAR": 1}))
    forger.write()
    return 0, seq


@spoils(Invariant.HOLD)
def a_capture_is_paid_to_another_merchant(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Captured, AMIRA)
    forger.tell(seq, merchant="mer_thief")
    forger.write()
    return 0, seq


@spoils(Invariant.HELD)
def a_void_keeps_a_part_of_the_hold(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Voided, AMIRA)
    forger.tell(seq, released={"QAR": 1})
    forger.write()
    return 0, seq


@spoils(Invariant.LIMIT)
def a_pot_overflows(store: SqliteStore) -> Where:
    for forger in (Forger(store, 0), Forger(store, 1)):
        for number, entry in enumerate(forger.entries, 1):
            if getattr(entry.event, "amount_minor", 0) == 100_000:
                forger.tell(number, amount_minor=AMOUNT_MINOR_MAX + 1)
        forger.write()
    return 1, Forger(store, 1).find(
        lambda e: e.account == BILAL and getattr(e.event, "amount_minor", 0) > 2**53 - 1
    )


@spoils(Invariant.CLOSED)
def a_closed_account_is_paid(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    bought = forger.entry(forger.of(Purchased, DANA)).event
    assert isinstance(bought, Purchased)
    given = forger.entry(forger.of(Refunded, BILAL)).event
    assert isinstance(given, Refunded)
    after = msgspec.structs.replace(
        given.after, state="captured", authorised=bought.legs, captured=bought.legs
    )
    event = Refunded(bought.ordinal, {"QAR": 300}, "mer_lounge", Book.AVAILABLE, after)
    seq = forger.add(DANA, event)
    forger.write()
    return 1, seq


@spoils(Invariant.REPLAY)
def a_payment_takes_more_than_there_is(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased, AMIRA)
    forger.tell(seq, legs={"QAR": 100_001})
    forger.write()
    return 0, seq


@spoils(Invariant.REPLAY)
def a_payment_has_the_number_of_another(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(PaymentDeclined, AMIRA)
    forger.tell(seq, ordinal=1)
    forger.write()
    return 0, seq


@spoils(Invariant.ORIGIN)
def a_delivery_is_taken_twice(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    seq = forger.add(BILAL, forger.entry(forger.of(TransferReceived, BILAL)).event)
    forger.write()
    return 1, seq


@spoils(Invariant.TRANSFER)
def more_arrives_than_was_sent(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    seq = forger.of(TransferReceived, BILAL, last=True)
    forger.tell(seq, amount_minor=5_001)
    forger.write()
    return 1, seq


@spoils(Invariant.TRANSFER)
def a_receipt_is_written_for_what_never_arrived(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(TransferDelivered, AMIRA, last=True)
    event = forger.entry(seq).event
    assert isinstance(event, TransferDelivered)
    forger.tell(seq, origin=msgspec.structs.replace(event.origin, seq=event.origin.seq + 1))
    forger.write()
    return 0, seq


@spoils(Invariant.TRANSFER)
def the_tail_is_cut_after_others_have_built_on_it(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    del forger.entries[forger.of(TransferSent, AMIRA, last=True) - 1 :]
    forger.write()
    return 1, Forger(store, 1).of(TransferReceived, BILAL, last=True)


@spoils(Invariant.TRANSIT)
def transit_is_credited_for_nothing(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Purchased)
    debit, credit = forger.entry(seq).postings
    spoilt = msgspec.structs.replace(credit, book=Book.TRANSIT, owner=b"")
    forger.change(seq, postings=(debit, spoilt))
    forger.write()
    return EVERYWHERE, NO_ENTRY


def _image(store: SqliteStore, partition: int) -> tuple[bytes, int, bytes]:
    with closing(store.reader(partition)) as reader:
        found = next(i for i in reader.images(100, b"") if i.account in {AMIRA, BILAL})
    return found.account, found.seq, found.body


@spoils(Invariant.IMAGE)
def an_image_is_edited(store: SqliteStore) -> Where:
    account, seq, body = _image(store, 0)
    with edited(store, 0) as db:
        db.execute(
            "UPDATE images SET body = ? WHERE account = ?", (body[:-1] + b"\x7f", account)
        )
    return 0, seq


@spoils(Invariant.IMAGE)
def an_image_is_forged_with_its_hash(store: SqliteStore) -> Where:
    account, seq, _ = _image(store, 0)
    with closing(store.writer(0)) as journal:
        image = journal.image(AMIRA)
        assert image is not None
        rich = restore(0, image, journal.image)
        assert rich is not None
        rich.pots["QAR"].available_minor += 1_000_000
        journal.append([], draw(rich))
    assert account == AMIRA
    return 0, seq


@spoils(Invariant.IMAGE)
def an_image_stands_where_its_account_has_no_entry(store: SqliteStore) -> Where:
    with closing(store.writer(0)) as journal:
        image = journal.image(AMIRA)
        assert image is not None
        early = restore(0, image, journal.image)
        assert early is not None
        early.last_seq = 1
        journal.append([], draw(early))
    return 0, 1


@spoils(Invariant.MARK)
def the_mark_is_beyond_the_end(store: SqliteStore) -> Where:
    set_mark(store, 0, seq=10_000)
    return 0, len(Forger(store, 0).entries)


@spoils(Invariant.MARK)
def the_mark_passes_what_no_image_has(store: SqliteStore) -> Where:
    last = len(Forger(store, 0).entries)
    set_mark(store, 0, seq=last)
    return 0, Forger(store, 0).find(lambda e: e.account == AMIRA, last=True)


@spoils(Invariant.MARK)
def the_mark_says_that_more_was_taken(store: SqliteStore) -> Where:
    return 0, set_mark(store, 0, inbox={1: 10_000}).seq


@spoils(Invariant.MARK)
def the_mark_forgets_what_was_taken(store: SqliteStore) -> Where:
    return 0, set_mark(store, 0, inbox={}).seq
