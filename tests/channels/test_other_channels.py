"""A payment is authorised in one channel, and ended by its id in others."""

import pytest

from services.principals import NewPrincipal, PrincipalKind
from tests.gateway.harness import AMIRA, LOUNGE, Caller, House, money


@pytest.fixture
def counter(funded: House) -> Caller:
    """The lounge also sells at a counter, which is a channel of its own."""
    new = NewPrincipal(
        kind=PrincipalKind.TERMINAL, name="Counter", channel="counter", merchant=LOUNGE
    )
    return funded.newcomer(new, 97)


async def test_a_hold_of_a_till_goes_on_in_every_channel_of_its_merchant(
    funded: House, counter: Caller
) -> None:
    held = await funded.charge(24_000, capture="manual", place="DOH-L1")
    path = f"/v1/payments/{held.body['id']}"

    steps = [
        (funded.office, "increase", {"amount": money(6_000)}),
        (counter, "capture", {"amount": money(10_000), "final": False}),
        (funded.operator, "capture", {"amount": money(5_000), "final": False}),
        (funded.office, "void", {}),
        (counter, "refund", {"amount": money(4_000)}),
        (funded.operator, "refund", {}),
    ]
    seen = [await by.post(f"{path}/{step}", body) for by, step, body in steps]

    assert [step.status for step in seen] == [200] * len(steps)
    assert {step.body["channel"] for step in seen} == {"terminal"}
    last = seen[-1].body
    assert (last["captured_minor"], last["refunded_minor"]) == (15_000, 15_000)
    assert await funded.available() == 100_000


async def test_what_follows_a_payment_shows_the_channel_of_who_asked(
    funded: House, counter: Caller
) -> None:
    held = await funded.charge(24_000, capture="manual", place="DOH-L1", terminal="till_1")
    path = f"/v1/payments/{held.body['id']}"
    await counter.post(f"{path}/capture", {"amount": money(10_000)})
    await funded.operator.post(f"{path}/refund")

    page = await funded.amira.get(f"/v1/accounts/{AMIRA}/entries?limit=3")

    where = [[e["kind"], e["channel"], e["place"]] for e in page.body["entries"]]
    assert where == [
        ["refunded", "web", None],
        ["captured", "counter", None],
        ["authorised", "terminal", "DOH-L1"],
    ]


async def test_a_purchase_on_the_web_is_voided_at_the_counter(
    funded: House, counter: Caller
) -> None:
    order = await funded.lounge.post("/v1/orders", {"amount": money(24_000), "order": "A"})
    paid = await funded.amira.post(f"/v1/orders/{order.body['id']}/pay", key=None)

    voided = await counter.post(f"/v1/payments/{paid.body['id']}/void")

    assert (paid.body["channel"], voided.status) == ("web", 200)
    assert voided.body["refunded_minor"] == 24_000
    assert await funded.available() == 100_000


@pytest.mark.parametrize("step", ["increase", "capture", "void", "refund"])
async def test_who_does_not_act_for_the_merchant_ends_nothing(
    funded: House, step: str
) -> None:
    held = await funded.charge(24_000, capture="manual")
    path = f"/v1/payments/{held.body['id']}/{step}"
    body = {} if step == "void" else {"amount": money(1)}
    others = [funded.dutyfree, funded.amira, funded.jonas, funded.visitor, funded.nobody]

    answers = [(await other.post(path, body)).status for other in others]

    assert answers == [404, 403, 403, 403, 401]
    assert (await funded.held(AMIRA), await funded.available()) == (24_000, 76_000)
