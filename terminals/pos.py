"""`airside pos`: a till for the terminal. Amount, scan, result, receipt; again, until Ctrl-D.

Here the parts meet: the key, the gateway's address and the folder of attempts are checked,
the till asks who it is, and the counter (terminals/shop.py) opens.
"""

import argparse
import asyncio
import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TextIO

import msgspec

from ledger.clock import Clock
from ledger.money import UnknownCommodity
from terminals.card_reader import ReaderTrouble
from terminals.card_taps import CardTaps
from terminals.gateway_answer import Answer, Gateway
from terminals.gateway_client import UnusableUrl
from terminals.inquiries import Counter
from terminals.pos_entry import EntryRefused
from terminals.pos_scan import CodeSource, cashier
from terminals.pos_screen import Screen, wants_colour
from terminals.pos_start import CannotStart
from terminals.pos_till import OpenTill, open_till
from terminals.shop import UNKNOWN, Shop
from terminals.till import TIMEOUT_MS, Sleep
from terminals.till_identity import IdentityDamaged, PairedElsewhere
from terminals.till_journal import JournalDamaged, StateInUse
from terminals.till_settings import SaleRefused
from terminals.typed_amount import AmountRefused

NOT_STARTED = 1
INTERRUPTED = 130  # 128 + SIGINT, as shells count


class FullExtraMissing(Exception):
    """The optional library that draws a whole screen is not installed."""

    def __init__(self) -> None:
        super().__init__('a whole screen needs: pip install "airside[till]"')


class NoReaderOnFull(Exception):
    """The whole screen does not wait for cards; the till would look as if it did."""

    def __init__(self) -> None:
        super().__init__("--full takes no cards yet: leave out --reader, or --full")


EXPLAINED = (
    AmountRefused,
    CannotStart,
    EntryRefused,
    FullExtraMissing,
    IdentityDamaged,
    JournalDamaged,
    NoReaderOnFull,
    PairedElsewhere,
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


class Voice:
    """What the till says while it waits, to whatever screen there is by then."""

    def __init__(self, to: Callable[[str], None]) -> None:
        self.to = to

    def __call__(self, text: str) -> None:
        self.to(text)


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
    except EXPLAINED as error:
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
    if options.full and options.reader is not None:
        raise NoReaderOnFull
    runner = opened.enter_context(asyncio.Runner())
    voice = Voice(screen.line)
    opening = open_till(options, console, voice)
    try:
        till = runner.run(opening.__aenter__())
    except CannotStart as error:
        screen.says(error)
        return UNKNOWN if error.owes else NOT_STARTED
    opened.callback(lambda: runner.run(opening.__aexit__(None, None, None)))
    if options.full:
        return runner.run(_full(options, till, voice))
    names = (till.whose, options.place, till.url)
    screen.line(" · ".join(name for name in names if name))
    taps = None
    if options.reader is not None:
        ask = _asking(till.gateway, runner)
        taps = CardTaps(options.reader, ask, cashier(console.keys, screen))
        opened.callback(taps.close)
        if not _is_once(options):
            _look(taps, screen)
    codes = CodeSource(options, console.keys, screen, taps)
    counter = Counter(till.till, screen, runner, till.whose)
    shop = Shop(options, console.keys, counter, codes)
    return shop.once() if _is_once(options) else shop.open()


def _look(taps: CardTaps, screen: Screen) -> None:
    """Trouble with the reader is said before the first customer comes, and ends nothing."""
    try:
        taps.open()
    except ReaderTrouble as error:
        screen.says(error)


def _asking(gateway: Gateway, runner: asyncio.Runner) -> Callable[[str, object], Answer]:
    """For what is asked while a card lies on the reader, between two runs of the loop."""

    def ask(path: str, body: object) -> Answer:
        return runner.run(gateway.post(path, body, key="", timeout_ms=TIMEOUT_MS))

    return ask


async def _full(options: argparse.Namespace, till: OpenTill, voice: Voice) -> int:
    try:
        from terminals.pos_full import FullTill  # noqa: PLC0415 — an optional library
    except ImportError:
        raise FullExtraMissing from None
    app = FullTill(options, till)
    voice.to = app.tell
    code = await app.run_async()
    return UNKNOWN if code is None else code


def _is_once(options: argparse.Namespace) -> bool:
    return bool(options.once or options.words or options.amount or options.order)
