"""Many at once. Each test does what the promise says, with the numbers of the promise."""

import asyncio
from collections import Counter

from tests.gateway.harness import AMIRA, JONAS, House, money


async def test_32_clients_spend_what_is_there_and_not_more(funded: House) -> None:
    codes = [await funded.code() for _ in range(32)]

    answers = await asyncio.gather(
        *[
            funded.charge(10_000, payer=code, order=f"A-{number}")
            for number, code in enumerate(codes)
        ]
    )

    assert Counter(answer.status for answer in answers) == {201: 10, 402: 22}
    reasons = {a.body["decline"]["reason"] for a in answers if a.status == 402}
    assert reasons == {"insufficient_funds"}
    assert len({answer.body["id"] for answer in answers}) == 32
    assert (await funded.available(), await funded.held()) == (0, 0)


async def test_64_retries_of_one_key_make_one_hold_and_get_one_answer(
    funded: House,
) -> None:
    code = await funded.code()

    answers = await asyncio.gather(
        *[
            funded.charge(10_000, payer=code, key="till-1", capture="manual")
            for _ in range(64)
        ]
    )

    assert {answer.status for answer in answers} == {201}
    assert len({answer.raw for answer in answers}) == 1
    assert Counter(answer.replayed for answer in answers) == {False: 1, True: 63}
    assert (await funded.available(), await funded.held()) == (90_000, 10_000)


async def test_16_refunds_of_a_fifth_at_once_give_back_five(funded: House) -> None:
    paid = await funded.charge(10_000)
    path = f"/v1/payments/{paid.body['id']}/refund"

    answers = await asyncio.gather(
        *[funded.lounge.post(path, {"amount": money(2_000)}) for _ in range(16)]
    )

    assert Counter(answer.status for answer in answers) == {200: 5, 409: 11}
    assert {a.body["reason"] for a in answers if a.status == 409} == {"exceeds_captured"}
    assert await funded.available() == 100_000


async def test_16_captures_of_a_fifth_at_once_take_five(funded: House) -> None:
    hold = await funded.charge(10_000, capture="manual")
    path = f"/v1/payments/{hold.body['id']}/capture"
    body = {"amount": money(2_000), "final": False}

    answers = await asyncio.gather(*[funded.lounge.post(path, body) for _ in range(16)])

    assert Counter(answer.status for answer in answers) == {200: 5, 409: 11}
    assert (await funded.available(), await funded.held()) == (90_000, 0)


async def test_32_transfers_back_and_forth_lose_nothing(funded: House) -> None:
    one_way = {"from": AMIRA, "to": JONAS, "amount": money(10_000)}
    back = {"from": JONAS, "to": AMIRA, "amount": money(10_000)}

    answers = await asyncio.gather(
        *[funded.amira.post("/v1/transfers", one_way) for _ in range(16)],
        *[funded.jonas.post("/v1/transfers", back) for _ in range(16)],
    )

    sent = [answer for answer in answers if answer.status == 201]
    assert len(sent) >= 20
    assert {answer.body["status"] for answer in sent} == {"delivered"}
    assert await funded.available(AMIRA) + await funded.available(JONAS) == 200_000
