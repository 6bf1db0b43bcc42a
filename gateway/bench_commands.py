"""`airside bench-reader`: card readers without hardware, with cards of ours to play with.

The readers are in a pcscd of its own, for as long as this runs; whoever shall use them needs the
variable that is printed. A card keeps what it knows in a file, as a chip does, so it is the same
card after the next start.
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from gateway.card_commands import config_of, opened_store, tap_limit_of, write_card
from gateway.card_keys import issuer_keys
from gateway.config import BadSetting
from ledger.clock import SystemClock
from ledger.ids import parse_account
from services.card_making import make_chip
from terminals.bench_reader.daemon import Pcscd
from terminals.bench_reader.slot import CardProgram, InHand, InSlot
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.card_format import CARD_BYTES, is_pin
from terminals.wallet_card import greet

NAME = "Airside Bench"


def run(options: argparse.Namespace, keys: TextIO) -> int:
    """Until Ctrl-D or Ctrl-C; without a keyboard, until it is ended."""
    if options.pin and not is_pin(options.pin):
        raise BadSetting("--pin", "a PIN has 4 to 8 digits")
    options.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    cards = [
        WalletProgram(secrets.token_bytes, options.state / f"card-{number}.json")
        for number in range(options.readers)
    ]
    if options.account:
        _write_empty(options, cards)
    with (
        tempfile.TemporaryDirectory(prefix="airside-") as folder,
        Pcscd(Path(folder), [NAME] * len(cards), drivers=options.state) as daemon,
    ):
        _say("in each shell that shall see these readers:\n")
        for name, value in daemon.environment.items():
            _say(f"    export {name}={value}\n")
        table = _Table(cards, daemon.slots)
        try:
            table.play(keys)
        finally:
            table.clear()
    return 0


class _Table:
    """Cards that are in their readers, and cards that lie beside them."""

    def __init__(self, cards: list[WalletProgram], slots: list[Path]) -> None:
        self._cards: list[CardProgram] = list(cards)
        self._names = [_name(card) for card in cards]
        self._slots = slots
        self._inside: dict[int, InSlot] = {}

    def play(self, keys: TextIO) -> None:
        for number in range(len(self._cards)):
            self._turn(number)
        _say("Enter (or a number and Enter) takes a card out or puts it in; Ctrl-D ends.")
        while line := keys.readline():
            typed = line.strip() or "0"
            if typed.isdigit() and int(typed) < len(self._cards):
                self._turn(int(typed))
        if not keys.isatty():
            for slot in list(self._inside.values()):
                slot.wait()

    def clear(self) -> None:
        for number in list(self._inside):
            self._turn(number)

    def _turn(self, number: int) -> None:
        name = f"{NAME} {number:02} 00: {self._names[number]}"
        inside = self._inside.pop(number, None)
        if inside is not None:
            inside.pull()
            _say(f"{name} is out")
        else:
            self._inside[number] = InSlot(self._cards[number], self._slots[number])
            _say(f"{name} is in")


def _write_empty(options: argparse.Namespace, cards: list[WalletProgram]) -> None:
    parse_account(options.account)
    config, limit = config_of(options), tap_limit_of(options)
    with opened_store(options.data) as store:
        keys = issuer_keys(config, store)
        for program in cards:
            if program.memory.key:
                continue
            card, _ = make_chip(
                store,
                secrets.token_bytes(CARD_BYTES),
                account=options.account,
                key_id=keys.newest,
                tap_limit=limit,
                now_ms=SystemClock().now_ms(),
            )
            write_card(InHand(program), store, card, keys, pin=options.pin)


def _name(card: WalletProgram) -> str:
    greeting = greet(InHand(card))
    return "an empty card" if greeting.is_empty else f"card {greeting.name}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
