"""Opening a till: its key, its journal, the gateway; whatever kind of screen stands before it."""

import argparse
import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from typing import Protocol

import msgspec

from ledger.money import exponent
from terminals.attempt import Origin
from terminals.gateway_answer import Gateway, Me
from terminals.gateway_client import GatewayClient, checked_url
from terminals.pos_start import (
    Around,
    CannotStart,
    identify,
    pair_till,
    proof_of,
    require_origin,
)
from terminals.till import Sleep, Till, TillParts
from terminals.till_journal import TillJournal
from terminals.till_proof import Signature
from terminals.till_pulse import names_of


class Surroundings(Around, Protocol):
    @property
    def sleep(self) -> Sleep: ...


class OpenTill(msgspec.Struct, frozen=True):
    """whose: merchant and till, as they are shown."""

    till: Till
    gateway: Gateway
    journal: TillJournal
    me: Me
    url: str
    whose: str


@asynccontextmanager
async def open_till(
    options: argparse.Namespace, around: Surroundings, tell: Callable[[str], None]
) -> AsyncIterator[OpenTill]:
    """Raises CannotStart (which says whether anything is owed), StateInUse, JournalDamaged,
    IdentityDamaged, PairedElsewhere, UnusableUrl, UnknownCommodity, OSError.
    """
    exponent(options.currency)
    url = checked_url(options.url)
    journal = await asyncio.to_thread(TillJournal, options.state, secrets.token_bytes)
    with closing(journal):
        if options.pair:
            await pair_till(options.state, url, options.pair, tell)
        proof = proof_of(options, url, around)
        async with GatewayClient(url, proof) as client:
            try:
                me = await identify(client, url, around.sleep, tell)
                origin = Origin(url, me.principal)
                require_origin(journal.owed(), origin)
            except CannotStart as error:
                error.owes = bool(journal.owed())
                raise
            registered = isinstance(proof, Signature)
            if registered and (named := await names_of(client)):
                # The registry says where a till stands; what was typed is for one without.
                options.terminal = named.name
                options.place = named.place or options.place
            parts = TillParts(
                gateway=client,
                journal=journal,
                origin=origin,
                clock=around.clock,
                sleep=around.sleep,
                tell=tell,
                registered=registered,
            )
            names = (me.merchant_name, options.terminal)
            whose = " · ".join(name for name in names if name)
            yield OpenTill(Till(parts), client, journal, me, url, whose)
