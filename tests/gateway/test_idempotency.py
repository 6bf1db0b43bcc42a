"""One key, one answer: for every route that takes a key, whatever it does."""

import pytest

from tests.gateway.calls import CALLS, Call, held_path
from tests.gateway.harness import House, Json


@pytest.mark.parametrize("name", CALLS)
async def test_the_same_again_gets_the_same_answer_byte_for_byte(
    funded: House, name: str
) -> None:
    call = await CALLS[name](funded)

    first = await call.caller.post(call.path, call.body, "key-17")
    money_then = (await funded.available(), await funded.held())
    funded.clock.advance(61_000)  # no code is fresh any more
    again = await call.caller.post(call.path, call.body, "key-17")

    assert first.status in {200, 201, 402}
    assert (again.status, again.raw) == (first.status, first.raw)
    assert (first.replayed, again.replayed) == (False, True)
    assert (await funded.available(), await funded.held()) == money_then


@pytest.mark.parametrize("name", CALLS)
async def test_the_same_key_for_something_else_is_refused(funded: House, name: str) -> None:
    call = await CALLS[name](funded)
    await call.caller.post(call.path, call.body, "key-17")
    money_then = (await funded.available(), await funded.held())

    path, body = _something_else(call)
    refused = await call.caller.post(path, body, "key-17")

    assert refused.status == 422
    assert refused.body["type"] == "/problems/idempotency-key-reused"
    assert (refused.body["field"], refused.body["happened"]) == ("Idempotency-Key", "no")
    assert (await funded.available(), await funded.held()) == money_then


def _something_else(call: Call) -> tuple[str, Json]:
    """Where there is no other body, another route of the same account or payment."""
    if call.other is not None:
        return call.path, call.other
    if call.path.endswith("/void"):
        verb = "refund" if call.path.startswith("/v1/counter/") else "capture"
        return call.path.replace("/void", f"/{verb}"), {}
    if call.path.startswith("/v1/payouts/"):
        path, _, verb = call.path.rpartition("/")
        return f"{path}/{'cancel' if verb == 'approve' else 'approve'}", {}
    verb = call.path.rpartition("/")[2]
    return call.path.replace(verb, "freeze" if verb != "freeze" else "unfreeze"), {}


async def test_spaces_and_the_order_of_fields_do_not_make_another_request(
    funded: House,
) -> None:
    hold = await held_path(funded)
    first = await funded.lounge.post(
        f"{hold}/capture",
        b'{"amount":{"amount_minor":1,"currency":"QAR"},"final":false}',
        "k",
    )

    again = await funded.lounge.post(
        f"{hold}/capture",
        b' {"final": false, "amount": {"currency": "QAR", "amount_minor": 1}} ',
        "k",
    )

    assert (again.raw, again.replayed) == (first.raw, True)


async def test_two_callers_may_use_the_same_key(funded: House) -> None:
    first = await funded.charge(100, by=funded.lounge, key="till-1")
    second = await funded.charge(100, by=funded.dutyfree, key="till-1")

    assert (first.status, second.status) == (201, 201)
    assert not second.replayed


async def test_a_key_that_is_too_old_is_refused_and_not_run_again(funded: House) -> None:
    code = await funded.code()
    await funded.charge(100, payer=code, key="till-1")
    funded.clock.advance(31 * 86_400_000)

    refused = await funded.charge(100, payer=code, key="till-1")

    assert refused.status == 422
    assert refused.body["type"] == "/problems/idempotency-key-expired"
    assert refused.body["happened"] == "no"
    assert await funded.available() == 99_900


async def test_every_route_that_takes_a_key_is_tested_here(house: House) -> None:
    keyed = {route.path for route in house.gateway.routes if route.keyed}

    assert keyed == {name.partition(" ")[0] for name in CALLS}
