from tests.gateway.harness import AMIRA, DUTYFREE, LOUNGE, House, Json, money

DAY_MS = 86_400_000
AT = "2026-01-01T00:00:00.000Z"


def payment(payment_id: str, **differs: Json) -> Json:
    """A purchase of 240.00 at the lounge, as its till sees it."""
    return {
        "id": payment_id,
        "status": "captured",
        "amount": money(24_000),
        "captured_minor": 24_000,
        "refunded_minor": 0,
        "remaining_minor": 0,
        "merchant": LOUNGE,
        "merchant_name": "Pearl Lounge",
        "order": "A-17",
        "channel": "terminal",
        "place": "DOH-T1-B12",
        "terminal": "till_b12",
        "at": AT,
        "expires_at": None,
        "decline": None,
        "account": None,
        **differs,
    }


def held(payment_id: str, **differs: Json) -> Json:
    """A hold of 240.00."""
    hold = {"status": "authorised", "captured_minor": 0, "remaining_minor": 24_000}
    return payment(payment_id, **hold, expires_at="2026-01-08T00:00:00.000Z") | differs


WHERE: dict[str, Json] = {"place": "DOH-T1-B12", "terminal": "till_b12"}


async def test_a_code_pays_at_once_when_capture_is_automatic(funded: House) -> None:
    paid = await funded.charge(24_000, **WHERE)

    assert paid.status == 201
    assert paid.body == payment(paid.body["id"])
    assert await funded.available() == 76_000


async def test_the_payer_and_operators_see_the_account_and_the_till_does_not(
    funded: House,
) -> None:
    paid = await funded.charge(24_000, **WHERE)
    path = f"/v1/payments/{paid.body['id']}"

    seen = {
        who: (await getattr(funded, who).get(path)).body
        for who in ("lounge", "office", "amira", "operator")
    }

    till, owner = payment(paid.body["id"]), payment(paid.body["id"], account=AMIRA)
    assert seen == {"lounge": till, "office": till, "amira": owner, "operator": owner}


async def test_an_operator_charges_an_account_for_a_merchant(funded: House) -> None:
    paid = await funded.operator.post(
        "/v1/payments",
        {
            "amount": money(24_000),
            "payer": {"account": AMIRA},
            "order": "A-17",
            "merchant": DUTYFREE,
        },
    )

    assert paid.status == 201
    assert paid.body["merchant_name"] == "Falcon Duty Free"
    assert (paid.body["account"], paid.body["channel"]) == (AMIRA, "web")


async def test_a_payment_for_a_merchant_that_is_not_there_is_refused(funded: House) -> None:
    nobody = "mer_" + "a" * 24
    body = {
        "amount": money(1),
        "payer": {"account": AMIRA},
        "order": "A",
        "merchant": nobody,
    }

    refused = await funded.operator.post("/v1/payments", body)

    assert refused.status == 404
    assert refused.body["field"] == "$.merchant"
    assert nobody in refused.body["detail"]


async def test_a_decline_is_a_payment_that_says_why(funded: House) -> None:
    declined = await funded.charge(100_001, **WHERE)

    assert declined.status == 402
    assert declined.body == payment(
        declined.body["id"],
        status="declined",
        amount=money(100_001),
        captured_minor=0,
        decline={
            "reason": "insufficient_funds",
            "response_code": "51",
            "retriable": True,
            "text": "The account does not hold enough.",
        },
    )
    read = await funded.lounge.get(f"/v1/payments/{declined.body['id']}")
    assert read.body == declined.body


async def test_a_hold_is_captured_in_parts_and_the_rest_released(funded: House) -> None:
    hold = await funded.charge(24_000, capture="manual", **WHERE)
    payment_id = hold.body["id"]
    path = f"/v1/payments/{payment_id}/capture"

    first = await funded.lounge.post(path, {"amount": money(4_000), "final": False})
    last = await funded.lounge.post(path, {"amount": money(10_000)})

    assert (hold.status, hold.body) == (201, held(payment_id))
    part = {"captured_minor": 4_000, "remaining_minor": 20_000}
    assert first.body == held(payment_id, status="partially_captured", **part)
    assert last.body == payment(payment_id, captured_minor=14_000)
    assert (first.status, last.status) == (200, 200)
    assert (await funded.available(), await funded.held()) == (86_000, 0)


async def test_a_capture_without_an_amount_takes_all_that_remains(funded: House) -> None:
    hold = await funded.charge(24_000, capture="manual", **WHERE)

    captured = await funded.lounge.post(f"/v1/payments/{hold.body['id']}/capture")

    assert captured.body == payment(hold.body["id"])


async def test_a_hold_can_be_increased(funded: House) -> None:
    hold = await funded.charge(24_000, capture="manual", **WHERE)
    path = f"/v1/payments/{hold.body['id']}/increase"

    increased = await funded.lounge.post(path, {"amount": money(6_000)})
    refused = await funded.lounge.post(path, {"amount": money(70_001)})

    more = {"amount": money(30_000), "remaining_minor": 30_000}
    assert (increased.status, increased.body) == (200, held(hold.body["id"], **more))
    assert (refused.status, refused.body["reason"]) == (402, "insufficient_funds")
    assert (refused.body["field"], refused.body["happened"]) == ("id", "no")


async def test_a_void_releases_the_hold(funded: House) -> None:
    hold = await funded.charge(24_000, capture="manual", **WHERE)

    voided = await funded.lounge.post(f"/v1/payments/{hold.body['id']}/void")
    again = await funded.lounge.post(f"/v1/payments/{hold.body['id']}/capture")

    assert voided.status == 200
    assert voided.body == payment(hold.body["id"], status="voided", captured_minor=0)
    assert (again.status, again.body["reason"]) == (409, "hold_voided")
    assert await funded.available() == 100_000


async def test_refunds_give_back_part_by_part_and_never_more(funded: House) -> None:
    paid = await funded.charge(24_000, **WHERE)
    path = f"/v1/payments/{paid.body['id']}/refund"

    part = await funded.lounge.post(path, {"amount": money(4_000)})
    rest = await funded.lounge.post(path)
    more = await funded.lounge.post(path, {"amount": money(1)})

    assert part.body == payment(paid.body["id"], refunded_minor=4_000)
    assert rest.body == payment(paid.body["id"], refunded_minor=24_000)
    assert (part.status, rest.status, more.status) == (200, 200, 409)
    assert (more.body["reason"], more.body["response_code"]) == ("exceeds_captured", "61")
    assert await funded.available() == 100_000


async def test_a_hold_that_nobody_captures_expires(funded: House) -> None:
    hold = await funded.charge(24_000, capture="manual", expires_in_s=60, **WHERE)
    path = f"/v1/payments/{hold.body['id']}"

    funded.clock.advance(60_000)

    assert hold.body["expires_at"] == "2026-01-01T00:01:00.000Z"
    assert (await funded.lounge.get(path)).body["status"] == "expired"
    late = await funded.lounge.post(f"{path}/capture")
    assert (late.status, late.body["reason"]) == (409, "hold_expired")


async def test_an_attempt_is_found_by_its_key(funded: House) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, payer=code, key="till-1", **WHERE)
    funded.clock.advance(DAY_MS)  # the code has expired long ago

    attempt = {"key": "till-1", "payer": {"code": code}}
    found = await funded.lounge.post("/v1/payments/lookup", attempt, key=None)

    assert (found.status, found.body) == (200, paid.body)


async def test_an_attempt_of_another_till_is_not_found(funded: House) -> None:
    code = await funded.code()
    await funded.charge(24_000, payer=code, key="till-1")

    attempt = {"key": "till-1", "payer": {"code": code}}
    reply = await funded.dutyfree.post("/v1/payments/lookup", attempt, key=None)

    assert (reply.status, reply.body["reason"]) == (404, "payment_not_found")
    assert (reply.body["field"], reply.body["happened"]) == ("$.key", "no")


async def test_a_reverse_gives_back_what_an_attempt_took(funded: House) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, payer=code, key="till-1", **WHERE)
    attempt = {"key": "till-1", "payer": {"code": code}}

    reversed_ = await funded.lounge.post("/v1/payments/reverse", attempt)
    again = await funded.lounge.post("/v1/payments/reverse", attempt)

    given_back = payment(paid.body["id"], status=reversed_.body["payment"]["status"])
    given_back["refunded_minor"] = 24_000
    assert (reversed_.status, again.status) == (200, 200)
    assert reversed_.body == {"outcome": "reversed", "payment": given_back}
    assert again.body == {"outcome": "nothing_to_reverse", "payment": given_back}
    assert await funded.available() == 100_000


async def test_a_reverse_of_what_never_arrived_bars_it(funded: House) -> None:
    code = await funded.code()
    attempt = {"key": "till-1", "payer": {"code": code}}

    barred = await funded.lounge.post("/v1/payments/reverse", attempt)
    before = await funded.lounge.post("/v1/payments/lookup", attempt, key=None)
    late = await funded.charge(24_000, payer=code, key="till-1")
    after = await funded.lounge.post("/v1/payments/lookup", attempt, key=None)

    assert barred.body == {"outcome": "tombstoned", "payment": None}
    assert (before.status, before.body["reason"]) == (409, "reversed_before_arrival")
    assert (late.status, late.body["decline"]["reason"]) == (402, "reversed_before_arrival")
    assert (after.status, after.body) == (200, late.body)
    assert await funded.available() == 100_000


async def test_one_code_pays_one_order(funded: House) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, payer=code, order="A-17", **WHERE)

    same = await funded.charge(24_000, payer=code, order="A-17", **WHERE)
    other = await funded.charge(24_000, payer=code, order="A-18", **WHERE)
    elsewhere = await funded.charge(24_000, payer=code, by=funded.dutyfree)

    assert (same.status, same.raw, same.replayed) == (201, paid.raw, True)
    for used in (other, elsewhere):
        assert (used.status, used.body["decline"]["reason"]) == (402, "code_used")
    assert await funded.available() == 76_000
