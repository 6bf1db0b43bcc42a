"""Who signed a request: terminals of the registry prove themselves so (RFC 9421).

    Content-Digest: sha-256=:…:
    Signature-Input: airside=("@method" "@authority" "@path" "content-digest" "idempotency-key")
        ;created=1763802000;keyid="tk_…";nonce="…";alg="ed25519"
    Signature: airside=:…:

Covered must be the method, the host, the path, the query where there is one, the digest of the
body, which is checked whenever one is shown, and the idempotency key where there is one: all that
decides what is done, and where. `created` may be a minute off our
clock, either way; with a nonce, which counts once in that time (services/nonces.py), a request that
somebody recorded is refused. The signature is verified before its nonce is claimed, so that
strangers cannot fill the memory of nonces.

A conversation (the terminal's connection, a stream) is signed once, where it begins. From then on
it is asked whether that key still opens.
"""

import asyncio
import re
from collections.abc import Callable

from aiohttp import hdrs, web

from channels.outcome import unavailable
from channels.problem import Problem
from ledger.clock import SECOND_MS, Clock
from ledger.errors import Happened
from services.nonces import Nonces
from services.principals import Principal
from services.signer_cache import SignerCache
from services.store import StoreUnavailable
from services.terminal_keys import KEY_ID_PREFIX, Signer
from terminals.http_signature import (
    ALGORITHM,
    ComponentMissing,
    Message,
    NotWellFormed,
    SignatureInput,
    SignatureRefused,
    read_input,
    read_signature,
    require_digest,
    verify,
)

HEADER = "Signature-Input"
# How far a terminal's clock may be off. More than a good clock drifts in a month without being
# set; less than what would make the memory of nonces large.
WINDOW_MS = 60 * SECOND_MS
_NONCE = re.compile(r"[!-~]{8,64}")
_DEFAULT_PORT = re.compile(r":(?:80|443)?\Z")
_SIGNED = web.RequestKey("signed by", str)


class SignedRequests:
    def __init__(
        self, find: Callable[[str], Signer | None], nonces: Nonces, clock: Clock
    ) -> None:
        self._signers = SignerCache(find, clock)
        self._nonces = nonces
        self._clock = clock

    def forget(self) -> None:
        """After somebody lost access."""
        self._signers.clear()

    async def admit(self, request: web.Request, body: bytes) -> Principal | None:
        """Who signed it; None if nobody whom we know. Raises Problem 401 or 503."""
        known = request.get(_SIGNED)
        try:
            if known is not None:  # a conversation: it was verified when it began
                signer = await self._signer(known)
                return signer.principal if signer else None
            return await self._verified(request, body)
        except SignatureRefused as error:
            raise _refused(f"{error}.") from None
        except StoreUnavailable:
            raise unavailable("Keys cannot be looked up just now.", Happened.NO) from None

    async def _verified(self, request: web.Request, body: bytes) -> Principal | None:
        signed = _ours(request)
        message = message_of(request)
        _require_covered(message, signed, body)
        created_ms, nonce = self._timely(signed)
        key_id = signed.text_of("keyid")
        signer = await self._signer(key_id)
        if signer is None:
            return None
        signature = read_signature(_header(request, "Signature"), signed.label)
        verify(message, signed, signature, signer.public_key)
        until_ms = created_ms + 2 * WINDOW_MS
        if not await self._nonces.claim(key_id, nonce, until_ms=until_ms):
            raise Problem(
                401,
                "request-replayed",
                "This signed request was seen before. Sign it again, with another nonce.",
                field=HEADER,
            )
        request[_SIGNED] = key_id
        return signer.principal

    def _timely(self, signed: SignatureInput) -> tuple[int, str]:
        """When it was signed, and its nonce. Raises NotWellFormed, Problem."""
        nonce = signed.text_of("nonce")
        if not _NONCE.fullmatch(nonce):
            raise NotWellFormed(HEADER)
        now_ms = self._clock.now_ms()
        created_ms = signed.number_of("created") * SECOND_MS
        ended = "expires" in signed.parameters and (
            signed.number_of("expires") * SECOND_MS <= now_ms
        )
        if ended or abs(now_ms - created_ms) > WINDOW_MS:
            raise Problem(
                401,
                "clock-off",
                f"This was signed at {created_ms // SECOND_MS}, and here it is"
                f" {now_ms // SECOND_MS}: more than {WINDOW_MS // SECOND_MS} s apart."
                " Set the terminal's clock.",
                field=HEADER,
            )
        return created_ms, nonce

    async def _signer(self, key_id: str) -> Signer | None:
        if not key_id.startswith(KEY_ID_PREFIX):
            return None
        known = self._signers.peek(key_id)
        return known or await asyncio.to_thread(self._signers.find, key_id)


def message_of(request: web.Request) -> Message:
    path, _, query = request.raw_path.partition("?")
    headers = {
        name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers
    }
    # Normal form has no default port (RFC 9421, section 2.2.3). Behind a proxy it is not known
    # which scheme was used, and no installation has two gateways that differ in nothing else.
    authority = _DEFAULT_PORT.sub("", request.headers.get(hdrs.HOST, ""))
    return Message(request.method, authority, path, query, headers)


def _ours(request: web.Request) -> SignatureInput:
    """The first signature that a terminal may have made: a proxy adds others."""
    for signed in read_input(_header(request, HEADER)):
        if str(signed.parameters.get("keyid", "")).startswith(KEY_ID_PREFIX):
            if signed.parameters.get("alg", ALGORITHM) != ALGORITHM:
                break
            return signed
    raise NotWellFormed(HEADER)


def _require_covered(message: Message, signed: SignatureInput, body: bytes) -> None:
    """Raises ComponentMissing, DigestWrong, NotWellFormed."""
    must = ["@method", "@authority", "@path"]
    must += ["@query"] if message.query else []
    must += ["idempotency-key"] if "idempotency-key" in message.headers else []
    shown = "content-digest" in {*message.headers, *signed.components}
    must += ["content-digest"] if shown or body or message.method == "POST" else []
    for component in must:
        if component not in signed.components:
            raise ComponentMissing(component)
    if "content-digest" in must:
        require_digest(message.headers.get("content-digest", ""), body)


def _header(request: web.Request, name: str) -> str:
    return ", ".join(request.headers.getall(name, []))


def _refused(detail: str) -> Problem:
    detail = f"{detail[:1].upper()}{detail[1:]}"
    return Problem(401, "signature-refused", detail, field=HEADER)
