"""An authenticator in software: what a phone does when a page asks it for a passkey.

It is written from W3C Web Authentication (sections 6.1, 6.5 and 7), not from the library that reads
what it makes. What it says of the page, of its user and of itself can be bent, to see it refused.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

Json = Any

USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


class SoftwareKey:
    """One device with one passkey. counts: whether it counts its signatures; many do not."""

    def __init__(self, origin: str, number: int = 1, *, counts: bool = True) -> None:
        self.origin = origin
        self.id = hashlib.sha256(b"credential %d" % number).digest()
        self._private = ec.derive_private_key(number + 1, ec.SECP256R1())
        self.counts = counts
        self.count = 0
        self.verified = True
        self.cross_origin = False
        self.domain = ""  # the one that was asked for
        self.user = b""
        self.attests = ""  # or "itself", or "maker"

    def create(self, options: Json, **bent: Json) -> Json:
        """navigator.credentials.create, as JSON. bent: members of the attestation object."""
        self.user = unb64(options["user"]["id"])
        data = self._data(options["rp"]["id"], ATTESTED) + bytes(16)
        data += len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(self._cose())
        client = self._client("webauthn.create", options)
        attestation = {**self._attested(data, client), "authData": data, **bent}
        response = {
            "clientDataJSON": b64(client),
            "attestationObject": b64(cbor2.dumps(attestation)),
            "transports": ["internal"],
        }
        return self._credential(response)

    def get(self, options: Json) -> Json:
        """navigator.credentials.get, as JSON."""
        self.count += 1
        data = self._data(options["rpId"], 0)
        client = self._client("webauthn.get", options)
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(self._private.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": b64(self.user) if self.user else None,
        }
        return self._credential(response)

    def _attested(self, data: bytes, client: bytes) -> Json:
        """Packed attestation (section 8.2): signed by the key itself, or by what names a maker."""
        if not self.attests:
            return {"fmt": "none", "attStmt": {}}
        signed = data + hashlib.sha256(client).digest()
        statement: Json = {"alg": -7, "sig": self._private.sign(signed, ec.ECDSA(SHA256()))}
        if self.attests == "maker":
            statement["x5c"] = [self._certificate()]
        return {"fmt": "packed", "attStmt": statement}

    def _certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Maker")])
        begins = datetime(2026, 1, 1, tzinfo=UTC)
        builder = x509.CertificateBuilder(name, name, self._private.public_key(), 1)
        builder = builder.not_valid_before(begins)
        builder = builder.not_valid_after(begins + timedelta(days=9_999))
        certificate = builder.sign(self._private, SHA256())
        return certificate.public_bytes(Encoding.DER)

    def _credential(self, response: Json) -> Json:
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }

    def _client(self, kind: str, options: Json) -> bytes:
        said = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return json.dumps(said).encode()

    def _data(self, domain: str, flags: int) -> bytes:
        flags |= USER_PRESENT | (USER_VERIFIED if self.verified else 0)
        count = self.count if self.counts else 0
        hashed = hashlib.sha256((self.domain or domain).encode()).digest()
        return hashed + bytes([flags]) + count.to_bytes(4, "big")

    def _cose(self) -> dict[int, Any]:
        """COSE_Key of ES256 (RFC 9053, section 7.1)."""
        numbers = self._private.public_key().public_numbers()
        x, y = (value.to_bytes(32, "big") for value in (numbers.x, numbers.y))
        return {1: 2, 3: -7, -1: 1, -2: x, -3: y}
