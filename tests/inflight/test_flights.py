"""A whole flight at the real gateway: set aside, sold offline, told, settled, reported."""

import pytest

from ledger.clock import DAY_MS
from terminals.inflight.crew_till import Accepted
from terminals.inflight.entry import Line
from terminals.inflight.records import record
from terminals.inflight.refusal import Reason, Refusal
from tests.gateway.harness import AMIRA, House, Json, money
from tests.inflight.ground import flight_body, ground


def till_of(answer: Json, number: int) -> Json:
    return next(till for till in answer["tills"] if till["number"] == number)


async def test_two_trolleys_sell_what_was_set_aside_and_the_rest_comes_back(
    funded: House,
) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    assert await funded.held() == 200
    await flight.take_off()
    one, two = flight.tills
    assert isinstance(one.sell(phone.show(), 90), Accepted)
    assert isinstance(two.sell(phone.show(), 100), Accepted)
    last = one.sell(phone.show(), 20)
    assert isinstance(last, Refusal)
    assert last.reason is Reason.SHARE_SPENT
    await flight.move("landed")
    for till in flight.tills:
        till.till.close()
        await flight.tell(till.journal())

    report = await flight.report()
    assert (report["flight"]["status"], report["ties"], report["complete"]) == (
        "closed",
        True,
        True,
    )
    assert (report["captured_minor"], report["released_minor"]) == (190, 10)
    assert [till["sold_minor"] for till in report["tills"]] == [90, 100]
    assert report["categories"] == [
        {"category": "Food", "articles": 19, "amount_minor": 190}
    ]
    assert (await funded.available(), await funded.held()) == (100_000 - 190, 0)
    assert await flight.risk_left() == 50_000


async def test_a_till_that_does_not_report_delays_the_release_and_not_the_sales(
    funded: House,
) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    one.sell(phone.show(), 90)
    two.sell(phone.show(), 50)
    one.till.close()
    await flight.move("landed")
    await flight.tell(one.journal())
    assert (await funded.held(), await funded.available()) == (110, 100_000 - 200)

    report = await flight.report()
    assert (report["flight"]["status"], report["complete"], report["ties"]) == (
        "uploading",
        False,
        True,
    )
    two.till.close()
    await flight.tell(two.journal())
    assert (await funded.held(), await funded.available()) == (0, 100_000 - 140)


async def test_after_the_time_limit_the_rest_comes_back_and_what_is_told_later_is_a_case(
    funded: House,
) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    one.sell(phone.show(), 90)
    two.sell(phone.show(), 50)
    one.till.close()
    two.till.close()
    await flight.move("landed")
    await flight.tell(one.journal())
    funded.clock.advance(2 * DAY_MS)
    settled = await funded.operator.post(f"{flight.path}/settle")
    assert settled.body["flight"]["status"] == "closed"
    assert not settled.body["complete"]
    assert (await funded.held(), await funded.available()) == (0, 100_000 - 90)

    await flight.tell(two.journal())
    report = await flight.report()
    assert [case["kind"] for case in report["cases"]] == ["late"]
    assert (report["captured_minor"], report["risk_minor"]) == (90, 50)
    assert report["ties"]
    assert await funded.available() == 100_000 - 90
    assert await flight.risk_left() == 50_000 - 50
    assert (await flight.ask_aside(1)).body["type"] == "/problems/wrong-moment"


async def test_uploads_may_be_repeated_reordered_cut_and_corrupted(funded: House) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    for _ in range(3):
        one.sell(phone.show(), 10)
    one.till.close()
    two.till.close()
    await flight.move("landed")

    answer = await flight.tell(one.journal(4, 3))
    assert till_of(answer, 1)["missing"] == [
        {"first": 1, "last": 2},
        {"first": 5, "last": None},
    ]
    answer = await flight.tell(one.journal()[:-3])
    assert (answer["new"], answer["known"]) == (2, 2)
    assert answer["damaged_bytes"] > 0
    corrupted = bytearray(one.journal(5))
    corrupted[40] ^= 1
    answer = await flight.tell(bytes(corrupted) + b"noise")
    assert (answer["new"], answer["damaged_bytes"]) == (0, len(corrupted) + 5)
    assert not till_of(answer, 1)["reported"]
    forged = bytearray(one.till.entries[-1].raw)
    forged[70] ^= 1
    answer = await flight.tell(record(bytes(forged)))
    assert answer["refused"] == 1

    for _ in range(2):
        answer = await flight.tell(one.journal())
    assert (answer["new"], answer["known"]) == (0, 5)
    assert till_of(answer, 1)["reported"]
    await flight.tell(two.journal())
    report = await flight.report()
    assert (report["captured_minor"], report["ties"]) == (30, True)
    assert await funded.available() == 100_000 - 30


async def test_a_share_that_was_signed_over_is_sold_and_shown(funded: House) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    gift = two.till.give(one.ask(phone.sealed, 50, b"request-nr-00001"))
    assert gift is not None
    one.till.take(gift.raw)
    assert isinstance(one.sell(phone.show(), 150), Accepted)
    await flight.move("landed")
    for till in flight.tills:
        till.till.close()
        await flight.tell(till.journal())
    report = await flight.report()
    assert [(t["taken_minor"], t["given_minor"]) for t in report["tills"]] == [
        (50, 0),
        (0, 50),
    ]
    assert (report["captured_minor"], report["released_minor"]) == (150, 50)


async def test_money_is_set_aside_until_the_doors_close_and_tills_join_before(
    funded: House,
) -> None:
    flight = await ground(funded, tills=0)
    no_tills = await flight.ask_aside(100)
    assert (no_tills.status, no_tills.body["type"]) == (409, "/problems/no-tills")
    await flight.join(1)
    assert (await flight.ask_aside(10**9)).status == 402
    assert await funded.held() == 0
    foreign = {"amount": money(1, "EUR"), "public_key": "A" * 43 + "="}
    assert (await funded.amira.post(f"{flight.path}/allowances", foreign)).status == 400
    await flight.move("boarded")
    joined = await funded.lounge.post(
        f"{flight.path}/tills", {"name": "Late", "public_key": "A" * 43 + "="}, None
    )
    assert joined.status == 409
    await flight.set_aside(100)
    await flight.move("airborne")
    assert (await flight.ask_aside(100)).status == 409
    back = await funded.lounge.post(f"{flight.path}/move", {"to": "open"}, None)
    assert back.status == 409


async def test_the_same_key_sets_aside_once_and_signs_the_same(funded: House) -> None:
    flight = await ground(funded)
    body = {"amount": money(200), "public_key": "A" * 43 + "="}
    path = f"{flight.path}/allowances"
    first = await funded.amira.post(path, body, "aside-1")
    again = await funded.amira.post(path, body, "aside-1")
    assert (again.status, again.replayed, again.body) == (201, True, first.body)
    assert await funded.held() == 200
    read = await funded.amira.get(f"/v1/allowances/{first.body['id']}")
    assert read.body == first.body
    assert (await funded.jonas.get(f"/v1/allowances/{first.body['id']}")).status == 404
    listed = await funded.amira.get("/v1/allowances")
    assert listed.body == {"allowances": [first.body]}


async def test_a_gateway_that_dies_after_the_hold_leaves_one_allowance_with_one_hold(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    flight = await ground(funded)
    body = {"amount": money(200), "public_key": "A" * 43 + "="}
    path = f"{flight.path}/allowances"
    with monkeypatch.context() as patch:
        patch.setattr("services.allowances.move_allowance", _dies)
        assert (await funded.amira.post(path, body, "aside-1")).status == 500
    assert await funded.held() == 200
    if (again := await funded.amira.post(path, body, "aside-1")).status != 201:
        pytest.fail(str(again.raw))
    assert await funded.held() == 200


async def test_what_nobody_ever_got_is_given_back_with_its_flight(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    flight = await ground(funded, tills=1)
    with monkeypatch.context() as patch:
        patch.setattr("services.allowances.move_allowance", _dies)
        assert (await flight.ask_aside(200)).status == 500
    await flight.take_off()
    await flight.move("landed")
    flight.tills[0].till.close()
    await flight.tell(flight.tills[0].journal())
    assert (await flight.report())["flight"]["status"] == "closed"
    assert (await funded.held(), await funded.available()) == (0, 100_000)


async def test_an_allowance_of_another_flight_is_none_of_this_one(funded: House) -> None:
    flight, other = await ground(funded), await ground(funded, number="QR18")
    phone = await other.set_aside(200)
    await flight.load()
    verdict = flight.tills[0].sell_lines(phone.show(), Line("one", 1))
    assert isinstance(verdict, Refusal)
    assert verdict.reason is Reason.OTHER_FLIGHT


async def test_a_flight_is_its_merchants_and_operators(funded: House) -> None:
    flight = await ground(funded)
    assert (await funded.dutyfree.get(flight.path)).status == 404
    assert (await funded.operator.get(flight.path)).status == 200
    listed = await funded.dutyfree.get("/v1/flights")
    assert listed.body == {"flights": []}
    seen = await funded.amira.get("/v1/flights")
    assert [f["id"] for f in seen.body["flights"]] == [flight.id]
    await flight.move("boarded", "airborne")
    assert (await funded.amira.get("/v1/flights")).body == {"flights": []}


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("currency", "XYZ", 400),
        ("merchant", "mer_" + "a" * 24, 404),
        ("number", "17", 400),
    ],
)
async def test_a_flight_that_cannot_be_is_refused(
    funded: House, field: str, value: str, status: int
) -> None:
    reply = await funded.operator.post("/v1/flights", flight_body(AMIRA, **{field: value}))
    assert (reply.status, reply.body["field"]) == (status, f"$.{field}")


async def test_articles_stand_once_in_a_plan(funded: House) -> None:
    body = flight_body(AMIRA)
    body["articles"].append(body["articles"][0])
    reply = await funded.operator.post("/v1/flights", body)
    assert reply.body["field"] == "$.articles[3].sku"


def _dies(*_: object, **__: object) -> None:
    raise RuntimeError("the gateway is gone")
