"""What a merchant's office asks for, in every way that it can end: for the walk of test_openapi."""

from tests.gateway.harness import LOUNGE, House

NO_MERCHANT = "mer_" + "a" * 24


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
