"""A person pays, leaves, and is forgotten: nowhere in any file, while the books verify."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from sqlalchemy import select

from actors.directory import load_or_create, plan
from channels.web.demo import demo_random_bytes
from channels.wire import Amount, PayerBody, PaymentBody
from gateway import cli
from gateway.layout import Layout
from ledger.clock import DAY_MS
from ledger.keys import request_digest
from services.labels import AccountLabel, set_label
from services.principals import NewPrincipal, PrincipalKind, create_principal, issue_key
from services.tables import DATA_KEYS
from tests.gateway.harness import (
    AMIRA,
    LOUNGE,
    NOON,
    PROBLEM,
    Caller,
    House,
    copy_folder,
    money,
)
from tests.gateway.passkeys import SIGN_IN, add, answered, key_of, sign_in
from tests.software_key import SoftwareKey

NAME, LABEL, ORDER = "Zahra Planted", "Zahra's travels", "PNR-ZAHRA-7Q4K2Z"
BOUGHT, EVIDENCE, KEY = "Seat 14C for Zahra", "transfer-from-Zahra", "key-of-Zahra-17"
PHONE, DEVICE, WAY = "Passkey of Zahra", "Laptop of Zahra", "Pocket money of Zahra"
TEXTS = (NAME, LABEL, ORDER, BOUGHT, EVIDENCE, KEY, PHONE, DEVICE, WAY)
PLANTED = [text.encode() for text in TEXTS]


class Traveller(NamedTuple):
    """Who is to be forgotten, and what she leaves behind."""

    caller: Caller
    account: str
    payments: list[str]
    order: str
    wrapped_key: bytes
    phone: SoftwareKey


@pytest.fixture
async def free(furnished: Path, tmp_path: Path) -> AsyncIterator[House]:
    """No law asks this house to keep anything."""
    house = House(copy_folder(furnished, tmp_path / "data"), retention_days=0)
    await house.start()
    yield house
    await house.stop()


async def travel(house: House) -> Traveller:
    """Opens, tops up, pays by code and by link, gets a part back, spends the rest."""
    body = {"kind": "wallet", "currencies": ["QAR"], "label": LABEL}
    account = (await house.operator.post("/v1/accounts", body)).body["id"]
    new = NewPrincipal(
        kind=PrincipalKind.CUSTOMER, name=NAME, channel="web", account=account
    )
    made = create_principal(
        house.store, new, random_bytes=demo_random_bytes("zahra"), now_ms=NOON
    )
    key = issue_key(
        house.store, made.id, random_bytes=demo_random_bytes("zahra"), now_ms=NOON
    )
    zahra = Caller(house, key)
    assert (await zahra.get("/v1/me")).body["name"] == NAME
    phone = key_of(house)
    await add(zahra, phone, PHONE)
    here = await sign_in(house, phone, DEVICE)
    way = {"pot": "QAR", "label": WAY, "default": True}
    await here.put("/v1/me/ways-to-pay", {"ways": [way]})
    await house.top_up(account, 30_000, evidence=EVIDENCE)

    code = (await zahra.post(f"/v1/accounts/{account}/codes", key=None)).body["payload"]
    paid = await house.charge(20_000, payer=code, order=ORDER, key=KEY)
    assert paid.body["order"] == ORDER
    path = f"/v1/payments/{paid.body['id']}"
    await house.lounge.post(f"{path}/refund", {"amount": money(5_000)})
    lines = [{"text": BOUGHT, "amount_minor": 15_000}]
    asked = {"amount": money(15_000), "order": ORDER, "lines": lines}
    order = (await house.lounge.post("/v1/orders", asked)).body["id"]
    linked = await zahra.post(f"/v1/orders/{order}/pay")
    assert linked.status == 201, linked.raw
    await house.until(lambda: house.gateway.shared.order_texts.flush() == 0)
    with house.store.read() as connection:
        query = select(DATA_KEYS.c.sealed_key).where(DATA_KEYS.c.holder == account)
        wrapped_key = connection.execute(query).scalar_one()
    assert wrapped_key
    payments = [paid.body["id"], linked.body["id"]]
    return Traveller(zahra, account, payments, order, wrapped_key, phone)


async def close(house: House, account: str) -> None:
    closed = await house.operator.post(f"/v1/accounts/{account}/close")
    assert closed.body["status"] == "closed"


async def forget(house: House, account: str) -> None:
    reply = await house.operator.post(f"/v1/accounts/{account}/forget")
    assert (reply.status, reply.body["swept"]) == (200, True), reply.raw


def traces(house: House, planted: Iterable[bytes]) -> set[str]:
    """Files of the data folder that hold one of these."""
    return {
        path.name
        for path in Path(house.config.data).rglob("*")
        if path.is_file() and any(each in path.read_bytes() for each in planted)
    }


def journal_sizes(house: House) -> dict[str, int]:
    folder = Path(house.config.data, "journals")
    return {path.name: path.stat().st_size for path in folder.iterdir()}


def write_map(house: House) -> None:
    """As `serve` does when it makes a data folder."""
    load_or_create(Layout(Path(house.config.data)).directory, plan(2))


async def test_while_she_is_there_no_file_holds_her_in_plain(free: House) -> None:
    zahra = await travel(free)

    assert traces(free, PLANTED) == set()
    assert traces(free, [zahra.wrapped_key])  # and the search is not blind
    assert traces(free, [zahra.phone.id])


async def test_who_reads_the_journal_cannot_try_what_a_request_may_have_said(
    funded: House,
) -> None:
    """All but the order is known, and orders are short."""
    body = PaymentBody(
        amount=Amount(100, "QAR"),
        payer=PayerBody(account=AMIRA),
        order=ORDER,
        merchant=LOUNGE,
    )
    paid = await funded.operator.post("/v1/payments", msgspec.json.encode(body))
    assert paid.status == 201, paid.raw
    canonical = msgspec.msgpack.encode(["/v1/payments", {}, body])

    assert traces(funded, [request_digest(canonical)]) == set()
    keyring = funded.gateway.shared.keyring
    assert traces(funded, [keyring.request_digest(canonical)])  # the search is not blind


async def test_a_forgotten_person_is_in_no_file_and_the_books_verify(
    free: House, capsys: pytest.CaptureFixture[str]
) -> None:
    zahra = await travel(free)
    await close(free, zahra.account)
    before = journal_sizes(free)

    await forget(free, zahra.account)

    assert traces(free, [*PLANTED, zahra.wrapped_key, zahra.phone.id]) == set()
    assert journal_sizes(free) == before
    with pytest.raises(SystemExit) as ended:
        cli.main(["ledger", "verify", free.config.data])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("Sound:")


async def test_her_payments_stay_without_what_was_hers(free: House) -> None:
    zahra = await travel(free)
    await close(free, zahra.account)
    before = [await free.operator.get(f"/v1/payments/{one}") for one in zahra.payments]

    await forget(free, zahra.account)

    for one, seen in zip(zahra.payments, before, strict=True):
        after = await free.operator.get(f"/v1/payments/{one}")
        assert seen.body["order"] == ORDER
        assert after.body == {**seen.body, "order": None}
    account = await free.operator.get(f"/v1/accounts/{zahra.account}")
    assert (account.body["label"], account.body["status"]) == ("", "closed")
    entries = await free.operator.get(f"/v1/accounts/{zahra.account}/entries")
    assert {entry["order"] for entry in entries.body["entries"]} == {None}
    order = await free.lounge.get(f"/v1/orders/{zahra.order}")
    assert (order.body["order"], order.body["lines"]) == ("", [])
    assert order.body["payment"] == zahra.payments[1]


async def test_she_signs_in_no_more(free: House) -> None:
    zahra = await travel(free)
    await close(free, zahra.account)

    await forget(free, zahra.account)

    assert (await zahra.caller.get("/v1/me")).status == 401
    assert (await answered(free.nobody, zahra.phone, SIGN_IN)).status == 401


async def test_others_lose_nothing(free: House) -> None:
    zahra = await travel(free)
    amira = await free.wallet("amira", QAR=50_000)
    paid = await free.charge(1_000, order=ORDER)  # of the same order, by chance
    await close(free, zahra.account)

    await forget(free, zahra.account)

    kept = await free.amira.get(f"/v1/payments/{paid.body['id']}")
    assert kept.body["order"] == ORDER
    assert (await free.operator.get(f"/v1/accounts/{amira}")).body["label"] == "Amira"
    assert (await free.amira.get("/v1/me")).body["name"] == "Amira"


async def test_forgotten_again_it_is_the_same(free: House) -> None:
    zahra = await travel(free)
    await close(free, zahra.account)
    path = f"/v1/accounts/{zahra.account}/forget"
    first = await free.operator.post(path)
    free.clock.advance(DAY_MS)

    assert (await free.operator.post(path)).raw == first.raw


async def test_nothing_personal_comes_back(free: House) -> None:
    """By a retry of the opening, or a refund that is seen later."""
    zahra = await travel(free)
    await close(free, zahra.account)
    await forget(free, zahra.account)

    set_label(free.store, AccountLabel(account=zahra.account, label=LABEL))
    refund = {"amount": money(100)}
    back = await free.lounge.post(f"/v1/payments/{zahra.payments[0]}/refund", refund)

    assert (back.status, back.body["order"]) == (200, None)
    account = await free.operator.get(f"/v1/accounts/{zahra.account}")
    assert account.body["label"] == ""
    assert traces(free, [*PLANTED, zahra.wrapped_key]) == set()


async def test_an_account_that_is_not_closed_is_refused(free: House) -> None:
    zahra = await travel(free)

    refused = await free.operator.post(f"/v1/accounts/{zahra.account}/forget")

    assert (refused.status, refused.kind) == (409, PROBLEM)
    assert refused.body["type"] == "/problems/account-in-use"
    assert (await zahra.caller.get("/v1/me")).body["name"] == NAME


async def test_an_account_that_is_not_there_is_not_found(free: House) -> None:
    nowhere = "acc_" + "a" * 24

    assert (await free.operator.post(f"/v1/accounts/{nowhere}/forget")).status == 404


async def test_records_are_kept_for_as_long_as_the_setting_says(house: House) -> None:
    zahra = await travel(house)
    await close(house, zahra.account)
    path = f"/v1/accounts/{zahra.account}/forget"
    days = house.config.retention_days
    assert days == 1_826

    house.clock.advance(days * DAY_MS - 1)
    refused = await house.operator.post(path)
    house.clock.advance(1)
    done = await house.operator.post(path)

    assert (refused.status, refused.body["type"]) == (409, "/problems/still-retained")
    assert "until 2031-01-01T" in refused.body["detail"]
    assert done.status == 200


async def test_another_process_lets_go_of_her_too(
    free: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    zahra = await travel(free)
    await close(free, zahra.account)
    # As if another gateway had done it: this one is not told.
    with monkeypatch.context() as patch:
        patch.setattr(free.gateway.shared.order_texts, "drop", lambda _accounts: None)
        await forget(free, zahra.account)
    seen = await free.operator.get(f"/v1/payments/{zahra.payments[0]}")
    assert seen.body["order"] == ORDER  # its memory still has it

    await free.gateway.chores.learn(0)

    seen = await free.operator.get(f"/v1/payments/{zahra.payments[0]}")
    assert seen.body["order"] is None


async def test_the_command_line_forgets_beside_a_running_gateway(
    free: House, capsys: pytest.CaptureFixture[str]
) -> None:
    zahra = await travel(free)
    data = free.config.data
    write_map(free)

    assert run("people", "forget", data, zahra.account, "--retention-days", "0") == 1
    assert "is not closed" in capsys.readouterr().err
    await close(free, zahra.account)
    assert run("people", "forget", data, zahra.account) == 1
    assert "must be kept for longer: until 2031-01-01T" in capsys.readouterr().err

    assert run("people", "forget", data, zahra.account, "--retention-days", "0") == 0

    assert traces(free, [*PLANTED, zahra.wrapped_key]) == set()
    assert capsys.readouterr().out.startswith(f"{zahra.account} forgotten 20")
    assert run("people", "forgotten", data) == 0
    assert capsys.readouterr().out.startswith(f"{zahra.account} 20")


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    return ended.value.code


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    said = run("people", "forgotten", str(tmp_path))

    assert said == f"airside: there is no data folder {tmp_path}"
    assert not list(tmp_path.iterdir())


def test_what_is_no_account_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("people", "forget", "data", "acc_x") == 2
    assert "'acc_x' is not an id that begins with acc_" in capsys.readouterr().err
