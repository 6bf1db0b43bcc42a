"""Too many codes, too many that fail, too many unknown keys: 429, and when to come again."""

from types import SimpleNamespace
from typing import Any

import pytest

from channels.problem import Problem
from gateway.peers import Peers, network_of
from ledger.clock import ManualClock
from services.limits import Limit, Limits, Rate
from tests.gateway.harness import AMIRA, JONAS, Caller, House, Reply

STRANGER = "ak_" + "b" * 31


def too_often(reply: Reply, wait_s: int) -> None:
    assert (reply.status, reply.body["type"]) == (429, "/problems/too-often")
    assert reply.body["happened"] == "no"
    assert reply.body["retry_after_s"] == wait_s
    assert reply.headers["Retry-After"] == str(wait_s)


def only(limit: Limit, burst: int) -> None:
    limit.rate = Rate(burst, 2_000)


async def test_who_draws_too_many_codes_must_wait(funded: House) -> None:
    only(funded.gateway.limits.codes, 2)
    path = f"/v1/accounts/{AMIRA}/codes"
    drawn = [await funded.amira.post(path) for _ in range(2)]

    too_often(await funded.amira.post(path), 2)
    assert [reply.status for reply in drawn] == [201, 201]
    assert (await funded.jonas.post(f"/v1/accounts/{JONAS}/codes")).status == 201
    funded.clock.advance(2_000)
    assert (await funded.amira.post(path)).status == 201


async def test_a_till_whose_codes_fail_too_often_must_wait(funded: House) -> None:
    only(funded.gateway.limits.failed_codes, 3)
    code, later = await funded.code(), await funded.code()
    assert (await funded.charge(1, payer=code)).status == 201

    used = await funded.charge(1, payer=code, order="A-18")
    unreadable = await funded.charge(1, payer="hQVDUFYwMQ==")
    funded.clock.advance(60_000)
    for _ in range(3):
        expired = await funded.charge(1, payer=later)
    refused = await funded.charge(1, payer=later)

    assert (used.status, unreadable.status, expired.status) == (402, 422, 402)
    too_often(refused, 2)
    by_another = await funded.charge(1, payer=await funded.code(), by=funded.office)
    assert by_another.status == 201


async def test_declines_for_other_reasons_and_retries_are_no_failures(
    funded: House,
) -> None:
    only(funded.gateway.limits.failed_codes, 2)
    code = await funded.code()
    await funded.charge(1, payer=code)

    poor = [await funded.charge(900_000) for _ in range(3)]
    failed = [await funded.charge(1, payer=code, order="B", key="b") for _ in range(3)]

    assert [reply.status for reply in poor + failed] == [402] * 6
    assert (await funded.charge(1)).status == 201


async def test_an_attempt_can_be_reversed_however_many_codes_failed(funded: House) -> None:
    only(funded.gateway.limits.failed_codes, 1)
    code = await funded.code()
    await funded.charge(1, payer=code, key="till-1")
    await funded.charge(1, payer="hQVDUFYwMQ==")

    attempt = {"key": "till-1", "payer": {"code": code}}
    reversed_ = await funded.lounge.post("/v1/payments/reverse", attempt)

    assert reversed_.body["outcome"] == "reversed"


async def test_who_guesses_keys_must_wait_and_who_has_one_need_not(funded: House) -> None:
    only(funded.gateway.limits.failed_keys, 2)
    assert (await funded.amira.get("/v1/me")).status == 200
    guesses = [Caller(funded, STRANGER + letter) for letter in "abc"]

    answers = [await guess.get("/v1/me") for guess in guesses]
    assert [reply.status for reply in answers] == [401, 401, 429]
    too_often(answers[2], 2)
    assert (await guesses[0].get("/v1/me")).status == 401, "it is known to open nothing"

    funded.clock.advance(1_999)
    assert (await guesses[2].get("/v1/events")).status == 429
    funded.gateway.shared.principals._hits._ttl_ms = 0
    assert (await funded.amira.get("/v1/me")).status == 200


async def test_a_key_that_does_not_look_like_one_is_no_guess(funded: House) -> None:
    only(funded.gateway.limits.failed_keys, 1)
    nobodies = [Caller(funded, key) for key in ("", "ak_short", STRANGER, "x" * 35)]

    for nobody in nobodies * 2:
        assert (await nobody.get("/v1/me")).status == 401
    assert (await funded.jonas.get("/v1/me")).status == 200


async def test_who_signs_in_too_often_must_wait(house: House) -> None:
    only(house.gateway.limits.sign_ins, 2)
    body = {"who": "amira"}
    answers = [await house.nobody.post("/v1/demo/sign-in", body) for _ in range(3)]

    assert [reply.status for reply in answers] == [200, 200, 429]
    too_often(answers[2], 2)


def request(remote: str, *forwarded: str) -> Any:
    headers = {"X-Forwarded-For": ", ".join(forwarded)} if forwarded else {}
    return SimpleNamespace(remote=remote, headers=headers)


def test_a_proxy_is_believed_about_whom_it_speaks_for_and_nobody_else_is() -> None:
    limits = Limits(ManualClock())
    peers = Peers(limits, ["10.0.0.1"])
    for _ in range(limits.failed_keys.rate.burst):
        peers.key_failed(request("10.0.0.1", "6.6.6.6", "203.0.113.7"))

    with pytest.raises(Problem):
        peers.require_keys_left(request("10.0.0.1", "1.1.1.1", "203.0.113.7"))
    with pytest.raises(Problem):
        peers.require_keys_left(request("203.0.113.7", "1.1.1.1"))
    peers.require_keys_left(request("10.0.0.1", "203.0.113.7", "1.1.1.1"))
    peers.require_keys_left(request("10.0.0.1"))
    peers.require_keys_left(request("10.0.0.1", "no address"))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "::ffff:cb00:7107"),
        ("", ""),
        ("amira", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_peer(text: str, network: str) -> None:
    assert network_of(text) == network
