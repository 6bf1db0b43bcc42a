"""The JSON of merchants' codes: what a merchant asks for, what a wallet scanned."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from channels.wire import Amount, AmountView, Currency, In, OrderView, Out

# EMV QRCPS: a merchant-presented payload has at most 512 characters.
ScannedText = Annotated[str, Meta(min_length=8, max_length=512)]
OrderId = Annotated[str, Meta(pattern="^ord_[a-z2-7]{24}$")]
# Tag 62.07 holds 25 characters.
CodePlace = Annotated[str, Meta(max_length=25, pattern="^[A-Za-z0-9._:/-]*$")]
Language = Annotated[str, Meta(pattern="^[a-z]{2}$", description="ISO 639-1")]


class MerchantCodeBody(In, frozen=True):
    """Exactly one of the two: an order makes a dynamic code, a currency a static one."""

    order: OrderId | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    place: CodePlace = ""
    language: Language = "en"


class MerchantCodeView(Out, frozen=True):
    """png: a data URI. svg: a document. Nothing in it is secret."""

    kind: Literal["static", "dynamic"]
    payload: str
    merchant: str
    merchant_name: str
    amount: AmountView | None
    currency: str
    order: str | None
    place: str
    png: str
    svg: str


class ScanBody(In, frozen=True):
    """code: the text of the QR code, as it was scanned."""

    code: ScannedText


class ScanPayBody(In, frozen=True):
    """amount: what its owner confirmed. Needed for a code without one; else it must agree. way: as
    with an order.
    """

    code: ScannedText
    amount: Amount | UnsetType = UNSET
    way: Currency | UnsetType = UNSET


class ScanView(Out, frozen=True):
    """amount: null when the customer types it. order: of a dynamic code."""

    kind: Literal["static", "dynamic"]
    merchant: str
    merchant_name: str | None
    amount: AmountView | None
    currency: str
    place: str
    order: OrderView | None
