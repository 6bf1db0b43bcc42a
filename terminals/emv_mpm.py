"""Merchant-presented payloads: what the code on a counter or a seat back says to a phone.

EMV QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1. Objects of the root:

    00  payload format indicator "01", always first
    01  point of initiation: 11 static (the same for every customer), 12 dynamic (for this sale)
    02 to 25  merchant accounts of card schemes;  26 to 51  others, a template each
    52  category (MCC)   53  currency, numeric   54  amount; absent: the customer types it
    55, 56, 57  tip or fee   58  country   59  name   60  city   61  postal code
    62  additional data template   64  name and city in another language, a template
    65 to 79  reserved by EMVCo, kept as they are   80 to 99  unreserved templates
    63  CRC, always last

A template that is nobody's by number begins with whose it is (tag 00, a globally unique
identifier). The CRC is CRC-16/CCITT-FALSE over the UTF-8 bytes of all before it, "6304" included,
while every length counts characters: so a name in Chinese tells a right reader from a wrong one.

Codes in the field break the widths of texts (a city of 16 characters), so these are held to on
writing only. Numbers, the amount, the structure and the CRC are held to always.
"""

import binascii
import re
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from ledger.currency_numbers import currency_number, currency_of_number
from ledger.money import Money, UnknownCommodity, format_minor
from terminals import mpm_objects
from terminals.mpm_objects import InvalidMerchantPayload, InvalidTag, Item
from terminals.mpm_widths import (
    ADDITIONAL_FIELDS,
    require_form,
    require_width,
)
from terminals.typed_amount import AmountRefused, parse_amount

# "Should not exceed 512": what readers need to support (section 3.2).
PAYLOAD_CHARS_MAX = 512
PAYLOAD_PREFIX = "000201"

FORMAT_VERSION = "01"
CRC_HEAD = "6304"
GUID = "00"
# Instead of a value in the additional data: the phone asks its owner for it.
ASK_THE_CUSTOMER = "***"

_CRC = re.compile(r"[0-9A-F]{4}")
_SCHEME_ACCOUNTS = range(2, 26)
_ACCOUNT_TEMPLATES = range(26, 52)
_ACCOUNTS = range(2, 52)
_RESERVED = range(65, 80)
_UNRESERVED = range(80, 100)
_SPECIFIC = range(50, 100)  # inside 62
_ADDITIONAL_RESERVED = range(12, 50)
_LOCAL_RESERVED = range(3, 100)  # inside 64


class Initiation(StrEnum):
    STATIC = "11"
    DYNAMIC = "12"


class TipKind(StrEnum):
    """Tag 55."""

    PROMPT = "01"  # the phone asks for a tip
    FIXED = "02"  # a fee, tag 56
    PERCENTAGE = "03"  # a fee, tag 57


_FEE_TAGS = {TipKind.PROMPT: "", TipKind.FIXED: "56", TipKind.PERCENTAGE: "57"}


class Template(msgspec.Struct, frozen=True):
    """A template of whoever its guid names."""

    tag: str
    guid: str
    objects: tuple[Item, ...] = ()


class Tip(msgspec.Struct, frozen=True):
    """value: "500" (FIXED, in the currency) or "2.50" (PERCENTAGE); nothing for PROMPT."""

    kind: TipKind
    value: str = ""


class AdditionalData(msgspec.Struct, frozen=True, kw_only=True):
    """Template 62. A text may be ASK_THE_CUSTOMER. others: 12 to 49; specific: 50 to 99."""

    bill_number: str | None = None
    mobile_number: str | None = None
    store_label: str | None = None
    loyalty_number: str | None = None
    reference_label: str | None = None
    customer_label: str | None = None
    terminal_label: str | None = None
    purpose: str | None = None
    consumer_data_request: str | None = (
        None  # of A, M and E: address, mobile number, e-mail
    )
    tax_id: str | None = None
    merchant_channel: str | None = None
    others: tuple[Item, ...] = ()
    specific: tuple[Template, ...] = ()


class LocalName(msgspec.Struct, frozen=True):
    """Template 64: the merchant in the language (ISO 639-1) of the place."""

    language: str
    name: str
    city: str | None = None
    others: tuple[Item, ...] = ()


class MerchantPayload(msgspec.Struct, frozen=True, kw_only=True):
    """currency: three digits. amount: as it is written, "23.72"; amount_of reads it."""

    accounts: tuple[Item | Template, ...]
    mcc: str
    currency: str
    country: str
    name: str
    city: str
    initiation: Initiation | None = None
    amount: str | None = None
    tip: Tip | None = None
    postal_code: str | None = None
    additional: AdditionalData = AdditionalData()
    local: LocalName | None = None
    reserved: tuple[Item, ...] = ()
    unreserved: tuple[Template, ...] = ()


def crc(text: str) -> str:
    """Of everything up to and including "6304", as four upper-case hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def encode(payload: MerchantPayload) -> str:
    """Write the payload as the text to draw. Raises InvalidMerchantPayload."""
    items = [Item("00", FORMAT_VERSION), *_root_of(payload)]
    for item in items:
        require_width(item.tag, item.value)
    unsigned = mpm_objects.write(items) + CRC_HEAD
    text = unsigned + crc(unsigned)
    if len(text) > PAYLOAD_CHARS_MAX:
        raise InvalidMerchantPayload(
            f"{len(text)} characters, and {PAYLOAD_CHARS_MAX} is the most"
        )
    # What is written must be readable: the rules of reading are the rules.
    assert decode(text) == payload, "a payload is read back as it was"
    return text


def decode(text: str) -> MerchantPayload:
    """Read the text. Raises InvalidMerchantPayload, whatever the text is."""
    items = mpm_objects.parse(_checked(text))
    root = {item.tag: item.value for item in items[1:]}
    if "63" in root:
        raise InvalidTag("63", "it stands before the end")
    for tag, value in root.items():
        require_form(tag, value)
    for tag in ("52", "53", "58", "59", "60"):
        if tag not in root:
            raise InvalidTag(tag, "it is missing")
    accounts = tuple(_account(item) for item in _within(items, _ACCOUNTS))
    if not accounts:
        raise InvalidTag("02 to 51", "there is no merchant account")
    return MerchantPayload(
        accounts=accounts,
        mcc=root["52"],
        currency=root["53"],
        country=root["58"],
        name=root["59"],
        city=root["60"],
        initiation=Initiation(root["01"]) if "01" in root else None,
        amount=root.get("54"),
        tip=_tip(root),
        postal_code=root.get("61"),
        additional=_additional(root["62"]) if "62" in root else AdditionalData(),
        local=_local(root["64"]) if "64" in root else None,
        reserved=tuple(_within(items, _RESERVED)),
        unreserved=tuple(_template(item) for item in _within(items, _UNRESERVED)),
    )


def amount_of(payload: MerchantPayload) -> Money | None:
    """The amount, exactly; None when the customer types it. Raises InvalidMerchantPayload."""
    if payload.amount is None:
        return None
    try:
        commodity = currency_of_number(payload.currency)
    except UnknownCommodity as error:
        raise InvalidTag("53", str(error)) from None
    try:
        return parse_amount(payload.amount.removesuffix("."), commodity)
    except AmountRefused as error:
        raise InvalidTag("54", str(error)) from None


def amount_texts(amount: Money) -> tuple[str, str]:
    """How tags 53 and 54 spell it. Raises UnknownCommodity for points: they have no number."""
    number = currency_number(amount.commodity)
    return number, format_minor(amount.amount_minor, amount.commodity).replace(",", "")


def value_of(objects: Sequence[Item], tag: str) -> str | None:
    return next((item.value for item in objects if item.tag == tag), None)


def _checked(text: str) -> str:
    """The text without its CRC object, once beginning, length and CRC are right."""
    if not text.startswith(PAYLOAD_PREFIX):
        raise InvalidTag("00", "the text does not begin with the format indicator 01")
    if len(text) > PAYLOAD_CHARS_MAX:
        raise InvalidMerchantPayload(
            f"{len(text)} characters, and {PAYLOAD_CHARS_MAX} is the most"
        )
    body, tail = text[:-8], text[-8:]
    if not tail.startswith(CRC_HEAD) or not _CRC.fullmatch(tail[4:]):
        raise InvalidTag("63", "the text does not end with a CRC")
    try:
        expected = crc(body + CRC_HEAD)
    except UnicodeEncodeError:
        raise InvalidMerchantPayload("the text has no UTF-8 form") from None
    if tail[4:] != expected:
        raise InvalidTag("63", "the CRC is wrong: the text was misread or altered")
    return body


def _within(items: Sequence[Item], tags: range) -> list[Item]:
    return [item for item in items if int(item.tag) in tags]


def _account(item: Item) -> Item | Template:
    return item if int(item.tag) in _SCHEME_ACCOUNTS else _template(item)


def _template(item: Item, inside: str = "") -> Template:
    where = f"{inside}{item.tag}"
    objects = mpm_objects.parse(item.value, f"{where}.")
    guid = value_of(objects, GUID)
    if guid is None:
        raise InvalidTag(f"{where}.{GUID}", "the globally unique identifier is missing")
    return Template(item.tag, guid, tuple(part for part in objects if part.tag != GUID))


def _tip(root: dict[str, str]) -> Tip | None:
    if "55" not in root:
        for tag in ("56", "57"):
            if tag in root:
                raise InvalidTag(tag, "there is no tip indicator (tag 55) that allows it")
        return None
    kind = TipKind(root["55"])
    wanted = _FEE_TAGS[kind]
    for tag in ("56", "57"):
        if (tag in root) != (tag == wanted):
            problem = "it is missing" if tag == wanted else "it may not be there"
            raise InvalidTag(tag, f"{problem}, as tag 55 is {kind.value}")
    return Tip(kind, root[wanted] if wanted else "")


def _additional(text: str) -> AdditionalData:
    objects = mpm_objects.parse(text, "62.")
    named = {
        ADDITIONAL_FIELDS[o.tag]: o.value for o in objects if o.tag in ADDITIONAL_FIELDS
    }
    for item in objects:
        require_form(f"62.{item.tag}", item.value)
        if item.tag == GUID:
            raise InvalidTag("62.00", "there is no such object")
    return AdditionalData(
        **named,
        others=tuple(_within(objects, _ADDITIONAL_RESERVED)),
        specific=tuple(_template(item, "62.") for item in _within(objects, _SPECIFIC)),
    )


def _local(text: str) -> LocalName:
    objects = mpm_objects.parse(text, "64.")
    for item in objects:
        require_form(f"64.{item.tag}", item.value)
    language, name = value_of(objects, "00"), value_of(objects, "01")
    if language is None or name is None:
        missing = "64.00" if language is None else "64.01"
        raise InvalidTag(missing, "it is missing")
    others = tuple(item for item in objects if item.tag not in {"00", "01", "02"})
    return LocalName(language, name, value_of(objects, "02"), others)


def _root_of(payload: MerchantPayload) -> list[Item]:
    """The objects between 00 and 63."""
    tip = payload.tip
    if tip and tip.kind is TipKind.PROMPT and tip.value:
        raise InvalidTag("55", "a tip that is asked for has no value")
    fee_tag = _FEE_TAGS[tip.kind] if tip else ""
    named = (
        ("52", payload.mcc),
        ("53", payload.currency),
        ("54", payload.amount),
        ("55", tip.kind.value if tip else None),
        (fee_tag, tip.value if tip and fee_tag else None),
        ("58", payload.country),
        ("59", payload.name),
        ("60", payload.city),
        ("61", payload.postal_code),
        ("62", _additional_text(payload.additional)),
        ("64", _local_text(payload.local)),
    )
    return [
        *([Item("01", payload.initiation.value)] if payload.initiation else []),
        *[_placed_account(account) for account in payload.accounts],
        *[Item(tag, value) for tag, value in named if value is not None],
        *[_placed(item, _RESERVED) for item in payload.reserved],
        *[_placed(_written(one), _UNRESERVED) for one in payload.unreserved],
    ]


def _placed_account(account: Item | Template) -> Item:
    if isinstance(account, Item):
        return _placed(account, _SCHEME_ACCOUNTS)
    return _placed(_written(account), _ACCOUNT_TEMPLATES)


def _placed(item: Item, tags: range, inside: str = "") -> Item:
    """The object, if its tag is of these. Raises InvalidTag."""
    if not item.tag.isdecimal() or int(item.tag) not in tags:
        raise InvalidTag(f"{inside}{item.tag[:4]}", "it is in a place where it may not be")
    return item


def _written(template: Template, inside: str = "") -> Item:
    where = f"{inside}{template.tag[:4]}."
    objects = (Item(GUID, template.guid), *template.objects)
    require_width("guid", template.guid, f"{where}{GUID}")
    return Item(template.tag, mpm_objects.write(objects, where))


def _additional_text(additional: AdditionalData) -> str | None:
    items = [
        Item(tag, value)
        for tag, field in ADDITIONAL_FIELDS.items()
        if (value := getattr(additional, field)) is not None
    ]
    for item in items:
        require_width(f"62.{item.tag}", item.value)
    items += [_placed(item, _ADDITIONAL_RESERVED, "62.") for item in additional.others]
    for template in additional.specific:
        items.append(_placed(_written(template, "62."), _SPECIFIC, "62."))
    return mpm_objects.write(items, "62.") if items else None


def _local_text(local: LocalName | None) -> str | None:
    if local is None:
        return None
    named = (("00", local.language), ("01", local.name), ("02", local.city))
    items = [Item(tag, value) for tag, value in named if value is not None]
    for item in items:
        require_width(f"64.{item.tag}", item.value)
    others = [_placed(item, _LOCAL_RESERVED, "64.") for item in local.others]
    return mpm_objects.write([*items, *others], "64.")
