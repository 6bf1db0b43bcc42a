"""The signs of life of a till, which bring back what it is told; first of them its pairing."""

from importlib.metadata import version
from typing import Literal

import msgspec

from ledger.clock import Clock
from terminals.gateway_answer import Gateway, NoAnswer, Refused, Unanswered, read_as
from terminals.till_identity import Identity
from terminals.till_journal import TillJournal
from terminals.till_settings import Settings, keep_settings, kept_settings

TIMEOUT_MS = 5_000
# A sign of life that is not heard costs nothing; a cashier who waits for it loses a customer.
BEAT_MS = 2_000
# Between two, while the till stands idle; the operator's page calls a till silent after three.
PULSE_S = 30


class Pulse(msgspec.Struct, frozen=True):
    """The gateway's answer: its clock, and what it tells."""

    now_ms: int
    status: Literal["waiting", "active", "suspended"]
    settings: Settings


class Named(msgspec.Struct, frozen=True):
    """What the registry calls a terminal, and where it stands."""

    id: str
    name: str
    place: str


class _Paired(msgspec.Struct, frozen=True):
    key_id: str
    terminal: Named


class Heart:
    """settings: what was told last, also before this start."""

    def __init__(self, gateway: Gateway, journal: TillJournal, clock: Clock) -> None:
        self._gateway = gateway
        self._journal = journal
        self._clock = clock
        self.settings = kept_settings(journal)

    async def beat(self) -> Pulse | Refused | Unanswered:
        """Refused: this till is not of the registry, or was suspended."""
        body = {
            "software": f"airside {version('airside')}",
            "backlog": len(self._journal.owed()) + len(self._journal.for_a_person()),
            "last_sequence": self._journal.last_sequence,
            "now_ms": self._clock.now_ms(),
        }
        try:
            answer = await self._gateway.post(
                "/v1/terminals/me/ping", body, key="", timeout_ms=BEAT_MS
            )
        except NoAnswer as error:
            return Unanswered(error.happened)
        pulse = read_as(answer, Pulse)
        if isinstance(pulse, Pulse) and pulse.settings.version != self.settings.version:
            keep_settings(self._journal, pulse.settings)
            self.settings = pulse.settings
        return pulse


async def pair(
    gateway: Gateway, identity: Identity, code: str
) -> Identity | Refused | Unanswered:
    """The identity with the names that the gateway gave it. May be asked again."""
    body = {"code": code, "public_key": identity.public_key}
    try:
        answer = await gateway.post(
            "/v1/terminals/pair", body, key="", timeout_ms=TIMEOUT_MS
        )
    except NoAnswer as error:
        return Unanswered(error.happened)
    paired = read_as(answer, _Paired)
    if not isinstance(paired, _Paired):
        return paired
    return msgspec.structs.replace(identity, key=paired.key_id, terminal=paired.terminal.id)


async def names_of(gateway: Gateway) -> Named | None:
    """What the registry says of the calling till; None if it does not answer, or knows no such."""
    try:
        answer = await gateway.get("/v1/terminals/me", timeout_ms=TIMEOUT_MS)
    except NoAnswer:
        return None
    found = read_as(answer, Named)
    return found if isinstance(found, Named) else None
