"""A wallet's history: searched, exported whole, and safe to open."""

import csv
import io
import json

import pytest

from ledger.clock import DAY_MS
from ledger.time_text import day_text
from tests.gateway.harness import AMIRA, PROBLEM, Caller, House, Json, money

PATH = f"/v1/accounts/{AMIRA}/entries"


async def found(house: House, asked: str) -> list[Json]:
    reply = await house.amira.get(f"{PATH}?{asked}")
    assert reply.status == 200, reply.raw
    entries: list[Json] = reply.body["entries"]
    return entries


async def live(house: House) -> None:
    """Three days: a lounge, a shop and a refund, a decline."""
    await house.charge(24_000, order="visit-17", place="DOH-L1")
    house.clock.advance(DAY_MS)
    paid = await house.charge(5_000, order="Perfume", by=house.dutyfree)
    await house.dutyfree.post(f"/v1/payments/{paid.body['id']}/refund")
    house.clock.advance(DAY_MS)
    await house.charge(900_000, order="visit-18", place="DOH-L2")


async def test_words_find_merchants_orders_and_places(funded: House) -> None:
    await live(funded)

    assert [e["order"] for e in await found(funded, "q=lounge")] == ["visit-18", "visit-17"]
    assert [e["order"] for e in await found(funded, "q=LOUNGE%20l1")] == ["visit-17"]
    assert [e["kind"] for e in await found(funded, "q=perfume")] == ["purchased"]
    assert await found(funded, "q=perfume%20lounge") == []


async def test_kinds_and_days_find_what_they_say(funded: House) -> None:
    await live(funded)
    last = day_text(funded.clock.now_ms())
    middle = day_text(funded.clock.now_ms() - DAY_MS)

    kinds = await found(funded, "kind=refunded,declined")
    of_day = await found(funded, f"from={middle}&to={middle}")

    assert [entry["kind"] for entry in kinds] == ["declined", "refunded"]
    assert [entry["kind"] for entry in of_day] == ["refunded", "purchased"]
    assert [e["kind"] for e in await found(funded, f"from={last}")] == ["declined"]
    assert await found(funded, "to=2020-01-01") == []


async def test_pages_of_a_search_miss_nothing_and_tell_nothing_twice(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.history.ENTRIES_MAX", 3)
    monkeypatch.setattr("channels.history.WALKED_MAX", 6)
    for number in range(9):
        await funded.charge(100, order=f"tea-{number}")
        await funded.charge(100, order=f"milk-{number}", by=funded.dutyfree)
    orders, cursor, pages = [], "", 0

    while True:
        reply = await funded.amira.get(f"{PATH}?q=milk&limit=2{cursor}")
        orders += [entry["order"] for entry in reply.body["entries"]]
        pages += 1
        if reply.body["next"] is None:
            break
        cursor = f"&before={reply.body['next']}"

    assert orders == [f"milk-{number}" for number in range(8, -1, -1)]
    assert pages < 12
    nothing = (await funded.amira.get(f"{PATH}?q=coffee")).body
    assert (nothing["entries"], nothing["next"] is None) == ([], False)  # so far


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("kind=purchases", "kind"),
        ("from=yesterday", "from"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        ("q=" + "x" * 65, "q"),
    ],
)
async def test_what_cannot_be_searched_is_named(
    funded: House, asked: str, field: str
) -> None:
    for path in (PATH, f"{PATH}.csv", f"{PATH}.jsonl"):
        reply = await funded.amira.get(f"{path}?{asked}")

        assert (reply.status, reply.kind) == (400, PROBLEM)
        assert reply.body["field"] == field


async def test_an_export_has_every_entry_in_the_decimals_of_its_currency(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.history.ENTRIES_MAX", 3)
    await live(funded)
    shown = await found(funded, "limit=100")

    exported = await funded.amira.get(f"{PATH}.csv")
    rows = list(csv.DictReader(io.StringIO(exported.raw.decode(), newline="")))
    lines = (await funded.amira.get(f"{PATH}.jsonl")).raw.splitlines()

    assert exported.kind == "text/csv"
    assert [row["entry"] for row in rows] == [entry["id"] for entry in shown]
    assert [json.loads(line) for line in lines] == shown
    by_order = {row["order"]: row for row in rows if row["kind"] == "purchased"}
    assert by_order["visit-17"]["amount"] == "240.00"
    assert by_order["visit-17"]["available_change"] == "-240.00"
    assert by_order["visit-17"]["merchant"] == "Pearl Lounge"
    assert rows[0]["decline"] == "insufficient_funds"


async def test_an_export_is_what_was_searched(funded: House) -> None:
    await live(funded)

    exported = await funded.amira.get(f"{PATH}.csv?q=perfume")

    assert len(exported.raw.splitlines()) == 2


@pytest.mark.parametrize("order", ["=1+1", "+1", "-1", "@x", " =cmd|'/c calc'!A0"])
async def test_no_text_of_an_export_is_a_formula(funded: House, order: str) -> None:
    await funded.charge(100, order=order)

    [row] = csv.DictReader(
        io.StringIO((await funded.amira.get(f"{PATH}.csv?kind=purchased")).raw.decode())
    )

    assert row["order"] == f"'{order}"


async def test_an_export_that_breaks_off_does_not_pass_for_whole(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.history.ENTRIES_MAX", 3)
    await live(funded)
    read, asked = funded.gateway.engine.ask, []

    async def breaks(envelope: Json) -> Json:
        asked.append(envelope)
        if len(asked) > 1:
            raise RuntimeError
        return await read(envelope)

    monkeypatch.setattr(funded.gateway.engine, "ask", breaks)

    with pytest.raises(Exception, match=r"payload|closed|disconnected"):
        await funded.amira.get(f"{PATH}.csv")


async def test_nobody_exports_anothers_history(funded: House) -> None:
    for path in (f"{PATH}.csv", f"{PATH}.jsonl"):
        assert (await funded.jonas.get(path)).status == 404


async def test_a_receipt_reads_as_the_till_printed_it(funded: House) -> None:
    paid = await funded.charge(24_000, order="visit-17", place="DOH-L1")
    path = f"/v1/payments/{paid.body['id']}/receipt"

    receipt = await funded.amira.get(path)
    text = receipt.raw.decode()

    assert receipt.kind == "text/plain"
    for part in ("Pearl Lounge", "visit-17", "240.00 QAR", "*** PAID ***"):
        assert part in text
    assert (await funded.jonas.get(path)).status == 404
    assert (await funded.dutyfree.get(path)).status == 404


async def test_a_receipt_of_what_was_given_back_says_so(funded: House) -> None:
    paid = await funded.charge(24_000)
    await funded.lounge.post(f"/v1/payments/{paid.body['id']}/refund")

    caller: Caller = funded.amira
    receipt = await caller.get(f"/v1/payments/{paid.body['id']}/receipt")

    assert "*** REFUNDED ***" in receipt.raw.decode()
    assert money(1)["currency"] in receipt.raw.decode()
