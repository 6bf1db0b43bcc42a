"""The JSON of cards."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from channels.wire import AccountText, Amount, AmountView, In, MerchantText, Out, ShortName

CardId = Annotated[str, Meta(pattern="^crd_[a-z2-7]{24}$")]
Challenge = Annotated[
    str, Meta(pattern="^[A-Za-z0-9+/]{11}=$", description="8 bytes in base64")
]


class NewCardBody(In, frozen=True):
    """tap_limit: above it a PIN is needed; absent for never."""

    account: AccountText
    form: Literal["chip", "stripe"] = "chip"
    tap_limit: Amount | UnsetType = UNSET


class TapLimitBody(In, frozen=True):
    tap_limit: Amount | None


class InviteBody(In, frozen=True):
    """What a till asks before a card pays. challenge: eight bytes that the card has just drawn."""

    card: CardId
    challenge: Challenge
    amount: Amount
    terminal: ShortName = ""
    merchant: MerchantText | UnsetType = UNSET


class InviteView(Out, frozen=True):
    """charge and proof go to the card as they are, one behind the other, in base64."""

    charge: str
    proof: str
    pin_needed: bool
    expires_at: str


class CardView(Out, frozen=True):
    """masked: of a stripe's number."""

    id: str
    account: str
    form: str
    status: str
    tap_limit: AmountView | None
    masked: str | None
    made_at: str
    personalised_at: str | None


class NewCardView(Out, frozen=True):
    """number: of a stripe, to be written on it. Whoever has it can pay; it is shown here only."""

    card: CardView
    number: str | None


class CardsView(Out, frozen=True):
    cards: list[CardView]
