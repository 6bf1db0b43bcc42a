"""The mutants that no judge catches, and why each is harmless: survivors.txt.

# Why these change nothing.

ledger/decide_payment.py _void
- what stood there
+ what stands there instead
"""

from pathlib import Path

LIST = Path(__file__).with_name("survivors.txt")


def accepted(text: str) -> dict[str, str]:
    """The reason of each, by the mutant's name (tests/mutants/generated.py)."""
    found: dict[str, str] = {}
    reason = ""
    for block in text.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("#"):
            reason = " ".join(line.lstrip("# ") for line in lines)
        elif lines:
            name = "\n".join(lines)
            assert reason, f"no reason stands above {name}"
            assert name not in found, f"twice in the list: {name}"
            found[name] = reason
    return found
