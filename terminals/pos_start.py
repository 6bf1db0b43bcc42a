"""What must be right before the till sells: its key, the gateway, what it owes.

CannotStart
    NoKey              no API key, or nothing that could be one
    GatewaySilent      no answer within the till's patience
    KeyNotAccepted     the gateway knows no such till, or it is suspended
    ClockOff           the till's clock and the gateway's are more than a minute apart
    NotPaired          the pairing code opens nothing
    OtherOrigin        the folder owes an attempt to another gateway or as another till
"""

import argparse
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from ledger.clock import SECOND_MS, Clock
from terminals.attempt import Attempt, Origin
from terminals.gateway_answer import Gateway, Me, NoAnswer, Refused, Unanswered, read_as
from terminals.gateway_client import GatewayClient
from terminals.pos_options import KEY_VARIABLE
from terminals.till import PAY_WAITS_MS, TIMEOUT_MS, Sleep
from terminals.till_identity import (
    Identity,
    PairedElsewhere,
    begin_pairing,
    end_pairing,
    read_identity,
)
from terminals.till_proof import Anybody, ApiKey, Proof, Signature
from terminals.till_pulse import pair

# Who may take payments for a merchant. An operator takes them for any, and so for none here.
_TILLS = frozenset({"merchant", "terminal"})


class Around(Protocol):
    """What stands around the cashier, as far as the start needs it."""

    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def clock(self) -> Clock: ...


class CannotStart(Exception):
    """Base: each says who is to blame and what to do. owes: this till has something to settle."""

    owes = False


class NoKey(CannotStart):
    def __init__(self) -> None:
        super().__init__(
            "pair this till with --pair CODE, or give it an API key by --key-file or in the"
            f" variable {KEY_VARIABLE}"
        )


class GatewaySilent(CannotStart):
    def __init__(self, url: str) -> None:
        super().__init__(f"the gateway at {url} does not answer")


class KeyNotAccepted(CannotStart):
    def __init__(self, why: str) -> None:
        super().__init__(f"the gateway does not accept this till's key: {why}")


class ClockOff(CannotStart):
    """A receipt with a wrong time is none, and what this till signs counts for nobody."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this till's clock is wrong: {why}")


class NotPaired(CannotStart):
    def __init__(self, why: str) -> None:
        super().__init__(f"this till was not paired: {why}")


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


def proof_of(options: argparse.Namespace, url: str, around: Around) -> Proof:
    """By its own key if it is paired, by an API key otherwise.

    Raises PairedElsewhere, IdentityDamaged, NoKey, OSError.
    """
    identity = read_identity(options.state)
    if identity is None or options.key_file:
        return ApiKey(read_key(options.key_file, around.environ))
    if identity.gateway != url:
        raise PairedElsewhere(identity.gateway)
    return Signature(identity.signer, around.clock, secrets.token_bytes)


async def pair_till(folder: Path, url: str, code: str, tell: Callable[[str], None]) -> None:
    """Make a key, and let the gateway know it. May be done again, after a power loss too.

    Raises NotPaired, GatewaySilent, IdentityDamaged, OSError.
    """
    identity = begin_pairing(folder, url, secrets.token_bytes)
    async with GatewayClient(url, Anybody()) as gateway:
        verdict = await pair(gateway, identity, code)
    match verdict:
        case Identity() as paired:
            end_pairing(folder, paired)
            tell(f"Paired: this till is {paired.terminal}.")
        case Refused() as refusal:
            raise NotPaired(refusal.detail)
        case Unanswered():
            raise GatewaySilent(url)


async def identify(
    gateway: Gateway, url: str, sleep: Sleep, tell: Callable[[str], None]
) -> Me:
    """Whose key it is. Patient: after a power cut everything starts at once.

    Raises GatewaySilent, KeyNotAccepted.
    """
    for wait_ms in (*PAY_WAITS_MS, None):
        try:
            answer = await gateway.get("/v1/me", timeout_ms=TIMEOUT_MS)
            verdict = read_as(answer, Me)
        except NoAnswer:
            verdict = Unanswered()
        match verdict:
            case Me() as me if me.kind in _TILLS and "payments" in me.scopes:
                return me
            case Me():
                raise KeyNotAccepted(f"it is the key of a {verdict.kind}, not of a till.")
            case Refused(problem="clock-off") as refusal:
                raise ClockOff(refusal.detail)
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
