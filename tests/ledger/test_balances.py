import asyncio

import pytest
from msgspec import DecodeError

from ledger.balances import Balances, LedgerAccount, balances, balances_table
from ledger.ids import account_text
from ledger.posting import Book
from ledger.sqlite_store import SqliteStore
from tests.books import account_of, tip_of
from tests.ledger.forge import AMIRA, BILAL, LOUNGE, World, edited, live_through, send

AMINA = account_of("amina")


@pytest.fixture
def lived(store: SqliteStore) -> SqliteStore:
    """The small world, with one transfer still under way."""

    async def live() -> None:
        world = World(store)
        await live_through(world)
        await send(world, AMIRA, BILAL, 1_234)
        await world.close()

    asyncio.run(live())
    return store


def test_the_trial_balance_is_zero_for_each_commodity(lived: SqliteStore) -> None:
    assert balances(lived).trial_balance() == {"AVIOS": 0, "QAR": 0}


def test_a_books_total_is_the_sum_of_its_ledger_accounts(lived: SqliteStore) -> None:
    found = balances(lived)

    assert found.totals()["QAR"][Book.SAFEGUARDED] == 309_000
    assert found.totals()["AVIOS"][Book.POINTS_ISSUED] == 1_500
    assert found.totals()["QAR"][Book.TRANSIT] == -1_234
    for commodity, books in found.totals().items():
        for book, total in books.items():
            lines = [
                minor
                for account, minor in found.by_account.items()
                if account.book is book and account.pot == commodity
            ]
            assert sum(lines) == total


def test_the_stripes_of_a_merchant_are_added_up(lived: SqliteStore) -> None:
    """Amira and Bilal paid the same merchant in two partitions, which was swept; then Dana all
    that she had, and an agency on credit.
    """
    found = balances(lived)

    merchant = LedgerAccount(Book.MERCHANT, b"mer_lounge", "QAR")
    assert found.by_account[merchant] == -120_000
    settled = LedgerAccount(Book.AVAILABLE, LOUNGE, "QAR")
    fees = LedgerAccount(Book.FEES, b"", "QAR")
    swept, paid_out = 2 * (1_000 + 1_000 - 300 + 700), 1_000
    assert found.by_account[settled] + found.by_account[fees] == paid_out - swept


def test_progress_is_told_in_entries(lived: SqliteStore) -> None:
    calls: list[int] = []

    balances(lived, progress=calls.append)

    entries = sum(tip_of(lived, n).seq for n in (0, 1))
    assert calls[-1] == entries


def test_a_damaged_journal_has_no_balances(lived: SqliteStore) -> None:
    with edited(lived, 0) as db:
        db.execute("UPDATE entries SET body = x'c1' WHERE seq = 5")

    with pytest.raises(DecodeError):
        balances(lived)


def test_the_table_reads_well() -> None:
    found = Balances(
        {
            LedgerAccount(Book.AVAILABLE, AMIRA, "QAR"): -76_000,
            LedgerAccount(Book.AVAILABLE, AMINA, "QAR"): 0,
            LedgerAccount(Book.AVAILABLE, AMIRA, "QAR/meal"): -1_000,
            LedgerAccount(Book.HELD, AMIRA, "QAR"): 0,
            LedgerAccount(Book.MERCHANT, b"mer_lounge", "QAR"): -24_000,
            LedgerAccount(Book.MERCHANT, b"mer_dutyfree", "QAR"): 1_000,
            LedgerAccount(Book.SAFEGUARDED, b"", "QAR"): 100_000,
            LedgerAccount(Book.AVAILABLE, AMIRA, "AVIOS"): -500,
            LedgerAccount(Book.POINTS_ISSUED, b"", "AVIOS"): 500,
        }
    )
    amira = account_text(AMIRA)

    assert balances_table(found).splitlines() == [
        "AVIOS                           debit  credit",
        "available                                 500",
        f"  {amira}            500",
        "points issued                     500",
        "total                             500     500",
        "",
        "QAR                                     debit    credit",
        "available                                        770.00",
        f"  {amira}                   760.00",
        f"  {amira} meal               10.00",
        "held                                               0.00",
        "merchant                                         230.00",
        "  mer_dutyfree                          10.00",
        "  mer_lounge                                     240.00",
        "safeguarded                          1,000.00",
        "total                                1,010.00  1,010.00",
    ]


def test_a_table_of_nothing_says_so(store: SqliteStore) -> None:
    assert balances_table(balances(store)) == "No money has moved yet."
