"""What a tap spends: the default where it fits, and otherwise what its owner says."""

import pytest

from tests.gateway.harness import AMIRA, House, Json, Reply, money

PATH = "/v1/me/ways-to-pay"
QAR = {"pot": "QAR", "label": "Travel money", "default": True}
AVIOS = {"pot": "AVIOS", "label": "", "default": False}


@pytest.fixture
async def rich(house: House) -> House:
    """Amira has riyals and points."""
    await house.wallet("amira", QAR=100_000, AVIOS=18_400)
    return house


async def order(house: House, currency: str) -> str:
    body = {"amount": money(100, currency), "order": "A-17"}
    made = await house.lounge.post("/v1/orders", body)
    link: str = made.body["link"]
    return link.removeprefix("/pay#")


async def tap(house: House, currency: str, **body: Json) -> Reply:
    return await house.amira.post(
        f"/v1/orders/{await order(house, currency)}/pay", body, key=None
    )


async def test_ways_are_saved_named_ordered_and_one_is_the_default(rich: House) -> None:
    before = (await rich.amira.get(PATH)).body["ways"]
    saved = (await rich.amira.put(PATH, {"ways": [AVIOS, QAR]})).body["ways"]
    one = (await rich.amira.put(PATH, {"ways": [QAR]})).body["ways"]

    assert [(way["pot"], way["saved"]) for way in before] == [
        ("QAR", False),
        ("AVIOS", False),
    ]
    assert [(way["id"], way["default"]) for way in saved] == [
        ("AVIOS", False),
        ("QAR", True),
    ]
    assert saved[1]["label"] == "Travel money"
    assert [(way["pot"], way["saved"]) for way in one] == [("QAR", True), ("AVIOS", False)]
    assert (await rich.amira.get(PATH)).body["ways"] == one


async def test_who_has_saved_none_pays_from_what_fits(rich: House) -> None:
    assert [(await tap(rich, currency)).status for currency in ("QAR", "AVIOS")] == [
        201
    ] * 2


async def test_a_tap_spends_the_default_and_nothing_else_unasked(rich: House) -> None:
    await rich.amira.put(PATH, {"ways": [QAR, AVIOS]})

    by_default = await tap(rich, "QAR")
    unasked = await tap(rich, "AVIOS")
    named = await tap(rich, "AVIOS", way="AVIOS")

    assert (by_default.status, unasked.status, named.status) == (201, 409, 201)
    assert unasked.body["type"] == "/problems/way-not-chosen"
    assert (await rich.available(AMIRA), await rich.available(AMIRA, "AVIOS")) == (
        99_900,
        18_300,
    )


async def test_an_order_that_was_not_tapped_stays_open_for_another(rich: House) -> None:
    await rich.amira.put(PATH, {"ways": [QAR]})
    asked = await order(rich, "AVIOS")
    await rich.amira.post(f"/v1/orders/{asked}/pay", key=None)

    assert (await rich.amira.get(f"/v1/orders/{asked}")).body["status"] == "open"


async def test_a_way_that_is_not_saved_or_does_not_fit_is_named(rich: House) -> None:
    await rich.amira.put(PATH, {"ways": [QAR]})

    replies = [await tap(rich, "AVIOS", way=way) for way in ("AVIOS", "QAR", "EUR")]

    for reply in replies:
        assert (reply.status, reply.body["field"]) == (400, "$.way")


async def test_what_was_paid_is_answered_again_whatever_is_the_default_now(
    rich: House,
) -> None:
    asked = await order(rich, "QAR")
    static = await rich.lounge.post("/v1/merchant-codes", {"currency": "QAR"}, key=None)
    scan = {"code": static.body["payload"], "amount": money(100)}
    paid = await rich.amira.post(f"/v1/orders/{asked}/pay", key=None)
    scanned = await rich.amira.post("/v1/scans/pay", scan, "tap-1")
    await rich.amira.put(PATH, {"ways": [AVIOS | {"default": True}]})

    again = await rich.amira.post(f"/v1/orders/{asked}/pay", key=None)
    scanned_again = await rich.amira.post("/v1/scans/pay", scan, "tap-1")
    another = await rich.amira.post("/v1/scans/pay", scan, "tap-2")

    assert (again.body["id"], again.replayed) == (paid.body["id"], True)
    assert scanned_again.body["id"] == scanned.body["id"]
    assert (another.status, another.body["field"]) == (409, "$.way")


@pytest.mark.parametrize(
    "ways", [[QAR, QAR], [QAR | {"default": False}], [{"pot": "EUR", "default": True}]]
)
async def test_what_cannot_be_saved_is_named(rich: House, ways: Json) -> None:
    reply = await rich.amira.put(PATH, {"ways": ways})

    assert (reply.status, reply.body["happened"]) == (400, "no")
    assert reply.body["field"].startswith("$.ways")


@pytest.mark.parametrize(
    "host", ["", "https://pay.example.com/pay#", "http://10.0.0.1/pay#"]
)
async def test_a_link_that_is_drawn_as_a_code_is_scanned_and_paid(
    rich: House, host: str
) -> None:
    asked = await order(rich, "QAR")
    code = {"code": f"{host}{asked}"}

    says = await rich.amira.post("/v1/scans", code, key=None)
    paid = await rich.amira.post("/v1/scans/pay", code)

    assert (says.body["kind"], says.body["amount"]) == ("dynamic", money(100))
    assert says.body["order"]["id"] == asked
    assert says.body["merchant_name"] == "Pearl Lounge"
    assert paid.status == 201


@pytest.mark.parametrize(
    "code", ["https://pay.example.com/pay#ord_none", "https://example.com/?x=1"]
)
async def test_another_link_is_no_code(rich: House, code: str) -> None:
    assert (await rich.amira.post("/v1/scans", {"code": code}, key=None)).status == 422
