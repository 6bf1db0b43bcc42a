"""The JSON of passkeys and sessions. Options are W3C Web Authentication's own (section 5.1.8), so a
page hands them to the browser as they come.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from channels.wire import In, MeView, Out

_BYTES = "^[A-Za-z0-9_-]+={0,2}$"  # base64url
CredentialText = Annotated[str, Meta(pattern=_BYTES, max_length=1_368)]  # 1,023 bytes
DataText = Annotated[str, Meta(pattern=_BYTES, max_length=8_192)]
HandleText = Annotated[str, Meta(pattern=f"{_BYTES}|^$", max_length=88)]  # 64 bytes
CeremonyText = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{55}$")]
NameText = Annotated[str, Meta(max_length=64)]
EnrolmentText = Annotated[str, Meta(min_length=20, max_length=40)]


class OfBrowser(Struct, frozen=True, rename="camel"):
    """What a browser made. It says more from year to year, and that is not refused."""


class AttestationBody(
    OfBrowser,
    frozen=True,
    rename={"client_data": "clientDataJSON", "attestation": "attestationObject"},
):
    client_data: DataText
    attestation: DataText


class RegistrationBody(OfBrowser, frozen=True):
    raw_id: CredentialText
    response: AttestationBody
    type: Literal["public-key"]


class AssertionBody(
    OfBrowser,
    frozen=True,
    rename={
        "client_data": "clientDataJSON",
        "authenticator_data": "authenticatorData",
        "user_handle": "userHandle",
    },
):
    client_data: DataText
    authenticator_data: DataText
    signature: DataText
    user_handle: HandleText | None = None


class AuthenticationBody(OfBrowser, frozen=True):
    raw_id: CredentialText
    response: AssertionBody
    type: Literal["public-key"]


class NewPasskeyBody(In, frozen=True):
    ceremony: CeremonyText
    credential: RegistrationBody
    name: NameText = ""


class ProofBody(In, frozen=True):
    ceremony: CeremonyText
    credential: AuthenticationBody


class PasskeySignInBody(ProofBody, frozen=True):
    """device: what the session will be called."""

    device: NameText = ""


class EnrolBody(In, frozen=True):
    """name: of the owner, for an account that nobody signs in to yet. anew: whatever they had lost
    signs in no more.
    """

    name: NameText = ""
    anew: bool = False


class EnrolmentBody(In, frozen=True):
    code: EnrolmentText


class FirstPasskeyBody(NewPasskeyBody, frozen=True, kw_only=True):
    code: EnrolmentText
    device: NameText = ""


class OutToBrowser(Out, frozen=True, rename="camel"):
    pass


class PartyView(OutToBrowser, frozen=True):
    id: str
    name: str


class UserView(OutToBrowser, frozen=True):
    id: str
    name: str
    display_name: str


class ParameterView(OutToBrowser, frozen=True):
    type: str
    alg: int


class DescriptorView(OutToBrowser, frozen=True):
    type: str
    id: str


class SelectionView(OutToBrowser, frozen=True):
    resident_key: str
    require_resident_key: bool
    user_verification: str


class CreationOptionsView(OutToBrowser, frozen=True, kw_only=True):
    """ceremony: goes back with the credential. The rest is for navigator.credentials.create."""

    ceremony: str
    rp: PartyView
    user: UserView
    challenge: str
    pub_key_cred_params: list[ParameterView]
    timeout: int
    exclude_credentials: list[DescriptorView]
    authenticator_selection: SelectionView
    attestation: str


class RequestOptionsView(OutToBrowser, frozen=True, kw_only=True):
    """For navigator.credentials.get. allow_credentials: empty for any that the device has."""

    ceremony: str
    challenge: str
    timeout: int
    rp_id: str
    allow_credentials: list[DescriptorView]
    user_verification: str


class PasskeyView(Out, frozen=True):
    """this_device: the caller's session was opened by it."""

    id: str
    name: str
    created_at: str
    last_used_at: str | None
    this_device: bool


class PasskeysView(Out, frozen=True):
    passkeys: list[PasskeyView]


class ConfirmedView(Out, frozen=True):
    """until: as long, the owner need not prove it again."""

    until: str


class EnrolmentView(Out, frozen=True):
    code: str
    expires_at: str


class EnrolledView(MeView, frozen=True, kw_only=True):
    api_key: str
    passkey: PasskeyView


class SessionView(Out, frozen=True):
    id: str
    name: str
    created_at: str
    last_seen_at: str
    current: bool


class SessionsView(Out, frozen=True):
    sessions: list[SessionView]


class SignedOutView(Out, frozen=True):
    """ended: false for a key that is no session's; it stays good until it is revoked."""

    ended: bool
