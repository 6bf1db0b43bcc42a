"""Whoever dies between payment and EMD: one EMD and its money, or no EMD and no money."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.counter.demo_departures import BOOKINGS, CLOSED
from services.counter_tables import COUNTER_EMDS
from tests.counter.counters import (
    HEAVY,
    HEAVY_MINOR,
    PRICE_MINOR,
    SUITCASES,
    Counter,
    open_counter,
)
from tests.counter.steps import AWAITED, CHARGE, REFUSED, UNDO, Died, die_after
from tests.gateway.harness import House, Json, Reply, copy_folder
from tests.house.tree import ROOT

HAD = 100_000


@pytest.fixture
async def counter(funded: House) -> Counter:
    return await open_counter(funded)


def dies() -> None:
    raise Died


def emds(counter: Counter) -> int:
    with counter.house.store.read() as connection:
        counted = connection.execute(select(func.count()).select_from(COUNTER_EMDS))
        return int(counted.scalar_one())


async def whole(counter: Counter) -> Json:
    """The one charge of the shift has ended: all of it, or nothing of it."""
    await counter.told()
    await counter.resume()
    await counter.resume()
    report = await counter.report()
    assert (report["unfinished"], report["ties"]) == (0, True), report
    [charge] = report["charges"]
    issued = charge["status"] == "issued"
    assert emds(counter) == int(issued)
    assert await counter.money() == (HAD - PRICE_MINOR * issued, 0)
    assert len(await counter.checked()) == 2 * issued
    return charge


@pytest.mark.parametrize("step", CHARGE)
async def test_a_charge_that_dies_anywhere_is_whole_or_nothing(
    counter: Counter, step: str
) -> None:
    code = await counter.house.code()
    with pytest.MonkeyPatch.context() as patch:
        die_after(counter, step, dies, patch)
        died = await counter.charge(key="bag-1", code=code)
    assert died.status == 500

    charge = await whole(counter)

    unasked = step == "open_charge"
    assert charge["status"] == ("abandoned" if unasked else "issued")
    again = await counter.charge(key="bag-1", code=code)
    assert (again.status, again.body["emd"]) == (201, charge["emd"])
    assert emds(counter) == int(not unasked)


@pytest.mark.parametrize("step", CHARGE)
async def test_a_retry_after_a_death_is_the_same_charge(
    counter: Counter, step: str
) -> None:
    """The agent's page asks again at once, with the code still in its hand."""
    code = await counter.house.code()
    with pytest.MonkeyPatch.context() as patch:
        die_after(counter, step, dies, patch)
        await counter.charge(key="bag-1", code=code)

    again = await counter.charge(key="bag-1", code=code)

    assert (again.status, again.body["status"]) == (201, "issued")
    assert (await whole(counter))["emd"] == again.body["emd"]


@pytest.mark.parametrize("step", AWAITED)
async def test_a_charge_that_a_phone_pays_is_whole_whoever_dies(
    counter: Counter, step: str
) -> None:
    at_first = step in {"create_order", "open_charge"}
    with pytest.MonkeyPatch.context() as patch:
        if at_first:
            die_after(counter, step, dies, patch)
        await counter.charge(key="bag-1", payer=None)
    opened = await counter.charge(key="bag-1", payer=None)
    path = f"/v1/orders/{opened.body['code']['order']}/pay"
    with pytest.MonkeyPatch.context() as patch:
        if (
            step == "mark_paid"
        ):  # the phone's gateway died first, so the counter looks for itself
            patch.setattr("channels.api.orders.OrdersApi._mark_paid", dies)
        await counter.house.amira.post(path)
    await counter.told()
    with pytest.MonkeyPatch.context() as patch:
        if not at_first:
            die_after(counter, step, dies, patch)
        one = f"/v1/counter/charges/{opened.body['id']}"
        assert (await counter.agent.get(one)).status == (200 if at_first else 500)

    assert (await whole(counter))["way"] == "phone"
    assert emds(counter) == 1


@pytest.mark.parametrize("step", REFUSED)
async def test_a_refused_charge_that_dies_keeps_no_money(
    counter: Counter, step: str
) -> None:
    ticket = BOOKINGS[CLOSED].travellers[0].ticket
    with pytest.MonkeyPatch.context() as patch:
        die_after(counter, step, dies, patch)
        await counter.charge(SUITCASES[:1], ticket=ticket)

    assert (await whole(counter))["status"] == "refused"


@pytest.mark.parametrize("kind", ["void", "refund"])
@pytest.mark.parametrize("step", UNDO)
async def test_an_undo_that_dies_anywhere_gives_back_once(
    counter: Counter, step: str, kind: str
) -> None:
    charge = (await counter.charge(HEAVY, HEAVY_MINOR)).body
    with pytest.MonkeyPatch.context() as patch:
        die_after(counter, step, dies, patch)
        assert (await counter.undo(charge, kind, "undo-1")).status == 500
    await counter.resume()
    await counter.resume()

    again = await counter.undo(charge, kind, "undo-1")

    assert (again.status, again.replayed, again.body["status"]) == (200, True, "done")
    gone = {"void": "void", "refund": "refunded"}[kind]
    assert {c["status"] for c in again.body["charge"]["emd"]["coupons"]} == {gone}
    assert await counter.money() == (HAD, 0)
    assert await counter.checked() == []
    report = await counter.report()
    assert report["ties"] is True
    [total] = report["totals"]
    assert (total[f"{kind}s"], total["net_minor"]) == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "status"), [("hold", "issued"), ("issue", "issued")])
async def test_a_gateway_that_is_killed_leaves_a_whole_charge(
    furnished_with_money: Path, tmp_path: Path, step: str, status: str
) -> None:
    folder = copy_folder(furnished_with_money, tmp_path / "data")
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.counter.doomed_counter", str(folder), step, cwd=ROOT
    )
    assert await asyncio.wait_for(doomed.wait(), timeout=60) == -signal.SIGKILL

    house = House(folder)
    await house.start()
    try:
        charge = await whole(await open_counter(house))
    finally:
        await house.stop()

    assert charge["status"] == status


async def test_of_many_at_once_under_one_key_one_is_charged(counter: Counter) -> None:
    code = await counter.house.code()
    asked = [counter.charge(key="bag-1", code=code) for _ in range(5)]

    replies: list[Reply] = await asyncio.gather(*asked)

    assert {reply.status for reply in replies} <= {201, 202}
    assert len({reply.body["id"] for reply in replies}) == 1
    assert (await whole(counter))["status"] == "issued"
