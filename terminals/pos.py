"""`airside pos`: a till for the terminal. Amount, scan, result, receipt; again, until Ctrl-D.

Here the parts meet: the key, the gateway's address and the folder of attempts are checked,
the till asks who it is, and the counter (terminals/shop.py) opens.
"""

import argparse
import asyncio
import io
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from typing import TextIO

import msgspec

from ledger.clock import Clock
from ledger.money import UnknownCommodity, exponent
from terminals.attempt import Origin
from terminals.card_reader import CardReader, ReaderTrouble
from terminals.card_taps import CardTaps
from terminals.gateway_answer import Answer
from terminals.gateway_client import GatewayClient, UnusableUrl, checked_url
from terminals.inquiries import Counter
from terminals.pos_entry import EntryRefused
from terminals.pos_scan import CodeSource, cashier
from terminals.pos_screen import Screen, wants_colour
from terminals.pos_start import (
    CannotStart,
    identify,
    pair_till,
    proof_of,
    require_origin,
)
from terminals.shop import UNKNOWN, Shop
from terminals.till import TIMEOUT_MS, Sleep, Till, TillParts
from terminals.till_identity import IdentityDamaged, PairedElsewhere
from terminals.till_journal import JournalDamaged, StateInUse, TillJournal
from terminals.till_proof import Signature
from terminals.till_settings import SaleRefused
from terminals.typed_amount import AmountRefused

NOT_STARTED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells count

_EXPLAINED = (
    AmountRefused,
    CannotStart,
    EntryRefused,
    IdentityDamaged,
    JournalDamaged,
    PairedElsewhere,
    ReaderTrouble,
    SaleRefused,
    StateInUse,
    UnknownCommodity,
    UnusableUrl,
)


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around the cashier."""

    keys: TextIO
    out: TextIO
    environ: Mapping[str, str]
    clock: Clock
    sleep: Sleep


def run(options: argparse.Namespace, console: Console) -> int:
    """Until Ctrl-D, or once; returns the exit code."""
    for stream in (console.keys, console.out):
        # A byte that the terminal's encoding lacks must not end a sale half-way.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    screen = Screen(console.out, colour=wants_colour(console.out, console.environ))
    try:
        with ExitStack() as opened:
            return _run(options, console, screen, opened)
    except _EXPLAINED as error:
        screen.says(error)
    except OSError as error:
        screen.says(f"{error.filename or 'disk'}: {error.strerror}")
    except KeyboardInterrupt:
        screen.line()
        return INTERRUPTED
    return NOT_STARTED


def _run(
    options: argparse.Namespace, console: Console, screen: Screen, opened: ExitStack
) -> int:
    exponent(options.currency)
    url = checked_url(options.url)
    journal = opened.enter_context(closing(TillJournal(options.state, secrets.token_bytes)))
    runner = opened.enter_context(asyncio.Runner())
    if options.pair:
        runner.run(pair_till(options.state, url, options.pair, screen.line))
    proof = proof_of(options, url, console)
    client = GatewayClient(url, proof)
    runner.run(client.__aenter__())
    opened.callback(lambda: runner.run(client.__aexit__(None, None, None)))
    try:
        me = runner.run(identify(client, url, console.sleep, screen.line))
        origin = Origin(url, me.principal)
        require_origin(journal.owed(), origin)
    except CannotStart as error:
        screen.says(error)
        return UNKNOWN if journal.owed() else NOT_STARTED
    parts = TillParts(
        gateway=client,
        journal=journal,
        origin=origin,
        clock=console.clock,
        sleep=console.sleep,
        tell=screen.line,
        registered=isinstance(proof, Signature),
    )
    names = (me.merchant_name, options.terminal, options.place, url)
    screen.line(" · ".join(name for name in names if name))
    till = Till(parts)
    whose = " · ".join(name for name in (me.merchant_name, options.terminal) if name)
    counter = Counter(till, screen, runner, whose)
    taps = None
    if options.reader is not None:
        reader = opened.enter_context(CardReader(options.reader))
        taps = CardTaps(reader, _asking(client, runner), cashier(console.keys, screen))
    codes = CodeSource(options, console.keys, screen, taps)
    shop = Shop(options, console.keys, counter, codes)
    return shop.once() if _is_once(options) else shop.open()


def _asking(
    client: GatewayClient, runner: asyncio.Runner
) -> Callable[[str, object], Answer]:
    """For what is asked while a card lies on the reader, between two runs of the loop."""

    def ask(path: str, body: object) -> Answer:
        return runner.run(client.post(path, body, key="", timeout_ms=TIMEOUT_MS))

    return ask


def _is_once(options: argparse.Namespace) -> bool:
    return bool(options.once or options.words or options.amount or options.order)
