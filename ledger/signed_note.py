"""A text and who signed it: signed notes (c2sp.org/signed-note), with Ed25519 keys.

    <text, each line ended by a newline>
    <an empty line>
    — <name of the key> <base64 of the key's id and the signature>

The public key is one line too, as other tools of this format write it: `name+id+base64`. Only what
we would write ourselves is read: of two spellings of one note, one could have been altered.
"""

import base64
import hashlib
import re
from typing import Self

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = b"\x01"  # the type of signature, as the specification numbers them
KEY_BYTES = 32
ID_BYTES = 4
SIGNATURE_BYTES = 64
# Of one note: ours has one signature, witnesses may have added theirs.
NOTE_CHARACTERS_MAX = 16_384

_NAME = re.compile(r"[!-*,-~]+")  # printable ASCII without a space or a plus
_SIGNATURE = re.compile(r"— (\S+) (\S+)")
# An empty line ends the text; the lines of signatures follow.
_NOTE = re.compile(r"((?:[^\n]+\n)+)\n((?:— [^\n]+\n)+)")


class BadNote(ValueError):
    """Nobody whom the key stands for has signed this. why: as a sentence."""


class BadKey(ValueError):
    """The text is not a public key in this form."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the public key cannot be read: {why}")


class PublicKey(msgspec.Struct, frozen=True):
    """raw: the 32 bytes of RFC 8032. The same raw key may sign under several names."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        hashed = self.name.encode() + b"\n" + ED25519 + self.raw
        return hashlib.sha256(hashed).digest()[:ID_BYTES]

    @property
    def text(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64_text(ED25519 + self.raw)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadKey."""
        parts = text.split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise BadKey("expected name+id+key")
        name, number, encoded = parts
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise BadKey("the part behind the second plus is not base64") from None
        if raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
            raise BadKey("it is not one of Ed25519")
        key = cls(name, raw[1:])
        if key.text != text:
            raise BadKey(f"its id is {key.id.hex()}, not {number}")
        return key

    def named(self, name: str) -> "PublicKey":
        return PublicKey(name, self.raw)

    def require_signed(self, note: "Note") -> None:
        """Raises BadNote. Signatures of other keys are passed over, as the specification wants."""
        found = [s for s in note.signatures if (s.name, s.key_id) == (self.name, self.id)]
        if not found:
            raise BadNote(f"no signature is by the key {self.name}+{self.id.hex()}")
        for signature in found:
            try:
                key = Ed25519PublicKey.from_public_bytes(self.raw)
                key.verify(signature.raw, note.text.encode())
            except InvalidSignature:
                raise BadNote("the signature does not fit the text") from None


class Signature(msgspec.Struct, frozen=True):
    name: str
    key_id: bytes
    raw: bytes

    @property
    def line(self) -> str:
        return f"— {self.name} {base64_text(self.key_id + self.raw)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Raises BadNote."""
        match = _SIGNATURE.fullmatch(line)
        try:
            decoded = base64.b64decode(match[2], validate=True) if match else b""
        except ValueError:
            decoded = b""
        if match is None or len(decoded) <= ID_BYTES:
            raise BadNote("a line of signatures is not in their form")
        found = cls(match[1], decoded[:ID_BYTES], decoded[ID_BYTES:])
        if found.line != f"{line}\n":
            raise BadNote("a signature is written in another way than signatures are")
        return found


class Note(msgspec.Struct, frozen=True):
    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)

    @classmethod
    def parse(cls, written: str) -> Self:
        """Raises BadNote."""
        match = _NOTE.fullmatch(written)
        if match is None or len(written) > NOTE_CHARACTERS_MAX:
            raise BadNote("it is not a text, an empty line, and signatures")
        return cls(match[1], tuple(Signature.parse(line) for line in match[2].splitlines()))


def notes_in(written: str) -> list[Note]:
    """Notes one after the other, with empty lines between them or not. Raises BadNote."""
    found: list[Note] = []
    at = 0
    for match in _NOTE.finditer(written):
        if written[at : match.start()].strip("\n"):
            break
        found.append(Note.parse(match[0]))
        at = match.end()
    if not found or written[at:].strip("\n"):
        raise BadNote(f"behind note {len(found)} stands what is none")
    return found


def base64_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
