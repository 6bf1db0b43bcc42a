"""The merchant's code: what a counter or a seat back shows to a wallet.

A merchant-presented payload (terminals/emv_mpm.py) with a template of ours:

    26 { 00 guid: the name of our application, as the payer's codes have it
         01 the merchant, mer_…
         02 the order, ord_…: in a dynamic code only }

Nothing in it is sealed, and a sticker can be stuck over a sticker. So a wallet believes it as far
as *who* and *which order*, asks the gateway what both are called and cost, and shows that. The
name, amount and city in the code are for other readers, and must agree where they say anything.

A template 26 that names another application is somebody else's, and so is every other account.
"""

import re
import unicodedata

import msgspec

from ledger.currency_numbers import currency_number, currency_of_number
from ledger.money import Money, UnknownCommodity
from terminals import emv_mpm
from terminals.emv_mpm import (
    AdditionalData,
    Initiation,
    LocalName,
    MerchantPayload,
    Template,
)
from terminals.mpm_objects import InvalidMerchantPayload, Item
from terminals.payment_code import ADF_NAME

GUID = ADF_NAME.hex().upper()
_TEMPLATE = "26"
_MERCHANT, _ORDER = "01", "02"
_MERCHANT_ID = re.compile(r"mer_[a-z2-7]{24}")
_ORDER_ID = re.compile(r"ord_[a-z2-7]{24}")
# A place is written by us, but read from whatever was scanned.
_PLACE = re.compile(r"[A-Za-z0-9._:/-]{1,25}")
_NAME_CHARS, _CITY_CHARS = 25, 15


class MerchantCodeUnreadable(ValueError):
    """Base: the text is no code that a wallet of ours can pay. The message names the tag."""


class NotMerchantPresented(MerchantCodeUnreadable):
    def __init__(self, problem: InvalidMerchantPayload) -> None:
        super().__init__(f"this is not a merchant's code: {problem}")


class NotOurMerchantCode(MerchantCodeUnreadable):
    def __init__(self, tag: str, problem: str) -> None:
        super().__init__(f"this merchant's code cannot be paid here: tag {tag}: {problem}")


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid, as other readers are told. name: in any letters; language: of the name."""

    merchant: str
    name: str
    mcc: str
    city: str
    country: str
    language: str = "en"


class MerchantCode(msgspec.Struct, frozen=True, kw_only=True):
    """order: of a dynamic code. amount: None when the customer types it."""

    merchant: str
    currency: str
    order: str | None = None
    amount: Money | None = None
    place: str = ""


def write_code(
    shop: Shop,
    *,
    currency: str,
    place: str = "",
    order: str = "",
    amount: Money | None = None,
) -> str:
    """The text to draw: static, or dynamic when it is bound to an order.

    Raises InvalidMerchantPayload, and UnknownCommodity for what has no ISO 4217 number.
    """
    ids = [Item(_MERCHANT, shop.merchant)] + ([Item(_ORDER, order)] if order else [])
    name = _plain(shop.name, _NAME_CHARS)
    local = None if name == shop.name else LocalName(shop.language, shop.name[:_NAME_CHARS])
    return emv_mpm.encode(
        MerchantPayload(
            initiation=Initiation.DYNAMIC if order else Initiation.STATIC,
            accounts=(Template(_TEMPLATE, GUID, tuple(ids)),),
            mcc=shop.mcc,
            currency=currency_number(currency),
            amount=emv_mpm.amount_texts(amount)[1] if amount else None,
            country=shop.country,
            name=name,
            city=_plain(shop.city, _CITY_CHARS),
            additional=AdditionalData(terminal_label=place or None),
            local=local,
        )
    )


def read_code(text: str) -> MerchantCode:
    """What the code says that a wallet may believe. Raises MerchantCodeUnreadable."""
    try:
        payload = emv_mpm.decode(text)
        amount = emv_mpm.amount_of(payload)
        currency = currency_of_number(payload.currency)
    except InvalidMerchantPayload as error:
        raise NotMerchantPresented(error) from None
    except UnknownCommodity:
        raise NotOurMerchantCode("53", "it is no currency that a wallet can hold") from None
    ids = _ids_of(payload)
    order = emv_mpm.value_of(ids, _ORDER)
    if (order is None) == (payload.initiation is Initiation.DYNAMIC):
        raise NotOurMerchantCode("01", "a dynamic code, and no other, names an order")
    if order is not None and not _ORDER_ID.fullmatch(order):
        raise NotOurMerchantCode("26.02", "it is no id of an order")
    merchant = emv_mpm.value_of(ids, _MERCHANT) or ""
    if not _MERCHANT_ID.fullmatch(merchant):
        raise NotOurMerchantCode("26.01", "it is no id of a merchant")
    if payload.tip is not None:
        raise NotOurMerchantCode("55", "tips and fees are not paid by this wallet")
    return MerchantCode(
        merchant=merchant,
        currency=currency,
        order=order,
        amount=amount,
        place=_place(payload),
    )


def _ids_of(payload: MerchantPayload) -> tuple[Item, ...]:
    for account in payload.accounts:
        if isinstance(account, Template) and account.guid.upper() == GUID:
            return account.objects
    raise NotOurMerchantCode("26.00", "no merchant account in it is ours")


def _place(payload: MerchantPayload) -> str:
    label = payload.additional.terminal_label or ""
    return label if _PLACE.fullmatch(label) else ""


def _plain(text: str, chars_max: int) -> str:
    """In ASCII, for readers that know nothing else: accents fall off, other letters go."""
    parts = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    seen = "".join(character for character in parts if character.isprintable())
    return seen[:chars_max].strip() or "-"
