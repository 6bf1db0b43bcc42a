"""The issuer's keys in a security module, through PKCS#11. The only importer of pkcs11.

A key is an AES key of 256 bits with our label, whose CKA_ID is its number (one byte). It is made in
the module, marked sensitive and not extractable, and may only sign; what leaves the module is the
CMAC that a card's key is. Debian's SoftHSM stands in for a module of metal in the tests.

Needs the extra [hsm]; without it the error says so.
"""

from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import msgspec

from services.card_issuer import UnknownIssuerKey
from services.keyring import KeysExposed, read_secret_file

LABEL = "airside card issuer"
KEY_BITS = 256
KEY_ID_MAX = 255


class HsmUnusable(Exception):
    """The module is missing, its token is, or it holds no key of ours; says what to do."""


class HsmSettings(msgspec.Struct, frozen=True):
    """module: path of the PKCS#11 library. pin_file: holds the user's PIN of that token."""

    module: Path
    token: str
    pin_file: Path


class _Session(msgspec.Struct, frozen=True):
    """What was opened: PKCS#11's own objects, which have no types of ours."""

    session: Any
    mechanism: Any
    keys: dict[int, Any]


class HsmKeys:
    """One session, one caller at a time: a session of PKCS#11 is not for several threads.

    A module that was away (a cable, a restart, a time limit of its own) ends its sessions, so what
    fails is tried once more in a new one. If that fails too, HsmUnusable: nothing was signed.
    """

    def __init__(self, settings: HsmSettings) -> None:
        """Raises HsmUnusable, KeysExposed."""
        self._settings = settings
        self._opened = _opened(settings)
        self._lock = Lock()
        self.newest = max(self._opened.keys)

    def __repr__(self) -> str:
        return f"<HsmKeys of {len(self._opened.keys)} issuer keys>"

    @property
    def key_ids(self) -> frozenset[int]:
        return frozenset(self._opened.keys)

    def mac(self, key_id: int, message: bytes) -> bytes:
        """Raises UnknownIssuerKey, HsmUnusable."""
        with self._lock:
            try:
                return self._sign(key_id, message)
            except HsmUnusable:
                self._reopen()
            return self._sign(key_id, message)

    def close(self) -> None:
        self._opened.session.close()

    def _sign(self, key_id: int, message: bytes) -> bytes:
        pkcs11, opened = _pkcs11(), self._opened
        if key_id not in opened.keys:
            raise UnknownIssuerKey(key_id)
        try:
            return bytes(opened.keys[key_id].sign(message, mechanism=opened.mechanism))
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise _refusal(self._settings, error) from None

    def _reopen(self) -> None:
        pkcs11 = _pkcs11()
        with suppress(pkcs11.PKCS11Error, RuntimeError):
            self._opened.session.close()
        try:
            self._opened = _opened(self._settings)
        except KeysExposed as error:
            raise HsmUnusable(str(error)) from None


def open_hsm_keys(settings: HsmSettings) -> HsmKeys:
    """Raises HsmUnusable, KeysExposed."""
    return HsmKeys(settings)


def _opened(settings: HsmSettings) -> _Session:
    pkcs11 = _pkcs11()
    session = _session(pkcs11, settings, writes=False)
    try:
        keys = _keys(pkcs11, session)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise _refusal(settings, error) from None
    if not keys:
        session.close()
        raise HsmUnusable(
            f"token {settings.token!r} holds no issuer key: run `airside cards issuer-key`"
        )
    return _Session(session, pkcs11.Mechanism.AES_CMAC, keys)


def make_hsm_key(settings: HsmSettings, *, next_id: int = 1) -> int:
    """One more key, made in the module; its number, which is at least next_id.

    Raises HsmUnusable, KeysExposed.
    """
    pkcs11 = _pkcs11()
    session = _session(pkcs11, settings, writes=True)
    key_id = max(next_id, max(_keys(pkcs11, session), default=0) + 1)
    if key_id > KEY_ID_MAX:
        raise HsmUnusable(f"token {settings.token!r} has all {KEY_ID_MAX} issuer keys")
    attribute = pkcs11.Attribute
    session.generate_key(
        pkcs11.KeyType.AES,
        KEY_BITS,
        id=bytes([key_id]),
        label=LABEL,
        store=True,
        capabilities=pkcs11.MechanismFlag.SIGN,
        template={attribute.SENSITIVE: True, attribute.EXTRACTABLE: False},
    )
    session.close()
    return key_id


def _keys(pkcs11: ModuleType, session: Any) -> dict[int, Any]:
    attribute = pkcs11.Attribute
    ours = {attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY, attribute.LABEL: LABEL}
    return {key.id[0]: key for key in session.get_objects(ours)}


def _session(pkcs11: ModuleType, settings: HsmSettings, *, writes: bool) -> Any:
    pin = _pin(settings.pin_file)
    try:
        token = pkcs11.lib(str(settings.module)).get_token(token_label=settings.token)
        try:
            return token.open(rw=writes, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:  # a process logs in once, for all its sessions
            return token.open(rw=writes)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise _refusal(settings, error) from None


def _refusal(settings: HsmSettings, error: Exception) -> HsmUnusable:
    """The module's own words are the name of a return code; a PIN is never among them."""
    what = f"the security module refuses: {type(error).__name__}"
    return HsmUnusable(f"{what} ({settings.module}, token {settings.token!r})")


def _pin(path: Path) -> str:
    """Raises KeysExposed, HsmUnusable."""
    try:
        return read_secret_file(path).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        what = f"the PIN file {path} cannot be read: {type(error).__name__}"
        raise HsmUnusable(what) from None


def _pkcs11() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415 — optional: only who has a security module needs it
    except ImportError:
        raise HsmUnusable('a security module needs: pip install "airside[hsm]"') from None
    module: ModuleType = pkcs11
    return module
