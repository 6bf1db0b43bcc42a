"""`airside iso8583-till`: one thing at a time with a till that speaks ISO 8583.

What an earlier run still owes is settled before anything new is asked; so it can be killed at any
time, and started again.
"""

import argparse
import asyncio
import ssl
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from ledger.clock import SystemClock
from ledger.money import UnknownCommodity, exponent
from terminals.iso8583 import profile
from terminals.iso8583.mac import KEY_BYTES
from terminals.iso8583.message import Message
from terminals.iso8583.till import ECHO, SIGN_OFF, SIGN_ON, Iso8583Till, NoAnswer, Setup
from terminals.iso8583.till_book import Book, BookDamaged, BookInUse, End, Ended
from terminals.scanner import ImageScanner, KeyboardScanner, ScanRefused
from terminals.typed_amount import AmountRefused, parse_amount

DECLINED, REFUSED, UNKNOWN = 3, 4, 5
EPILOG = """
exit codes: 0 done · 3 declined · 4 refused here, nothing was asked · 5 not known: settled next time
"""


def add_iso8583_till(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--terminal", required=True, help="its eight characters")
    parser.add_argument(
        "--key-file", type=Path, help="the message key, 64 hexadecimal digits"
    )
    parser.add_argument("--tls-ca", type=Path, help="PEM; with --tls-cert instead of a key")
    parser.add_argument(
        "--tls-cert", type=Path, help="PEM: certificate and key in one file"
    )
    parser.add_argument("--folder", type=Path, default=Path("data/iso8583-till"))
    verbs = parser.add_subparsers(required=True, metavar="verb", dest="verb")
    for verb, says in (
        ("sign-on", "say that it is there"),
        ("sign-off", "say goodbye"),
        ("echo", "ask for a sign of life"),
        ("settle", "settle what is owed, and nothing else"),
    ):
        verbs.add_parser(verb, help=says)
    for verb, says in (("pay", "a purchase"), ("hold", "an authorisation")):
        one = verbs.add_parser(verb, help=f"{says}; the code is scanned or typed")
        one.add_argument("amount", help="240.00")
        one.add_argument("currency", nargs="?", default="QAR")
        one.add_argument("--order", default="")
        one.add_argument("--image", type=Path, help="a picture of the code")
    for verb, says in (("complete", "take what is held"), ("refund", "give back")):
        one = verbs.add_parser(verb, help=says)
        one.add_argument("payment", help="pay_…, from the answer")
        one.add_argument("amount")
        one.add_argument("currency", nargs="?", default="QAR")
    day = verbs.add_parser("reconcile", help="compare the totals, and close the batch")
    day.add_argument("currency", nargs="?", default="QAR")
    parser.set_defaults(run=lambda options: run(options, sys.stdin, sys.stdout))


def run(options: argparse.Namespace, keys: TextIO, out: TextIO) -> int:
    """The exit code."""
    try:
        setup = _setup(options)
        work = _work(options, keys)
    except (AmountRefused, UnknownCommodity, ScanRefused, OSError, ValueError) as error:
        out.write(f"refused: {error}\n")
        return REFUSED
    try:
        book = Book(options.folder / "book.jsonl")
    except (BookInUse, BookDamaged) as error:
        out.write(f"refused: {error}\n")
        return REFUSED
    return asyncio.run(_run(setup, book, work, out))


Work = Callable[[Iso8583Till], Awaitable[Ended | Message | None]]


async def _run(setup: Setup, book: Book, work: Work, out: TextIO) -> int:
    till = Iso8583Till(setup, book, SystemClock())
    try:
        done = await work(till)
    except NoAnswer:
        out.write("no answer: it is not known, and is settled first next time\n")
        return UNKNOWN
    finally:
        await till.close()
        book.close()
    return _tell(done, out)


def _tell(done: Ended | Message | None, out: TextIO) -> int:
    match done:
        case None:
            out.write("nothing is owed\n")
            return 0
        case Ended():
            out.write(f"{done.end.value} {done.response} {done.payment}\n")
            return 0 if done.end is End.APPROVED else DECLINED
        case Message():
            shown = {
                name: text
                for name, text in sorted(done.elements.items(), key=lambda one: int(one[0]))
                if name not in profile.MAC_FIELDS
            }
            out.write(f"{done.mti} {' '.join(f'{k}={v}' for k, v in shown.items())}\n")
            return 0 if done.get(profile.RESPONSE) == "00" else DECLINED


_MANAGE = {"sign-on": SIGN_ON, "sign-off": SIGN_OFF, "echo": ECHO}


def _work(options: argparse.Namespace, keys: TextIO) -> Work:
    """Raises AmountRefused, UnknownCommodity, ScanRefused, OSError, ValueError."""
    verb: str = options.verb
    if verb in _MANAGE:
        return lambda till: till.manage(_MANAGE[verb])
    if verb == "settle":
        return lambda till: till.settle()
    if verb == "reconcile":
        exponent(options.currency)
        return lambda till: till.reconcile(options.currency)
    amount = parse_amount(options.amount, options.currency)
    if verb == "complete":
        return lambda till: till.complete(options.payment, amount)
    if verb == "refund":
        return lambda till: till.refund(options.payment, amount)
    scanner = ImageScanner(options.image) if options.image else KeyboardScanner(keys)
    scanned = scanner.scan()
    if scanned is None:
        raise ValueError("no code came")
    if verb == "hold":
        return lambda till: till.hold(scanned, amount, options.order)
    return lambda till: till.purchase(scanned, amount, options.order)


def _setup(options: argparse.Namespace) -> Setup:
    """Raises ValueError, which shows no key, and OSError."""
    key = None
    if options.key_file:
        try:
            key = bytes.fromhex(options.key_file.read_text().strip())
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"the key file does not hold {2 * KEY_BYTES} hexadecimal digits"
            )
    tls = None
    if options.tls_cert:
        tls = ssl.create_default_context(cafile=options.tls_ca)
        tls.load_cert_chain(options.tls_cert)
    if not (key or tls):
        raise ValueError("give --key-file, or --tls-cert")
    return Setup(
        host=options.host, port=options.port, terminal=options.terminal, key=key, tls=tls
    )
