"""The last look at a problem before it leaves: nothing in it may be a secret that its caller sent.

Each sentence is made where something is wrong, and many name what was wrong. What could be a card
number, an API key or a payment code is masked here, so that no sentence has to think of it.
"""

import re

from channels.problem import Problem
from terminals.card_numbers import holds_card_number

_SECRET = re.compile(r"ak_\w+|hQVD[\w+/=]+|\d(?:[ -]?\d){12,}")
# The limits of an amount, which sentences name.
_LIMITS = {str(2**53 - 1), str(2**53)}
_MASK = "****"


def safe_body(problem: Problem) -> dict[str, object]:
    """The problem's body, with whatever could be a secret masked in its sentence and field."""
    body = problem.body
    body["detail"] = _safe(problem.detail)
    if problem.field is not None:
        body["field"] = _safe(problem.field)
    return body


def _safe(text: str) -> str:
    return _SECRET.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    text = found[0]
    if text[0].isdigit() and (text in _LIMITS or not holds_card_number(text)):
        return text
    return _MASK
