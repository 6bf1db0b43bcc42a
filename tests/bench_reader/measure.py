"""What a reader adds to a tap: `python -m tests.bench_reader.measure` prints milliseconds.

The same dialogue with the same card, with no reader between, with one, and with four at once.
"""

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ledger.money import Money
from terminals.apdu import CardLink
from terminals.bench_reader.daemon import Pcscd
from terminals.bench_reader.slot import InHand, InSlot
from terminals.card_format import Charge, gateway_proof, nonce_at, terminal_digest
from terminals.card_reader import CardReader
from terminals.wallet_card import authenticate, challenge, greet, pay
from tests.bench_reader.bench import NAME, READERS
from tests.card_in_hand import written_card

CARD, KEY = bytes(range(15)), bytes(16)
CHARGE = Charge(
    nonce_at(1, bytes(10)), Money(2_000, "QAR"), terminal_digest("mer_lounge", "till")
).packed()
TAPS = 300


def tap(link: CardLink) -> None:
    greeting = greet(link)
    proof = gateway_proof(KEY, CARD, challenge(link), CHARGE)
    authenticate(link, CHARGE + proof)
    pay(link, greeting, CHARGE)


def without_reader(taps: int) -> list[int]:
    """Nanoseconds of each tap."""
    link, spent = InHand(written_card(CARD, KEY)), []
    for _ in range(taps):
        begun = time.perf_counter_ns()
        tap(link)
        spent.append(time.perf_counter_ns() - begun)
    return spent


def with_reader(name: str, slot: Path, taps: int) -> tuple[list[int], list[int]]:
    """Of the dialogue alone, and with switching the card on and off."""
    alone, whole = [], []
    inside = InSlot(written_card(CARD, KEY), slot)
    with CardReader(name) as reader:
        for _ in range(taps):
            begun = time.perf_counter_ns()
            with reader.next_card() as card:
                on = time.perf_counter_ns()
                tap(card)
                alone.append(time.perf_counter_ns() - on)
            whole.append(time.perf_counter_ns() - begun)
    inside.pull()
    return alone, whole


def main() -> None:
    _print("without a reader", without_reader(TAPS))
    with (
        tempfile.TemporaryDirectory(prefix="cards-") as folder,
        Pcscd(Path(folder), [NAME] * READERS, drivers=Path(folder) / "drivers") as daemon,
    ):
        os.environ.update(daemon.environment)
        names = [f"{NAME} {number:02} 00" for number in range(READERS)]
        alone, whole = with_reader(names[0], daemon.slots[0], TAPS)
        _print("with a reader", alone)
        _print("and its power", whole)
        with ThreadPoolExecutor(READERS) as threads:
            ran = threads.map(with_reader, names, daemon.slots, [TAPS // READERS] * READERS)
            _print("four at once", [each for alone, _ in ran for each in alone])


def _print(what: str, spent: list[int]) -> None:
    ordered = sorted(spent)
    p50, p99 = (ordered[len(ordered) * part // 100] // 1_000 for part in (50, 99))
    sys.stdout.write(f"{what:20} p50 {p50:6,} us   p99 {p99:6,} us\n")


if __name__ == "__main__":
    main()
