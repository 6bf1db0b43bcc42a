import pytest

from tests.gateway.harness import AMIRA, JONAS, House, Json, Reply, money

AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture
async def funded(house: House) -> House:
    await house.wallet("amira", QAR=100_000)
    await house.wallet("jonas", QAR=0, EUR=0)
    return house


async def send(
    house: House, minor: int, *, currency: str = "QAR", **differs: Json
) -> Reply:
    body = {"from": AMIRA, "to": JONAS, "amount": money(minor, currency)}
    return await house.amira.post("/v1/transfers", body | differs)


async def test_money_comes_in_on_evidence(funded: House) -> None:
    reply = await funded.top_up(AMIRA, 5_000, evidence="stmt-2026-11-22-17")

    assert reply.status == 201
    assert reply.body == {
        "id": reply.body["id"],
        "status": "delivered",
        "from": None,
        "to": AMIRA,
        "amount": money(5_000),
        "at": AT,
    }
    assert await funded.available() == 105_000


async def test_evidence_brings_money_in_once_for_whomever_it_is_shown(
    funded: House,
) -> None:
    await funded.top_up(AMIRA, 5_000, evidence="stmt-17")

    again = await funded.top_up(JONAS, 5_000, evidence="stmt-17")

    assert (again.status, again.body["reason"]) == (409, "evidence_used")
    assert again.body["field"] == "$.evidence.reference"
    assert (await funded.available(AMIRA), await funded.available(JONAS)) == (105_000, 0)


async def test_money_that_the_account_has_no_pot_for_is_not_taken_in(funded: House) -> None:
    refused = await funded.top_up(AMIRA, 5_000, "USD", evidence="stmt-17")

    assert (refused.status, refused.body["field"]) == (400, "$.amount.currency")
    assert "'USD'" in refused.body["detail"]
    assert "QAR" in refused.body["detail"]


async def test_a_transfer_arrives(funded: House) -> None:
    sent = await send(funded, 30_000)

    assert sent.status == 201
    assert sent.body == {
        "id": sent.body["id"],
        "status": "delivered",
        "from": AMIRA,
        "to": JONAS,
        "amount": money(30_000),
        "at": AT,
    }
    assert (await funded.available(AMIRA), await funded.available(JONAS)) == (
        70_000,
        30_000,
    )
    for reader in (funded.amira, funded.jonas, funded.operator):
        read = await reader.get(f"/v1/transfers/{sent.body['id']}")
        assert (read.status, read.body) == (200, sent.body)


async def test_a_transfer_that_cannot_be_taken_comes_back(funded: House) -> None:
    nowhere = await send(funded, 30_000, to="acc_" + "a" * 24)

    assert (nowhere.status, nowhere.body["status"]) == (201, "returned")
    assert await funded.available() == 100_000


@pytest.mark.parametrize(
    ("differs", "status", "reason"),
    [
        ({"amount": money(100_001)}, 402, "insufficient_funds"),
        ({"amount": money(1, "EUR")}, 422, "wrong_currency"),
        ({"to": AMIRA}, 422, "same_account"),
    ],
)
async def test_a_transfer_that_cannot_leave_is_declined(
    funded: House, differs: Json, status: int, reason: str
) -> None:
    refused = await send(funded, 1, **differs)

    assert (refused.status, refused.body["reason"]) == (status, reason)
    assert refused.body["happened"] == "no"
    assert await funded.available() == 100_000


async def test_a_transfer_still_on_its_way_is_answered_as_that(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.transfers.LOOKS_MAX", 0)

    sent = await send(funded, 30_000)

    assert (sent.status, sent.body["status"]) == (202, "sent")
