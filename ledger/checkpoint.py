"""A checkpoint says how long a journal was at some time, and what stood in it, under a signature.

    airside/<installation>/<partition>      the origin: whose journal this is
    <number of entries>
    <base64 of the Merkle root over them>   ledger/merkle.py
    chain <base64 of the last one's hash>   the hash chain's end, which every entry carries
    time <RFC 3339>                         when it was signed

It is a transparency log's checkpoint (c2sp.org/tlog-checkpoint) in a signed note; the last two
lines are extension lines, which other tools of this format pass over. Kept elsewhere, it shows a
tail that was cut off, or a history written anew: what nobody can see in the journal itself.
"""

import base64
from collections.abc import Callable
from contextlib import closing
from typing import Self

import msgspec

from ledger.entry import GENESIS_HASH, chain
from ledger.errors import JournalDamaged
from ledger.journal import Store
from ledger.merkle import HASH_BYTES, SIZE_MAX, Tree
from ledger.signed_note import BadNote, Note, PublicKey, Signature, base64_text, notes_in
from ledger.time_text import parse_time, time_text

# Entries per read: as short a read transaction as `ledger verify` has.
PAGE = 1_000

Progress = Callable[[int], None]
# Signs a text under a name.
Sign = Callable[[str, str], Signature]


class Checkpoint(msgspec.Struct, frozen=True):
    """size: entries, and the last one's sequence number. installation: the name of its key."""

    installation: str
    partition: int
    size: int
    root: bytes
    chain: bytes
    at_ms: int

    @property
    def origin(self) -> str:
        return f"{self.installation}/{self.partition}"

    @property
    def text(self) -> str:
        return (
            f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"
            f"chain {base64_text(self.chain)}\ntime {time_text(self.at_ms)}\n"
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadNote."""
        try:
            origin, size, root, chained, time = text.splitlines()
            installation, _, partition = origin.rpartition("/")
            found = cls(
                installation,
                int(partition),
                int(size),
                base64.b64decode(root, validate=True),
                base64.b64decode(chained.removeprefix("chain "), validate=True),
                parse_time(time.removeprefix("time ")),
            )
            written = found.text
        except (ValueError, OverflowError):
            written = ""
        if written != text or not found.installation:
            raise BadNote("its text is not that of a checkpoint")
        if {len(found.root), len(found.chain)} != {HASH_BYTES}:
            raise BadNote("a hash in it has another length than hashes have")
        if not 0 <= found.size <= SIZE_MAX or found.partition < 0:
            raise BadNote("a number in it is none that a journal can have")
        return found


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint, and the note that was found to be signed."""

    checkpoint: Checkpoint
    note: Note


class OtherInstallation(ValueError):
    """The checkpoint is genuine, perhaps, but of another book."""

    def __init__(self, found: str, wanted: str) -> None:
        super().__init__(
            f"it is another installation's: the checkpoint is of {found}, the key of {wanted}"
        )


def read_signed(note: Note, key: PublicKey) -> Signed:
    """key: the installation's, or of this partition alone. Raises BadNote, OtherInstallation."""
    checkpoint = Checkpoint.parse(note.text)
    if key.name not in {checkpoint.installation, checkpoint.origin}:
        raise OtherInstallation(checkpoint.installation, key.name)
    key.named(checkpoint.origin).require_signed(note)
    return Signed(checkpoint, note)


def read_all_signed(written: str, key: PublicKey) -> list[Signed]:
    """Raises BadNote, OtherInstallation."""
    return [read_signed(note, key) for note in notes_in(written)]


def take(
    store: Store, partition: int, installation: str, at_ms: int, progress: Progress
) -> Checkpoint:
    """Of the journal as it stands now; it may be in use. Each entry's hash is checked on the way,
    for a signature under a damaged history would say that it is right.

    Raises JournalDamaged, StoreUnreadable.
    """
    tree, last = Tree(), GENESIS_HASH
    with closing(store.reader(partition)) as reader:
        end = reader.tip().seq
        while tree.size < end:
            for sealed in reader.read(tree.size, min(PAGE, end - tree.size)):
                last = chain(last, sealed.body)
                if sealed.seq != tree.size + 1 or last != sealed.hash:
                    raise JournalDamaged(partition, f"entry {tree.size + 1} is damaged")
                tree.add(sealed.body)
            progress(tree.size)
    return Checkpoint(installation, partition, tree.size, tree.root(), last, at_ms)


def signed(checkpoint: Checkpoint, sign: Sign) -> Signed:
    note = Note(checkpoint.text, (sign(checkpoint.origin, checkpoint.text),))
    return Signed(checkpoint, note)
