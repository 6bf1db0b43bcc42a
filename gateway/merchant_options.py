"""The part of the command line for who is paid: `airside merchants add | list`.

It works on the data folder, running or not.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from services.merchants import MalformedMerchant

EXPLAINED = (MalformedMerchant,)

Run = Callable[[argparse.Namespace], int]


def add_merchants(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text)
        command.add_argument("--data", type=Path, default=Path("data"))
        command.set_defaults(run=_runner(name))
        return command

    new = add("add", "a new one; its id is printed")
    new.add_argument("--name", required=True, help="as receipts and statements show it")
    new.add_argument("--mcc", required=True, help="category, four digits (ISO 18245): 4582")
    new.add_argument("--city", required=True, help="Doha")
    new.add_argument("--country", required=True, help="two letters (ISO 3166-1): QA")
    add("list", "all of them, by name")


def _runner(name: str) -> Run:
    def run(options: argparse.Namespace) -> int:
        from gateway.merchant_commands import COMMANDS  # noqa: PLC0415 — needs the store

        return COMMANDS[name](options)

    return run
