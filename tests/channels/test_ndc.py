"""NDC 21.3: what is understood is done, and all else is refused by name."""

import asyncio

import pytest

from channels.agents.ndc_xml import DEPTH_MAX, ELEMENTS_MAX
from tests.channels.agency import FLEX_MINOR, Agency, Line, far_airline, open_agency
from tests.channels.ndc import OFFLINE, easy_pay, order_create, texts
from tests.gateway.harness import FRESH, House, Reply

PATH = "/v1/ndc/21.3/order-create"
LOADED = 5_000_000


@pytest.fixture
async def agency(house: House) -> Agency:
    return await open_agency(house, QAR=LOADED)


async def send(agency: Agency, message: bytes, key: str | object = FRESH) -> Reply:
    return await agency.agent.post(PATH, message, key)


async def refused(agency: Agency, message: bytes) -> dict[str, str]:
    """The Error, which must have cost nothing."""
    before = await agency.available()
    reply = await send(agency, message)
    told = texts(reply.raw)
    assert (reply.status, reply.kind) == (200, "application/xml")
    assert "OrderID" not in told
    assert (await agency.available(), await agency.held()) == (before, 0)
    return told


async def test_an_order_is_paid_with_a_payment_number(agency: Agency) -> None:
    number = (await agency.number()).body

    made = await send(
        agency, order_create(easy_pay(number["number"], number["expiration"]))
    )

    told = texts(made.raw)
    assert told["TotalAmount"] == "12300.00"
    assert told["PaymentStatusCode"] == "ACCEPTED"
    assert told["TicketNumber"].startswith("000-")
    ticket = (await agency.agent.get(f"/v1/agency/tickets/{told['OrderID']}")).body
    assert (ticket["status"], ticket["channel"]) == ("issued", "ndc")
    assert ticket["clearance_id"] == told["ClearanceID"]
    assert ticket["number"] == "•" * 12 + number["number"][-4:]
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_an_offline_payment_debits_the_account(agency: Agency) -> None:
    made = await send(agency, order_create(OFFLINE))

    assert texts(made.raw)["PaymentStatusCode"] == "ACCEPTED"
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_the_same_message_under_the_same_key_is_the_same_order(
    agency: Agency,
) -> None:
    number = (await agency.number()).body["number"]
    message = order_create(easy_pay(number))

    first = await send(agency, message, "ndc-1")
    again = await send(agency, message, "ndc-1")

    assert (again.raw, again.replayed) == (first.raw, True)


async def test_a_number_that_was_used_is_refused(agency: Agency) -> None:
    number = (await agency.number()).body["number"]
    await send(agency, order_create(easy_pay(number)))

    told = await refused(agency, order_create(easy_pay(number)))

    assert told["Code"] == "number_used"
    assert told["DescText"] == "This payment number has paid once already."
    assert told["TagText"].endswith("IATA_EasyPay/AccountNumber")


async def test_a_number_pays_once_however_many_try_it_at_once(agency: Agency) -> None:
    number = (await agency.number()).body["number"]

    tries = [send(agency, order_create(easy_pay(number))) for _ in range(5)]
    told = [texts(reply.raw) for reply in await asyncio.gather(*tries)]

    assert sorted(one.get("Code", "paid") for one in told) == ["number_used"] * 4 + ["paid"]
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_a_number_pays_its_own_amount_only(agency: Agency) -> None:
    number = (await agency.number(243_500)).body["number"]

    told = await refused(agency, order_create(easy_pay(number)))

    assert told["Code"] == "number_wrong_amount"
    assert "2,435.00 QAR exactly, not 12,300.00 QAR" in told["DescText"]


AMOUNTS = [
    ("12299.99", "QAR", "wrong_amount"),
    ("12300.00", "EUR", "wrong_amount"),
    ("12300.001", "QAR", "wrong_amount"),
    ("-12300.00", "QAR", "wrong_amount"),
    ("1.23E4", "QAR", "wrong_amount"),
    ("0", "QAR", "wrong_amount"),
    ("99999999999999999", "QAR", "wrong_amount"),
    ("12300.00", "XXX", "wrong_currency"),
    ("12300.00", "", "wrong_currency"),
]


async def test_a_wrong_amount_is_refused(agency: Agency) -> None:
    told = [
        await refused(agency, order_create(amount=a, currency=c)) for a, c, _ in AMOUNTS
    ]

    assert [one["Code"] for one in told] == [code for *_, code in AMOUNTS]
    assert {one["TagText"].rpartition("/")[2] for one in told} == {"Amount"}


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "boom"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<lolz>&c;</lolz>"""
EXTERNAL = b"""<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]><x>&file;</x>"""
REMOTE = b"""<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><x/>"""
PARAMETER = b"""<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]><x/>"""
DEEP = b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1)
WIDE = b"<a>" + b"<b/>" * ELEMENTS_MAX + b"</a>"


MALICIOUS = [
    (BOMB, "doctype_refused"),
    (EXTERNAL, "doctype_refused"),
    (REMOTE, "doctype_refused"),
    (PARAMETER, "doctype_refused"),
    (DEEP, "too_large"),
    (WIDE, "too_large"),
    (b"<?php die ?><a/>", "not_supported"),
    (b"<a>&undefined;</a>", "malformed"),
    (b"<a><b></a>", "malformed"),
    (b"", "malformed"),
    (b"{}", "malformed"),
    (b"\xff\xfe<\x00a\x00/\x00>\x00", "malformed"),
    (
        b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b+AD4-</a>',
        "version_not_supported",
    ),
    (b"<IATA_OrderCreateRQ/>", "version_not_supported"),
    (
        b'<OrderCreateRQ xmlns="http://www.iata.org/IATA/EDIST/2017.2"/>',
        "version_not_supported",
    ),
]


async def test_a_malicious_message_is_refused_with_the_reason(agency: Agency) -> None:
    told = [(message, (await refused(agency, message))["Code"]) for message, _ in MALICIOUS]

    assert told == MALICIOUS


CARD = (
    "<cns:PaymentCard><cns:CardNumber>4111111111111111</cns:CardNumber></cns:PaymentCard>"
)


TOTAL = '<cns:TotalOfferPriceAmount CurCode="QAR">1.00</cns:TotalOfferPriceAmount>'
DOCTORED = [
    ("</Request>", "<cns:Promotion/></Request>", "not_supported"),
    ("<cns:PTC>", "<cns:IdentityDoc/><cns:PTC>", "not_supported"),
    ("<cns:PaxID>", "<cns:PaxID>P0</cns:PaxID><cns:PaxID>", "not_supported"),
    (OFFLINE, CARD, "card_number_refused"),
    (OFFLINE, easy_pay("4111111111111111"), "card_number_refused"),
    (OFFLINE, "<cns:SettlementPlan/>", "not_supported"),
    (OFFLINE, OFFLINE + easy_pay("0123456789012345"), "not_supported"),
    (OFFLINE, "", "not_supported"),
    (OFFLINE, easy_pay("0123456789012345"), "number_malformed"),
    (">CA<", ">CC<", "not_supported"),
    (">04212342<", ">04212353<", "wrong_seller"),
    (">Seller<", ">Carrier<", "missing"),
    (">XX<", ">YY<", "offer_unknown"),
    (">21.3<", ">17.2<", "version_not_supported"),
    (">AMIRA<", "><", "missing"),
    (">DOH-LHR-FLEX<", ">NO-SUCH<", "offer_unknown"),
    (">DOH-LHR-FLEX<", ">../../x<", "malformed"),
    (
        "<cns:SelectedOfferItem>",
        TOTAL + "<cns:SelectedOfferItem>",
        "wrong_amount",
    ),
]


async def test_a_doctored_message_is_refused_by_name(agency: Agency) -> None:
    message, told = order_create(), []
    for old, new, _ in DOCTORED:
        assert old.encode() in message
        doctored = message.replace(old.encode(), new.encode())
        told.append((old, new, await refused(agency, doctored)))

    assert [(old, new, one["Code"]) for old, new, one in told] == DOCTORED
    assert "4111" not in str([one for *_, one in told])


async def test_two_payments_for_one_order_are_not_supported(agency: Agency) -> None:
    message = order_create()
    start = message.index(b"<cns:PaymentProcessingDetails>")
    end = message.index(b"</cns:PaymentFunctions>")
    split = message[:end] + message[start:end] + message[end:]

    told = await refused(agency, split)

    assert told["Code"] == "not_supported"
    assert told["TagText"].endswith("PaymentProcessingDetails")


async def test_too_little_money_is_an_error_with_the_ledgers_reason(
    agency: Agency,
) -> None:
    for _ in range(4):
        await send(agency, order_create())

    told = await refused(agency, order_create())

    assert told["Code"] == "insufficient_funds"


async def test_an_airline_that_is_silent_is_an_unknown_outcome(agency: Agency) -> None:
    far_airline(agency, Line.LOSES_ITS_ANSWER)

    unknown = texts((await send(agency, order_create(), "ndc-1")).raw)
    known = texts((await send(agency, order_create(), "ndc-1")).raw)

    assert unknown["Code"] == "outcome_unknown"
    assert known["PaymentStatusCode"] == "ACCEPTED"
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_a_message_that_is_too_large_never_gets_to_the_parser(
    agency: Agency,
) -> None:
    assert (await send(agency, b"<a>" + b" " * 20_000)).status == 413
