"""From where a caller calls, and how often somebody from there may fail to say who it is.

Behind a proxy all come from one address; so a proxy that the settings name is believed about whom
it speaks for. Anybody else may write into X-Forwarded-For what they like, and nobody looks at it.
"""

from collections.abc import Collection
from ipaddress import IPv6Address, IPv6Network, ip_address

from aiohttp import web

from channels.problem import too_often
from services.limits import Limits

_HEADER = "X-Forwarded-For"
# What one household or hall is given of IPv6 (RFC 6177); within it an address costs nothing.
_IPV6_BITS = 64


class Peers:
    def __init__(self, limits: Limits, proxies: Collection[str]) -> None:
        self._limits = limits
        self._proxies = frozenset(proxies)

    def require_keys_left(self, request: web.Request) -> None:
        """Raises Problem 429."""
        wait_ms = self._limits.failed_keys.wait_ms(self._peer(request))
        if wait_ms:
            raise too_often("Too many unknown keys came from this address.", wait_ms)

    def key_failed(self, request: web.Request) -> None:
        self._limits.failed_keys.spend(self._peer(request))

    def require_sign_ins_left(self, request: web.Request) -> None:
        """And take one. Raises Problem 429."""
        peer, sign_ins = self._peer(request), self._limits.sign_ins
        wait_ms = sign_ins.wait_ms(peer)
        if wait_ms:
            raise too_often("Too many try to sign in from this address.", wait_ms)
        sign_ins.spend(peer)

    def _peer(self, request: web.Request) -> str:
        peer = request.remote or ""
        if peer in self._proxies:
            said = request.headers.get(_HEADER, "").rpartition(",")[2].strip()
            return network_of(said) or peer
        return network_of(peer)


def network_of(text: str) -> str:
    """An IPv4 address itself, the network of an IPv6 one; empty for what is neither."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Network((address, _IPV6_BITS), strict=False))
    return str(address)
