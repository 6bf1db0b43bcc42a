"""What is wrong is named, with its value; and that nothing happened is said, and true."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from ledger.journal import Tip
from tests.gateway.harness import (
    AMIRA,
    DUTYFREE,
    PROBLEM,
    House,
    Json,
    copy_folder,
    money,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

AMOUNT = "$.amount.amount_minor"
SECRET = "ak_" + "7" * 32
CARD = "4111 1111 1111 1111"


class Wrong(NamedTuple):
    """A valid payment, but for this. None takes a field away."""

    differs: Json
    field: str
    says: str
    status: int = 400


PAYMENTS = {
    "amount 0": Wrong({"amount": money(0)}, AMOUNT, "`int` >= 1 (the value was 0)."),
    "a negative amount": Wrong({"amount": money(-5)}, AMOUNT, "(the value was -5)."),
    "2^53": Wrong(
        {"amount": money(2**53)}, AMOUNT, f"<= {2**53 - 1} (the value was {2**53})"
    ),
    "2^63": Wrong({"amount": money(2**63)}, AMOUNT, f"<= {2**53 - 1}"),
    "2^200": Wrong({"amount": money(2**200)}, AMOUNT, f"<= {2**53 - 1}"),
    "a fractional amount": Wrong(
        {"amount": {"amount_minor": 1.5, "currency": "QAR"}},
        AMOUNT,
        "Expected `int`, got `float` (the value was 1.5).",
    ),
    "a whole amount written as a fraction": Wrong(
        {"amount": {"amount_minor": 1.0, "currency": "QAR"}}, AMOUNT, "got `float`"
    ),
    "an amount as text": Wrong(
        {"amount": {"amount_minor": "24000", "currency": "QAR"}},
        AMOUNT,
        'Expected `int`, got `str` (the value was "24000").',
    ),
    "true for an amount": Wrong(
        {"amount": {"amount_minor": True, "currency": "QAR"}},
        AMOUNT,
        "(the value was true).",
    ),
    "null for an amount": Wrong(
        {"amount": None}, "$.amount", "missing required field `amount`"
    ),
    "an amount without its currency": Wrong(
        {"amount": {"amount_minor": 1}}, "$.amount.currency", "missing required field"
    ),
    "a currency in small letters": Wrong(
        {"amount": money(1, "qar")}, "$.amount.currency", '(the value was "qar").'
    ),
    "an order without a reference": Wrong({"order": ""}, "$.order", "length >= 1"),
    "a reference that is too long": Wrong({"order": "A" * 65}, "$.order", "length <= 64"),
    "no reference": Wrong({"order": None}, "$.order", "missing required field `order`"),
    "an unknown field": Wrong(
        {"captures": "manual"}, "$.captures", "Object contains unknown field `captures`."
    ),
    "an unknown word": Wrong({"capture": "later"}, "$.capture", '(the value was "later").'),
    "a place with a space": Wrong({"place": "Gate 12"}, "$.place", '"Gate 12"'),
    "a hold of seconds": Wrong({"expires_in_s": 59}, "$.expires_in_s", "the value was 59"),
    "NUL in a reference": Wrong(
        {"order": "A\x0017"}, "$.order", "control character U+0000"
    ),
    "a line break in a reference": Wrong({"order": "A-17\n"}, "$.order", "U+000A"),
    "a line break after a place": Wrong({"place": "DOH\n"}, "$.place", "U+000A"),
    "a line break after a currency": Wrong(
        {"amount": money(1, "QAR\n")}, "$.amount.currency", "U+000A"
    ),
    "no payer": Wrong(
        {"payer": {}}, "$.payer", "exactly one of `code`, `card` and `account`"
    ),
    "both kinds of payer": Wrong(
        {"payer": {"code": "hQVDUFYwMQ==", "account": AMIRA}}, "$.payer", "exactly one of"
    ),
    "a malformed account": Wrong(
        {"payer": {"account": "acc_x"}}, "$.payer.account", '(the value was "acc_x").'
    ),
    "a code that is none": Wrong(
        {"payer": {"code": "hQVDUFYwMQ=="}}, "$.payer.code", "payment code", status=422
    ),
    "a till that names an account": Wrong(
        {"payer": {"account": AMIRA}}, "$.payer.account", "Only operators", status=403
    ),
    "a till that pays another merchant": Wrong(
        {"merchant": DUTYFREE}, "$.merchant", "for itself only", status=403
    ),
    "a card number": Wrong({"order": CARD}, "$.order", "payment card number"),
    "a card number in words": Wrong({"order": f"pan={CARD}!"}, "$.order", "card number"),
}

PAYER = b'"payer":{"code":"hQVDUFYwMQ=="}'
TWICE = b'{"amount":{"amount_minor":1,"amount_minor":2,"currency":"QAR"},"order":"A",%s}'
ESCAPED = (
    b'{"amount":{"amount_minor":1,"currency":"QAR"},"order":"\\u0034111111111111111",%s}'
)

BODIES = {
    "nothing": (b"", "$.amount", "missing required field `amount`"),
    "no JSON": (b"amount=1", "$", "The body is not JSON: invalid character"),
    "half of it": (b'{"amount":', "$", "The body is not JSON: input data was truncated."),
    "two of them": (b"{}{}", "$.amount", "missing required field"),
    "a list": (b"[]", "$", "Expected `object`, got `array`."),
    "a text": (b'"hQVDUFYwMQ=="', "$", "Expected `object`, got `str`"),
    "a deep list": (b"[" * 100_000, "$", "Expected `object`, got `array`."),
    "a deep field": (b'{"amount":' + b"[" * 100_000, "$.amount", "got `array`."),
    "what is not UTF-8": (b'{"order":"\xff"}', "$", "not UTF-8"),
    "half a surrogate pair": (b'{"order":"\\udc00-17"}', "$", "not JSON: invalid utf-16"),
    "an encoded surrogate": (b'{"order":"\xed\xa0\x80"}', "$", "not UTF-8"),
    "a field twice": (
        TWICE % PAYER,
        "$..amount_minor",
        "The field `amount_minor` stands twice in one object.",
    ),
    "a card number in escapes": (ESCAPED % PAYER, "$.order", "payment card number"),
}

# Where a secret may stand by mistake: the answer must not repeat it.
SECRETS = {
    "an unknown field": b'{"code":"%s"}',
    "a text for an object": b'"%s"',
    "an object for a text": b'{"order":{"code":"%s"}}',
    "a name": b'{"%s":1}',
    "a currency": b'{"amount":{"amount_minor":1,"currency":"%s"}}',
    "an amount": b'{"amount":{"amount_minor":"%s"}}',
    "a code for an account": b'{"payer":{"account":"%s"}}',
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    furnished: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One for all these tests, with room for the largest body: in none of them does anything
    happen.
    """
    folder = copy_folder(furnished, tmp_path_factory.mktemp("bad-input") / "data")
    house = House(folder, body_bytes_max=1_048_576)
    await house.start()
    await house.wallet("amira", QAR=100_000)
    ends = journal_ends(house)
    yield house
    assert journal_ends(house) == ends
    await house.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def code(house: House) -> str:
    return await house.code()


def journal_ends(house: House) -> list[Tip]:
    readers = [house.journals.reader(number) for number in (0, 1)]
    return [reader.tip() for reader in readers]


@pytest.mark.parametrize("name", PAYMENTS)
async def test_a_payment_that_is_wrong_is_refused_by_name(
    house: House, code: str, name: str
) -> None:
    row = PAYMENTS[name]
    valid = {"amount": money(24_000), "payer": {"code": code}, "order": "A-17"}
    body = {k: v for k, v in (valid | row.differs).items() if v is not None}

    # Not msgspec, which cannot write what is beyond 64 bits.
    refused = await house.lounge.post("/v1/payments", json.dumps(body).encode())

    assert (refused.status, refused.kind) == (row.status, PROBLEM)
    assert (refused.body["field"], refused.body["happened"]) == (row.field, "no")
    assert row.says in refused.body["detail"]


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_payment_is_refused(house: House, name: str) -> None:
    raw, field, says = BODIES[name]

    refused = await house.lounge.post("/v1/payments", raw)

    assert (refused.status, refused.kind) == (400, PROBLEM)
    assert (refused.body["field"], refused.body["happened"]) == (field, "no")
    assert says in refused.body["detail"]


@pytest.mark.parametrize("where", SECRETS)
@pytest.mark.parametrize("secret", [SECRET, "hQVDUFYwMWE" + "Q" * 120, CARD])
async def test_a_secret_in_the_wrong_place_is_not_repeated(
    house: House, where: str, secret: str
) -> None:
    raw = SECRETS[where] % secret.encode()

    refused = await house.lounge.post("/v1/payments", raw)

    assert refused.status == 400
    assert secret[:12].encode() not in refused.raw
    assert refused.body["field"].startswith("$")


async def test_a_key_may_look_like_a_card_number_for_only_its_digest_is_kept(
    house: House, code: str
) -> None:
    key = CARD.replace(" ", "")
    body = {"amount": money(0), "payer": {"code": code}, "order": "A-17"}

    refused = await house.lounge.post("/v1/payments", body, key)
    found = await house.lounge.post(
        "/v1/payments/lookup", {"key": key, "payer": {"code": code}}
    )

    assert refused.body["field"] == AMOUNT
    assert (found.status, found.body["reason"]) == (404, "payment_not_found")
