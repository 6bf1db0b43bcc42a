"""A counter shows a code, a phone scans the picture and pays."""

import asyncio
import base64

from gateway.world import MERCHANTS
from ledger.money import Money
from services.merchants import MerchantDetails
from terminals.emv_mpm import PAYLOAD_PREFIX
from terminals.merchant_code import Shop, write_code
from terminals.scanner import ImageScanner
from tests.gateway.harness import AMIRA, DUTYFREE, LOUNGE, House, Json, money
from tests.gateway.road import Fate


async def order(house: House, minor: int = 24_000) -> Json:
    made = await house.lounge.post("/v1/orders", {"amount": money(minor), "order": "A-17"})
    assert made.status == 201
    return made.body


async def code(house: House, **body: Json) -> Json:
    reply = await house.lounge.post("/v1/merchant-codes", body, key=None)
    assert reply.status == 201, reply.raw
    return reply.body


def shop(merchant: str, details: MerchantDetails = MERCHANTS["lounge"]) -> Shop:
    return Shop(
        merchant=merchant,
        name=details.name,
        mcc=details.mcc,
        city=details.city,
        country=details.country,
    )


async def test_a_static_code_is_scanned_from_its_picture_and_paid(funded: House) -> None:
    shown = await code(funded, currency="QAR", place="A7-32B")
    png = base64.b64decode(shown["png"].partition(",")[2])
    scanned = ImageScanner(png, PAYLOAD_PREFIX).scan()

    says = await funded.amira.post("/v1/scans", {"code": scanned}, key=None)
    body = {"code": scanned, "amount": money(24_000)}
    paid = await funded.amira.post("/v1/scans/pay", body)

    assert shown["kind"] == "static"
    assert says.body == {
        "kind": "static",
        "merchant": LOUNGE,
        "merchant_name": "Pearl Lounge",
        "amount": None,
        "currency": "QAR",
        "place": "A7-32B",
        "order": None,
    }
    assert (paid.status, paid.body["status"]) == (201, "captured")
    assert (paid.body["account"], paid.body["merchant"]) == (AMIRA, LOUNGE)
    assert (paid.body["place"], paid.body["captured_minor"]) == ("A7-32B", 24_000)
    assert await funded.available() == 76_000


async def test_the_merchant_and_the_customer_read_the_same_reference(funded: House) -> None:
    shown = await code(funded, currency="QAR")
    paid = await funded.amira.post(
        "/v1/scans/pay", {"code": shown["payload"], "amount": money(100)}
    )

    seen = await funded.lounge.get(f"/v1/payments/{paid.body['id']}")

    assert seen.body["order"] == paid.body["order"]
    assert paid.body["order"].startswith("scan-")


async def test_a_static_code_needs_the_amount_that_its_owner_confirmed(
    funded: House,
) -> None:
    shown = await code(funded, currency="QAR")

    silent = await funded.amira.post("/v1/scans/pay", {"code": shown["payload"]})
    euros = await funded.amira.post(
        "/v1/scans/pay", {"code": shown["payload"], "amount": money(100, "EUR")}
    )

    assert (silent.status, silent.body["field"]) == (400, "$.amount")
    assert (euros.status, euros.body["field"]) == (400, "$.amount.currency")
    assert await funded.available() == 100_000


async def test_a_dynamic_code_pays_its_order_once_however_often_it_is_scanned(
    funded: House,
) -> None:
    made = await order(funded)
    shown = await code(funded, order=made["id"])
    body = {"code": shown["payload"]}

    says = await funded.amira.post("/v1/scans", body, key=None)
    replies = await asyncio.gather(
        *[funded.amira.post("/v1/scans/pay", body) for _ in range(3)],
        funded.amira.post(f"/v1/orders/{made['id']}/pay", key=None),
    )

    assert (says.body["kind"], says.body["amount"]) == ("dynamic", money(24_000))
    assert says.body["order"] == made
    assert {reply.status for reply in replies} == {201}
    assert len({reply.body["id"] for reply in replies}) == 1
    assert await funded.available() == 76_000


async def test_a_second_wallet_does_not_pay_the_order_again(funded: House) -> None:
    shown = await code(funded, order=(await order(funded))["id"])
    body = {"code": shown["payload"]}
    assert (await funded.amira.post("/v1/scans/pay", body)).status == 201

    late = await funded.jonas.post("/v1/scans/pay", body)

    assert (late.status, late.body["type"]) == (409, "/problems/order-not-payable")


async def test_another_amount_than_the_orders_is_refused(funded: House) -> None:
    shown = await code(funded, order=(await order(funded))["id"])

    refused = await funded.amira.post(
        "/v1/scans/pay", {"code": shown["payload"], "amount": money(1)}
    )

    assert (refused.status, refused.body["field"]) == (400, "$.amount")
    assert "240.00 QAR" in refused.body["detail"]
    assert await funded.available() == 100_000


async def test_a_code_that_somebody_altered_is_refused(funded: House) -> None:
    made = await order(funded)
    cheaper = write_code(
        shop(LOUNGE), currency="QAR", order=made["id"], amount=Money(1, "QAR")
    )
    mine = write_code(
        shop(DUTYFREE), currency="QAR", order=made["id"], amount=Money(24_000, "QAR")
    )

    for text in (cheaper, mine):
        for path in ("/v1/scans", "/v1/scans/pay"):
            refused = await funded.amira.post(path, {"code": text})
            assert (refused.status, refused.body["field"]) == (422, "$.code")
            assert refused.body["detail"] == "This code does not say what its order says."
    assert await funded.available() == 100_000


async def test_a_code_of_nobody_here_is_refused_by_its_tag(funded: House) -> None:
    shown = await code(funded, currency="QAR")
    misread = shown["payload"].replace("Doha", "Dohb")
    nobody = write_code(shop("mer_" + "a" * 24), currency="QAR")

    wrong = await funded.amira.post("/v1/scans", {"code": misread}, key=None)
    missing = await funded.amira.post("/v1/scans", {"code": nobody}, key=None)
    payers = await funded.amira.post("/v1/scans", {"code": await funded.code()}, key=None)

    assert (wrong.status, wrong.body["type"]) == (422, "/problems/code-unreadable")
    assert "tag 63: the CRC is wrong" in wrong.body["detail"]
    assert (missing.status, missing.body["field"]) == (404, "$.code")
    assert "tag 00" in payers.body["detail"]


async def test_the_name_shown_is_the_registered_one_not_the_codes(funded: House) -> None:
    text = write_code(
        Shop(merchant=DUTYFREE, name="Pearl Lounge", mcc="4582", city="Doha", country="QA"),
        currency="QAR",
    )

    says = await funded.amira.post("/v1/scans", {"code": text}, key=None)

    assert says.body["merchant_name"] == "Falcon Duty Free"


async def test_a_merchant_makes_codes_of_its_own_orders_only(funded: House) -> None:
    made = await order(funded)

    others = await funded.dutyfree.post(
        "/v1/merchant-codes", {"order": made["id"]}, key=None
    )
    both = await funded.lounge.post(
        "/v1/merchant-codes", {"order": made["id"], "currency": "QAR"}, key=None
    )
    neither = await funded.lounge.post("/v1/merchant-codes", {}, key=None)
    points = await funded.lounge.post("/v1/merchant-codes", {"currency": "AVIOS"}, key=None)

    assert (others.status, others.body["field"]) == (404, "$.order")
    assert (both.status, neither.status) == (400, 400)
    assert (points.status, points.body["field"]) == (422, "$.currency")


async def test_a_payment_without_an_answer_is_unknown_until_asked_again(
    funded: House,
) -> None:
    shown = await code(funded, currency="QAR")
    body = {"code": shown["payload"], "amount": money(24_000)}
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=4_000)

    unknown = await funded.amira.post("/v1/scans/pay", body, "scan-1")
    again = await funded.amira.post("/v1/scans/pay", body, "scan-1")

    assert (unknown.status, unknown.body["happened"]) == (202, "unknown")
    assert unknown.body["status_url"] == "/v1/scans/pay"
    assert (again.status, again.body["captured_minor"]) == (201, 24_000)
    assert await funded.available() == 76_000
