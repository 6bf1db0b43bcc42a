"""No news goes to an address inside, however it is written, and whatever a name says."""

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.webhook_sender import WebhookSender, is_public
from tests.gateway.receiver import Receiver


class Names(AbstractResolver):
    """Says for each host what a test wants."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0, flags=0
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "shop.example",
        "",
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0x7f.1"]
)
async def test_an_address_in_figures_is_not_called(host: str) -> None:
    sender = WebhookSender(inside_allowed=False, resolver=Names("127.0.0.1"))

    problem = await sender.send(f"http://{host}:9/news", {}, b"{}")
    await sender.close()

    assert problem
    assert "connected" not in problem


async def test_a_name_that_leads_inside_is_not_called() -> None:
    receiver = Receiver()
    await receiver.start()
    url = receiver.url.replace("127.0.0.1", "shop.example")

    careful = WebhookSender(inside_allowed=False, resolver=Names("127.0.0.1"))
    open_ = WebhookSender(inside_allowed=True, resolver=Names("127.0.0.1"))
    refused = await careful.send(url, {}, b'{"data":{}}')
    sent = await open_.send(url, {}, b'{"data":{}}')
    await careful.close()
    await open_.close()
    await receiver.stop()
    receiver.close()

    assert refused == "it leads to an address that is not public"
    assert sent == ""
    assert len(receiver.came) == 1


async def test_a_redirect_is_not_followed() -> None:
    receiver = Receiver()
    await receiver.start()
    receiver.answers = lambda _number: 307

    sender = WebhookSender(inside_allowed=True)
    problem = await sender.send(receiver.url, {}, b"{}")
    await sender.close()
    await receiver.stop()
    receiver.close()

    assert problem == "it answered 307"
    assert len(receiver.came) == 1


async def test_what_cannot_be_connected_is_said_in_a_few_words() -> None:
    receiver = Receiver()
    sender = WebhookSender(inside_allowed=True)

    problem = await sender.send(receiver.url, {}, b"{}")
    await sender.close()
    receiver.close()

    assert problem == "it cannot be connected"
