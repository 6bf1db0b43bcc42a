"""The history of an account stands in chapters, and only what changed is drawn again."""

import pytest

from ledger.account import Account
from ledger.apply import apply
from ledger.commands import (
    Authorise,
    CaptureMode,
    Envelope,
    Fund,
    OpenAccount,
    Refund,
)
from ledger.entry import unseal
from ledger.errors import JournalDamaged
from ledger.events import AccountKind
from ledger.finding import Invariant
from ledger.images import chapter_id, draw, draw_whole, owner_of, restore
from ledger.journal import Image
from ledger.money import Money
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import OneDesk, account_of, asked, evidence_of, sale
from tests.ledger.forge import edited

AMIRA = account_of("amira")
ITEMS = 10  # of a chapter here: five payments, for each has its key


def paid(key: str) -> Envelope:
    command = Authorise(
        account=AMIRA,
        amount=Money(100, "QAR"),
        sale=sale("lounge", key),
        capture=CaptureMode.AUTOMATIC,
        hold_ms=0,
    )
    return asked(command, key)


def refunded(ordinal: int) -> Envelope:
    part = Refund(account=AMIRA, ordinal=ordinal, amount=Money(1, "QAR"))
    return asked(part, f"refund {ordinal}")


def tick(desk: OneDesk) -> None:
    while desk.partition.tick():
        pass


@pytest.fixture
def amira(desk: OneDesk, monkeypatch: pytest.MonkeyPatch) -> OneDesk:
    """She paid 23 times, and all of it is in images."""
    monkeypatch.setattr("ledger.account.CHAPTER_ITEMS", ITEMS)
    opening = OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",))
    money = Fund(account=evidence_of("stmt"), target=AMIRA, amount=Money(100_000, "QAR"))
    desk.ask_all([asked(opening, "open"), asked(money, "fund")])
    desk.deliver()
    for number in range(23):
        desk.ask(paid(f"A-{number}"))
    tick(desk)
    return desk


def replayed(desk: OneDesk) -> Account:
    account = None
    for sealed in desk._journal.read(0, 1_000):
        entry = unseal(sealed.body)
        if entry.account == AMIRA:
            account = apply(account, entry)
    assert account is not None
    return account


def stored(desk: OneDesk) -> list[Image]:
    found = desk._journal.images(1_000, b"")
    return [image for image in found if owner_of(image)[0] == AMIRA]


def test_the_latest_chapter_is_in_the_head_and_the_closed_ones_stand_behind_it(
    amira: OneDesk,
) -> None:
    images = stored(amira)

    numbers = [owner_of(image)[1] for image in images]
    assert numbers == [None, *range(replayed(amira).latest)]
    assert len(numbers) == 1 + 4
    assert images == draw_whole(replayed(amira))
    # A closed chapter is never larger than its items, however old the account is.
    assert len(images[0].body) < 3 * max(len(image.body) for image in images[1:])


def test_a_payment_draws_the_head_and_what_it_closes(amira: OneDesk) -> None:
    account = amira.partition.residents.get(AMIRA)
    assert account is not None
    amira.ask(paid("B-1"))

    assert [owner_of(image)[1] for image in draw(account)] == [None]
    assert [owner_of(image)[1] for image in draw(account)] == [None]
    for number in range(3):
        amira.ask(paid(f"C-{number}"))
    assert [owner_of(image)[1] for image in draw(account)] == [None, 4]


def test_a_refund_of_an_old_payment_draws_its_chapter_anew(amira: OneDesk) -> None:
    account = amira.partition.residents.get(AMIRA)
    assert account is not None
    amira.ask(refunded(2))

    chapter = account.payments[2].chapter
    assert chapter == 0
    assert [owner_of(image)[1] for image in draw(account)] == [None, 0]


def test_a_start_reads_the_head_and_its_chapters(amira: OneDesk) -> None:
    amira.ask(refunded(2))
    tick(amira)
    head = amira._journal.image(AMIRA)
    assert head is not None

    account = restore(0, head, amira._journal.image)

    assert account is not None
    assert draw_whole(account) == draw_whole(replayed(amira)) == stored(amira)
    assert account.payments == replayed(amira).payments
    assert account.keys == replayed(amira).keys


def test_a_chapter_that_is_missing_is_damage(amira: OneDesk, store: SqliteStore) -> None:
    with edited(store, 0) as db:
        db.execute("DELETE FROM images WHERE account = ?", (chapter_id(AMIRA, 1),))

    [finding] = verify(store).findings
    assert finding.invariant is Invariant.IMAGE
    assert "chapter 1" in finding.sentence
    head = amira._journal.image(AMIRA)
    assert head is not None
    with pytest.raises(JournalDamaged, match="chapter 1 of acc_"):
        restore(0, head, amira._journal.image)


def test_a_chapter_that_was_left_behind_is_found(
    amira: OneDesk, store: SqliteStore
) -> None:
    [old] = [image for image in stored(amira) if owner_of(image)[1] == 0]
    amira.ask(refunded(2))
    tick(amira)
    assert verify(store).findings == ()
    amira._journal.append([], [old])

    [finding] = verify(store).findings
    assert "chapter 0" in finding.sentence
    assert "old one" in finding.sentence


def test_a_chapter_that_was_changed_with_its_hash_is_found(
    amira: OneDesk, store: SqliteStore
) -> None:
    account = replayed(amira)
    account.payments[2].captured["QAR"] -= 1
    [changed] = [image for image in draw_whole(account) if owner_of(image)[1] == 0]
    amira._journal.append([], [changed])

    [finding] = verify(store).findings
    assert "chapter 0" in finding.sentence
    assert "not what a replay gives" in finding.sentence


def test_one_bit_of_a_chapter_is_damage(amira: OneDesk, store: SqliteStore) -> None:
    with edited(store, 0) as db:
        db.execute(
            "UPDATE images SET body = CAST(body || x'00' AS BLOB) WHERE account = ?",
            (chapter_id(AMIRA, 1),),
        )

    [finding] = verify(store).findings
    assert finding.invariant is Invariant.IMAGE
    assert "damaged" in finding.sentence
