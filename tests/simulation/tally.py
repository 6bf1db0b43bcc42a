"""What occurred, in one seed or in many: what never occurs in a simulation is not proved by it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

from ledger.commands import AnyCommand
from ledger.decline import DeclineReason
from ledger.replies import RefusalKind
from tests.simulation.fault import Fault

ASKED_MIN = 1_000
FAULTS_MIN = 10
# How a partition refuses; not as one that is quarantined, which no seed may meet: a promise inside
# it would be broken.
REFUSALS = (
    RefusalKind.NOT_OWNED,
    RefusalKind.KEY_REUSED,
    RefusalKind.KEY_EXPIRED,
    RefusalKind.DEADLINE_PASSED,
)
# In so many seeds everything occurs that can occur.
SEEDS_OF_ALL = 50


@dataclass
class Tally:
    """asked: commands that callers asked, retries among them. commands: those that were done."""

    asked: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    declines: Counter[DeclineReason] = field(default_factory=Counter)
    refusals: Counter[RefusalKind] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.asked += other.asked
        self.faults += other.faults
        self.declines += other.declines
        self.refusals += other.refusals
        self.commands += other.commands

    @property
    def eventful(self) -> bool:
        """Is this enough for one seed?"""
        return self.asked >= ASKED_MIN and self.faults.total() >= FAULTS_MIN

    @property
    def occurred(self) -> dict[str, int]:
        """How often each fault, decline, refusal and command that there is."""
        commands = [command.__name__ for command in get_args(AnyCommand)]
        return {
            **{f"fault: {fault}": self.faults[fault] for fault in Fault},
            **{f"decline: {reason}": self.declines[reason] for reason in DeclineReason},
            **{f"refusal: {kind}": self.refusals[kind] for kind in REFUSALS},
            **{f"command: {name}": self.commands[name] for name in commands},
        }

    def never(self) -> list[str]:
        return [what for what, times in self.occurred.items() if not times]

    def rarest(self) -> str:
        what, times = min(self.occurred.items(), key=lambda item: item[1])
        return f"{what} ({times:,} times)"
