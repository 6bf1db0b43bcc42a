"""The field profile: which data elements of ISO 8583-1:1987 mean what here (docs/iso8583.md).

Everything is ASCII, bitmaps included (as hexadecimal digits): a trace can be read. Elements that
carry a card's number or track, or a PIN, are refused wherever they stand: a wallet is named by its
code in element 62. Elements that are not named here are read over.
"""

from typing import Any

from iso8583.specs import default_ascii

# One message; the longest of ours, with a code of 512 characters, has some 900.
MESSAGE_BYTES_MAX = 2_048

PROCESSING_CODE = "3"
AMOUNT = "4"
SENT_AT = "7"  # MMDDhhmmss, UTC
STAN = "11"
LOCAL_TIME = "12"
LOCAL_DATE = "13"
SETTLEMENT_DATE = "15"
ENTRY_MODE = "22"
REFERENCE = "37"
APPROVAL = "38"
RESPONSE = "39"
TERMINAL = "41"
MERCHANT = "42"
REASON = "44"
ORDER = "48"
CURRENCY = "49"
SETTLEMENT_CURRENCY = "50"
WALLET_CODE = "62"
PAYMENT = "63"
SETTLEMENT_CODE = "66"
NETWORK_CODE = "70"
ORIGINAL = "90"
REPLACEMENT = "95"
MAC_FIELDS = ("64", "128")
MAC_CHARS = 16

# What must be digits, and how many; the library counts but does not look.
DIGITS = {
    PROCESSING_CODE: 6,
    AMOUNT: 12,
    SENT_AT: 10,
    STAN: 6,
    LOCAL_TIME: 6,
    LOCAL_DATE: 4,
    SETTLEMENT_DATE: 4,
    ENTRY_MODE: 3,
    CURRENCY: 3,
    SETTLEMENT_CURRENCY: 3,
    SETTLEMENT_CODE: 1,
    NETWORK_CODE: 3,
    "74": 10,
    "75": 10,
    "76": 10,
    "77": 10,
    "86": 16,
    "87": 16,
    "88": 16,
    "89": 16,
    ORIGINAL: 42,
}

# PAN, expiry, extended PAN, tracks 2, 3 and 1, PIN data, security control, chip data.
CARD_DATA = ("2", "14", "34", "35", "36", "45", "52", "53", "55")

# What element 62 holds for a till: a payload of at most 512 characters.
_OVER: dict[str, dict[str, Any]] = {
    WALLET_CODE: {"max_len": 512, "desc": "Wallet code"},
    PAYMENT: {"max_len": 36, "desc": "Payment"},
    ORDER: {"max_len": 64, "desc": "Order"},
    "64": {"max_len": MAC_CHARS, "desc": "Message code"},
    "128": {"max_len": MAC_CHARS, "desc": "Message code"},
}
SPEC: dict[str, dict[str, Any]] = {
    name: dict(spec) | _OVER.get(name, {}) for name, spec in default_ascii.items()
}
