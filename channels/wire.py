"""The JSON of the API: what comes in and what goes out, as structs.

Unknown fields are refused, so that a misspelt one cannot silently take money. Every text
is bounded here: a partition's frame and a journal entry are small because of it.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ledger.money import AMOUNT_MINOR_MAX

Minor = Annotated[
    int, Meta(ge=1, le=AMOUNT_MINOR_MAX, description="integer of minor units")
]
Currency = Annotated[
    str, Meta(pattern="^[A-Z]{3,12}$", description="ISO 4217 code, or a points unit")
]
# An opaque reference of the merchant's. Kept out of the journal all the same.
OrderReference = Annotated[str, Meta(min_length=1, max_length=64)]
ShortName = Annotated[str, Meta(max_length=32, pattern="^[A-Za-z0-9._:/-]*$")]
Label = Annotated[str, Meta(max_length=64)]
AccountText = Annotated[str, Meta(pattern="^acc_[a-z2-7]{24}$")]
MerchantText = Annotated[str, Meta(pattern="^mer_[a-z2-7]{24}$")]
KeyText = Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$")]
CodeText = Annotated[str, Meta(min_length=8, max_length=512)]
CardText = Annotated[str, Meta(min_length=8, max_length=128)]
HoldSeconds = Annotated[int, Meta(ge=60, le=31 * 86_400)]


class In(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller sends."""


class Amount(In, frozen=True):
    amount_minor: Minor
    currency: Currency


class OpenAccountBody(In, frozen=True):
    currencies: Annotated[list[Currency], Meta(min_length=1, max_length=16)]
    kind: Literal["wallet", "merchant", "agent", "company", "gift_card"] = "wallet"
    label: Label = ""


class Evidence(In, frozen=True):
    """What proves that the money came: whose statement, and the line on it."""

    source: Literal["bank", "acquirer", "points_programme"]
    reference: Annotated[str, Meta(min_length=4, max_length=64)]


class TopUpBody(In, frozen=True):
    amount: Amount
    evidence: Evidence


class TransferBody(In, frozen=True, rename={"source": "from", "target": "to"}):
    source: AccountText
    target: AccountText
    amount: Amount


class PayerBody(In, frozen=True):
    """Exactly one of the three. card: a tap of a wallet card, or a gift card's number."""

    code: CodeText | UnsetType = UNSET
    card: CardText | UnsetType = UNSET
    account: AccountText | UnsetType = UNSET


class PaymentBody(In, frozen=True):
    amount: Amount
    payer: PayerBody
    order: OrderReference
    merchant: MerchantText | UnsetType = UNSET
    capture: Literal["automatic", "manual"] = "automatic"
    place: ShortName = ""
    terminal: ShortName = ""
    expires_in_s: HoldSeconds = 7 * 86_400


class IncreaseBody(In, frozen=True):
    amount: Amount


class CaptureBody(In, frozen=True):
    """amount: all that remains when absent. final: release the rest of the hold."""

    amount: Amount | UnsetType = UNSET
    final: bool = True


class RefundBody(In, frozen=True):
    amount: Amount | UnsetType = UNSET


class AttemptBody(In, frozen=True):
    """A payment attempt, named by its original key and its payer."""

    key: KeyText
    payer: PayerBody


class OrderLineBody(In, frozen=True):
    text: Annotated[str, Meta(min_length=1, max_length=120)]
    amount_minor: Annotated[int, Meta(ge=-AMOUNT_MINOR_MAX, le=AMOUNT_MINOR_MAX)]


class OrderBody(In, frozen=True):
    amount: Amount
    order: OrderReference
    lines: Annotated[list[OrderLineBody], Meta(max_length=50)] = []


class OfflineCodesBody(In, frozen=True):
    """largest: what each code pays at most, and in which currency; without it, what the wallet
    does.
    """

    largest: Amount | UnsetType = UNSET


class PayOrderBody(In, frozen=True):
    """way: a saved way to pay; without it, the default, if its currency fits."""

    way: Currency | UnsetType = UNSET


class Out(msgspec.Struct, frozen=True):
    """What we send."""


class AmountView(Out, frozen=True):
    amount_minor: int
    currency: str


class PotView(Out, frozen=True):
    """posted = available + held."""

    pot: str
    currency: str
    posted_minor: int
    held_minor: int
    available_minor: int


class AccountView(Out, frozen=True):
    id: str
    kind: str
    status: str
    label: str
    opened_at: str
    pots: list[PotView]


class ForgottenView(Out, frozen=True):
    """swept: nothing of what was deleted is left in the files; otherwise within seconds."""

    id: str
    forgotten_at: str
    swept: bool


class DeclineView(Out, frozen=True):
    reason: str
    response_code: str
    retriable: bool
    text: str


class PaymentView(Out, frozen=True, omit_defaults=False):
    id: str
    status: str
    amount: AmountView
    captured_minor: int
    refunded_minor: int
    remaining_minor: int
    merchant: str
    merchant_name: str | None
    order: str | None
    channel: str
    place: str
    terminal: str
    at: str
    expires_at: str | None
    decline: DeclineView | None
    account: str | None


class PaymentsView(Out, frozen=True):
    """Newest first. next: the `before` of the next page; null when there is none."""

    payments: list[PaymentView]
    next: str | None


class TakingView(Out, frozen=True):
    """captured and refunded: what that day's entries moved, whenever the payment was made."""

    merchant: str
    merchant_name: str | None
    channel: str
    currency: str
    approved: int
    declined: int
    captured_minor: int
    refunded_minor: int


class TakingsView(Out, frozen=True):
    day: str
    takings: list[TakingView]


class UnknownView(Out, frozen=True):
    """202: the outcome is not known yet. Ask again with the same key, or look it up."""

    status: Literal["unknown"]
    happened: Literal["unknown"]
    key: str
    status_url: str
    detail: str


class ReverseView(Out, frozen=True):
    outcome: str
    payment: PaymentView | None


class TransferView(Out, frozen=True, rename={"source": "from", "target": "to"}):
    id: str
    status: str
    source: str | None
    target: str
    amount: AmountView
    at: str


class CodeView(Out, frozen=True):
    """png: a data URI. svg: a document. The payload is a bearer secret until it is used."""

    payload: str
    issued_at: str
    expires_at: str
    valid_s: int
    png: str
    svg: str


class OfflineCodeView(Out, frozen=True):
    payload: str
    svg: str
    expires_at: str


class OfflineCodesView(Out, frozen=True):
    """Each pays once. Whoever has the picture of one can pay with it."""

    codes: list[OfflineCodeView]
    expires_at: str


class EntryView(Out, frozen=True):
    """channel: of who asked for it. place, terminal: of the attempt; null for what follows."""

    id: str
    at: str
    kind: str
    payment: str | None
    transfer: str | None
    amount: AmountView | None
    available_change_minor: int
    merchant: str | None
    merchant_name: str | None
    order: str | None
    decline: str | None
    card: str | None
    channel: str | None
    place: str | None
    terminal: str | None


class EntriesView(Out, frozen=True):
    entries: list[EntryView]
    next: str | None


class OrderLineView(Out, frozen=True):
    text: str
    amount_minor: int


class OrderView(Out, frozen=True):
    id: str
    link: str
    status: str
    merchant: str
    merchant_name: str | None
    amount: AmountView
    order: str
    lines: list[OrderLineView]
    payment: str | None


class MeView(Out, frozen=True):
    principal: str
    kind: str
    name: str
    account: str | None
    merchant: str | None
    merchant_name: str | None
    scopes: list[str]
    demo: bool


class SignInBody(In, frozen=True):
    who: Annotated[str, Meta(max_length=32)]


class SignInChoice(Out, frozen=True):
    who: str
    label: str
    page: str
    kind: str


class DemoView(Out, frozen=True):
    sign_ins: list[SignInChoice]


class SignedInView(MeView, frozen=True, kw_only=True):
    api_key: str


class ProblemView(Out, frozen=True, rename={"kind": "type"}):
    """RFC 9457. happened: did anything change? yes, no, or unknown. The next three are there when
    the ledger declined: why, in its own word, in ISO 8583's, and whether it may succeed later. The
    last one when somebody must wait, for so many seconds.
    """

    kind: str
    title: str
    status: int
    detail: str
    field: str | None
    happened: Literal["yes", "no", "unknown"]
    reason: str | UnsetType = UNSET
    response_code: str | UnsetType = UNSET
    retriable: bool | UnsetType = UNSET
    retry_after_s: int | UnsetType = UNSET
