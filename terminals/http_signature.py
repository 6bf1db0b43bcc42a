"""HTTP message signatures (RFC 9421) with Ed25519, and content digests (RFC 9530).

Both sides stand here: a till signs, the gateway verifies. A signature covers a list of components,
each on a line of the *signature base* (section 2.5), and its own parameters on the last line:

    "@method": POST
    "@path": /v1/payments
    "content-digest": sha-256=:X48E9q…=:
    "@signature-params": ("@method" "@path" "content-digest");created=1618884473;keyid="tk_…"

What has no meaning here is refused rather than guessed: components with parameters, parameters that
are neither text nor a whole number, text with escapes, fields that are absent. So what is verified
is what was read, letter by letter.

Errors: SignatureRefused, with a sentence for whoever wrote the client. It repeats no value.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ALGORITHM = "ed25519"
LABEL = "airside"
SIGNATURE_BYTES = 64  # RFC 8032, section 5.1.6
# One signature takes some 300 characters; proxies may add theirs.
HEADER_CHARS_MAX = 4_096

_KEY = r"[a-z*][a-z0-9_.*-]*"
_STRING = r'"[ !#-\[\]-~]*"'
_MEMBER = re.compile(
    rf'({_KEY})=(\((?:"[a-z0-9@_.-]+"(?: "[a-z0-9@_.-]+")*)?\)'
    rf"(?:;{_KEY}=(?:{_STRING}|-?[0-9]{{1,15}}))*)"
)
_PARAMETER = re.compile(rf";({_KEY})=({_STRING}|-?[0-9]{{1,15}})")
_COMPONENT = re.compile(r'"([a-z0-9@_.-]+)"')
_BYTES = re.compile(rf"({_KEY})=:([A-Za-z0-9+/=]*):")
_SEPARATOR = re.compile(r"[ \t]*,[ \t]*")

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}


class SignatureRefused(ValueError):
    """Whoever made the request is to blame."""


class NotWellFormed(SignatureRefused):
    def __init__(self, header: str) -> None:
        super().__init__(f"the header {header} is not one that is understood here")


class ComponentMissing(SignatureRefused):
    """Of the request: the signature covers what is not there, or not what must be covered."""

    def __init__(self, component: str) -> None:
        super().__init__(f"the signature must cover {component!r}, and it must be there")


class DigestWrong(SignatureRefused):
    def __init__(self) -> None:
        super().__init__("Content-Digest must hold sha-256 or sha-512 of the body as sent")


class SignatureWrong(SignatureRefused):
    def __init__(self) -> None:
        super().__init__("the signature does not fit the request and the key")


class Message(msgspec.Struct, frozen=True):
    """What can be covered. query: as sent, without its `?`. headers: by lower-case names."""

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]


class SignatureInput(msgspec.Struct, frozen=True):
    """What a signature says of itself. text: as it stands in the header, and in the base."""

    label: str
    text: str
    components: tuple[str, ...]
    parameters: Mapping[str, str | int]

    def text_of(self, name: str) -> str:
        """A parameter that must be text. Raises NotWellFormed."""
        value = self.parameters.get(name)
        if not isinstance(value, str):
            raise NotWellFormed("Signature-Input")
        return value

    def number_of(self, name: str) -> int:
        """A parameter that must be a number. Raises NotWellFormed."""
        value = self.parameters.get(name)
        if not isinstance(value, int):
            raise NotWellFormed("Signature-Input")
        return value


def content_digest(body: bytes) -> str:
    """RFC 9530, section 2."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return f"sha-256=:{digest}:"


def require_digest(header: str, body: bytes) -> None:
    """The strongest that is known here must fit. Raises NotWellFormed, DigestWrong."""
    found = _byte_sequences("Content-Digest", header)
    for name in ("sha-512", "sha-256"):
        if name in found:
            if found[name] != _HASHES[name](body).digest():
                raise DigestWrong
            return
    raise DigestWrong


def read_input(header: str) -> list[SignatureInput]:
    """All that the header Signature-Input holds, in its order. Raises NotWellFormed."""
    inputs = []
    for member in _members("Signature-Input", header, _MEMBER):
        text = member[2]
        listed, _, _ = text.partition(")")
        parameters: dict[str, str | int] = {}
        for name, value in _PARAMETER.findall(text, len(listed) + 1):
            if name in parameters:
                raise NotWellFormed("Signature-Input")
            parameters[name] = value[1:-1] if value.startswith('"') else int(value)
        components = tuple(_COMPONENT.findall(listed))
        if len(set(components)) != len(components):
            raise NotWellFormed("Signature-Input")
        inputs.append(SignatureInput(member[1], text, components, parameters))
    return inputs


def read_signature(header: str, label: str) -> bytes:
    """The signature of this label. Raises NotWellFormed, SignatureWrong."""
    found = _byte_sequences("Signature", header).get(label)
    if found is None:
        raise NotWellFormed("Signature")
    if len(found) != SIGNATURE_BYTES:
        raise SignatureWrong
    return found


def signature_base(message: Message, components: Sequence[str], parameters: str) -> bytes:
    """RFC 9421, section 2.5. Raises ComponentMissing."""
    lines = [f'"{name}": {_value(message, name)}' for name in components]
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode()


def verify(
    message: Message, signed: SignatureInput, signature: bytes, public_key: bytes
) -> None:
    """Raises ComponentMissing, SignatureWrong."""
    base = signature_base(message, signed.components, signed.text)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, base)
    except InvalidSignature:
        raise SignatureWrong from None


class Signer:
    """A till's side. created_s is Unix time; a nonce is never used twice."""

    def __init__(self, key: Ed25519PrivateKey, key_id: str) -> None:
        self._key = key
        self.key_id = key_id

    def __repr__(self) -> str:
        return f"<Signer {self.key_id}>"

    def headers(self, message: Message, *, created_s: int, nonce: str) -> dict[str, str]:
        """What the request must carry besides what it covers: all that stands in it."""
        components = ["@method", "@authority", "@path"]
        components += ["@query"] if message.query else []
        components += [
            name
            for name in ("content-digest", "idempotency-key")
            if name in message.headers
        ]
        listed = " ".join(f'"{name}"' for name in components)
        parameters = (
            f'({listed});created={created_s};keyid="{self.key_id}"'
            f';nonce="{nonce}";alg="{ALGORITHM}"'
        )
        signature = self._key.sign(signature_base(message, components, parameters))
        shown = base64.b64encode(signature).decode()
        return {
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}=:{shown}:",
        }


def _value(message: Message, component: str) -> str:
    """Sections 2.1 and 2.2."""
    match component:
        case "@method":
            return message.method
        case "@authority":
            return message.authority.lower()
        case "@path":
            return message.path or "/"
        case "@query":
            return f"?{message.query}"
        case field if not field.startswith("@") and field in message.headers:
            return message.headers[field].strip()
        case _:
            raise ComponentMissing(component)


def _members(name: str, header: str, form: re.Pattern[str]) -> list[re.Match[str]]:
    """A dictionary of structured fields (RFC 9651, section 3.2), as far as it is used here."""
    if len(header) > HEADER_CHARS_MAX:
        raise NotWellFormed(name)
    found: dict[str, re.Match[str]] = {}
    place, header = 0, header.strip(" ")
    while True:
        member = form.match(header, place)
        if member is None or member[1] in found:
            raise NotWellFormed(name)
        found[member[1]] = member
        if member.end() == len(header):
            return list(found.values())
        separator = _SEPARATOR.match(header, member.end())
        if separator is None:
            raise NotWellFormed(name)
        place = separator.end()


def _byte_sequences(name: str, header: str) -> dict[str, bytes]:
    try:
        return {
            member[1]: base64.b64decode(member[2], validate=True)
            for member in _members(name, header, _BYTES)
        }
    except binascii.Error:
        raise NotWellFormed(name) from None
