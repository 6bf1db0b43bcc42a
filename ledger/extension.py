"""Is a journal what it was, and more? Held against checkpoints that were kept elsewhere.

One pass over each journal, from the first entry on: at each size that a checkpoint names, the tree
must have the root, and the chain the end, that were signed. With several checkpoints of one
journal, from different days, a history that was written anew is bracketed between two of them.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from enum import StrEnum

import msgspec

from ledger.checkpoint import Checkpoint
from ledger.errors import StoreUnreadable
from ledger.journal import Reader, Store, Tip
from ledger.merkle import Tree
from ledger.time_text import time_text

PAGE = 1_000

Progress = Callable[[int], None]


class Outcome(StrEnum):
    EXTENDED = "extended"  # all that was signed is there, and unchanged
    CUT_OFF = "cut off"  # it ends before what was signed
    REWRITTEN = (
        "rewritten"  # it is long enough, and what was signed is not what stands there
    )
    GONE = "gone"  # there is no such journal, or it cannot be read to there


class Comparison(msgspec.Struct, frozen=True):
    """since: the size up to which an older checkpoint still fits. end: the journal's last entry."""

    checkpoint: Checkpoint
    outcome: Outcome
    since: int
    end: int
    cause: str = ""

    @property
    def sentence(self) -> str:
        signed = self.checkpoint
        when = f"partition {signed.partition}: the checkpoint of {time_text(signed.at_ms)}"
        match self.outcome:
            case Outcome.EXTENDED:
                return (
                    f"{when} fits: its {signed.size:,} entries are there, of {self.end:,}."
                )
            case Outcome.CUT_OFF:
                return (
                    f"{when} has {signed.size:,} entries, and the journal ends at {self.end:,}:"
                    f" {signed.size - self.end:,} were cut off."
                )
            case Outcome.REWRITTEN:
                return (
                    f"{when} does not fit: history was written anew, at an entry from"
                    f" {self.since + 1:,} to {signed.size:,}."
                )
            case Outcome.GONE:
                return f"{when} cannot be met: {self.cause}."


def compare(
    store: Store, checkpoints: Iterable[Checkpoint], progress: Progress
) -> list[Comparison]:
    """By partition and size. All are of this installation: whoever read them made sure."""
    by_partition: dict[int, list[Checkpoint]] = {}
    for checkpoint in sorted(checkpoints, key=lambda c: (c.partition, c.size, c.at_ms)):
        by_partition.setdefault(checkpoint.partition, []).append(checkpoint)
    found: list[Comparison] = []
    for partition, wanted in by_partition.items():
        met: list[Comparison] = []
        try:
            with closing(store.reader(partition)) as reader:
                _meet(reader, wanted, met, progress)
        except StoreUnreadable as error:
            rest = wanted[len(met) :]
            met += [Comparison(c, Outcome.GONE, 0, 0, str(error)) for c in rest]
        found += met
    return found


def _meet(
    reader: Reader, wanted: list[Checkpoint], met: list[Comparison], progress: Progress
) -> None:
    """Raises StoreUnreadable; what was met until then is in met."""
    tree, last, since = Tree(), Tip(), 0
    tip = reader.tip().seq
    for checkpoint in wanted:
        last = _grown(reader, tree, checkpoint.size, last, progress)
        if last.seq < checkpoint.size:
            outcome = Outcome.CUT_OFF
        elif (tree.root(), last.hash) == (checkpoint.root, checkpoint.chain):
            outcome, since = Outcome.EXTENDED, checkpoint.size
        else:
            outcome = Outcome.REWRITTEN
        met.append(Comparison(checkpoint, outcome, since, max(tip, last.seq)))


def _grown(reader: Reader, tree: Tree, size: int, last: Tip, progress: Progress) -> Tip:
    """The last entry in the tree, once that has this size or the journal ends."""
    while tree.size < size and (page := reader.read(last.seq, min(PAGE, size - tree.size))):
        for sealed in page:
            tree.add(sealed.body)
        last = Tip(page[-1].seq, page[-1].hash)
        progress(tree.size)
    return last
