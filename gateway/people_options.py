"""The part of the command line that is about people: `airside people forget | forgotten`."""

import argparse
import os
from pathlib import Path

from gateway.config import load
from gateway.journal_options import add_data, store_of
from ledger.ids import AccountId, MalformedId, parse_account


def add_people(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    forget = commands.add_parser(
        "forget", help="destroy the key of whoever held an account"
    )
    add_data(forget)
    forget.add_argument("accounts", type=_account, nargs="+", help="acc_…, closed")
    forget.add_argument("--config", type=Path, help="the TOML file that `serve` reads")
    forget.add_argument("--retention-days", type=int, help="overrides the setting")
    forget.set_defaults(run=_forget)
    forgotten = commands.add_parser("forgotten", help="who was forgotten, and when")
    forgotten.add_argument("data", type=Path, help="the data folder, in use or not")
    forgotten.set_defaults(run=_forgotten)


def _account(text: str) -> AccountId:
    try:
        return parse_account(text)
    except MalformedId as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _forget(options: argparse.Namespace) -> int:
    from gateway.people_commands import forget_holders  # noqa: PLC0415 — tills need no database

    store = store_of(options)
    given = {"retention_days": options.retention_days, "store": store.text or None}
    days = load(options.config, os.environ, given).retention_days
    return forget_holders(options.data, store, options.accounts, days)


def _forgotten(options: argparse.Namespace) -> int:
    from gateway.people_commands import show_forgotten  # noqa: PLC0415 — as above

    return show_forgotten(options.data)
