"""Days that a caller names behind the `?`."""

from channels.problem import bad_field
from ledger.time_text import day_of


def named_day(text: str, name: str) -> range:
    """Its milliseconds, in UTC. Raises Problem 400."""
    try:
        return day_of(text)
    except ValueError:
        detail = f"{name} is a day like 2026-11-22, not {text[:16]!r}."
        raise bad_field(name, detail) from None
