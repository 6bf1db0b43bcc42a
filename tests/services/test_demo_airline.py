"""The promise of every airline adapter: the first answer to a reference is its answer for ever."""

import asyncio

import pytest

from ledger.money import Money
from services.airline import AirlineRefused, Done, Issued, Passenger, TicketRequest
from services.demo_airline import OFFERS, SOLD_OUT, DemoAirline
from services.store import Store
from terminals.card_numbers import holds_card_number

PRICE = OFFERS["DOH-LHR-FLEX"]


@pytest.fixture
def airline(store: Store) -> DemoAirline:
    return DemoAirline(store, "mer_airline")


def wanted(
    reference: str = "tkt_1", offer: str = "DOH-LHR-FLEX", amount: Money = PRICE
) -> TicketRequest:
    passengers = (Passenger("AMIRA", "EXAMPLE"), Passenger("JONAS", "EXAMPLE"))
    return TicketRequest(
        reference=reference, offer=offer, amount=amount, passengers=passengers
    )


async def test_a_reference_is_issued_once_for_each_passenger(airline: DemoAirline) -> None:
    answers = await asyncio.gather(*[airline.issue(wanted()) for _ in range(5)])

    assert len(set(answers)) == 1
    [first, *_] = answers
    assert isinstance(first, Issued)
    assert len(set(first.numbers)) == 2


async def test_two_references_share_no_ticket_number(airline: DemoAirline) -> None:
    issued = [await airline.issue(wanted(f"tkt_{number}")) for number in range(20)]

    numbers = [n for one in issued if isinstance(one, Issued) for n in one.numbers]
    assert len(set(numbers)) == 40
    assert not any(holds_card_number(number) for number in numbers)


@pytest.mark.parametrize(
    ("offer", "amount", "code"),
    [
        ("NO-SUCH", PRICE, "offer_unknown"),
        ("DOH-LHR-FLEX", Money(1, "QAR"), "wrong_price"),
        (SOLD_OUT, OFFERS[SOLD_OUT], "sold_out"),
    ],
)
async def test_what_was_refused_stays_refused(
    airline: DemoAirline, offer: str, amount: Money, code: str
) -> None:
    first = await airline.issue(wanted("tkt_1", offer, amount))
    again = await airline.issue(wanted("tkt_1", offer, amount))

    assert isinstance(first, AirlineRefused)
    assert first.code == code
    assert again == first
    assert await airline.void("tkt_1") == await airline.void("tkt_never_asked")


async def test_a_ticket_is_voided_once_and_not_after_a_refund(airline: DemoAirline) -> None:
    await airline.issue(wanted("tkt_1"))
    await airline.issue(wanted("tkt_2"))
    await airline.refund("tkt_2", "rfd_1", Money(1, "QAR"))

    assert await airline.void("tkt_1") == Done()
    assert await airline.void("tkt_1") == Done()
    assert isinstance(await airline.void("tkt_2"), AirlineRefused)
    assert isinstance(
        await airline.refund("tkt_1", "rfd_2", Money(1, "QAR")), AirlineRefused
    )


async def test_refunds_count_once_and_never_exceed_the_price(airline: DemoAirline) -> None:
    await airline.issue(wanted())
    half = Money(PRICE.amount_minor // 2, "QAR")

    for _ in range(3):
        assert await airline.refund("tkt_1", "rfd_1", half) == Done()
    assert await airline.refund("tkt_1", "rfd_2", half) == Done()
    assert isinstance(
        await airline.refund("tkt_1", "rfd_3", Money(1, "QAR")), AirlineRefused
    )
