"""The part of the command line that makes and checks evidence: key, checkpoint, prove, export,
`receipt verify`, and what `ledger verify` is held against.
"""

import argparse
from pathlib import Path

from gateway.journal_options import add_data, journals_of
from ledger.signed_note import BadKey, PublicKey
from ledger.time_text import day_of


def add_evidence(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Under `airside ledger`."""
    key = commands.add_parser(
        "key", help="the public key that checkpoints are checked with"
    )
    key.add_argument("data", type=Path)
    key.add_argument("--partition", type=int, help="as tools for one log want it")
    key.set_defaults(run=_key)
    checkpoint = commands.add_parser("checkpoint", help="sign what the journals hold now")
    add_data(checkpoint)
    checkpoint.add_argument("--out", type=Path, help="a file that is not there yet")
    checkpoint.set_defaults(run=_checkpoint)
    prove = commands.add_parser("prove", help="a receipt that proves a payment offline")
    add_data(prove)
    prove.add_argument("payment", help="pay_…")
    prove.add_argument("--checkpoint", type=Path, required=True)
    prove.add_argument("-o", "--out", type=Path, help="a file that is not there yet")
    prove.set_defaults(run=_prove)
    export = commands.add_parser("export", help="all postings, for an accounting tool")
    add_data(export)
    export.add_argument("--format", choices=["hledger"], default="hledger")
    export.add_argument("--day", type=_day, help="of this day only: 2026-11-22, in UTC")
    export.set_defaults(run=_export)


def add_against(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("--against", type=Path, help="checkpoints that were kept elsewhere")
    verify.add_argument(
        "--key", type=_public_key, help="that signed them; default: DATA's own"
    )


def add_receipt(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(required=True, metavar="command")
    verify = commands.add_parser("verify", help="what does it prove? needs no data folder")
    verify.add_argument("receipt", type=Path)
    verify.add_argument(
        "--key", type=_public_key, required=True, help="what `airside ledger key` printed"
    )
    verify.set_defaults(run=_receipt)


def _public_key(text: str) -> PublicKey:
    """The key itself, or a file with it."""
    path = Path(text)
    try:
        if "+" not in text:
            text = path.read_text().strip()
        return PublicKey.parse(text)
    except (OSError, ValueError) as error:
        why = error if isinstance(error, BadKey | OSError) else BadKey("it is no text")
        raise argparse.ArgumentTypeError(str(why)) from None


def _day(text: str) -> range:
    try:
        return day_of(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-11-22") from None


def _key(options: argparse.Namespace) -> int:
    from gateway.evidence_commands import show_key  # noqa: PLC0415 — the tills need none of it

    return show_key(options.data, options.partition)


def _checkpoint(options: argparse.Namespace) -> int:
    from gateway.evidence_commands import sign_checkpoints  # noqa: PLC0415

    return sign_checkpoints(options.data, journals_of(options), options.out)


def _prove(options: argparse.Namespace) -> int:
    from gateway.evidence_commands import prove_payment  # noqa: PLC0415

    where = journals_of(options)
    return prove_payment(
        options.data, where, options.payment, options.checkpoint, options.out
    )


def _export(options: argparse.Namespace) -> int:
    from gateway.evidence_commands import export  # noqa: PLC0415

    return export(journals_of(options), options.day)


def _receipt(options: argparse.Namespace) -> int:
    from gateway.evidence_commands import verify_receipt  # noqa: PLC0415

    return verify_receipt(options.receipt, options.key)
