"""What must be right before the till sells: its key, the gateway, what it owes.

CannotStart
    NoKey              no API key, or nothing that could be one
    GatewaySilent      no answer within the till's patience
    KeyNotAccepted     the gateway knows no such till
    OtherOrigin        the folder owes an attempt to another gateway or as another till
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ledger.clock import SECOND_MS
from terminals.attempt import Attempt, Origin
from terminals.gateway_answer import Gateway, Me, NoAnswer, Refused, Unanswered, read_me
from terminals.pos_options import KEY_VARIABLE
from terminals.till import PAY_WAITS_MS, TIMEOUT_MS, Sleep

# Who may take payments for a merchant. An operator takes them for any, and so for none here.
_TILLS = frozenset({"merchant", "terminal"})


class CannotStart(Exception):
    """Base: each says who is to blame and what to do."""


class NoKey(CannotStart):
    def __init__(self) -> None:
        super().__init__(
            f"give the till's API key by --key-file or in the variable {KEY_VARIABLE}"
        )


class GatewaySilent(CannotStart):
    def __init__(self, url: str) -> None:
        super().__init__(f"the gateway at {url} does not answer")


class KeyNotAccepted(CannotStart):
    def __init__(self, why: str) -> None:
        super().__init__(f"the gateway does not accept this till's key: {why}")


class OtherOrigin(CannotStart):
    """Asked elsewhere, the attempt would look as if nothing had been taken."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(
            f"an attempt is still owed to {origin.gateway} as {origin.principal}:"
            " start once with that --url and key, or with another --state"
        )


def read_key(file: Path | None, environ: Mapping[str, str]) -> str:
    """Raises NoKey, OSError."""
    text = file.read_text(encoding="utf-8") if file else environ.get(KEY_VARIABLE, "")
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise NoKey
    return key


async def identify(
    gateway: Gateway, url: str, sleep: Sleep, tell: Callable[[str], None]
) -> Me:
    """Whose key it is. Patient: after a power cut everything starts at once.

    Raises GatewaySilent, KeyNotAccepted.
    """
    for wait_ms in (*PAY_WAITS_MS, None):
        try:
            verdict = read_me(await gateway.get("/v1/me", timeout_ms=TIMEOUT_MS))
        except NoAnswer:
            verdict = Unanswered()
        match verdict:
            case Me() as me if me.kind in _TILLS and "payments" in me.scopes:
                return me
            case Me():
                raise KeyNotAccepted(f"it is the key of a {verdict.kind}, not of a till.")
            case Refused() as refusal:
                raise KeyNotAccepted(refusal.detail)
            case Unanswered() if wait_ms is not None:
                tell("The gateway does not answer. Asking again …")
                await sleep(wait_ms / SECOND_MS)
            case Unanswered():
                break
    raise GatewaySilent(url)


def require_origin(attempts: Iterable[Attempt], origin: Origin) -> None:
    """Raises OtherOrigin."""
    for attempt in attempts:
        if attempt.result is None and attempt.origin != origin:
            raise OtherOrigin(attempt.origin)
