"""What any adapter to departure control must keep, whatever host is behind it.

An adapter's own test makes it in a fixture called `departures`, with `known`: a booking that its
host has and whose bags it takes, and says `from tests.counter.departures_contract import *`.
"""

from services.counter.departures import (
    Accepted,
    Bag,
    Booking,
    DepartureControl,
    DepartureRefused,
)

BAGS = (Bag(23_000), Bag(18_500, "ski"))


async def test_a_booking_is_found_by_its_locator_and_by_each_ticket(
    departures: DepartureControl, known: Booking
) -> None:
    for name in (
        known.locator,
        known.locator.lower(),
        *(t.ticket for t in known.travellers),
    ):
        found = await departures.find(name)
        assert found is not None
        assert found.locator == known.locator


async def test_what_nobody_booked_is_not_found(departures: DepartureControl) -> None:
    assert await departures.find("NOBODY") is None


async def test_bags_that_are_taken_are_counted_once(
    departures: DepartureControl, known: Booking
) -> None:
    ticket = known.travellers[0].ticket

    answers = [await departures.check_in("ref-1", ticket, BAGS) for _ in range(3)]

    assert answers == [Accepted()] * 3
    assert await checked(departures, ticket) == BAGS


async def test_bags_of_two_references_are_both_there(
    departures: DepartureControl, known: Booking
) -> None:
    ticket = known.travellers[0].ticket
    await departures.check_in("ref-1", ticket, BAGS)
    await departures.check_in("ref-2", ticket, BAGS[:1])

    assert sorted(bag.weight_g for bag in await checked(departures, ticket)) == [
        18_500,
        23_000,
        23_000,
    ]


async def test_bags_that_are_taken_back_are_no_longer_there(
    departures: DepartureControl, known: Booking
) -> None:
    ticket = known.travellers[0].ticket
    await departures.check_in("ref-1", ticket, BAGS)

    assert [await departures.take_back("ref-1") for _ in range(2)] == [Accepted()] * 2
    assert await checked(departures, ticket) == ()


async def test_the_first_answer_about_a_reference_stays_after_it_was_taken_back(
    departures: DepartureControl, known: Booking
) -> None:
    ticket = known.travellers[0].ticket
    await departures.check_in("ref-1", ticket, BAGS)
    await departures.take_back("ref-1")

    assert await departures.check_in("ref-1", ticket, BAGS) == Accepted()
    assert await checked(departures, ticket) == ()


async def test_a_reference_that_was_taken_back_unheard_is_barred(
    departures: DepartureControl, known: Booking
) -> None:
    ticket = known.travellers[0].ticket
    await departures.take_back("ref-1")

    late = await departures.check_in("ref-1", ticket, BAGS)

    assert isinstance(late, DepartureRefused)
    assert await checked(departures, ticket) == ()


async def checked(departures: DepartureControl, ticket: str) -> tuple[Bag, ...]:
    booking = await departures.find(ticket)
    assert booking is not None
    traveller = booking.traveller(ticket)
    assert traveller is not None
    return traveller.checked
