"""What a passkey proves: the one file that speaks the library of WebAuthn.

A device keeps a private key for one domain and lets a page use it only on that domain, after its
owner unlocked it. It signs our challenge and says what the page was, that its owner was there and
was verified, and how often it has signed. All of that is required here (W3C Web Authentication
Level 3, sections 7.1 and 7.2): a signature alone says only that some key was used somewhere.

Which maker built the device is not asked, and nothing is believed of it; so of attestations only
those are read that name no maker. Chains of certificates are never looked at.
"""

import hashlib
from enum import StrEnum

import msgspec
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    bytes_to_base64url,
    parse_attestation_object,
    parse_authenticator_data,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationObject,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    RegistrationCredential,
)

# COSE (RFC 9053, RFC 8812), in the order in which we like them. Windows Hello may have only RSA.
ALGORITHMS = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)


class Refusal(StrEnum):
    """Why a passkey's answer is not taken, as sentences."""

    OTHER_PAGE = "It was made on another page than this one."
    NOT_VERIFIED = "The device did not make sure that it was you: unlock it when it asks."
    COUNTED_BACK = (
        "Another copy of this passkey was used since: remove it, and make a new one."
    )
    UNKNOWN = "This passkey is not known here: it was removed, or is of another wallet."
    NOT_SOUND = "It is not what a passkey answers."


class PasskeyRefused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class RelyingParty(msgspec.Struct, frozen=True):
    """Us, as browsers see it. domain: what passkeys are bound to. origins: of our pages."""

    domain: str
    origins: tuple[str, ...]


class Registered(msgspec.Struct, frozen=True):
    """client_data, attestation: as the browser gave them."""

    credential: bytes
    client_data: bytes
    attestation: bytes


class Asserted(msgspec.Struct, frozen=True):
    """user: the handle that the authenticator keeps with the key; empty when it keeps none."""

    credential: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user: bytes


class Credential(msgspec.Struct, frozen=True):
    """public_key: COSE. sign_count: 0 from an authenticator that does not count."""

    id: bytes
    public_key: bytes
    sign_count: int


def prove_registered(us: RelyingParty, challenge: bytes, given: Registered) -> Credential:
    """The new credential. Raises PasskeyRefused."""
    try:
        attested = parse_attestation_object(given.attestation)
        _require_ours(us, given.client_data, attested.auth_data)
        _require_no_maker(attested)
        verified = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(given.credential),
                raw_id=given.credential,
                response=AuthenticatorAttestationResponse(
                    given.client_data, given.attestation
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=us.domain,
            expected_origin=list(us.origins),
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
    except PasskeyRefused:
        raise
    except Exception as error:
        raise PasskeyRefused(Refusal.NOT_SOUND) from error
    if verified.credential_id != given.credential:
        raise PasskeyRefused(Refusal.NOT_SOUND)
    return Credential(
        verified.credential_id, verified.credential_public_key, verified.sign_count
    )


def prove_asserted(
    us: RelyingParty, challenge: bytes, given: Asserted, known: Credential
) -> Credential:
    """The credential with its new count. Raises PasskeyRefused."""
    try:
        said = parse_authenticator_data(given.authenticator_data)
        _require_ours(us, given.client_data, said)
        if known.sign_count and said.sign_count <= known.sign_count:
            raise PasskeyRefused(Refusal.COUNTED_BACK)  # noqa: TRY301 — a column of guards
        verified = verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(given.credential),
                raw_id=given.credential,
                response=AuthenticatorAssertionResponse(
                    given.client_data, given.authenticator_data, given.signature
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=us.domain,
            expected_origin=list(us.origins),
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except PasskeyRefused:
        raise
    except Exception as error:
        raise PasskeyRefused(Refusal.NOT_SOUND) from error
    return Credential(known.id, known.public_key, verified.new_sign_count)


def _require_ours(us: RelyingParty, client_data: bytes, said: AuthenticatorData) -> None:
    """What a person can do something about is said first, and in words.

    The library does not look at crossOrigin: a page of ours in somebody's frame would be enough to
    have a signature made that its owner takes for theirs.
    """
    client = parse_client_data_json(client_data)
    domain = hashlib.sha256(us.domain.encode()).digest()
    elsewhere = client.origin not in us.origins or said.rp_id_hash != domain
    if elsewhere or client.cross_origin:
        raise PasskeyRefused(Refusal.OTHER_PAGE)
    if not said.flags.uv:
        raise PasskeyRefused(Refusal.NOT_VERIFIED)


def _require_no_maker(attested: AttestationObject) -> None:
    """A browser that was asked for none gives none, or what the device signed itself."""
    statement = attested.att_stmt
    if attested.fmt not in {"none", "packed"} or statement.x5c or statement.cert_info:
        raise PasskeyRefused(Refusal.NOT_SOUND)
