"""What `airside cards …` does: cards of one data folder, from a shell."""

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.card_keys import hsm_settings, issuer_keys
from gateway.config import BadSetting, Config, load
from gateway.layout import Layout
from ledger.clock import SystemClock
from ledger.ids import parse_account
from ledger.money import Money, exponent
from services.card_hsm import make_hsm_key
from services.card_issuer import IssuerKeys, card_key
from services.card_making import make_chip
from services.cards import (
    PREFIX,
    Card,
    CardStatus,
    all_cards,
    begin_personalising,
    cards_of,
    end_personalising,
    get_card,
    require_writable,
    set_status,
    set_tap_limit,
    undo_personalising,
)
from services.issuer_register import known_keys
from services.keyring import open_keyring
from services.linked_cards import LinkedCard, link_card
from services.mint import raw_of
from services.store import Store
from terminals.apdu import CardLink, CardRefused
from terminals.card_format import CARD_BYTES, is_pin
from terminals.card_reader import CardReader, reader_names
from terminals.emv_card import read_bank_card
from terminals.pan import multiplied, scalar_of
from terminals.wallet_card import CardIsWritten, greet, personalise

_CLOCK = SystemClock()


def _make(options: argparse.Namespace) -> int:
    parse_account(options.account)
    config, limit = config_of(options), tap_limit_of(options)
    with opened_store(options.data) as store:
        card, _ = make_chip(
            store,
            secrets.token_bytes(CARD_BYTES),
            account=options.account,
            key_id=issuer_keys(config, store).newest,
            tap_limit=limit,
            now_ms=_CLOCK.now_ms(),
        )
    _say(_line(card))
    _say(f"to write it: airside cards personalise {card.id} --data {options.data}")
    return 0


def _list(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        cards = cards_of(store, options.account) if options.account else all_cards(store)
        for card in cards:
            _say(_line(card))
    return 0


def _personalise(options: argparse.Namespace) -> int:
    pin = _asked_pin() if options.pin else ""
    config = config_of(options)
    with opened_store(options.data) as store, CardReader(options.reader) as reader:
        keys = issuer_keys(config, store)
        card = get_card(store, options.card)
        _say(f"{reader.name}: lay an empty card on it …")
        with reader.next_card() as link:
            write_card(link, store, card, keys, pin=pin)
    _say(f"{card.id} is written.")
    return 0


def write_card(
    link: CardLink, store: Store, card: Card, keys: IssuerKeys, *, pin: str
) -> None:
    """Raises CardFault, CardTorn, CardNotWritable, UnknownIssuerKey, HsmUnusable.

    After CardTorn the chip is written whole, or still empty, and the note stands: a chip that was
    written greets with its number, and a second call finds that all is done.
    """
    number = raw_of(card.id, PREFIX)
    greeting = greet(link)
    if greeting.card != number:
        require_writable(card)
        if not greeting.is_empty:
            raise CardIsWritten
        _write_empty(link, store, card, card_key(keys, card.key_id, number), pin=pin)
    if card.personalised_at_ms is None:
        end_personalising(store, card.id, now_ms=_CLOCK.now_ms())


def _write_empty(link: CardLink, store: Store, card: Card, key: bytes, *, pin: str) -> None:
    number = raw_of(card.id, PREFIX)
    begin_personalising(store, card.id, now_ms=_CLOCK.now_ms())
    try:
        personalise(link, card=number, key_id=card.key_id, key=key, pin=pin)
    except CardRefused:
        undo_personalising(store, card.id)
        raise


def _link(options: argparse.Namespace) -> int:
    parse_account(options.account)
    keyring = open_keyring(options.data, random_bytes=secrets.token_bytes)
    key = scalar_of(keyring.card_token_secret())
    with opened_store(options.data) as store, CardReader(options.reader) as reader:
        _say(f"{reader.name}: lay a bank card on it …")
        with reader.next_card() as link:
            bank = read_bank_card(link)
        token = bank.token(lambda point: multiplied(key, point), secrets.token_bytes)
        linked = link_card(
            store,
            LinkedCard(
                account=options.account,
                token=token,
                masked=bank.pan.masked,
                expiry=bank.expiry,
                linked_at_ms=_CLOCK.now_ms(),
            ),
        )
    _say(f"{linked.masked}, {linked.expiry}: {linked.token}")
    return 0


def _asked_pin() -> str:
    """From the keyboard, unseen, twice; or a line of what is piped in."""
    if sys.stdin.isatty():
        pin = getpass.getpass("PIN of 4 to 8 digits: ")
        if pin != getpass.getpass("again: "):
            raise BadSetting("--pin", "the two are not the same")
    else:
        pin = sys.stdin.readline().strip()
    if not is_pin(pin):
        raise BadSetting("--pin", "a PIN has 4 to 8 digits")
    return pin


def _turning(status: CardStatus) -> Callable[[argparse.Namespace], int]:
    def turn(options: argparse.Namespace) -> int:
        with opened_store(options.data) as store:
            _say(_line(set_status(store, options.card, status)))
        return 0

    return turn


def _set_limit(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        _say(_line(set_tap_limit(store, options.card, tap_limit_of(options))))
    return 0


def _issuer_key(options: argparse.Namespace) -> int:
    settings = hsm_settings(config_of(options))
    if settings is None:
        raise BadSetting("card_hsm", "no security module is set; the data folder has a key")
    with opened_store(options.data) as store:
        key_id = make_hsm_key(settings, next_id=known_keys(store).next_id)
    _say(f"issuer key {key_id} is in token {settings.token!r}")
    return 0


def _readers(_options: argparse.Namespace) -> int:
    for name in reader_names():
        _say(name)
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "make": _make,
    "list": _list,
    "personalise": _personalise,
    "link": _link,
    "block": _turning(CardStatus.BLOCKED),
    "unblock": _turning(CardStatus.ACTIVE),
    "lost": _turning(CardStatus.LOST),
    "limit": _set_limit,
    "issuer-key": _issuer_key,
    "readers": _readers,
}


@contextmanager
def opened_store(data: Path) -> Iterator[Store]:
    """Raises BadSetting."""
    if not data.is_dir():
        raise BadSetting("--data", f"there is no data folder {data}")
    store = Layout(data).open_store()
    try:
        yield store
    finally:
        store.close()


def config_of(options: argparse.Namespace) -> Config:
    """Raises BadSetting."""
    return load(options.config, os.environ, {"data": str(options.data)})


def tap_limit_of(options: argparse.Namespace) -> Money | None:
    """Raises BadSetting, UnknownCommodity."""
    if not options.tap_limit:
        return None
    currency, _, minor = options.tap_limit.partition("=")
    if not minor.isdigit():
        raise BadSetting("--tap-limit", "write it as QAR=20000, in minor units")
    exponent(currency)
    return Money(int(minor), currency)


def _line(card: Card) -> str:
    limit = f"PIN above {card.tap_limit}" if card.tap_limit else "no PIN"
    written = "begun" if card.writing_begun_at_ms else "empty"
    if card.personalised_at_ms or card.masked:
        written = "written"
    return (
        f"{card.id}  {card.status.value:7}  {card.form.value:6}  {written:7}  {limit}"
        f"  {card.account}  {card.masked or ''}".rstrip()
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
