"""Every setting, in one frozen struct: its bound is its type, its reason stands beside it.

Order of precedence: command line, environment (`AIRSIDE_PORT=…`), the TOML file, the default. A
name that no setting has is refused, so that a misspelt limit is not silently the default.
"""

import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.errors import BadStoreAddress
from ledger.ids import MalformedId, parse_account
from ledger.store_address import StoreAddress
from services.channel_rules import ChannelName, ChannelRule

ENV_PREFIX = "AIRSIDE_"

# In lower case, as browsers say them; the last part is no number, or it would be an address.
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+)(?::\d{1,5})?")


class BadSetting(ValueError):
    """A setting is unknown or out of its bounds; the operator is to blame."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    data: str = "data"
    """Folder of journals, keys and the store. One running installation per folder."""

    store: StoreAddress = StoreAddress("")
    """Where journals are kept: postgresql://user:password@host/database, or nothing for SQLite in
    the data folder. Fixed when the data folder is made. A command line is seen by everyone on the
    machine, so a password belongs into the environment, the file, or PostgreSQL's ~/.pgpass."""

    host: str = "127.0.0.1"
    """Where the gateways listen. Loopback, until TLS stands in front of them."""

    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080
    """0 takes a free one."""

    gateways: Annotated[int, Meta(ge=1, le=32)] = 1
    """Gateway processes on the one port (SO_REUSEPORT). Each takes some 60 MB and most of a core
    under load; more than there are cores is waste."""

    partitions: Annotated[int, Meta(ge=1, le=64)] = 2
    """Partition processes, some 85 MB each. Fixed when the data folder is made."""

    pinned_accounts: tuple[str, ...] = ()
    """Accounts that get a partition of their own; set before they are opened."""

    demo: bool = False
    """Known keys for everyone and a sign-in without proof. Refused beyond loopback."""

    body_bytes_max: Annotated[int, Meta(ge=1_024, le=1_048_576)] = 16_384
    """Of a request. The largest we know, an order with 50 lines, has some 8 kB."""

    iso8583_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    """Where tills that speak ISO 8583 are answered; 0 is nowhere. Each gateway process listens."""

    iso8583_certificate: str = ""
    """PEM files for mutual TLS on that port, all three or none: the gateways' certificate, its key,
    and the authority whose certificates tills show, each with its eight characters as common name.
    Without them every message carries the code of its terminal's own key."""

    iso8583_key: str = ""
    """PEM file, readable by the gateways alone."""

    iso8583_clients: str = ""
    """PEM file of the authority that signed the tills' certificates."""

    drain_s: Annotated[int, Meta(ge=1, le=120)] = 10
    """How long a gateway that is told to stop may take to answer what it has accepted."""

    retention_days: Annotated[int, Meta(ge=0, le=36_525)] = 1_826
    """After an account's close, its holder can be forgotten from then on. Five years is what the
    FATF's Recommendation 11 asks for at least; what your law says may be more, or less."""

    heartbeat_s: Annotated[int, Meta(ge=1, le=60)] = 2
    """A partition or gateway silent for this long is killed and started again. Shorter than a
    till's patience, longer than the slowest commit of a healthy disk."""

    card_hsm: str = ""
    """The PKCS#11 library of the security module that holds the card issuer's keys; without one
    they stand in the data folder."""

    card_hsm_token: str = ""
    """The label of its token."""

    card_hsm_pin_file: str = ""
    """A file with that token's user PIN: a setting would be seen by everyone on the machine."""

    proxies: tuple[str, ...] = ()
    """Addresses of reverse proxies, believed about whom they speak for (X-Forwarded-For). Without
    them all callers behind a proxy have one address, and share its limits."""

    wallet_name: Annotated[str, Meta(min_length=1, max_length=64)] = "Airside"
    """What people's devices call the wallet when they ask for its passkey."""

    passkey_domain: str = "localhost"
    """The domain that passkeys are bound to: of the pages, or one above it. Changed, no passkey
    that was made before opens anything. An address of numbers is no domain: browsers refuse it."""

    passkey_origins: tuple[str, ...] = ()
    """Where our pages are, https://wallet.example.com; without any, https:// and the domain, or
    http://localhost with the port."""

    session_days: Annotated[int, Meta(ge=1, le=365)] = 30
    """How long a person who signed in with a passkey stays so. What only the owner should do asks
    for the passkey again, however young the session is."""

    channels: dict[ChannelName, ChannelRule] = {}
    """What each channel may sell, by its name: tables of the file (docs/channels.md), or JSON in
    the environment. A channel without a table has no limits."""

    webhooks_inside: bool = False
    """Whether webhooks may go to addresses that are not public, and without TLS: for development. A
    merchant could otherwise reach what only this machine may reach."""

    log_level: str = "info"
    """debug, info, warning or error."""


def load(
    path: Path | None, environment: Mapping[str, str], given: Mapping[str, object]
) -> Config:
    """Raises BadSetting, naming the setting and the value."""
    settings: dict[str, object] = {}
    if path is not None:
        settings |= _from_file(path)
    settings |= _from_environment(environment)
    settings |= {name: value for name, value in given.items() if value is not None}
    for name in settings:
        if name not in Config.__struct_fields__:
            raise BadSetting(name, "there is no such setting")
    if "store" in settings:
        settings["store"] = {"text": settings["store"]}
    try:
        config = msgspec.convert(settings, Config, strict=False)
    except msgspec.ValidationError as error:
        raise _bad_value(settings, str(error)) from None
    _check(config)
    return config


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(str(path), str(error)) from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    settings: dict[str, object] = {}
    for name, text in environment.items():
        if not name.startswith(ENV_PREFIX):
            continue
        field = name.removeprefix(ENV_PREFIX).lower()
        if field not in Config.__struct_fields__:
            raise BadSetting(name, "there is no such setting")
        settings[field] = text
        if field in {"passkey_origins", "pinned_accounts", "proxies"}:
            settings[field] = tuple(part for part in text.split(",") if part)
        elif field == "channels":
            settings[field] = _json(name, text)
    return settings


def _json(name: str, text: str) -> object:
    try:
        decoded: object = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadSetting(name, str(error)) from None
    return decoded


def _bad_value(settings: Mapping[str, object], message: str) -> BadSetting:
    # Of a key, msgspec says "at `key` in `$.channels`".
    reason, _, path = message.partition(" - at `")
    found = re.search(r"(?<=\$\.)\w+", path)
    assert found, "the settings are an object, so what is wrong is one of them"
    name = found[0]
    # An address may hold a password.
    shown = "" if name == "store" else f", not {settings[name]!r}"
    return BadSetting(name, f"{reason}{shown}")


def _check(config: Config) -> None:
    if config.demo and config.host not in {"127.0.0.1", "::1", "localhost"}:
        raise BadSetting(
            "demo", f"its keys are public, so it will not listen on {config.host}"
        )
    require_store(config.store)
    for account in config.pinned_accounts:
        try:
            parse_account(account)
        except MalformedId as error:
            raise BadSetting("pinned_accounts", str(error)) from None
    tls = (config.iso8583_certificate, config.iso8583_key, config.iso8583_clients)
    if any(tls) and not all(tls):
        raise BadSetting(
            "iso8583_certificate", "it, its key and the clients' authority go together"
        )
    for proxy in config.proxies:
        try:
            ip_address(proxy)
        except ValueError as error:
            raise BadSetting("proxies", str(error)) from None
    _check_origins(config)
    if config.log_level not in {"debug", "info", "warning", "error"}:
        raise BadSetting("log_level", f"{config.log_level!r} is not a level")


def origins_of(config: Config) -> tuple[str, ...]:
    """Where our pages are, as browsers say it."""
    if config.passkey_origins:
        return config.passkey_origins
    if config.passkey_domain == "localhost":
        return (f"http://localhost:{config.port}",)
    return (f"https://{config.passkey_domain}",)


def _check_origins(config: Config) -> None:
    """A browser would refuse each of these, and nobody could sign in."""
    domain = config.passkey_domain
    if not _DOMAIN.fullmatch(domain):
        raise BadSetting("passkey_domain", f"{domain!r} is not a domain")
    for origin in origins_of(config):
        parts = _ORIGIN.fullmatch(origin)
        host = parts["host"] if parts else ""
        if host != domain and not host.endswith(f".{domain}"):
            raise BadSetting("passkey_origins", f"{origin!r} is no page of {domain}")
        if parts and parts["scheme"] != "https" and not host.endswith("localhost"):
            raise BadSetting("passkey_origins", f"{origin!r}: passkeys need https")


def require_store(store: StoreAddress) -> None:
    """Raises BadSetting, which does not repeat what may hold a password."""
    if not store.text:
        return
    try:
        store.require_database()
    except BadStoreAddress as error:
        raise BadSetting("store", str(error)) from None
