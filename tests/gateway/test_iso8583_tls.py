"""Mutual TLS instead of message codes: the certificate's name is the terminal."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from gateway.config import BadSetting, load
from ledger.money import Money
from terminals.iso8583.till import ECHO, Iso8583Till, NoAnswer, Setup
from terminals.iso8583.till_book import End
from tests.gateway.certificates import Authority
from tests.gateway.harness import House
from tests.gateway.iso8583 import Counter, counter, iso_house
from tests.gateway.registry import register

PRICE = Money(24_000, "QAR")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def funded(
    furnished_with_money: Path, tmp_path: Path, authority: Authority
) -> AsyncIterator[House]:
    certificate, key = authority.certify("gateway")
    async with iso_house(
        furnished_with_money,
        tmp_path / "data",
        iso8583_certificate=str(certificate),
        iso8583_key=str(key),
        iso8583_clients=str(authority.file),
    ) as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    return await counter(funded, tmp_path)


def till(
    desk: Counter, tls: ssl.SSLContext | None, key: bytes | None = None
) -> Iso8583Till:
    setup: Setup = msgspec.structs.replace(desk.setup, tls=tls, key=key)
    return Iso8583Till(setup, desk.book, desk.house.clock)


async def test_a_till_with_its_certificate_needs_no_key(
    funded: House, tmp_path: Path, authority: Authority
) -> None:
    desk = await counter(funded, tmp_path)
    one = till(desk, authority.client(desk.tid))

    paid = await one.purchase(await funded.code(), PRICE)
    await one.close()

    assert paid.end is End.APPROVED
    assert await funded.available() == 76_000


async def test_a_certificate_speaks_for_no_terminal_whose_keys_were_ended(
    funded: House, desk: Counter, authority: Authority
) -> None:
    await funded.operator.post(f"/v1/terminals/{desk.id}/revoke-keys", key=None)
    one = till(desk, authority.client(desk.tid))

    refused = await one.purchase(await funded.code(), PRICE)
    await one.close()

    assert (refused.end, refused.response) == (End.DECLINED, "63")


async def test_a_till_with_a_key_too_is_answered_with_its_code(
    funded: House, desk: Counter, authority: Authority
) -> None:
    one = till(desk, authority.client(desk.tid), desk.setup.key)

    paid = await one.purchase(await funded.code(), PRICE)
    await one.close()

    assert paid.end is End.APPROVED


async def test_a_certificate_speaks_for_its_own_terminal_only(
    funded: House, desk: Counter, authority: Authority
) -> None:
    other = await register(funded)
    one = till(desk, authority.client(other["tid"]))

    refused = await one.manage(ECHO)
    await one.close()

    assert refused.get("39") == "63"


@pytest.mark.parametrize("shows", ["nothing", "a stranger's", "no TLS"])
async def test_who_shows_no_certificate_of_the_authority_is_not_let_in(
    funded: House, desk: Counter, authority: Authority, tmp_path: Path, shows: str
) -> None:
    (tmp_path / "other").mkdir()
    context = ssl.create_default_context(cafile=authority.file)
    if shows == "a stranger's":
        context.load_cert_chain(*Authority(tmp_path / "other").certify(desk.tid))
    one = till(desk, None if shows == "no TLS" else context, desk.setup.key)

    with pytest.raises(NoAnswer):
        await one.manage(ECHO)
    with pytest.raises(NoAnswer):
        await one.manage(ECHO)


def test_certificate_key_and_clients_go_together() -> None:
    with pytest.raises(BadSetting, match="iso8583_certificate"):
        load(None, {}, {"iso8583_key": "key.pem"})
