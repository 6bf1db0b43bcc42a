"""The end of a day: it ties to the unit, or says by number what does not."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ledger.clock import ManualClock
from terminals.attempt import FollowUp, Outcome, Sale, SaleLine
from terminals.day_slip import day_slip
from terminals.gateway_answer import Unanswered
from terminals.receipt import WIDTH
from terminals.till_day import CategoryTotal, CurrencyTotal, Day
from terminals.till_status import Found
from tests.terminals.real_gateway import BadRoad
from tests.terminals.till_world import LOOK_UPS, PAYS, REVERSALS, World


@pytest.fixture
def world(tmp_path: Path, road: BadRoad, clock: ManualClock) -> Iterator[World]:
    world = World(tmp_path / "till", road, clock)
    yield world
    world.close()


async def day_of(world: World) -> Day:
    day = await world.till.day.look()
    assert isinstance(day, Day)
    return day


async def test_a_day_of_sales_and_refunds_ties(world: World) -> None:
    payment = await world.payment_id()
    await world.follow(FollowUp("refund", payment))
    other = await world.payment_id()
    await world.follow(FollowUp("void", other))
    await world.take(sale=await world.sale("12.50", "A-18"))
    await world.take(*PAYS, *LOOK_UPS)

    day = await day_of(world)

    assert day.agrees
    assert (day.first, day.last) == (1, 6)
    assert day.totals == (CurrencyTotal("QAR", 3, 49_250, 2, 48_000),)
    assert day.totals[0].net_minor == 1_250


async def test_a_day_that_was_closed_is_not_counted_again(world: World) -> None:
    await world.payment_id()
    world.till.day.close(await day_of(world))
    await world.take(sale=await world.sale("12.50", "A-18"))

    day = await day_of(world)

    assert (day.agrees, day.first, day.last) == (True, 2, 2)
    assert day.totals[0].sales_minor == 1_250


async def test_an_empty_day_ties(world: World) -> None:
    day = await day_of(world)
    assert (day.agrees, day.totals, day.first, day.last) == (True, (), 1, 0)


async def test_a_day_with_an_open_attempt_stays_open(world: World) -> None:
    await world.take("unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS)

    day = await day_of(world)

    assert (day.still_open, day.agrees) == (1, False)
    assert "1 STILL OPEN" in day_slip(day, "Lounge", closed=False)
    with pytest.raises(AssertionError):
        world.till.day.close(day)


async def test_a_day_does_not_close_around_what_was_taken_and_given_to_a_person(
    world: World,
) -> None:
    shown = await world.take("unheard", *PAYS[1:], *LOOK_UPS, "422", "422")
    assert (shown, len(world.till.for_a_person())) == (Outcome.UNKNOWN, 1)

    day = await day_of(world)

    [difference] = day.differences
    assert difference.startswith("number 1: here nothing, there 240.00 QAR, pay_")
    assert not day.agrees


async def test_a_day_closes_around_what_was_not_taken_and_names_it(world: World) -> None:
    await world.take(*PAYS, *LOOK_UPS, "422", "422")

    day = await day_of(world)

    assert (day.agrees, len(day.for_a_person)) == (True, 1)


async def test_what_this_till_did_not_ask_for_is_named(
    world: World, tmp_path: Path, road: BadRoad, clock: ManualClock
) -> None:
    """Somebody runs another till as the same principal."""
    await world.payment_id()
    other = World(tmp_path / "other", road, clock, seed=2)
    stranger = await other.payment_id()
    other.close()

    day = await day_of(world)

    assert day.differences == (f"not of this till's journal: 240.00 QAR, {stranger}",)
    assert "DOES NOT AGREE" in day_slip(day, "Lounge", closed=False)


async def test_a_receipt_without_a_payment_is_named_by_its_number(world: World) -> None:
    """The journal says paid, and nothing was: a file that was altered, or a bug."""
    await world.take(*PAYS, *LOOK_UPS)
    attempt = world.journal.get(1)
    assert attempt is not None
    assert attempt.result is not None
    paid = msgspec.structs.replace(attempt.result, outcome=Outcome.PAID)
    world.journal.shown(msgspec.structs.replace(attempt, result=paid))

    [difference] = (await day_of(world)).differences

    assert difference.startswith("number 1: here 240.00 QAR, there nothing, ")


async def test_a_payment_without_a_receipt_is_named_by_its_number(world: World) -> None:
    payment = await world.payment_id()
    attempt = world.journal.get(1)
    assert attempt is not None
    assert attempt.result is not None
    lost = msgspec.structs.replace(attempt.result, outcome=Outcome.NOT_PAID)
    world.journal.shown(msgspec.structs.replace(attempt, result=lost))

    [difference] = (await day_of(world)).differences

    assert difference == f"number 1: here nothing, there 240.00 QAR, {payment}"


async def test_no_answer_is_no_totals(world: World) -> None:
    await world.payment_id()
    world.road.script[:] = ["lost"]
    assert isinstance(await world.till.day.look(), Unanswered)


async def test_lines_are_added_up_by_category(world: World) -> None:
    sale = await world.sale("240.00")
    lines = (
        SaleLine("Lounge, 3 hours", 20_000, "lounge"),
        SaleLine("Coffee", 4_000, "food", 2),
    )
    assert await world.take(sale=msgspec.structs.replace(sale, lines=lines)) == "PAID"

    day = await day_of(world)

    assert day.categories == (
        CategoryTotal("food", "QAR", 2, 4_000),
        CategoryTotal("lounge", "QAR", 1, 20_000),
    )
    slip = day_slip(day, "Lounge · B12", closed=True)
    assert "food (2)                       40.00 QAR" in slip
    assert all(len(line) <= WIDTH for line in slip.splitlines())


# --- status -----------------------------------------------------------------------------


async def found(world: World, sequence: int) -> str:
    return (await world.till.status(sequence)).found.value


async def test_processed_not_found_and_barred_are_told_apart(world: World) -> None:
    await world.payment_id()
    await world.lose_power("lost dark")
    world.start()
    assert await found(world, 1) == Found.PROCESSED
    assert await found(world, 2) == Found.NOT_FOUND
    assert await found(world, 3) == Found.NEVER_ASKED

    world.road.script[:] = [
        "lost",
        "ok",
        "lost",
    ]  # the look-up is lost, the reversal is not
    [attempt] = world.till.owed()
    assert isinstance(attempt.request, Sale)
    reversed_ = await world.till.settle(attempt)
    world.road.script[:] = ["lost"]
    assert (reversed_.result is not None, await found(world, 1)) == (True, Found.PROCESSED)


async def test_an_attempt_that_was_reversed_before_it_came_is_barred(world: World) -> None:
    await world.lose_power("lost dark")
    world.start()
    [attempt] = world.till.owed()
    ended = await world.till.settle(attempt)
    assert ended.result is not None

    barred = await world.till._calls.find(attempt, 5_000)  # with the code, which is erased

    assert getattr(barred, "reason", "") == "reversed_before_arrival"


async def test_a_silent_gateway_is_no_status(world: World) -> None:
    await world.lose_power("lost dark")
    world.start()
    world.road.script[:] = ["lost"]
    assert await found(world, 1) == Found.NO_ANSWER
