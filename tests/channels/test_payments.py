from tests.gateway.harness import House


async def test_probe(house: House) -> None:
    await house.wallet("amira", QAR=100_000)
    paid = await house.charge(24_000)
    print(paid)
    assert paid.status == 201
    assert await house.available() == 76_000
