"""What a channel may sell is a setting, and a refusal is a decline like any other."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from services.channel_rules import ChannelRule
from tests.gateway.harness import AMIRA, House, copy_folder, money
from tests.inflight.ground import ground

LIMITED = {"terminal": ChannelRule({"QAR": 24_000})}
LOUNGES = {"terminal": ChannelRule(categories=frozenset({"4582"}))}

Open = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def opened(furnished_with_money: Path, tmp_path: Path) -> Open:
    """The same data folder, again and again, each time with other rules."""
    folder = copy_folder(furnished_with_money, tmp_path / "data")

    @asynccontextmanager
    async def opening(**rules: ChannelRule) -> AsyncIterator[House]:
        house = House(folder, channels=rules)
        await house.start()
        yield house
        await house.stop()

    return opening


async def test_the_largest_payment_is_taken_and_one_more_unit_is_declined(
    opened: Open,
) -> None:
    async with opened(**LIMITED) as house:
        largest, above = await house.charge(24_000), await house.charge(24_001)

        assert largest.status == 201
        assert (above.status, above.body["status"]) == (402, "declined")
        assert above.body["decline"] == {
            "reason": "exceeds_channel_limit",
            "response_code": "61",
            "retriable": False,
            "text": "The amount is more than may be paid at once in this channel.",
        }
        assert await house.available() == 76_000


async def test_a_code_that_a_channel_refuses_pays_in_another(opened: Open) -> None:
    async with opened(**LIMITED) as house:
        code = await house.code()

        refused = await house.charge(30_000, payer=code)
        paid = await house.charge(30_000, payer=code, by=house.office)

        assert (refused.status, paid.status) == (402, 201)
        assert paid.body["channel"] == "web"


async def test_a_merchant_of_another_category_is_not_sold_for(opened: Open) -> None:
    async with opened(**LOUNGES) as house:
        lounge, shop = await house.charge(1), await house.charge(1, by=house.dutyfree)

        assert lounge.status == 201
        decline = shop.body["decline"]
        assert (decline["reason"], decline["response_code"]) == (
            "not_sold_in_channel",
            "58",
        )


async def test_a_link_is_paid_within_the_rules_of_the_payers_channel(opened: Open) -> None:
    body = {"amount": money(24_001), "order": "A-17"}
    async with opened(web=ChannelRule({"QAR": 24_000})) as house:
        order = (await house.lounge.post("/v1/orders", body)).body["id"]

        refused = await house.amira.post(f"/v1/orders/{order}/pay", key=None)

        assert refused.body["decline"]["reason"] == "exceeds_channel_limit"
        assert (await house.lounge.get(f"/v1/orders/{order}")).body["status"] == "open"


async def test_a_hold_does_not_grow_beyond_the_largest_payment(opened: Open) -> None:
    async with opened(**LIMITED) as house:
        held = await house.charge(20_000, capture="manual")
        path = f"/v1/payments/{held.body['id']}/increase"

        above = await house.lounge.post(path, {"amount": money(4_001)})
        up_to = await house.lounge.post(path, {"amount": money(4_000)})

        assert (above.status, above.body["reason"]) == (409, "exceeds_channel_limit")
        assert up_to.body["amount"] == money(24_000)


async def test_a_retry_hears_what_was_said_before_the_rules_changed(opened: Open) -> None:
    async with opened(**LIMITED) as house:
        codes = [await house.code(), await house.code()]
        taken = await house.charge(20_000, payer=codes[0], key="a")
        declined = await house.charge(30_000, payer=codes[1], key="b")

    async with opened(terminal=ChannelRule({"QAR": 10_000})) as house:
        again = await house.charge(20_000, payer=codes[0], key="a")
    assert (again.status, again.raw, again.replayed) == (201, taken.raw, True)

    async with opened() as house:
        again = await house.charge(30_000, payer=codes[1], key="b")
        assert (again.status, again.raw, again.replayed) == (402, declined.raw, True)
        assert await house.available(AMIRA) == 80_000


async def test_what_was_handed_over_in_flight_is_collected_whatever_the_rules_say(
    opened: Open,
) -> None:
    async with opened() as house:
        flight = await ground(house)
        phone = await flight.set_aside(200)
        await flight.take_off()
        frame, (one, two) = phone.show(), flight.tills
        one.sell(frame, 90)
        two.sell(frame, 60)  # the same code again, within what was set aside
        house.config.channels["inflight"] = ChannelRule({"QAR": 0})

        await flight.move("landed")
        for till in flight.tills:
            till.till.close()
            await flight.tell(till.journal())

        report = await flight.report()
        assert (report["captured_minor"], report["risk_minor"]) == (150, 0)
