"""What tills tell that is not as it should be: who pays for it, and that the report says so."""

from asyncio import Queue, create_task

import pytest
from msgspec import structs
from sqlalchemy import select, update

from gateway.chores import Chores
from ledger.clock import DAY_MS
from ledger.commands import Change
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import account_text
from ledger.replies import Reply
from services.asking import Unanswered
from services.flight_entries import SaleStatus
from services.flight_settlement import Settlement
from services.flight_tables import FLIGHT_CLAIMS
from terminals.inflight.crew_till import Accepted, CrewTill
from terminals.inflight.entry import Line, Sold, make_entry
from terminals.inflight.records import record
from tests.gateway.harness import House, Json
from tests.inflight.ground import ground


def till_of(answer: Json, number: int) -> Json:
    return next(till for till in answer["tills"] if till["number"] == number)


async def test_one_code_at_two_trolleys_is_paid_by_the_risk_account_and_is_a_case(
    funded: House,
) -> None:
    flight = await ground(funded, rules={"spent_twice": "risk"})
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    frame = phone.show()
    assert isinstance(one.sell(frame, 90), Accepted)
    assert isinstance(two.sell(frame, 60), Accepted)
    await flight.move("landed")
    for till in flight.tills:
        till.till.close()
        await flight.tell(till.journal())

    report = await flight.report()
    assert (report["captured_minor"], report["risk_minor"]) == (90, 60)
    assert report["ties"]
    [case] = report["cases"]
    assert (case["kind"], case["till"]) == ("spent_twice", 2)
    assert (await funded.available(), await flight.risk_left()) == (99_910, 50_000 - 60)

    # Blocked until a person has looked at it: also for the next flight.
    other = await ground(funded)
    assert (await other.ask_aside(10)).body["type"] == "/problems/wallet-blocked"
    await other.load()
    assert phone.allowance not in str(other.tills[0].till.plan.denied)
    assert len(other.tills[0].till.plan.denied) == 2
    closed = await funded.operator.post(f"/v1/flight-cases/{case['id']}/close")
    assert closed.body["closed_at"]
    assert (await other.ask_aside(10)).status == 201


async def test_a_screenshot_shown_at_each_trolley_costs_the_airline_nothing(
    funded: House,
) -> None:
    """Unless its rule says so: the hold pays, which is what it was set aside for."""
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 60)
        await flight.tell(till.journal())
    report = await flight.report()
    assert (report["captured_minor"], report["risk_minor"]) == (120, 0)
    assert [case["kind"] for case in report["cases"]] == ["spent_twice"]


async def test_a_risk_account_without_money_leaves_the_sale_unpaid_until_it_has_some(
    funded: House,
) -> None:
    flight = await ground(funded, risk_minor=0, rules={"spent_twice": "risk"})
    phone = await flight.set_aside(200)
    await flight.take_off()
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 60)
        till.till.close()
        await flight.tell(till.journal())
    await flight.move("landed")
    await funded.operator.post(f"{flight.path}/settle")
    report = await flight.report()
    assert (report["unpaid_minor"], report["risk_minor"]) == (60, 0)
    assert (report["ties"], report["flight"]["status"]) == (True, "closed")
    await funded.top_up(flight.risk, 100, evidence="risk more")
    settled = await funded.operator.post(f"{flight.path}/settle")
    assert (settled.body["unpaid_minor"], settled.body["risk_minor"]) == (0, 60)
    assert await flight.risk_left() == 40


async def test_what_a_lost_till_sold_is_told_by_one_that_heard_it(funded: House) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    one.sell(phone.show(), 70)
    one.till.close()
    one.meet(two)
    two.till.close()
    await flight.move("landed")
    heard = b"".join(record(e.raw) for e in two.hearing.heard[1])
    await flight.tell(heard + two.journal())
    report = await flight.report()
    assert (report["complete"], report["captured_minor"]) == (True, 70)
    assert await funded.available() == 100_000 - 70


async def test_a_till_that_tells_two_stories_is_a_case(funded: House) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one = flight.tills[0]
    before = one.log.content
    one.sell(phone.show(), 10)
    await flight.tell(one.journal())
    one.log.content = before
    one.restart()
    one.sell(phone.show(), 20)
    answer = await flight.tell(one.journal())
    assert (answer["new"], answer["refused"]) == (2, 0)
    again = await flight.tell(one.journal())
    assert (again["new"], again["known"]) == (0, 3)
    report = await flight.report()
    assert [case["kind"] for case in report["cases"]] == ["two_stories"]
    assert (report["sold_minor"], report["captured_minor"]) == (30, 30)
    assert (report["ties"], till_of(report, 1)["two_stories"]) == (True, [2])


async def test_a_sale_of_a_second_story_is_paid_for_and_its_till_has_not_reported_in_full(
    funded: House,
) -> None:
    """Two passengers were served under one number: neither sale may vanish from the report."""
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    before = till.log.content
    till.sell(phone.show(), 60)
    till.till.close()
    first = till.journal()
    till.log.content = before
    till.till = CrewTill(till.plan, till.key, till.log, till.clock)
    till.sell(phone.show(), 70)
    till.till.close()
    await flight.move("landed")
    await flight.tell(first)
    assert (await flight.report())["flight"]["status"] == "closed"
    await flight.tell(till.journal())
    report = await flight.report()
    assert {case["kind"] for case in report["cases"]} == {"two_stories", "late"}
    assert (report["sold_minor"], report["captured_minor"]) == (130, 60)
    assert (report["risk_minor"], report["ties"]) == (70, True)
    assert (report["complete"], till_of(report, 1)["two_stories"]) == (False, [2, 3])


async def test_a_till_of_two_stories_delays_the_release_until_the_time_limit(
    funded: House,
) -> None:
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    before = till.log.content
    till.sell(phone.show(), 60)
    told = till.journal()
    till.log.content = before
    till.restart()
    till.sell(phone.show(), 70)
    till.till.close()
    await flight.move("landed")
    await flight.tell(told)
    await flight.tell(till.journal())
    report = await flight.report()
    assert (report["flight"]["status"], report["captured_minor"]) == ("uploading", 130)
    funded.clock.advance(2 * DAY_MS)
    settled = await funded.operator.post(f"{flight.path}/settle")
    assert (settled.body["flight"]["status"], settled.body["ties"]) == ("closed", True)
    assert settled.body["released_minor"] == 70


async def test_a_sale_on_what_nobody_signed_is_in_the_report_and_charged_to_nobody(
    funded: House,
) -> None:
    flight = await ground(funded, tills=1)
    await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    last = till.till.entries[-1]
    sold = Sold(b"nothing that anybody signed", 40, (Line("ten", 4),))
    body = structs.replace(last.body, seq=2, previous=last.digest, what=sold)
    await flight.tell(record(make_entry(body, till.key).raw))
    report = await flight.report()
    assert [case["kind"] for case in report["cases"]] == ["not_genuine"]
    assert (report["sold_minor"], report["unpaid_minor"], report["ties"]) == (40, 40, True)
    assert till_of(report, 1)["sold_minor"] == 40
    await funded.operator.post(f"{flight.path}/settle")
    assert await flight.risk_left() == 50_000


async def test_a_report_does_not_tie_with_a_payment_that_its_sales_did_not_make(
    funded: House,
) -> None:
    """Of a hold, and of the risk account: each is compared with the ledger."""
    flight = await ground(funded, rules={"spent_twice": "risk"})
    phone = await flight.set_aside(200)
    await flight.take_off()
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 60)
        await flight.tell(till.journal())
    assert (await flight.report())["ties"]
    store, sales = funded.gateway._parts.store, FLIGHT_CLAIMS.c
    for pays in ("hold", "risk"):
        here = sales.pays == pays
        for values in ({"amount_minor": 61}, {"amount_minor": 60}):
            with store.write() as connection:
                connection.execute(update(FLIGHT_CLAIMS).where(here).values(values))
            assert (await flight.report())["ties"] == (values["amount_minor"] == 60)
    with store.write() as connection:
        [hold] = connection.execute(select(sales.payment).where(sales.pays == "hold"))
        moved = update(FLIGHT_CLAIMS).where(sales.pays == "risk").values(payment=hold[0])
        connection.execute(moved)
    assert not (await flight.report())["ties"]


async def test_a_gateway_that_was_slow_marks_no_later_try(funded: House) -> None:
    """Else the risk account would pay once more for a sale that it had paid for."""
    flight = await ground(funded, risk_minor=0, rules={"spent_twice": "risk"})
    phone = await flight.set_aside(200)
    await flight.take_off()
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 60)
        await flight.tell(till.journal())
    settlement = funded.gateway.features.in_flight._settlement
    [unpaid] = settlement._in_state(flight.id, SaleStatus.UNPAID)
    await funded.top_up(flight.risk, 200, evidence="risk more")
    settlement._try_again(flight.id)
    settlement._mark(unpaid, {"status": SaleStatus.UNPAID})
    settlement._paid(unpaid, "pay_of_the_first_try")
    [pending] = settlement._in_state(flight.id, SaleStatus.PENDING)
    assert (pending.tries, pending.payment) == (1, None)
    for _ in range(2):
        await funded.operator.post(f"{flight.path}/settle")
    assert await flight.risk_left() == 200 - 60


async def test_an_account_that_does_not_answer_holds_up_no_other_one(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    flight = await ground(funded, tills=1)
    stuck, other = await flight.set_aside(200), await flight.set_aside(200, "jonas")
    await flight.take_off()
    till = flight.tills[0]
    for phone in (stuck, stuck, other):
        till.sell(phone.show(), 50)
    till.till.close()
    await flight.move("landed")
    asked = funded.gateway.features.in_flight._settlement._accounts
    account = (await funded.amira.get("/v1/me")).body["account"]
    change = asked.change

    async def silent(command: Change, cause: Cause) -> Reply:
        if account_text(command.account) == account:
            raise Unanswered(Happened.UNKNOWN)
        return await change(command, cause)

    with monkeypatch.context() as patch:
        patch.setattr(asked, "change", silent)
        await flight.tell(till.journal())
        report = await flight.report()
        assert (report["captured_minor"], report["pending_minor"]) == (50, 100)
        await funded.gateway.features.in_flight.settle()
    await funded.gateway.features.in_flight.settle()
    report = await flight.report()
    assert (report["captured_minor"], report["flight"]["status"]) == (150, "closed")


async def test_a_round_that_fails_is_not_the_last_one(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of flights, nor of tickets, whose failure holds up no flight."""
    gateway, rounds = funded.gateway, Queue[None]()

    async def fails() -> None:
        rounds.put_nowait(None)
        raise RuntimeError("a broken promise")

    monkeypatch.setattr("gateway.chores.RESUME_S", 0)
    monkeypatch.setattr(gateway.features.agents, "resume", _dies)
    monkeypatch.setattr(gateway.features.in_flight, "settle", fails)
    chores = Chores(gateway.shared, gateway.features.unfinished())
    task = create_task(chores._keep_resuming())
    for _ in range(3):
        await rounds.get()
    task.cancel()


async def test_a_damaged_tail_is_a_gap_with_a_name(funded: House) -> None:
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    for _ in range(2):
        till.sell(phone.show(), 10)
    answer = await flight.tell(till.journal(1, 2))
    assert till_of(answer, 1)["missing"] == [], "it is still in the air"
    await flight.move("landed")
    report = await flight.report()
    assert till_of(report, 1)["missing"] == [{"first": 3, "last": None}]
    assert not report["complete"]


async def test_a_share_that_nobody_took_is_found(funded: House) -> None:
    flight = await ground(funded)
    phone = await flight.set_aside(200)
    await flight.take_off()
    one, two = flight.tills
    assert two.till.give(one.ask(phone.sealed, 30, b"request-nr-00001"))
    two.till.close()
    await flight.tell(two.journal())
    assert till_of(await flight.report(), 2)["lost_minor"] == 0, "it may have taken it"
    one.till.close()
    await flight.tell(one.journal())
    report = await flight.report()
    assert [till["lost_minor"] for till in report["tills"]] == [0, 30]


async def test_a_settlement_that_dies_between_ledger_and_store_takes_nothing_twice(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    flight = await ground(funded, rules={"spent_twice": "risk"})
    phone = await flight.set_aside(200)
    await flight.take_off()
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 60)
        till.till.close()
    await flight.move("landed")
    with monkeypatch.context() as patch:
        patch.setattr(Settlement, "_paid", _dies)
        for till in flight.tills:
            reply = await funded.lounge.post(f"{flight.path}/entries", till.journal(), None)
            assert reply.status == 500
    await funded.gateway.features.in_flight.settle()
    report = await flight.report()
    assert (report["captured_minor"], report["risk_minor"]) == (60, 60)
    assert (report["flight"]["status"], report["ties"]) == ("closed", True)
    assert (await funded.available(), await flight.risk_left()) == (99_940, 49_940)


async def test_a_hold_that_was_used_up_is_not_refunded_by_its_release(
    funded: House,
) -> None:
    """The void of a captured payment is its refund: the release must not ask for one."""
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    till.sell(phone.show(), 200)
    till.till.close()
    await flight.move("landed")
    await flight.tell(till.journal())
    assert (await flight.report())["flight"]["status"] == "closed"
    assert (await funded.available(), await funded.held()) == (100_000 - 200, 0)


async def test_what_is_sold_beyond_what_was_set_aside_is_charged_to_nobody(
    funded: House,
) -> None:
    """A till that was copied sells its share twice: who has the till has the loss."""
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    till = flight.tills[0]
    before = till.log.content
    till.sell(phone.show(), 150)
    told = till.journal()
    till.log.content = before
    till.restart()
    till.sell(phone.show(), 100)
    await flight.tell(told)
    await flight.tell(till.journal())
    report = await flight.report()
    assert {case["kind"] for case in report["cases"]} == {"two_stories", "beyond"}
    assert (report["captured_minor"], report["unpaid_minor"]) == (150, 100)
    assert report["ties"]
    till.sell_lines(phone.show(), Line("ten", 5))  # what fits still is
    await flight.tell(till.journal())
    assert (await flight.report())["captured_minor"] == 200
    settled = await funded.operator.post(f"{flight.path}/settle")
    assert (settled.body["risk_minor"], settled.body["unpaid_minor"]) == (0, 100)
    assert await flight.risk_left() == 50_000


async def test_a_hold_that_has_ended_leaves_its_sales_to_the_risk_account(
    funded: House,
) -> None:
    flight = await ground(funded, tills=1)
    phone = await flight.set_aside(200)
    await flight.take_off()
    flight.tills[0].sell(phone.show(), 150)
    payment = (await funded.amira.get(f"/v1/allowances/{phone.allowance}")).body["payment"]
    await funded.operator.post(f"/v1/payments/{payment}/void", {})
    await flight.tell(flight.tills[0].journal())
    report = await flight.report()
    assert [case["kind"] for case in report["cases"]] == ["not_covered"]
    assert (report["captured_minor"], report["risk_minor"]) == (0, 150)
    assert report["ties"]


def _dies(*_: object, **__: object) -> None:
    raise RuntimeError("the gateway is gone")
