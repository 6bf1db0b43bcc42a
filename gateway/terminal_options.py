"""The part of the command line that keeps the registry of terminals: `airside terminals …`.

It works on the data folder, running or not: gateways notice within a second.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from services.merchants import UnknownMerchant
from services.terminals import TerminalOwes, UnknownTerminal

EXPLAINED = (TerminalOwes, UnknownMerchant, UnknownTerminal)

Run = Callable[[argparse.Namespace], int]


def add_terminals(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, text: str, *, one: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        if one:
            command.add_argument("terminal", help="trm_…")
        command.add_argument("--data", type=Path, default=Path("data"))
        command.set_defaults(run=_runner(name))
        return command

    register = add("register", "a new one, and its pairing code", one=False)
    register.add_argument(
        "--merchant", required=True, help="mer_…: who is paid (airside merchants list)"
    )
    register.add_argument("--name", required=True, help="as receipts show it: B12")
    register.add_argument("--place", default="", help="where it stands: DOH-T1-B12")
    register.add_argument("--channel", default="terminal", help="default: %(default)s")
    add("list", "all of them", one=False)
    add("pair", "a new pairing code, good once and for ten minutes")
    add("suspend", "refuse it everywhere, within a second")
    add("resume", "let it sell again")
    add("revoke-keys", "end its keys; it must be paired again")
    key = add("message-key", "a new secret for ISO 8583 message codes, shown once")
    key.add_argument("--out", type=Path, help="a new file that only its owner reads")
    bind = add("bind", "another name, place, merchant or channel")
    for name in ("name", "place", "merchant", "channel"):
        bind.add_argument(f"--{name}")
    _add_settings(add("settings", "what it fetches with its next sign of life"))


def _add_settings(settings: argparse.ArgumentParser) -> None:
    for name, text in (
        ("limit", "of one sale: QAR=500000 (minor units)"),
        ("deny", "SHA-256, in base64, of what is shown and must not be taken"),
        ("key", "a public one: NAME=TEXT"),
    ):
        settings.add_argument(f"--{name}", action="append", default=[], help=text)
    for name in ("limits", "denied", "keys"):
        text = f"forget its {name} first; otherwise what is not named stays"
        settings.add_argument(f"--clear-{name}", action="store_true", help=text)


def _runner(name: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        from gateway.terminal_commands import COMMANDS  # noqa: PLC0415 — needs the store

        return COMMANDS[name](options)

    return run
