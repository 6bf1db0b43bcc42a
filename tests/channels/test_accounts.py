import base64

import pytest

from ledger.ids import account_text, derive_account
from ledger.keys import key_digest
from terminals.scanner import ImageScanner
from tests.gateway.harness import AMIRA, JONAS, LOUNGE, House, money

NOON_TEXT = "2026-01-01T00:00:00.000Z"


async def test_an_account_opens_with_an_empty_pot_for_each_currency(house: House) -> None:
    body = {"kind": "wallet", "currencies": ["QAR", "AVIOS"], "label": "Amira"}

    opened = await house.operator.post("/v1/accounts", body)

    assert opened.status == 201
    assert opened.body == {
        "id": opened.body["id"],
        "kind": "wallet",
        "status": "open",
        "label": "Amira",
        "opened_at": NOON_TEXT,
        "pots": [
            {
                "pot": currency,
                "currency": currency,
                "posted_minor": 0,
                "held_minor": 0,
                "available_minor": 0,
            }
            for currency in ("QAR", "AVIOS")
        ],
    }
    read = await house.operator.get(f"/v1/accounts/{opened.body['id']}")
    assert (read.status, read.body) == (200, opened.body)


async def test_an_account_is_named_by_who_opens_it_under_which_key(house: House) -> None:
    me = await house.operator.get("/v1/me")
    operator = me.body["principal"]

    opened = await house.operator.post("/v1/accounts", {"currencies": ["QAR"]}, "wallet-1")

    key = key_digest(operator, "wallet-1").hex()
    assert opened.body["id"] == account_text(derive_account(operator, key))


async def test_a_balance_shows_what_is_posted_held_and_available(house: House) -> None:
    await house.wallet("amira", QAR=100_000)
    await house.charge(24_000, capture="manual")

    [pot] = (await house.amira.get(f"/v1/accounts/{AMIRA}")).body["pots"]

    assert pot == {
        "pot": "QAR",
        "currency": "QAR",
        "posted_minor": 100_000,
        "held_minor": 24_000,
        "available_minor": 76_000,
    }


async def test_a_frozen_account_pays_nothing_until_it_is_unfrozen(house: House) -> None:
    await house.wallet("amira", QAR=100_000)

    frozen = await house.amira.post(f"/v1/accounts/{AMIRA}/freeze")
    refused = await house.charge(100)
    unfrozen = await house.amira.post(f"/v1/accounts/{AMIRA}/unfreeze", b"")
    paid = await house.charge(100)

    assert (frozen.status, frozen.body["status"]) == (200, "frozen")
    assert (refused.status, refused.body["decline"]["reason"]) == (402, "account_frozen")
    assert (unfrozen.status, unfrozen.body["status"]) == (200, "open")
    assert paid.status == 201


async def test_what_is_not_frozen_is_not_unfrozen(house: House) -> None:
    await house.wallet("amira", QAR=0)

    refused = await house.amira.post(f"/v1/accounts/{AMIRA}/unfreeze")

    assert refused.status == 409
    assert refused.body == {
        "type": "/problems/declined",
        "title": "Declined",
        "status": 409,
        "detail": "The account is not frozen.",
        "field": "id",
        "happened": "no",
        "reason": "account_not_frozen",
        "response_code": "12",
        "retriable": False,
    }


async def test_an_account_with_money_closes_when_the_money_is_gone(house: House) -> None:
    await house.wallet("amira", QAR=500)
    await house.wallet("jonas", QAR=0)

    closing = await house.operator.post(f"/v1/accounts/{AMIRA}/close")
    sent = {"from": AMIRA, "to": JONAS, "amount": money(500)}
    await house.amira.post("/v1/transfers", sent)
    read = await house.operator.get(f"/v1/accounts/{AMIRA}")
    again = await house.operator.post(f"/v1/accounts/{AMIRA}/close")

    assert (closing.status, closing.body["status"]) == (200, "closing")
    assert read.body["status"] == "closed"
    assert (again.status, again.body["reason"]) == (409, "account_closed")


async def test_an_empty_account_closes_at_once(house: House) -> None:
    await house.wallet("amira", QAR=0)

    closed = await house.operator.post(f"/v1/accounts/{AMIRA}/close")

    assert (closed.status, closed.body["status"]) == (200, "closed")


async def test_a_statement_tells_what_happened_newest_first(house: House) -> None:
    await house.wallet("amira", QAR=100_000)
    paid = await house.charge(24_000, order="A-17")
    declined = await house.charge(900_000, order="A-18")

    reply = await house.amira.get(f"/v1/accounts/{AMIRA}/entries")

    refused, purchased, received, opened = reply.body["entries"]
    assert (reply.status, reply.body["next"]) == (200, None)
    assert purchased == {
        "id": purchased["id"],
        "at": NOON_TEXT,
        "kind": "purchased",
        "payment": paid.body["id"],
        "transfer": None,
        "amount": money(24_000),
        "available_change_minor": -24_000,
        "merchant": LOUNGE,
        "merchant_name": "Pearl Lounge",
        "order": "A-17",
        "decline": None,
        "card": None,
        "channel": "terminal",
        "place": "",
        "terminal": "",
    }
    assert refused == purchased | {
        "id": refused["id"],
        "kind": "declined",
        "payment": declined.body["id"],
        "amount": money(900_000),
        "available_change_minor": 0,
        "order": "A-18",
        "decline": "insufficient_funds",
    }
    assert received["kind"] == "transfer_received"
    assert received["transfer"].startswith("trf_")
    assert received["available_change_minor"] == 100_000
    assert (opened["channel"], received["channel"]) == ("web", None)
    assert (opened["kind"], opened["amount"]) == ("account_opened", None)


async def test_an_entry_is_named_by_its_partition_and_number(house: House) -> None:
    await house.wallet("amira", QAR=100)
    await house.wallet("jonas", QAR=100)

    ids = []
    for caller, account in ((house.amira, AMIRA), (house.jonas, JONAS)):
        page = await caller.get(f"/v1/accounts/{account}/entries")
        ids += [entry["id"] for entry in page.body["entries"]]

    assert len(set(ids)) == len(ids)
    assert all(part.isdigit() for entry_id in ids for part in entry_id.split("-"))


async def test_a_statement_is_read_page_by_page(house: House) -> None:
    await house.wallet("amira", QAR=100_000)
    for number in range(4):
        await house.charge(100, order=f"A-{number}")
    path = f"/v1/accounts/{AMIRA}/entries"
    whole = (await house.amira.get(path)).body["entries"]

    pages, cursor = [], ""
    while cursor is not None:
        before = f"&before={cursor}" if cursor else ""
        page = (await house.amira.get(f"{path}?limit=4{before}")).body
        pages.append(page["entries"])
        cursor = page["next"]

    assert [entry for page in pages for entry in page] == whole
    assert [len(page) for page in pages] == [4, 2]


async def test_a_cursor_of_another_account_shows_nothing(house: House) -> None:
    await house.wallet("amira", QAR=100)
    await house.wallet("jonas", QAR=100)
    theirs = (await house.jonas.get(f"/v1/accounts/{JONAS}/entries")).body["entries"]
    seen = {entry["id"] for entry in theirs}

    for seq in range(1, 12):
        path = f"/v1/accounts/{AMIRA}/entries?before={seq}"
        page = (await house.amira.get(path)).body["entries"]

        assert not seen & {entry["id"] for entry in page}


@pytest.mark.parametrize("query", ["limit=ten", "limit=101", "before=-1", "limit=%C2%B2"])
async def test_a_query_that_is_no_number_is_refused(house: House, query: str) -> None:
    await house.wallet("amira", QAR=0)

    refused = await house.amira.get(f"/v1/accounts/{AMIRA}/entries?{query}")

    assert refused.status == 400
    assert refused.body["field"] == query.partition("=")[0]
    assert "whole number" in refused.body["detail"]


async def test_a_code_is_drawn_and_can_be_scanned(house: House) -> None:
    await house.wallet("amira", QAR=100)

    drawn = await house.amira.post(f"/v1/accounts/{AMIRA}/codes", key=None)

    payload, png = drawn.body["payload"], drawn.body["png"]
    assert drawn.status == 201
    assert drawn.body == {
        "payload": payload,
        "issued_at": NOON_TEXT,
        "expires_at": "2026-01-01T00:01:00.000Z",
        "valid_s": 60,
        "png": png,
        "svg": drawn.body["svg"],
    }
    assert png.startswith("data:image/png;base64,")
    assert ImageScanner(base64.b64decode(png.partition(",")[2])).scan() == payload
    assert drawn.body["svg"].lstrip().startswith(("<svg", "<?xml"))
