"""A failing history made shorter: steps are left out for as long as it still fails."""

from collections.abc import Callable, Sequence

# Runs that may be spent on it: each takes a fraction of a second, and fewer as it gets shorter.
RUNS_MAX = 300

Fails = Callable[[frozenset[int]], bool]


def shorten(numbers: Sequence[int], fails: Fails, runs_max: int = RUNS_MAX) -> list[int]:
    """Steps that still fail, and hardly one too many. First halves are left out, at last single
    steps (delta debugging, without its complements: they seldom pay here).
    """
    kept = list(numbers)
    size = len(kept)
    while size and runs_max > 0:
        size = (size + 1) // 2
        start = len(kept)
        shorter = False
        while start > 0 and runs_max > 0:
            start = max(start - size, 0)
            tried = kept[:start] + kept[start + size :]
            runs_max -= 1
            if fails(frozenset(tried)):
                kept, shorter = tried, True
        if size == 1 and not shorter:
            break
    return kept


def spans(numbers: Sequence[int]) -> str:
    """3-7,9: as the command line takes them."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(f"{a}-{b}" if b > a else str(a) for a, b in parts)


def numbers_of(text: str) -> frozenset[int]:
    """What spans() wrote."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)
