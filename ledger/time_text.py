"""Moments as people and auditors read them: RFC 3339, UTC, milliseconds."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from ledger.clock import DAY_MS, SECOND_MS

_FORM = "%Y-%m-%dT%H:%M:%S"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def time_text(at_ms: int) -> str:
    at_s, part_ms = divmod(at_ms, SECOND_MS)
    return f"{_second_text(at_s)}.{part_ms:03}Z"


@lru_cache(maxsize=1_024)
def _second_text(at_s: int) -> str:
    """Kept, for under load thousands of answers name the same few seconds."""
    return f"{datetime.fromtimestamp(at_s, UTC):{_FORM}}"


def parse_time(text: str) -> int:
    """Only what time_text() writes. Raises ValueError."""
    whole, part = text[:-5], text[-4:-1]
    moment = datetime.strptime(whole, _FORM).replace(tzinfo=UTC)
    at_ms = (moment - _EPOCH) // _MS + int(part)
    if time_text(at_ms) != text:
        raise ValueError
    return at_ms


def day_text(at_ms: int) -> str:
    return time_text(at_ms)[:10]


def day_of(text: str) -> range:
    """All milliseconds of a day, 2026-11-22 in UTC. Raises ValueError."""
    first = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    first_ms = (first - _EPOCH) // _MS
    return range(first_ms, first_ms + DAY_MS)
