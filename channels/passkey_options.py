"""Between browsers' JSON and the bytes of passkeys (W3C Web Authentication, section 5.1.8)."""

import base64

from channels.passkey_wire import (
    AuthenticationBody,
    CreationOptionsView,
    DescriptorView,
    ParameterView,
    PartyView,
    RegistrationBody,
    RequestOptionsView,
    SelectionView,
    UserView,
)
from services.ceremonies import LIFE_MS, Ceremony
from services.passkey_door import Offer
from services.passkey_proof import ALGORITHMS, Asserted, Registered, RelyingParty

_KEY = "public-key"
# Always: without it, whoever holds the device would be its owner.
_VERIFIED = "required"


def creation_options(
    us: RelyingParty, offer: Offer, *, party: str, person: str
) -> CreationOptionsView:
    """party, person: what the device shows its owner."""
    return CreationOptionsView(
        ceremony=offer.ceremony.text,
        rp=PartyView(us.domain, party),
        user=UserView(_text(offer.user), person, person),
        challenge=_text(offer.ceremony.challenge),
        pub_key_cred_params=[ParameterView(_KEY, each.value) for each in ALGORITHMS],
        timeout=LIFE_MS,
        exclude_credentials=_descriptors(offer.known),
        # Kept on the device, so that it can be found without a name to type.
        authenticator_selection=SelectionView("required", True, _VERIFIED),
        attestation="none",
    )


def request_options(
    us: RelyingParty, ceremony: Ceremony, known: list[bytes]
) -> RequestOptionsView:
    """known: empty for any that the device has."""
    return RequestOptionsView(
        ceremony=ceremony.text,
        challenge=_text(ceremony.challenge),
        timeout=LIFE_MS,
        rp_id=us.domain,
        allow_credentials=_descriptors(known),
        user_verification=_VERIFIED,
    )


def registered(body: RegistrationBody) -> Registered:
    response = body.response
    return Registered(
        _bytes(body.raw_id), _bytes(response.client_data), _bytes(response.attestation)
    )


def asserted(body: AuthenticationBody) -> Asserted:
    response = body.response
    return Asserted(
        _bytes(body.raw_id),
        _bytes(response.client_data),
        _bytes(response.authenticator_data),
        _bytes(response.signature),
        _bytes(response.user_handle or ""),
    )


def _descriptors(credentials: list[bytes]) -> list[DescriptorView]:
    return [DescriptorView(_KEY, _text(each)) for each in credentials]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """What has one character too many decodes to something that proves nothing."""
    bare = text.rstrip("=")
    return base64.urlsafe_b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "==")
