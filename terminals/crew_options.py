"""What `airside crew` can be told on the command line. Imports no more than that needs."""

import argparse
from pathlib import Path

from terminals.pos_options import KEY_VARIABLE

ROOT = Path("data/crew")

HELP = """
on the ground           airside crew join flt_... --name "Trolley 1", then: airside crew load
in the air              airside crew sell, with no network at all
on the ground again     airside crew tell

one line at the prompt of `sell`:
  SKU [SKU x2 ...]      what is sold; then scan the passenger's code
  totals                what was sold, and what the others were heard to sell
  close                 nothing more is sold on this flight; before landing, at each till
"""


def add_crew(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HELP
    commands = parser.add_subparsers(required=True, metavar="command", dest="what")
    join = commands.add_parser("join", help="make this till one of the flight")
    join.add_argument("flight", help="flt_…")
    join.add_argument("--name", required=True, help="as the crew calls it")
    load = commands.add_parser(
        "load", help="fetch the flight's plan, before the doors close"
    )
    sell = commands.add_parser("sell", help="sell, offline")
    sell.add_argument("--listen", type=address, help="HOST:PORT, for the other tills")
    sell.add_argument(
        "--peer",
        type=address,
        action="append",
        default=[],
        help="HOST:PORT of another till",
    )
    sell.add_argument("--page", type=address, help="HOST:PORT, for the crew's own page")
    sell.add_argument("--image", type=Path, help="read the code from this picture")
    tell = commands.add_parser("tell", help="upload what was sold; again is no harm")
    for command in (join, load, sell, tell):
        command.add_argument(
            "--state",
            type=Path,
            help=f"folder of this till and flight ({ROOT}/FLIGHT; of the one joined last)",
        )
    join.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway")
    for command in (load, tell):
        command.add_argument("--url", help="the gateway; as it was joined, unless said")
    for command in (join, load, tell):
        command.add_argument(
            "--key-file", type=Path, help=f"file of the API key; else ${KEY_VARIABLE}"
        )


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError("expected HOST:PORT")
    return host, int(port)
