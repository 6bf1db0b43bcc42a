"""The command line: `airside serve`, `demo`, `ledger`, `receipt`, `people`, `pos` and others."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from actors.directory import MapMismatch
from actors.ray_head import FolderExposed, RayHeadFailed
from gateway.card_options import EXPLAINED as OF_CARDS
from gateway.card_options import add_bench_reader, add_cards
from gateway.config import BadSetting, Config, load
from gateway.evidence_options import add_against, add_evidence, add_receipt
from gateway.journal_options import add_store, journals_of, store_of
from gateway.layout import FolderInUse, NoDataFolder, OtherStore
from gateway.merchant_options import EXPLAINED as OF_MERCHANTS
from gateway.merchant_options import add_merchants
from gateway.operator_options import add_operators
from gateway.people_options import add_people
from gateway.start_failed import StartFailed
from gateway.terminal_options import EXPLAINED as OF_TERMINALS
from gateway.terminal_options import add_terminals
from ledger.clock import SystemClock
from ledger.errors import LedgerError
from services.keyring import KeysDamaged, KeysExposed
from terminals.crew_options import add_crew
from terminals.iso8583.till_options import add_iso8583_till
from terminals.pos_options import add_options

if TYPE_CHECKING:
    from terminals.pos import Console

# Ctrl-C before there was anything to stop: 128 and the number of the signal, as shells have it.
INTERRUPTED = 130

# Each says itself who is to blame and what to do; no trace is needed.
_EXPLAINED = (
    BadSetting,
    FolderExposed,
    FolderInUse,
    KeysDamaged,
    KeysExposed,
    LedgerError,
    MapMismatch,
    NoDataFolder,
    OtherStore,
    RayHeadFailed,
    StartFailed,
    *OF_CARDS,
    *OF_MERCHANTS,
    *OF_TERMINALS,
)


def main(arguments: Sequence[str] | None = None) -> None:
    if not __debug__:
        sys.exit("airside: asserts are part of its safety; run Python without -O")
    options = _parser().parse_args(arguments)
    try:
        code = options.run(options)
    except _EXPLAINED as error:
        sys.exit(f"airside: {error}")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="airside", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_serve(
        commands.add_parser("serve", help="run an installation on this machine"), _serve
    )
    _add_serve(
        commands.add_parser("demo", help="the same, with a small world to play in"), _demo
    )
    _add_ledger(commands.add_parser("ledger", help="read and check a data folder"))
    add_receipt(commands.add_parser("receipt", help="check a receipt, offline"))
    add_operators(commands.add_parser("operators", help="who runs this installation"))
    add_merchants(commands.add_parser("merchants", help="who can be paid"))
    add_terminals(commands.add_parser("terminals", help="the registry of tills"))
    add_cards(commands.add_parser("cards", help="make, write, block wallet cards"))
    add_people(commands.add_parser("people", help="forget a person"))
    add_iso8583_till(
        commands.add_parser("iso8583-till", help="a till that speaks ISO 8583, for trials")
    )
    bench = commands.add_parser("bench-reader", help="card readers without hardware")
    add_bench_reader(bench)
    pos = commands.add_parser("pos", help="a till: amount, scan, result, receipt")
    add_options(pos)
    pos.set_defaults(run=_pos)
    crew = commands.add_parser("crew", help="a till in flight, with no network")
    add_crew(crew)
    crew.set_defaults(run=_crew)
    return parser


def _add_serve(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("--config", type=Path, help="a TOML file of settings")
    for name, kind in (("data", str), ("store", str), ("host", str), ("port", int)):
        parser.add_argument(f"--{name}", type=kind, help="overrides the setting")
    for name in ("partitions", "gateways"):
        parser.add_argument(f"--{name}", type=int, help="overrides the setting")
    parser.add_argument(
        "--iso8583", dest="iso8583_port", type=int, help="a port for tills that speak it"
    )
    parser.set_defaults(run=run)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, text in (
        ("verify", _verify, "check every invariant; name the first broken entry"),
        ("balances", _balances, "the balance of every ledger account"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("data", type=Path, nargs="?", default=Path("data"))
        add_store(command)
        command.set_defaults(run=run)
        if run is _verify:
            add_against(command)
    add_evidence(commands)
    _add_backups(commands)


def _add_backups(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = commands.add_parser("backup", help="copy a data folder, running or not")
    backup.add_argument("data", type=Path)
    backup.add_argument("target", type=Path, help="a folder that is not there yet")
    add_store(backup)
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="make a data folder of a backup")
    restore.add_argument("backup", type=Path)
    restore.add_argument("data", type=Path, help="a folder that is not there yet")
    add_store(restore)
    restore.set_defaults(run=_restore)


def _config(options: argparse.Namespace, **given: object) -> Config:
    names = ("data", "store", "host", "port", "partitions", "gateways", "iso8583_port")
    given |= {name: getattr(options, name) for name in names}
    return load(options.config, os.environ, given)


def _serve(options: argparse.Namespace) -> int:
    from gateway.serve import serve  # noqa: PLC0415 — the other commands need no Ray

    serve(_config(options))
    return 0


def _demo(options: argparse.Namespace) -> int:
    from gateway.demo import open_world  # noqa: PLC0415 — needs the extra `scan`
    from gateway.serve import serve  # noqa: PLC0415

    serve(_config(options, demo=True), open_world)
    return 0


def _verify(options: argparse.Namespace) -> int:
    from gateway.ledger_commands import verify_journals  # noqa: PLC0415

    where = journals_of(options)
    code = verify_journals(where)
    if options.against is None:
        return code
    from gateway.evidence_commands import verify_against  # noqa: PLC0415

    return max(code, verify_against(options.data, where, options.against, options.key))


def _balances(options: argparse.Namespace) -> int:
    from gateway.ledger_commands import show_balances  # noqa: PLC0415

    return show_balances(journals_of(options))


def _backup(options: argparse.Namespace) -> int:
    from gateway.backup_commands import backup  # noqa: PLC0415

    return backup(options.data, options.target, store_of(options))


def _restore(options: argparse.Namespace) -> int:
    from gateway.backup_commands import restore  # noqa: PLC0415

    return restore(options.backup, options.data, store_of(options))


def _pos(options: argparse.Namespace) -> int:
    from terminals.pos import run  # noqa: PLC0415 — only a till reads images

    return run(options, _console())


def _crew(options: argparse.Namespace) -> int:
    from terminals.crew import run_crew  # noqa: PLC0415 — only a till reads images

    return run_crew(options, _console())


def _console() -> "Console":
    from terminals.pos import Console  # noqa: PLC0415

    return Console(
        keys=sys.stdin,
        out=sys.stdout,
        environ=os.environ,
        clock=SystemClock(),
        sleep=asyncio.sleep,
    )
