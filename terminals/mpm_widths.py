"""The data dictionary of merchant-presented payloads: which form and width each object has.

Forms are held to always: what breaks one cannot be understood. Widths of texts are held to on
writing only (EMV QRCPS MPM 1.1, tables 3.1 to 3.8). Some are printable ASCII, some any Unicode.
"""

import re
from collections.abc import Mapping

from terminals.mpm_objects import InvalidTag

_AMOUNT = "digits and at most one point, 13 characters in all, and not zero"
_FEE = re.compile(r"(?=.{1,13}\Z)[0-9]+(?:\.[0-9]*)?")
_SOME = re.compile(r"[1-9]")

# Tag: its form, and how to say it.
FORMS = {
    "01": (re.compile(r"1[12]"), "11 (static) or 12 (dynamic)"),
    "52": (re.compile(r"[0-9]{4}"), "four digits"),
    "53": (re.compile(r"[0-9]{3}"), "three digits"),
    "54": (_FEE, _AMOUNT),
    "55": (re.compile(r"0[123]"), "01, 02 or 03"),
    "56": (_FEE, _AMOUNT),
    "57": (re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2})?"), "a percentage from 0.01 to 99.99"),
    "58": (re.compile(r"[A-Z]{2}"), "two capital letters"),
    "64.00": (re.compile(r"[A-Za-z]{2}"), "two letters"),
}
# These say nothing about the sale, and the field is careless with them: on writing only.
_WRITTEN_FORMS = {
    "62.09": (re.compile(r"(?!.*(.).*\1)[AME]{1,3}"), "of A, M and E, each once"),
    "62.11": (re.compile(r"[0-9]{3}"), "three digits"),
}
_NOT_ZERO = frozenset({"54", "56", "57"})

# Characters at the most, and whether they must be ASCII.
WIDTHS = {
    "59": (25, True),
    "60": (15, True),
    "61": (10, True),
    "62.01": (25, True),
    "62.02": (25, True),
    "62.03": (25, True),
    "62.04": (25, True),
    "62.05": (25, True),
    "62.06": (25, True),
    "62.07": (25, True),
    "62.08": (25, True),
    "62.10": (20, True),
    "64.01": (25, False),
    "64.02": (15, False),
    "guid": (32, True),
}
_SCHEME_ACCOUNT = (99, True)

# Of template 62; what the fields of AdditionalData are called.
ADDITIONAL_FIELDS = {
    "01": "bill_number",
    "02": "mobile_number",
    "03": "store_label",
    "04": "loyalty_number",
    "05": "reference_label",
    "06": "customer_label",
    "07": "terminal_label",
    "08": "purpose",
    "09": "consumer_data_request",
    "10": "tax_id",
    "11": "merchant_channel",
}


def require_form(tag: str, value: str) -> None:
    """Raise InvalidTag if the value cannot be what the tag says."""
    _require(FORMS, tag, value)


def _require(
    forms: Mapping[str, tuple[re.Pattern[str], str]], tag: str, value: str
) -> None:
    if tag not in forms:
        return
    form, says = forms[tag]
    if not form.fullmatch(value) or (tag in _NOT_ZERO and not _SOME.search(value)):
        raise InvalidTag(tag, f"it is not {says}")


def require_width(tag: str, value: str, shown: str = "") -> None:
    """Raise InvalidTag if the value is too wide to be written, or not ASCII where it must be."""
    require_form(tag, value)
    _require(_WRITTEN_FORMS, tag, value)
    if tag not in WIDTHS and not (tag.isdecimal() and 2 <= int(tag) <= 25):
        return
    chars_max, ascii_only = WIDTHS.get(tag, _SCHEME_ACCOUNT)
    if not 1 <= (size := len(value)) <= chars_max:
        raise InvalidTag(shown or tag, f"{size} characters, and 1 to {chars_max} fit")
    if ascii_only and not value.isascii():
        raise InvalidTag(
            shown or tag, "only ASCII; names in other letters belong into tag 64"
        )
