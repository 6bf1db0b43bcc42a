"""The key that signs checkpoints of the journals, in one file of the data folder: signing-key.json.

    {"version": 1, "installation": "airside/<16 characters>", "ed25519": "<32 bytes>"}

It is apart from keys.json, for it is of another kind: who steals it can forge evidence, not
payments. Public keys are handed to auditors, who keep them; so this key is never replaced silently,
and the installation has the name that was drawn with it for ever. A new key is a new name, and a
checkpoint of the old one is then said to be another installation's.
"""

from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.signed_note import KEY_BYTES, PublicKey, Signature
from services.keyring import read_secrets
from services.mint import RandomBytes, base32
from services.new_file import new_file

FILE_NAME = "signing-key.json"
VERSION: Literal[1] = 1
# Two installations have the same name by chance once in 2^40; their keys differ all the same.
NAME_BYTES = 10


class _KeyFile(msgspec.Struct, frozen=True):
    version: Literal[1]
    installation: Annotated[str, msgspec.Meta(pattern=r"^airside/[a-z2-7]{16}$")]
    ed25519: Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]

    def __repr__(self) -> str:
        return "<what signing-key.json holds>"


class SigningKey:
    """Refuses to be printed, encoded or pickled."""

    __slots__ = ("_key", "public")

    def __init__(self, installation: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(installation, self._key.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<SigningKey of {self.public.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key stays in its process")

    def sign(self, name: str, text: str) -> Signature:
        return Signature(name, self.public.named(name).id, self._key.sign(text.encode()))


def open_signing_key(folder: Path, *, random_bytes: RandomBytes) -> SigningKey:
    """The key of this data folder; the first time makes it.

    Raises KeysExposed, KeysDamaged, OSError.
    """
    path = folder / FILE_NAME
    if not path.exists():
        keys = _KeyFile(
            VERSION, f"airside/{base32(random_bytes(NAME_BYTES))}", random_bytes(KEY_BYTES)
        )
        with new_file(path) as aside:
            aside.write_bytes(msgspec.json.encode(keys) + b"\n")
    keys = read_secrets(path, _KeyFile)
    return SigningKey(keys.installation, keys.ed25519)


def public_key_of(folder: Path) -> PublicKey | None:
    """Who only checks makes no key. None where there is none. Raises as open_signing_key() does."""
    path = folder / FILE_NAME
    if not path.exists():
        return None
    keys = read_secrets(path, _KeyFile)
    return SigningKey(keys.installation, keys.ed25519).public
