"""The JSON of the registry of terminals."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from channels.wire import Currency, In, MerchantText, Minor, Out
from services.channel_rules import ChannelName

TerminalName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        pattern="^[A-Za-z0-9._:/-]+$",
        description="as receipts show it",
    ),
]
PlaceName = Annotated[str, Meta(max_length=32, pattern="^[A-Za-z0-9._:/-]*$")]
Software = Annotated[str, Meta(max_length=64, pattern="^[ -~]*$")]
PublicKeyText = Annotated[
    str,
    Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="Ed25519, 32 bytes in base64"),
]
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
# Not in hex: that may have a run of digits that passes for a card number.
Digest = Annotated[
    str, Meta(pattern="^[A-Za-z0-9+/]{43}=$", description="SHA-256 in base64")
]


class NewTerminalBody(In, frozen=True):
    merchant: MerchantText
    name: TerminalName
    place: PlaceName = ""
    channel: ChannelName = "terminal"


class BindBody(In, frozen=True):
    """What is absent stays. Another merchant or channel ends its keys: pair it again."""

    name: TerminalName | UnsetType = UNSET
    place: PlaceName | UnsetType = UNSET
    merchant: MerchantText | UnsetType = UNSET
    channel: ChannelName | UnsetType = UNSET


class SettingsBody(In, frozen=True):
    """limits: the most that one sale may be, by currency. deny: digests of what is shown at the
    till and must not be taken. keys: public ones that it checks what is offline with.
    """

    limits: Annotated[dict[Currency, Minor], Meta(max_length=64)] = field(
        default_factory=dict
    )
    deny: Annotated[list[Digest], Meta(max_length=200)] = field(default_factory=list)
    keys: Annotated[
        dict[
            Annotated[str, Meta(min_length=1, max_length=64)],
            Annotated[str, Meta(max_length=256)],
        ],
        Meta(max_length=16),
    ] = field(default_factory=dict)


class PairBody(In, frozen=True):
    code: Annotated[str, Meta(min_length=8, max_length=24, description="as it is shown")]
    public_key: PublicKeyText


class RotateBody(In, frozen=True):
    public_key: PublicKeyText


class PingBody(In, frozen=True):
    """now_ms: by the terminal's clock. backlog: attempts whose end it does not know."""

    software: Software
    backlog: Count
    last_sequence: Count
    now_ms: Count


class TotalsBody(In, frozen=True):
    """journal: the name that stands before each number in the terminal's keys. since_ms: when the
    first was asked, and now_ms: the time now, both by the terminal's clock.
    """

    journal: Annotated[str, Meta(pattern="^till-[a-z2-7]{16}$")]
    first: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    last: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    since_ms: Count
    now_ms: Count


class TerminalKeyView(Out, frozen=True):
    id: str
    created_at: str
    expires_at: str | None


class SettingsView(Out, frozen=True):
    version: int
    limits: dict[str, int]
    deny: list[str]
    keys: dict[str, str]


class TerminalView(Out, frozen=True):
    """tid: what ISO 8583 calls it. status: waiting for its first key, active, or suspended."""

    id: str
    tid: str
    name: str
    place: str
    merchant: str
    merchant_name: str | None
    channel: str
    status: str
    principal: str
    software: str
    backlog: int
    last_sequence: int
    clock_off_ms: int
    last_seen_at: str | None
    created_at: str
    suspended_at: str | None
    message_key: int | None
    settings: SettingsView


class TerminalWithKeysView(TerminalView, frozen=True, kw_only=True):
    keys: list[TerminalKeyView]


class TerminalsView(Out, frozen=True):
    terminals: list[TerminalView]
    more: bool


class PairingCodeView(Out, frozen=True):
    code: str
    expires_at: str


class PairedView(Out, frozen=True):
    """What a till must know of itself; key_id is what it signs with from now on."""

    key_id: str
    terminal: TerminalView


class KeyView(Out, frozen=True):
    key_id: str


class MessageKeyView(Out, frozen=True):
    """Shown once. key: 32 bytes in hex, for HMAC-SHA-256."""

    terminal: str
    tid: str
    generation: int
    key: str


class PingView(Out, frozen=True):
    now_ms: int
    status: str
    settings: SettingsView


class MovedView(Out, frozen=True):
    """What one number moved: above zero was taken, below was given back. sequence: 0 for what the
    terminal did since under another key.
    """

    sequence: int
    payment: str
    currency: str
    amount_minor: int


class TotalsView(Out, frozen=True):
    """Numbers that moved nothing are absent."""

    moved: list[MovedView]
