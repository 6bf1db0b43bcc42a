from pathlib import Path

from channels.web.demo import demo_key
from tests.gateway.harness import AMIRA, LOUNGE, Caller, House, copy_folder, money


async def test_a_customer_reads_whose_key_it_has(house: House) -> None:
    me = await house.amira.get("/v1/me")

    assert me.status == 200
    assert me.body == {
        "principal": me.body["principal"],
        "kind": "customer",
        "name": "Amira",
        "account": AMIRA,
        "merchant": None,
        "merchant_name": None,
        "scopes": ["own"],
        "demo": True,
    }
    assert me.body["principal"].startswith("prn_")


async def test_a_till_reads_for_which_merchant_it_takes(house: House) -> None:
    me = (await house.lounge.get("/v1/me")).body

    assert (me["kind"], me["merchant"], me["account"]) == ("terminal", LOUNGE, None)
    assert me["merchant_name"] == "Pearl Lounge"
    assert me["scopes"] == ["orders", "payments", "read", "refunds"]


async def test_the_demo_says_who_can_sign_in(house: House) -> None:
    choices = (await house.nobody.get("/v1/demo")).body["sign_ins"]

    assert {
        "who": "amira",
        "label": "Amira",
        "page": "/wallet",
        "kind": "customer",
    } in choices
    pages = {choice["who"]: choice["page"] for choice in choices}
    assert (pages["lounge"], pages["lounge_office"]) == ("/till", "/business")


async def test_in_the_demo_a_second_person_approves_a_payout(funded: House) -> None:
    await funded.charge(24_000)
    await funded.tell()
    await funded.operator.post("/v1/settlements", {"merchant": LOUNGE})
    while await funded.back_office.settle():
        await funded.relay.step()
    body = {"merchant": LOUNGE, "amount": money(10_000)}
    asked = await funded.operator.post("/v1/payouts", body)
    path = f"/v1/payouts/{asked.body['id']}/approve"
    office, second = (Caller(funded, demo_key(who)) for who in ("lounge_office", "second"))

    answers = [await who.post(path) for who in (funded.operator, office, second)]

    assert [answer.status for answer in answers] == [409, 403, 200]
    assert answers[2].body["status"] == "approved"


async def test_signing_in_to_the_demo_gives_a_key_and_says_whose(house: House) -> None:
    signed_in = await house.nobody.post("/v1/demo/sign-in", {"who": "amira"}, key=None)

    me = (await house.amira.get("/v1/me")).body
    assert signed_in.status == 200
    key = signed_in.body["api_key"]
    assert signed_in.body == me | {"api_key": key}
    assert (await Caller(house, key).get("/v1/me")).body == me


async def test_a_till_of_the_demo_has_the_key_that_is_printed(house: House) -> None:
    signed_in = await house.nobody.post("/v1/demo/sign-in", {"who": "lounge"}, key=None)

    assert signed_in.body["api_key"] == demo_key("lounge")


async def test_nobody_else_can_sign_in_to_the_demo(house: House) -> None:
    refused = await house.nobody.post("/v1/demo/sign-in", {"who": "office"}, key=None)

    assert (refused.status, refused.body["field"]) == (404, "$.who")
    assert "'office'" in refused.body["detail"]


async def test_without_demo_mode_there_is_no_demo(furnished: Path, tmp_path: Path) -> None:
    house = House(copy_folder(furnished, tmp_path / "data"), demo=False)
    await house.start()

    nobody = Caller(house, None)
    answers = [
        (await nobody.get("/v1/demo")).status,
        (await nobody.post("/v1/demo/sign-in", {"who": "amira"})).status,
    ]
    me = (await house.amira.get("/v1/me")).body
    await house.stop()

    assert answers == [404, 404]
    assert me["demo"] is False
