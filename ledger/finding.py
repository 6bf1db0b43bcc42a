"""What a check of the books found: where, which promise, and a sentence."""

from enum import StrEnum

import msgspec

# Of one partition's findings so many are listed: a journal whose key was lost, or whose disk
# returned zeros, has one for each entry, and the first ones say it all.
LISTED_MAX = 100

# A finding that is about all partitions together, or about no single entry.
EVERYWHERE = -1
NO_ENTRY = 0


class Invariant(StrEnum):
    READABLE = "readable"  # the store gives back every row
    SEQUENCE = "sequence"  # entries count up from 1 without gaps
    CHAIN = "chain"  # each hash is over the hash before it and the body
    ENTRY = "entry"  # each body decodes, and stands in its own place
    TIME = "time"  # never runs backwards
    INCARNATION = "incarnation"  # count up: each knows the one before it
    HOME = "home"  # an account lives in one partition
    POSTINGS = "postings"  # lines are those of the event, and balance
    AMOUNT = "amount"  # what moves is positive
    CUSTODY = "custody"  # what is owed never grows by more than what backs it
    EVIDENCE = "evidence"  # only evidence brings money in
    LINE = "line"  # an account's entries each name the one before
    KEY = "key"  # one idempotency key, one answer
    CODE = "code"  # one code, one payment
    CARD = "card"  # a card's counter goes up, and pays once
    HOLD = "hold"  # a hold ends once, in time, by a move that its state allows
    CREDIT = "credit"  # drawn in time, for a payment; repaid by whatever comes in
    HELD = "held"  # held money is what the open holds have left
    LIMIT = "limit"  # no pot holds more than every reader can count
    CLOSED = "closed"  # a closed account neither gets nor gives
    REPLAY = "replay"  # what apply.py asserts, constrained pots among it
    ORIGIN = "origin"  # what comes from another partition comes in its order, once
    TRANSFER = "transfer"  # what arrived was sent, to there, and as much
    SWEEP = "sweep"  # each sweep sends what its stripe took; what is settled was swept
    TRANSIT = "transit"  # the transit accounts hold what is on its way
    IMAGE = "image"  # an image is the replay, frozen
    MARK = "mark"  # what a restart will not read again is in images


class Finding(msgspec.Struct, frozen=True):
    """partition: EVERYWHERE for none in particular. seq: NO_ENTRY likewise."""

    partition: int
    seq: int
    invariant: Invariant
    sentence: str


class Findings:
    """Collects them, so many of each partition that the list stays small."""

    def __init__(self) -> None:
        self._listed: list[Finding] = []
        self._counts: dict[int, int] = {}

    def add(self, partition: int, seq: int, invariant: Invariant, sentence: str) -> None:
        count = self._counts.get(partition, 0) + 1
        self._counts[partition] = count
        if count <= LISTED_MAX:
            self._listed.append(Finding(partition, seq, invariant, sentence))

    def sorted(self) -> tuple[Finding, ...]:
        """By partition and entry: the first that is broken comes first."""
        return tuple(sorted(self._listed, key=lambda found: (found.partition, found.seq)))

    @property
    def unlisted(self) -> int:
        return sum(self._counts.values()) - len(self._listed)


class Report(msgspec.Struct, frozen=True):
    """findings: by partition and entry, so a partition's first broken entry comes first.

    transit: minor units on their way, by pot. undelivered: transfers that they belong to.
    promised: messages between accounts that have not been taken yet, receipts among them.
    """

    partitions: int
    entries: int
    accounts: int
    findings: tuple[Finding, ...]
    unlisted: int  # findings beyond LISTED_MAX in some partition
    transit: dict[str, int]
    undelivered: int
    promised: int

    @property
    def sound(self) -> bool:
        return not self.findings

    @property
    def at_rest(self) -> bool:
        """Nothing is on its way, so transit must be zero."""
        return not self.promised and not self.undelivered
