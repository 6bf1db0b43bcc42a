"""What everything in one simulated world shares: time, chance, weather, and who watches."""

from dataclasses import dataclass
from random import Random

from actors.directory import Directory
from tests.simulation.auditor import Auditor
from tests.simulation.fault import Weather
from tests.simulation.virtual_loop import VirtualLoop

# Some day in 2026: times in a history are readable, and none is near zero.
EPOCH_MS = 1_767_225_600_000


@dataclass
class Stage:
    """dice: what is not in the plan (delays, coins). skipped_ms: time that nobody lived through."""

    loop: VirtualLoop
    dice: Random
    weather: Weather
    auditor: Auditor
    directory: Directory
    tick_s: float
    skipped_ms: int = 0

    @property
    def now_ms(self) -> int:
        return EPOCH_MS + self.skipped_ms + int(self.loop.time() * 1000)


class HostClock:
    """One machine's clock: right, but for an offset that faults move."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._offset_ms = 0
        self._furthest_ms = 0

    def now_ms(self) -> int:
        return self._stage.now_ms + self._offset_ms

    def move(self, delta_ms: int) -> None:
        self._offset_ms += delta_ms
        self._furthest_ms = max(self._furthest_ms, self._offset_ms)

    def set_right(self) -> int:
        """Returns how far ahead it was at most."""
        self._offset_ms = 0
        return self._furthest_ms
