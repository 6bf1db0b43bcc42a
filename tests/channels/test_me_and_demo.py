from pathlib import Path

from channels.web.demo import demo_key
from tests.gateway.harness import AMIRA, LOUNGE, Caller, House, copy_folder


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
    assert [choice["page"] for choice in choices if choice["who"] == "lounge"] == ["/till"]


async def test_signing_in_to_the_demo_gives_a_key_and_says_whose(house: House) -> None:
    signed_in = await house.nobody.post("/v1/demo/sign-in", {"who": "amira"}, key=None)

    me = (await house.amira.get("/v1/me")).body
    assert signed_in.status == 200
    assert signed_in.body == me | {"api_key": demo_key("amira")}


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
