"""What `airside pos` can be told on the command line. Imports no more than that needs."""

import argparse
import re
from pathlib import Path

from terminals.card_numbers import holds_card_number

KEY_VARIABLE = "TILL_API_KEY"

EXIT_CODES = """
one line at the prompt:
  240.00 [QAR] [ORDER]               a sale
  items coffee/food=12.50x2 bag=80   a sale of lines, each with a category or without
  refund pay_... [AMOUNT [QAR]]      give back all, or a part
  void pay_...                       release a hold; of a paid one, give it back
  pay_...                            its receipt, as it stands now
  status NUMBER                      what became of this attempt
  totals                             the day so far, held against the gateway's books
  close                              the same, and the day ends if both agree

exit codes of --once:
  0  paid, refunded or voided        3  declined
  1  the till could not start        4  not paid, or refused: nothing was taken
  2  bad arguments                   5  unknown: settled first at the next start
                                     6  the totals of the day do not agree
"""

_SHORT_NAME = re.compile(r"[A-Za-z0-9._:/-]{0,32}")
_ORDER = re.compile(r"[A-Za-z0-9._:/#-]{1,64}")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXIT_CODES
    parser.add_argument(
        "words",
        nargs="*",
        metavar="ENTRY",
        help="one line of the prompt, only this: refund pay_... 5.00",
    )
    add = parser.add_argument
    add("--url", default="http://127.0.0.1:8080", help="the gateway (default: %(default)s)")
    add("--pair", metavar="CODE", help="the pairing code of a till that is new")
    add("--key-file", type=Path, help=f"file of an API key; else ${KEY_VARIABLE}")
    add("--place", type=short_name, default="", help="where the till stands: DOH-T1-B12")
    add("--terminal", type=short_name, default="till", help="its name (%(default)s)")
    add("--currency", default="QAR", help="of amounts without one (%(default)s)")
    add(
        "--state",
        type=Path,
        default=Path("data/till"),
        help="folder of its key and its journal, one for each till (%(default)s)",
    )
    add("--image", type=Path, help="read the code from this picture, not the keyboard")
    add("--frames", type=Path, help="read the code from a folder of camera frames")
    add("--reader", help="take wallet cards on the card reader whose name begins so")
    add("--video", type=Path, help="read it from a video, or a camera behind a pipe")
    add("--receipt", type=Path, help="write each receipt here too: .txt, .pdf or .png")
    add("--full", action="store_true", help="a whole screen, for all day (extra: till)")
    add("--once", action="store_true", help="one sale, then end with an exit code")
    add("--amount", help="of that sale, in major units; implies --once")
    add("--order", type=order_name, help="of that sale; implies --once")


def short_name(text: str) -> str:
    if not _SHORT_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("at most 32 letters, digits or . _ : / -")
    return text


def order_name(text: str) -> str:
    if not _ORDER.fullmatch(text):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits or . _ : / # -")
    if holds_card_number(text):
        raise argparse.ArgumentTypeError("that could be a bank card's number")
    return text
