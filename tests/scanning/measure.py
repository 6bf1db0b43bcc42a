"""How many of so many codes are read, and how fast, through each distortion."""

import time
from random import Random
from typing import NamedTuple

from ledger.ids import derive_account
from terminals.payment_code import CodeKeys, PaymentCode
from terminals.scanner import FrameScanner, ScanRefused
from tests.scanning.distortions import TABLE, Distortion

FRAMES = 2


class Cell(NamedTuple):
    """read: of `of`; wrong: read, but as something else. median_ms: of processor time, until it
    was read, or not.
    """

    name: str
    unit: str
    strength: float
    read: int
    of: int
    wrong: int
    median_ms: float


def payloads(count: int, seed: int) -> list[str]:
    """Real ones: sealed codes, each of another wallet."""
    source = Random(seed)
    keys = CodeKeys([(1, source.randbytes(32))], source.randbytes)
    return [
        keys.seal(PaymentCode(derive_account("scanning", str(n)), 1, n, 1_795_305_600_000))
        for n in range(count)
    ]


def measure(
    distortion: Distortion, unit: str, strength: float, *, samples: int, seed: int
) -> Cell:
    read = wrong = 0
    spent_ms = []
    for number, payload in enumerate(payloads(samples, seed)):
        frame = distortion(payload, Random(f"{seed}/{strength}/{number}"), strength)
        started = time.process_time()
        try:
            # A camera shows it again, and each frame gets another second look.
            found = FrameScanner([frame] * FRAMES).scan()
        except ScanRefused:
            found = None
        spent_ms.append((time.process_time() - started) * 1_000)
        read += found == payload
        wrong += found not in {payload, None}
    name = distortion.__name__
    median_ms = sorted(spent_ms)[samples // 2]
    return Cell(name, unit, strength, read, samples, wrong, median_ms)


def measure_all(*, samples: int, seed: int) -> list[list[Cell]]:
    return [
        [
            measure(distortion, unit, strength, samples=samples, seed=seed)
            for strength in strengths
        ]
        for distortion, unit, strengths in TABLE
    ]
