"""Cards at the gateway in tests: made by the operator, written at the issuer's desk, tapped."""

import base64
from pathlib import Path
from random import Random

from services.card_issuer import card_key, open_issuer_keys
from services.cards import PREFIX
from services.mint import raw_of
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.pan import Pan
from terminals.wallet_card import authenticate, challenge, greet, pay, verify_pin
from tests.card_in_hand import Link, written_card
from tests.gateway.harness import AMIRA, FRESH, Caller, House, Json, Reply, money

PIN = "2468"
LIMIT = {"tap_limit": money(5_000)}


async def make_chip(house: House, account: str = AMIRA, **body: Json) -> str:
    reply = await house.operator.post("/v1/cards", {"account": account, **body})
    assert reply.status == 201, reply.raw
    card: str = reply.body["card"]["id"]
    return card


async def gift_account(house: House, minor: int) -> str:
    body = {"kind": "gift_card", "currencies": ["QAR"], "label": "Gift"}
    account: str = (await house.operator.post("/v1/accounts", body)).body["id"]
    await house.top_up(account, minor, evidence=f"sold {account}")
    return account


async def make_stripe(house: House, minor: int = 20_000) -> tuple[str, str]:
    """The account, and the number."""
    account = await gift_account(house, minor)
    reply = await house.operator.post("/v1/cards", {"account": account, "form": "stripe"})
    number: str = reply.body["number"]
    return account, number


def written(house: House, card: str, pin: str = PIN) -> WalletProgram:
    """As `airside cards personalise` writes it."""
    keys = open_issuer_keys(Path(house.config.data), random_bytes=Random(9).randbytes)
    number = raw_of(card, PREFIX)
    return written_card(number, card_key(keys, keys.newest, number), pin)


async def wallet_card(house: House, **body: Json) -> tuple[str, WalletProgram]:
    card = await make_chip(house, **(LIMIT | body))
    return card, written(house, card)


async def tap(
    house: House,
    program: WalletProgram,
    minor: int,
    *,
    pin: str = "",
    terminal: str = "till_1",
    by: Caller | None = None,
) -> str:
    """What a till sends: it asked the gateway for a charge, and the card agreed to it."""
    link = Link(program)
    greeting = greet(link)
    asked = {
        "card": PREFIX + base64.b32encode(greeting.card).decode().lower(),
        "challenge": base64.b64encode(challenge(link)).decode(),
        "amount": money(minor),
        "terminal": terminal,
    }
    invited = await (by or house.lounge).post("/v1/cards/invitations", asked, key=None)
    assert invited.status == 200, invited.raw
    charge, proof = (base64.b64decode(invited.body[name]) for name in ("charge", "proof"))
    authenticate(link, charge + proof)
    if pin:
        verify_pin(link, pin)
    return pay(link, greeting, charge).text()


async def charge(house: House, minor: int, card: str, **more: Json) -> Reply:
    body = {"payer": {"card": card}, "terminal": "till_1", **more}
    by, key = body.pop("by", house.lounge), body.pop("key", FRESH)
    request = {"amount": money(minor), "order": "A-17", **body}
    reply: Reply = await by.post("/v1/payments", request, key)
    return reply


async def every_answer(house: House) -> None:
    """Of the routes of cards, for the test of the document."""
    card = await make_chip(house, tap_limit=money(5_000))
    one = f"/v1/cards/{card}"
    await make_stripe(house)
    await house.operator.post("/v1/cards", {"account": "acc_" + "a" * 24})
    await house.operator.post("/v1/cards", {"account": AMIRA, "form": "stripe"})
    await tap(house, written(house, card), 1)
    for caller in (house.amira, house.operator):
        await caller.get(one)
        await caller.get(f"/v1/accounts/{AMIRA}/cards")
        await caller.get("/v1/accounts/none/cards")
    for verb in ("block", "unblock", "lost", "unblock", "block", "tap-limit"):
        body = {"tap_limit": None} if verb == "tap-limit" else {}
        await house.operator.post(f"{one}/{verb}", body, key=None)
    other = await make_chip(house)
    await house.operator.post(f"/v1/cards/{other}/lost", key=None)
    await of_linked_cards(house)
    unknown = {"card": "crd_" + "a" * 24, "challenge": "AAAAAAAAAAA=", "amount": money(1)}
    await house.lounge.post("/v1/cards/invitations", unknown, key=None)
    for _ in range(20):
        await house.operator.post("/v1/cards", {"account": AMIRA})


def linked(number: int = 0) -> Json:
    return {
        "token": "tok_" + "abcdefghij"[number] * 32,
        "masked": f"**** 111{number}",
        "expiry": "2028-12",
    }


async def of_linked_cards(house: House) -> None:
    path = f"/v1/accounts/{AMIRA}/linked-cards"
    for number in range(6):
        await house.amira.post(path, linked(number), key=None)
    await house.amira.get(path)
    await house.amira.get("/v1/accounts/none/linked-cards")
    token = {"token": linked()["token"]}
    await house.amira.post(f"{path}/unlink", token, key=None)
    await house.lounge.post("/v1/linked-cards/recognise", token, key=None)
    point = base64.b64encode(Pan("4" * 16).blinded(Random(1).randbytes).point).decode()
    await house.lounge.post("/v1/linked-cards/exchange", {"point": point}, key=None)
