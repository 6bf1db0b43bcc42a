"""The issuer's keys in a security module, through PKCS#11. The only importer of pkcs11.

A key is an AES key of 256 bits with our label, whose CKA_ID is its number (one byte). It is made in
the module, marked sensitive and not extractable, and may only sign; what leaves the module is the
CMAC that a card's key is. Debian's SoftHSM stands in for a module of metal in the tests.

Needs the extra [hsm]; without it the error says so.
"""

from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import msgspec

from services.card_issuer import UnknownIssuerKey

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


class HsmKeys:
    """One session, one caller at a time: a session of PKCS#11 is not for several threads."""

    def __init__(self, session: Any, mechanism: Any, keys: dict[int, Any]) -> None:
        self._session = session
        self._mechanism = mechanism
        self._keys = keys
        self._lock = Lock()
        self.newest = max(keys)

    def __repr__(self) -> str:
        return f"<HsmKeys of {len(self._keys)} issuer keys>"

    def mac(self, key_id: int, message: bytes) -> bytes:
        if key_id not in self._keys:
            raise UnknownIssuerKey(key_id)
        with self._lock:
            return bytes(self._keys[key_id].sign(message, mechanism=self._mechanism))

    def close(self) -> None:
        self._session.close()


def open_hsm_keys(settings: HsmSettings) -> HsmKeys:
    """Raises HsmUnusable, OSError."""
    pkcs11 = _pkcs11()
    session = _session(pkcs11, settings, writes=False)
    keys = _keys(pkcs11, session)
    if not keys:
        session.close()
        raise HsmUnusable(
            f"token {settings.token!r} holds no issuer key: run `airside cards issuer-key`"
        )
    return HsmKeys(session, pkcs11.Mechanism.AES_CMAC, keys)


def make_hsm_key(settings: HsmSettings) -> int:
    """One more key, made in the module; its number. Raises HsmUnusable, OSError."""
    pkcs11 = _pkcs11()
    session = _session(pkcs11, settings, writes=True)
    key_id = max(_keys(pkcs11, session), default=0) + 1
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
    pin = settings.pin_file.read_text(encoding="utf-8").strip()
    try:
        token = pkcs11.lib(str(settings.module)).get_token(token_label=settings.token)
        try:
            return token.open(rw=writes, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:  # a process logs in once, for all its sessions
            return token.open(rw=writes)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        # The module's own words are the name of a return code; a PIN is never among them.
        what = f"the security module refuses: {type(error).__name__}"
        raise HsmUnusable(f"{what} ({settings.module}, token {settings.token!r})") from None


def _pkcs11() -> ModuleType:
    try:
        import pkcs11  # noqa: PLC0415 — optional: only who has a security module needs it
    except ImportError:
        raise HsmUnusable('a security module needs: pip install "airside[hsm]"') from None
    module: ModuleType = pkcs11
    return module
