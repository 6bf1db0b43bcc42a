"""Cells of a CSV file as spreadsheets read them, and as nobody can make them run something.

What begins like a formula is run by spreadsheets when the file is opened; a merchant's name or an
order's text is somebody else's, so such a text is written with a quote before it (OWASP, CSV
Injection). An amount has the decimals of its currency, and nothing between its thousands.
"""

from ledger.money import format_minor

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """The space that a spreadsheet takes away before it looks is no shield."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def amount_cell(amount_minor: int, currency: str) -> str:
    return format_minor(amount_minor, currency).replace(",", "")
