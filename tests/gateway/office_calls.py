"""What a merchant's office asks for, in every way that it can end: for the walk of test_openapi."""

import pytest

from tests.gateway.harness import LOUNGE, House, money

NO_MERCHANT = "mer_" + "a" * 24


async def what_is_settled(house: House) -> None:
    await house.operator.post("/v1/settlements", {"merchant": NO_MERCHANT})
    opened = await house.operator.post("/v1/settlements", {"merchant": LOUNGE})
    await house.operator.post("/v1/settlements", {"merchant": LOUNGE})  # 409
    while await house.back_office.settle():
        await house.relay.step()
    path = f"/v1/settlements/{opened.body['id']}"
    for end in ("", "/lines", "/lines?after=none", "/statement.csv"):
        await house.operator.get(f"{path}{end}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("channels.api.settlements.CSV_LINES_MAX", -1)
        await house.operator.get(f"{path}/statement.csv")
    await house.operator.get("/v1/settlements")
    await house.operator.get("/v1/fees")
    await house.office.get("/v1/fees")
    for merchant in (LOUNGE, NO_MERCHANT):
        body = {"merchant": merchant, "basis_points": 1}
        await house.operator.post("/v1/fees", body)
    await house.office.get("/v1/payouts")
    await house.operator.post("/v1/payouts", {"merchant": NO_MERCHANT, "amount": money(1)})
    await house.office.post("/v1/payouts", {"amount": money(10**9)})  # 402
    await what_is_paid_out(house)


async def what_is_paid_out(house: House) -> None:
    await house.charge(5_000)
    await house.operator.post("/v1/settlements", {"merchant": LOUNGE})
    while await house.back_office.settle():
        await house.relay.step()
    payout = await house.operator.post(
        "/v1/payouts", {"merchant": LOUNGE, "amount": money(1)}
    )
    path = f"/v1/payouts/{payout.body['id']}"
    paid = {"evidence": {"source": "bank", "reference": "stmt-1"}}
    await house.operator.post(f"{path}/approve")  # 409: the same person
    await house.operator.post(f"{path}/paid", paid)  # 409: not approved
    await house.operator.post(f"{path}/cancel")
    await house.operator.post(f"{path}/cancel")  # 409
    frozen = (await house.operator.get("/v1/settlements")).body["settlements"][0]
    await house.operator.post(f"/v1/accounts/{frozen['account']}/freeze")
    await house.office.post("/v1/payouts", {"amount": money(1)})  # 409
    await house.operator.post(f"/v1/accounts/{frozen['account']}/unfreeze")


async def what_offices_do(house: House) -> None:
    url = {"url": "https://shop.example/news"}
    await house.operator.post("/v1/webhooks", url | {"merchant": NO_MERCHANT})
    made = await house.operator.post("/v1/webhooks", url | {"merchant": LOUNGE})
    for number in range(9):
        await house.office.post("/v1/webhooks", {"url": f"https://shop.example/{number}"})
    await house.office.get("/v1/webhooks")
    for hook in (made.body["id"], "whk_" + "a" * 24):
        path = f"/v1/webhooks/{hook}"
        await house.office.post(f"{path}/rotate", {"generation": 1})
        await house.office.post(f"{path}/rotate", {"generation": 7})
        await house.office.get(f"{path}/deliveries")
        await house.office.get(f"{path}/deliveries?before=none")
        await house.office.post(f"{path}/replay")
        await house.office.post(f"{path}/disable")
    await what_is_settled(house)
