"""The part of the command line for who runs the installation: `airside operators add`.

A fresh installation knows nobody. Whoever may write its data folder makes the first operator here;
without this nobody could sign in to it at all.
"""

import argparse
from pathlib import Path


def add_operators(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    new = commands.add_parser("add", help="a new one, and an API key, which is shown once")
    new.add_argument("--name", required=True, help="as the pages greet them")
    new.add_argument("--data", type=Path, default=Path("data"))
    new.set_defaults(run=_add)


def _add(options: argparse.Namespace) -> int:
    from gateway.operator_commands import add  # noqa: PLC0415 — needs the store

    return add(options.data, options.name)
