"""Payments by wallet card and gift card at the gateway, and why some are refused."""

import msgspec
import pytest

from services.card_hsm import HsmUnusable
from services.card_issuer import FileKeys
from terminals.card_format import read_tap
from terminals.card_numbers import holds_card_number
from tests.gateway.cards import (
    PIN,
    charge,
    gift_account,
    linked,
    make_chip,
    make_stripe,
    tap,
    wallet_card,
    written,
)
from tests.gateway.harness import AMIRA, JONAS, House, Reply, money


def declined(reply: Reply) -> str:
    assert reply.status == 402, reply.raw
    assert reply.body["status"] == "declined"
    reason: str = reply.body["decline"]["reason"]
    return reason


async def reasons(house: House) -> list[tuple[str, str | None]]:
    """What the operator sees of the declines of Amira's account: newest first."""
    reply = await house.operator.get(f"/v1/accounts/{AMIRA}/entries")
    return [
        (entry["decline"], entry["card"])
        for entry in reply.body["entries"]
        if entry["kind"] == "declined"
    ]


async def test_a_tap_pays(funded: House) -> None:
    card, program = await wallet_card(funded)

    paid = await charge(funded, 2_000, await tap(funded, program, 2_000))

    assert (paid.status, paid.body["status"]) == (201, "captured")
    assert await funded.available() == 98_000
    [entry] = (await funded.amira.get(f"/v1/accounts/{AMIRA}/entries?limit=1")).body[
        "entries"
    ]
    assert entry["card"] == card


async def test_the_same_tap_for_the_same_sale_is_the_same_payment(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)

    first = await charge(funded, 2_000, text, key="k1")
    retried = await charge(funded, 2_000, text, key="k1")
    again = await charge(funded, 2_000, text, key="k2")

    assert {r.body["id"] for r in (first, retried, again)} == {first.body["id"]}
    assert [r.replayed for r in (first, retried, again)] == [False, True, True]
    assert await funded.available() == 98_000


async def test_a_retry_after_the_card_was_lost_gets_its_approval(funded: House) -> None:
    card, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)
    first = await charge(funded, 2_000, text, key="k1")
    await funded.amira.post(f"/v1/cards/{card}/lost", key=None)

    assert (await charge(funded, 2_000, text, key="k1")).body == first.body


async def test_a_replayed_cryptogram_is_refused_and_the_operator_sees_why(
    funded: House,
) -> None:
    card, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)
    await charge(funded, 2_000, text)

    replay = await charge(funded, 2_000, text, key="k2", order="A-18")

    assert declined(replay) == "card_replayed"
    assert replay.body["decline"]["response_code"] == "94"
    assert await reasons(funded) == [("card_replayed", card)]
    assert await funded.available() == 98_000


async def test_a_cloned_card_is_refused_and_the_operator_sees_why(funded: House) -> None:
    """The same number, key and counter in another card: the real one was used since."""
    card, program = await wallet_card(funded)
    clone = written(funded, card)
    await charge(funded, 2_000, await tap(funded, program, 2_000))
    await charge(funded, 100, await tap(funded, program, 100), order="A-18")

    stolen = await charge(funded, 3_000, await tap(funded, clone, 3_000), order="B-1")

    metrics = (await funded.operator.get("/metrics")).raw.decode()
    assert declined(stolen) == "card_counter_old"
    assert (
        'authorisations_total{channel="terminal",outcome="card_counter_old"} 1.0' in metrics
    )
    assert stolen.body["decline"]["response_code"] == "63"
    assert await reasons(funded) == [("card_counter_old", card)]
    assert await funded.available() == 97_900


async def test_a_tap_is_for_one_amount_at_one_terminal_of_one_merchant(
    funded: House,
) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)

    for number, changed in enumerate(
        (
            {"amount": money(2_001)},
            {"amount": money(2_000, "EUR")},
            {"terminal": "till_2"},
            {"by": funded.dutyfree},
        )
    ):
        reply = await charge(funded, 2_000, text, key=f"k{number}", **changed)
        assert declined(reply) == "card_not_authentic"

    assert (await charge(funded, 2_000, text)).status == 201


async def test_a_cryptogram_under_another_key_is_not_authentic(funded: House) -> None:
    _, program = await wallet_card(funded)
    tap_ = read_tap(await tap(funded, program, 2_000))
    for changed in (
        {"cryptogram": bytes(16)},
        {"counter": 9},
        {"key_id": 2},
        {"counter": 0},
    ):
        forged = msgspec.structs.replace(tap_, **changed).text()
        assert declined(await charge(funded, 2_000, forged)) == "card_not_authentic"

    assert await funded.available() == 100_000


async def test_a_forged_tap_moves_no_counter(funded: House) -> None:
    _, program = await wallet_card(funded)
    for _ in range(3):
        text = await tap(funded, program, 2_000)
    assert declined(await charge(funded, 1, text, key="forged")) == "card_not_authentic"

    fresh = written(funded, (await reasons(funded))[0][1] or "")

    assert (await charge(funded, 9, await tap(funded, fresh, 9))).status == 201


async def test_above_its_limit_a_card_needs_its_pin(funded: House) -> None:
    _, program = await wallet_card(funded)

    at_limit = await charge(funded, 5_000, await tap(funded, program, 5_000))
    above = await charge(funded, 5_001, await tap(funded, program, 5_001), order="A-18")
    with_pin = await tap(funded, program, 5_001, pin=PIN)
    proved = await charge(funded, 5_001, with_pin, order="A-19")

    assert (at_limit.status, declined(above), proved.status) == (
        201,
        "card_pin_needed",
        201,
    )
    assert above.body["decline"]["response_code"] == "70"


async def test_a_till_cannot_claim_that_the_pin_was_right(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 5_001)
    claimed = msgspec.structs.replace(read_tap(text), pin_was_right=True).text()

    assert declined(await charge(funded, 5_001, claimed)) == "card_not_authentic"


async def test_a_limit_in_one_currency_is_none_in_another(funded: House) -> None:
    _, program = await wallet_card(funded, tap_limit=money(5_000, "EUR"))

    assert declined(await charge(funded, 1, await tap(funded, program, 1))) == (
        "card_pin_needed"
    )


async def test_a_card_without_a_limit_needs_no_pin(funded: House) -> None:
    card = await make_chip(funded)
    text = await tap(funded, written(funded, card, pin=""), 90_000)

    assert (await charge(funded, 90_000, text)).status == 201


async def test_a_till_is_told_whether_the_pin_will_be_needed(funded: House) -> None:
    card, _ = await wallet_card(funded)
    asked = {"card": card, "challenge": "AAAAAAAAAAA=", "terminal": "till_1"}

    replies = [
        await funded.lounge.post("/v1/cards/invitations", asked | {"amount": money(minor)})
        for minor in (5_000, 5_001)
    ]

    assert [reply.body["pin_needed"] for reply in replies] == [False, True]


@pytest.mark.parametrize(
    ("verb", "reason", "code"),
    [("block", "card_blocked", "62"), ("lost", "card_lost", "41")],
)
async def test_a_card_that_may_not_pay_says_why(
    funded: House, verb: str, reason: str, code: str
) -> None:
    card, program = await wallet_card(funded)
    await funded.amira.post(f"/v1/cards/{card}/{verb}", key=None)

    reply = await charge(funded, 100, await tap(funded, program, 100))

    assert declined(reply) == reason
    assert reply.body["decline"]["response_code"] == code


async def test_an_unblocked_card_pays_again_and_a_lost_one_never(funded: House) -> None:
    card, program = await wallet_card(funded)
    await funded.amira.post(f"/v1/cards/{card}/block", key=None)
    await funded.operator.post(f"/v1/cards/{card}/unblock", key=None)
    assert (await charge(funded, 100, await tap(funded, program, 100))).status == 201

    await funded.operator.post(f"/v1/cards/{card}/lost", key=None)
    refused = await funded.operator.post(f"/v1/cards/{card}/unblock", key=None)

    assert (refused.status, refused.body["type"]) == (409, "/problems/card-lost")
    text = await tap(funded, program, 100)
    assert declined(await charge(funded, 100, text, order="A-18")) == "card_lost"


async def test_a_tap_is_too_old_after_a_minute(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 100)
    funded.clock.advance(60_000)

    assert declined(await charge(funded, 100, text)) == "card_tap_expired"


async def test_an_attempt_by_card_is_found_and_reversed_by_its_key(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)
    paid = await charge(funded, 2_000, text, key="till-1")
    attempt = {"key": "till-1", "payer": {"card": text}}

    found = await funded.lounge.post("/v1/payments/lookup", attempt)
    reversed_ = await funded.lounge.post("/v1/payments/reverse", attempt)

    assert found.body["id"] == paid.body["id"]
    assert reversed_.body["outcome"] == "reversed"
    assert await funded.available() == 100_000


async def test_a_card_held_for_a_tab_is_captured_later(funded: House) -> None:
    _, program = await wallet_card(funded)
    held = await charge(funded, 2_000, await tap(funded, program, 2_000), capture="manual")

    taken = await funded.lounge.post(f"/v1/payments/{held.body['id']}/capture")

    assert (held.body["status"], taken.body["status"]) == ("authorised", "captured")


async def test_a_small_tap_does_not_grow_past_its_limit(funded: House) -> None:
    _, program = await wallet_card(funded)
    held = await charge(funded, 2_000, await tap(funded, program, 2_000), capture="manual")

    path = f"/v1/payments/{held.body['id']}/increase"
    grown = await funded.lounge.post(path, {"amount": money(48_000)})

    assert (grown.status, grown.body["reason"]) == (409, "card_replayed")
    assert await funded.available() == 98_000


@pytest.mark.parametrize(
    "text", ["tap1.AAAA", "hQVDUFYwMQ==", "0584215093318470", "x" * 128]
)
async def test_what_is_no_card_is_said_to_be_none(funded: House, text: str) -> None:
    reply = await charge(funded, 100, text)

    assert (reply.status, reply.body["field"]) == (422, "$.payer.card")
    assert text not in reply.raw.decode()


async def test_a_card_of_another_house_is_not_there(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 100)
    foreign = msgspec.structs.replace(read_tap(text), card=bytes(15)).text()

    assert (await charge(funded, 100, foreign)).status == 404


async def test_a_payer_is_named_in_exactly_one_way(funded: House) -> None:
    _, program = await wallet_card(funded)
    payer = {"card": await tap(funded, program, 100), "code": await funded.code()}

    reply = await charge(funded, 100, "", payer=payer)

    assert (reply.status, reply.body["field"]) == (400, "$.payer")


async def test_a_card_is_made_once_for_a_key(funded: House) -> None:
    body = {"account": AMIRA}
    first = await funded.operator.post("/v1/cards", body, "k1")
    again = await funded.operator.post("/v1/cards", body, "k1")
    other = await funded.operator.post("/v1/cards", {"account": JONAS}, "k1")

    assert (again.body, again.replayed, other.status) == (first.body, True, 422)


async def test_a_key_that_made_a_card_makes_none_with_another_limit(
    funded: House,
) -> None:
    body = {"account": AMIRA, "tap_limit": money(5_000)}
    first = await funded.operator.post("/v1/cards", body, "k1")
    again = await funded.operator.post("/v1/cards", body, "k1")
    more = body | {"tap_limit": money(50_000)}
    other = await funded.operator.post("/v1/cards", more, "k1")
    none = await funded.operator.post("/v1/cards", {"account": AMIRA}, "k1")

    assert [r.status for r in (first, again, other, none)] == [201, 201, 422, 422]


async def test_a_stripe_has_no_tap_limit(funded: House) -> None:
    """It has no PIN either, so above a limit it would never pay."""
    account = await gift_account(funded, 1_000)
    body = {"account": account, "form": "stripe", "tap_limit": money(5_000)}

    reply = await funded.operator.post("/v1/cards", body)

    assert (reply.status, reply.body["field"]) == (422, "$.tap_limit")


async def test_a_security_module_that_is_away_takes_no_payment(funded: House) -> None:
    _, program = await wallet_card(funded)
    text = await tap(funded, program, 2_000)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FileKeys, "mac", _away)
        reply = await charge(funded, 2_000, text, key="k1")
    retried = await charge(funded, 2_000, text, key="k1")

    assert (reply.status, reply.body["happened"]) == (503, "no")
    assert retried.status == 201


def _away(*_: object) -> bytes:
    raise HsmUnusable("the security module refuses: DeviceError")


async def test_an_account_has_so_many_cards_and_no_more(funded: House) -> None:
    for _ in range(20):
        await make_chip(funded)

    reply = await funded.operator.post("/v1/cards", {"account": AMIRA})

    assert (reply.status, reply.body["type"]) == (409, "/problems/too-many-cards")


async def test_cards_are_seen_by_their_owner_and_by_nobody_else(funded: House) -> None:
    card = await make_chip(funded)

    own = await funded.amira.get(f"/v1/accounts/{AMIRA}/cards")

    assert [each["id"] for each in own.body["cards"]] == [card]
    for path in (f"/v1/cards/{card}", f"/v1/accounts/{AMIRA}/cards"):
        assert (await funded.jonas.get(path)).status == 404
    for verb in ("block", "lost"):
        assert (await funded.jonas.post(f"/v1/cards/{card}/{verb}")).status == 404


async def test_a_swiped_gift_card_pays_until_it_is_empty(funded: House) -> None:
    account, number = await make_stripe(funded, 20_000)

    first = await charge(funded, 15_000, number, key="k1")
    retried = await charge(funded, 15_000, number, key="k1")
    second = await charge(funded, 5_001, number, key="k2", order="A-18")
    last = await charge(funded, 5_000, number, key="k3", order="A-19")

    assert [r.status for r in (first, retried, second, last)] == [201, 201, 402, 201]
    assert retried.replayed
    assert declined(second) == "insufficient_funds"
    assert await funded.available(account) == 0


async def test_a_gift_card_s_number_passes_for_no_bank_card_s(funded: House) -> None:
    numbers = [(await make_stripe(funded, 1))[1] for _ in range(8)]

    assert len(set(numbers)) == 8
    assert not any(holds_card_number(number) for number in numbers)


async def test_a_gift_card_s_number_is_shown_to_who_makes_it_and_to_nobody_else(
    funded: House,
) -> None:
    account = await gift_account(funded, 100)
    made = await funded.operator.post(
        "/v1/cards", {"account": account, "form": "stripe"}, "k"
    )
    again = await funded.operator.post(
        "/v1/cards", {"account": account, "form": "stripe"}, "k"
    )
    listed = await funded.operator.get(f"/v1/accounts/{account}/cards")

    number = made.body["number"]
    assert again.body["number"] == number
    assert number not in listed.raw.decode()
    assert listed.body["cards"][0]["masked"] == f"**** {number[-4:]}"


async def test_a_blocked_gift_card_pays_nothing(funded: House) -> None:
    account, number = await make_stripe(funded)
    [card] = (await funded.operator.get(f"/v1/accounts/{account}/cards")).body["cards"]
    await funded.operator.post(f"/v1/cards/{card['id']}/block", key=None)

    assert declined(await charge(funded, 100, number)) == "card_blocked"


async def test_a_gift_card_may_have_a_chip(funded: House) -> None:
    account = await gift_account(funded, 5_000)
    card = await make_chip(funded, account)

    paid = await charge(funded, 5_000, await tap(funded, written(funded, card, ""), 5_000))

    assert paid.status == 201
    assert await funded.available(account) == 0


async def test_a_wallet_has_no_stripe(funded: House) -> None:
    reply = await funded.operator.post("/v1/cards", {"account": AMIRA, "form": "stripe"})

    assert (reply.status, reply.body["field"]) == (422, "$.form")


async def test_a_stripe_is_invited_to_no_tap(funded: House) -> None:
    account, _ = await make_stripe(funded)
    [card] = (await funded.operator.get(f"/v1/accounts/{account}/cards")).body["cards"]
    asked = {"card": card["id"], "challenge": "AAAAAAAAAAA=", "amount": money(1)}

    assert (await funded.lounge.post("/v1/cards/invitations", asked)).status == 404


async def test_what_a_gift_card_paid_comes_back_to_it(funded: House) -> None:
    account, number = await make_stripe(funded, 20_000)
    paid = await charge(funded, 15_000, number)

    await funded.lounge.post(f"/v1/payments/{paid.body['id']}/refund")

    assert await funded.available(account) == 20_000


async def test_a_wallet_knows_five_bank_cards_and_no_more(funded: House) -> None:
    path = f"/v1/accounts/{AMIRA}/linked-cards"
    replies = [await funded.amira.post(path, linked(number)) for number in range(6)]
    again = await funded.amira.post(path, linked(0))

    assert [reply.status for reply in replies] == [201] * 5 + [409]
    assert again.status == 201

    left = await funded.amira.post(f"{path}/unlink", {"token": linked(0)["token"]})
    assert len(left.body["cards"]) == 4
    assert (await funded.amira.post(path, linked(5))).status == 201


async def test_a_till_learns_that_a_bank_card_is_known_and_not_to_whom(
    funded: House,
) -> None:
    await funded.amira.post(f"/v1/accounts/{AMIRA}/linked-cards", linked())

    known = await funded.lounge.post(
        "/v1/linked-cards/recognise", {"token": linked()["token"]}
    )
    unknown = await funded.lounge.post(
        "/v1/linked-cards/recognise", {"token": linked(1)["token"]}
    )

    assert (known.body, unknown.body) == ({"wallets": 1}, {"wallets": 0})


async def test_nobody_sees_or_changes_anothers_linked_cards(funded: House) -> None:
    path = f"/v1/accounts/{AMIRA}/linked-cards"

    assert (await funded.jonas.get(path)).status == 404
    assert (await funded.jonas.post(path, linked())).status == 404


async def test_what_is_no_point_is_refused_by_the_exchange(funded: House) -> None:
    reply = await funded.lounge.post(
        "/v1/linked-cards/exchange", {"point": "/" * 42 + "8="}
    )

    assert (reply.status, reply.body["field"]) == (400, "$.point")
