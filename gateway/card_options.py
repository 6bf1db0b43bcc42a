"""The part of the command line that issues cards: `airside cards …`.

It works on the data folder, running or not. Who writes a chip holds its key for a moment, so that
is done here, where the issuer's keys are, and never over the network.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from ledger.ids import MalformedId
from ledger.money import UnknownCommodity
from services.card_hsm import HsmUnusable
from services.card_issuer import IssuerKeysLost, UnknownIssuerKey
from services.cards import CardIsLost, CardNotWritable, TooManyCards, UnknownCard
from services.issuer_register import IssuerKeyChanged, IssuerKeyMissing
from services.linked_cards import TooManyLinkedCards
from terminals.apdu import CardFault
from terminals.bench_reader.daemon import READERS_MAX, DaemonFailed
from terminals.bench_reader.driver import BenchIncomplete, DriverBroken
from terminals.card_reader import ReaderTrouble

EXPLAINED = (
    BenchIncomplete,
    CardFault,
    CardIsLost,
    CardNotWritable,
    DaemonFailed,
    DriverBroken,
    HsmUnusable,
    IssuerKeyChanged,
    IssuerKeyMissing,
    IssuerKeysLost,
    MalformedId,
    ReaderTrouble,
    TooManyCards,
    TooManyLinkedCards,
    UnknownCard,
    UnknownCommodity,
    UnknownIssuerKey,
)

Run = Callable[[argparse.Namespace], int]


def add_cards(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, text: str, *, one: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        if one:
            command.add_argument("card", help="crd_…")
        command.add_argument("--data", type=Path, default=Path("data"))
        command.set_defaults(run=_runner(name))
        return command

    make = add("make", "a new chip card of an account", one=False)
    make.add_argument("--account", required=True, help="acc_…")
    _add_limit(make)
    _add_config(make)
    add("list", "all cards, or those of an account", one=False).add_argument(
        "--account", help="acc_…"
    )
    personalise = add("personalise", "write an empty card that lies on a reader")
    personalise.add_argument("--reader", default="", help="how its name begins")
    personalise.add_argument(
        "--pin",
        action="store_true",
        help="ask for a PIN of 4 to 8 digits, and write it too",
    )
    _add_config(personalise)
    link = add("link", "know a bank card that lies on a reader again", one=False)
    link.add_argument(
        "--account", required=True, help="acc_…: the wallet that shall know it"
    )
    link.add_argument("--reader", default="", help="how its name begins")
    add("block", "decline it until it is unblocked")
    add("unblock", "let it pay again")
    add("lost", "decline it for ever")
    _add_limit(add("limit", "above which a PIN is needed; without one, never"))
    _add_config(add("issuer-key", "make an issuer's key in the security module", one=False))
    add("readers", "the card readers of this machine", one=False)


def add_bench_reader(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--readers", type=int, choices=range(1, READERS_MAX + 1), default=1, metavar="N",
        help="so many, each with a card (default: 1)")  # fmt: skip
    add("--state", type=Path, default=Path("data/bench"), help="where cards are kept")
    add("--account", help="acc_…: make and write the empty ones for this account")
    add("--pin", default="", help="of cards that are written here; for play only")
    add("--data", type=Path, default=Path("data"), help="the issuer's data folder")
    _add_limit(parser)
    _add_config(parser)
    parser.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> int:
    from gateway.bench_commands import run  # noqa: PLC0415 — needs the store

    return run(options, sys.stdin)


def _add_limit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tap-limit", help="QAR=20000 (minor units)")


def _add_config(parser: argparse.ArgumentParser) -> None:
    """Without it the data folder's key would be used where a security module has the right one."""
    parser.add_argument("--config", type=Path, help="the TOML file that `serve` reads")


def _runner(name: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        from gateway.card_commands import COMMANDS  # noqa: PLC0415 — needs the store

        return COMMANDS[name](options)

    return run
