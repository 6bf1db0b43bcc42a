"""What `airside terminals …` does: the registry of one data folder, from a shell.

Names and places are checked as the API checks them: they stand on receipts and in the journal.
"""

import argparse
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec

from channels.terminal_wire import BindBody, NewTerminalBody, SettingsBody
from gateway.config import BadSetting
from gateway.layout import opened_store
from ledger.clock import SystemClock
from ledger.time_text import time_text
from services.keyring import open_keyring
from services.pairing import draw_code
from services.store import Store
from services.terminals import (
    NewTerminal,
    Settings,
    Terminal,
    bind_terminal,
    configure_terminal,
    get_terminal,
    list_terminals,
    move_terminal,
    next_mac_generation,
    register_terminal,
    resume_terminal,
    revoke_keys,
    suspend_terminal,
)

_CLOCK = SystemClock()
T = TypeVar("T")


def _register(options: argparse.Namespace) -> int:
    given = {name: getattr(options, name) for name in ("merchant", "name", "place")}
    body = _checked(given | {"channel": options.channel}, NewTerminalBody)
    with opened_store(options.data) as store:
        terminal = register_terminal(
            store,
            NewTerminal(
                merchant=body.merchant,
                channel=body.channel,
                name=body.name,
                place=body.place,
            ),
            random_bytes=secrets.token_bytes,
            now_ms=_CLOCK.now_ms(),
        )
        _say(_line(terminal))
        return _draw(store, terminal.id)


def _list(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        skip = 0
        while page := list_terminals(store, skip=skip):
            for terminal in page:
                _say(_line(terminal))
            skip += len(page)
    return 0


def _pair(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        return _draw(store, options.terminal)


def _draw(store: Store, terminal: str) -> int:
    drawn = draw_code(
        store, terminal, random_bytes=secrets.token_bytes, now_ms=_CLOCK.now_ms()
    )
    _say(f"pairing code {drawn.code}, good once and until {time_text(drawn.expires_at_ms)}")
    _say(f"at the till: airside pos --pair {drawn.code}")
    return 0


def _suspend(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        now_ms = _CLOCK.now_ms()
        _say(_line(suspend_terminal(store, options.terminal, now_ms=now_ms)))
    return 0


def _resume(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        _say(_line(resume_terminal(store, options.terminal)))
    return 0


def _revoke(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        _say(_line(revoke_keys(store, options.terminal, now_ms=_CLOCK.now_ms())))
    return 0


def _bind(options: argparse.Namespace) -> int:
    names = ("name", "place", "merchant", "channel")
    given = {
        name: value
        for name in names
        if (value := getattr(options, name)) is not None
    }  # fmt: skip
    _checked(given, BindBody)
    with opened_store(options.data) as store:
        old = get_terminal(store, options.terminal)
        bind_terminal(
            store,
            old.id,
            merchant=given.get("merchant", old.merchant),
            channel=given.get("channel", old.channel),
            random_bytes=secrets.token_bytes,
            now_ms=_CLOCK.now_ms(),
        )
        name, place = given.get("name", old.name), given.get("place", old.place)
        _say(_line(move_terminal(store, old.id, name=name, place=place)))
    return 0


def _settings(options: argparse.Namespace) -> int:
    """What is not named stays, as of the terminal's last setting."""
    with opened_store(options.data) as store:
        old = get_terminal(store, options.terminal).settings
        limits = {} if options.clear_limits else dict(old.limits)
        keys = {} if options.clear_keys else dict(old.keys)
        denied = () if options.clear_denied else old.deny
        for currency, minor in map(_pair_of, options.limit):
            limits[currency] = int(minor) if minor.isdecimal() else -1
        keys |= dict(map(_pair_of, options.key))
        deny = list(dict.fromkeys([*denied, *options.deny]))
        _checked({"limits": limits, "deny": deny, "keys": keys}, SettingsBody)
        settings = Settings(limits=limits, deny=tuple(deny), keys=keys)
        terminal = configure_terminal(store, options.terminal, settings)
        _say(f"{_line(terminal)}  settings {terminal.settings_version}")
        _say(msgspec.json.encode(settings).decode())
    return 0


def _pair_of(text: str) -> tuple[str, str]:
    """NAME=VALUE. A key in base64 may end in more of them."""
    name, _, value = text.partition("=")
    return name, value


def _message_key(options: argparse.Namespace) -> int:
    """With --out the secret stands in that file, and on no screen and in no shell's history."""
    with opened_store(options.data) as store, _new_file(options.out) as file:
        terminal = next_mac_generation(store, options.terminal)
        keyring = open_keyring(options.data, random_bytes=secrets.token_bytes)
        secret = keyring.terminal_secret(terminal.id, terminal.mac_generation).hex()
        if file:
            file.write(f"{secret}\n")
        shown = options.out if file else secret
        _say(f"terminal {terminal.tid}, key {terminal.mac_generation}: {shown}")
    return 0


@contextmanager
def _new_file(path: Path | None) -> Iterator[TextIO | None]:
    """Opened before a key is drawn: one that cannot be written down would end the old for nothing.

    Raises BadSetting, also for a file that is there: somebody else may read it.
    """
    if path is None:
        yield None
        return
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadSetting("--out", error.strerror or "it cannot be written") from None
    with os.fdopen(number, "w") as file:
        yield file


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "register": _register,
    "list": _list,
    "pair": _pair,
    "suspend": _suspend,
    "resume": _resume,
    "revoke-keys": _revoke,
    "bind": _bind,
    "settings": _settings,
    "message-key": _message_key,
}


def _checked(given: Mapping[str, object], kind: type[T]) -> T:
    """Raises BadSetting, which names the field."""
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise BadSetting("terminals", str(error)) from None


def _line(terminal: Terminal) -> str:
    seen = time_text(terminal.last_seen_ms) if terminal.last_seen_ms else "never"
    place = f"{terminal.name} at {terminal.place}" if terminal.place else terminal.name
    return (
        f"{terminal.id}  {terminal.tid}  {terminal.status.value:9}  {place}"
        f"  {terminal.merchant}/{terminal.channel}  seen {seen}  owes {terminal.backlog}"
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
