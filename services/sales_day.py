"""The day of a sale: what is sold on it can be voided until it is over, where it was sold."""

from ledger.clock import DAY_MS

MINUTE_MS = 60_000


def end_of_day_ms(at_ms: int, utc_offset_min: int) -> int:
    """The midnight after that moment, by the clocks of a place so far east of Greenwich."""
    offset_ms = utc_offset_min * MINUTE_MS
    day = (at_ms + offset_ms) // DAY_MS
    return (day + 1) * DAY_MS - offset_ms
