"""What occurred, in one seed or in many: what never occurs in a simulation is not proved by it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

from ledger.commands import AnyCommand
from ledger.decline import DeclineReason
from tests.simulation.fault import Fault

ASKED_MIN = 1_000
FAULTS_MIN = 10
# In so many seeds everything occurs that can occur.
SEEDS_OF_ALL = 50


@dataclass
class Tally:
    """asked: commands that callers asked, retries among them."""

    asked: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    declines: Counter[DeclineReason] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.asked += other.asked
        self.faults += other.faults
        self.declines += other.declines
        self.commands += other.commands

    @property
    def eventful(self) -> bool:
        """Is this enough for one seed?"""
        return self.asked >= ASKED_MIN and self.faults.total() >= FAULTS_MIN

    def never(self) -> list[str]:
        """The faults, reasons and commands that did not occur."""
        commands = {command.__name__ for command in get_args(AnyCommand)}
        return [
            *(f"fault: {fault}" for fault in Fault if not self.faults[fault]),
            *(
                f"decline: {reason}"
                for reason in DeclineReason
                if not self.declines[reason]
            ),
            *(f"command: {name}" for name in sorted(commands - self.commands.keys())),
        ]
