"""Sends one message to one webhook, and nowhere else.

A merchant's address is somebody else's word. So no message goes to an address inside: not to this
machine, not to its network, whatever the name says and however it is written, and whatever it said
a moment ago (the connection is made to the very address that was looked at). Redirects are not
followed, for they could lead inside; and of the answer only its status is read.
"""

import ipaddress
import socket
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

# A receiver has this long for one message. What takes longer may have arrived: it comes again.
PATIENCE_S = 10.0
# Of all webhooks together, far below the 1,024 files that a process may open.
CONNECTIONS_MAX = 256
# The translation of IPv4 for networks without it (RFC 6052) leads to whatever it wraps.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Inside(OSError):
    """The name leads to no public address."""

    def __init__(self) -> None:
        super().__init__("it leads to an address that is not public")


def is_public(address: str) -> bool:
    """For an IP address, as text. False for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour
        if wrapped is not None:
            return is_public(str(wrapped))
        if found in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)))
    return found.is_global and not found.is_multicast and not found.is_reserved


def _is_inside(url: str) -> bool:
    """An address in figures is asked of no resolver."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not is_public(host)


class _PublicOnly(AbstractResolver):
    """Names, but only to where everybody may connect."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        public = [result for result in found if is_public(result["host"])]
        if not public:
            raise Inside
        return public

    async def close(self) -> None:
        await self._resolver.close()


class WebhookSender:
    """inside_allowed: for development only."""

    def __init__(
        self,
        *,
        inside_allowed: bool,
        patience_s: float = PATIENCE_S,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._inside_allowed = inside_allowed
        self._patience_s = patience_s
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> str:
        """What was wrong, in a few words; nothing when it arrived. Raises nothing."""
        if not self._inside_allowed and _is_inside(url):
            return str(Inside())
        try:
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                status = response.status
        except TimeoutError:
            return f"no answer within {self._patience_s:.0f} s"
        except Inside as error:
            return str(error)
        except aiohttp.ClientConnectorError as error:
            inside = isinstance(error.os_error, Inside)
            return str(error.os_error) if inside else "it cannot be connected"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"it does not answer as HTTP does ({type(error).__name__})"
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return ""
        return f"it answered {status}"

    def _open(self) -> aiohttp.ClientSession:
        """In the loop that uses it."""
        if self._session is None:
            resolver = self._resolver or aiohttp.ThreadedResolver()
            connector = aiohttp.TCPConnector(
                resolver=resolver if self._inside_allowed else _PublicOnly(resolver),
                use_dns_cache=False,
                limit=CONNECTIONS_MAX,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._patience_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
