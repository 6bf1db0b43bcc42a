"""What could be the number of a payment card. This gateway never wants one, at any door.

A number of ours that looked like one would be refused by our own door, and masked, stored and
feared by everybody else's; so every number that is made here is drawn until it fails.
"""

import re

# Of random UUIDs one in 130 holds such a run by chance, and tills like them as references.
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b", re.IGNORECASE)


def holds_card_number(text: str) -> bool:
    closed = re.sub(r"(?<=\d)[ -](?=\d)", "", _UUID.sub("", text))
    for run in re.findall(r"\d{13,}", closed):
        if any(
            luhn_valid(run[start : start + length])
            for length in range(13, 20)
            for start in range(len(run) - length + 1)
        ):
            return True
    return False


def luhn_valid(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: 13 to 19 digits; double every second one from the right, sum them."""
    return 13 <= len(digits) <= 19 and luhn_sum(digits) % 10 == 0


def luhn_sum(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total
