"""`python -m tests.inflight.measure`: from the picture of a code to a sale that is on the disk."""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from terminals.inflight.crew_till import Accepted, CrewTill
from terminals.inflight.frame import FRAME_PREFIX
from terminals.inflight.log_file import DiskFile
from terminals.qr_image import draw_png
from terminals.scanner import ImageScanner, open_eyes
from tests.inflight.cabin import Cabin, basket, key_of

SALES = 200


def main() -> None:
    cabin = Cabin(split_window_s=0)
    phone = cabin.phone(10**9)
    pictures = [draw_png(phone.show(), 4) for _ in range(SALES)]
    whole_ms, sell_ms = [], []
    open_eyes()  # as `airside crew sell --image` does when it starts
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        file = DiskFile(Path(folder) / "journal")
        till = CrewTill(cabin.sealed_plan, key_of("till 1"), file, cabin.clock)
        for picture in pictures:
            started = time.perf_counter()
            text = ImageScanner(picture, FRAME_PREFIX).scan()
            scanned = time.perf_counter()
            assert text is not None
            assert isinstance(till.sell(text, basket(10)), Accepted)
            ended = time.perf_counter()
            whole_ms.append((ended - started) * 1_000)
            sell_ms.append((ended - scanned) * 1_000)
        file.close()
    _say("picture to accepted", whole_ms)
    _say("text to accepted", sell_ms)


def _say(name: str, took_ms: list[float]) -> None:
    tail = sorted(took_ms)[SALES * 99 // 100]
    sys.stdout.write(
        f"{name}: median {median(took_ms):.1f} ms, p99 {tail:.1f} ms, most {max(took_ms):.1f} ms\n"
    )


if __name__ == "__main__":
    main()
