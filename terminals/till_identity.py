"""Who a till is: a key pair of its own, and what the gateway calls it.

    identity.json    {"version": 1, "gateway": "https://…", "seed": "<32 bytes>",
                      "key": "tk_…", "terminal": "trm_…"}
    pairing.json     the same without names: a key that waits for the gateway's answer

The private key is made here and never leaves the folder, which is its owner's only. It is on the
disk before the pairing code is sent: a till that loses its power between the gateway's answer and
its own disk asks again with the same key and the same code, and is the same terminal.
"""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.http_signature import Signer
from terminals.till_journal import sync_folder

FILE_NAME, PAIRING_NAME = "identity.json", "pairing.json"
SEED_BYTES = 32  # RFC 8032, section 5.1.5

RandomBytes = Callable[[int], bytes]


class IdentityDamaged(Exception):
    """The till cannot prove who it is any more: pair it again, in another folder."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged: pair this till again, with another --state")


class PairedElsewhere(Exception):
    """Its key is known to another gateway."""

    def __init__(self, gateway: str) -> None:
        super().__init__(f"this till is paired with {gateway}: give that --url")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """key and terminal are empty while it waits for the gateway's answer."""

    version: Literal[1]
    gateway: str
    seed: Annotated[bytes, msgspec.Meta(min_length=SEED_BYTES, max_length=SEED_BYTES)]
    key: str = ""
    terminal: str = ""

    def __repr__(self) -> str:
        return f"<Identity {self.terminal or 'not paired'}>"

    @property
    def is_paired(self) -> bool:
        return bool(self.key)

    @property
    def public_key(self) -> str:
        """In base64, as the gateway takes it."""
        raw = self._private().public_key().public_bytes_raw()
        return base64.b64encode(raw).decode()

    @property
    def signer(self) -> Signer:
        assert self.is_paired, "a till signs with a key that the gateway knows"
        return Signer(self._private(), self.key)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def read_identity(folder: Path) -> Identity | None:
    """None when it was never paired. Raises IdentityDamaged, OSError."""
    return _read(folder / FILE_NAME)


def begin_pairing(folder: Path, gateway: str, random_bytes: RandomBytes) -> Identity:
    """A new key, on the disk when this returns; the one of a pairing that was not finished is
    used again. Raises IdentityDamaged, OSError.
    """
    found = _read(folder / PAIRING_NAME)
    if found is None or found.gateway != gateway:
        found = Identity(version=1, gateway=gateway, seed=random_bytes(SEED_BYTES))
        _write(folder / PAIRING_NAME, found)
    return found


def end_pairing(folder: Path, identity: Identity) -> None:
    """It is this one from now on; what it was before is gone."""
    assert identity.is_paired, "the gateway has named it"
    _write(folder / FILE_NAME, identity)
    (folder / PAIRING_NAME).unlink(missing_ok=True)


def _read(path: Path) -> Identity | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Identity)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without its cause: the complaint may quote the file.
        raise IdentityDamaged(path) from None


def _write(path: Path, identity: Identity) -> None:
    """Durable when this returns; the old file or the new one, never a half."""
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 — the mode is set at birth
        file.write(msgspec.json.encode(identity))
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_folder(path.parent)
