"""Evidence for people outside the house: checkpoints, receipts, an export; and the check of them.

All of it only reads the journals, of a running installation or not. What is written is a new file,
or goes to standard output: evidence is never overwritten.
"""

import secrets
import sys
from pathlib import Path

from actors.directory import Directory, load
from gateway.layout import Layout
from gateway.ledger_commands import progress, store_at
from ledger.checkpoint import OtherInstallation, Signed, read_all_signed, signed, take
from ledger.clock import SystemClock
from ledger.errors import LedgerError
from ledger.extension import Outcome, compare
from ledger.ids import MalformedId, Ref, parse_payment
from ledger.plain_text import plain_text
from ledger.reading import Reading
from ledger.receipt import NotProvable, ReceiptRefused, check, prove
from ledger.signed_note import BadNote, PublicKey
from ledger.store_address import StoreAddress
from ledger.stores import open_journals
from ledger.time_text import time_text
from services.signing_key import open_signing_key, public_key_of

# Checkpoints of ten years of days, of 64 partitions: 90 MB. A file that is longer is another.
CHECKPOINTS_BYTES_MAX = 128 * 1024 * 1024


class BadEvidence(LedgerError):
    """The file of checkpoints is not what it should be."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class NotThere(LedgerError):
    """The command needs what the data folder or the arguments do not have."""

    def __init__(self, what: str) -> None:
        super().__init__(what)


def show_key(data: Path, partition: int | None) -> int:
    key = open_signing_key(_folder(data), random_bytes=secrets.token_bytes).public
    shown = key if partition is None else key.named(f"{key.name}/{partition}")
    sys.stdout.write(f"{shown.text}\n")
    return 0


def sign_checkpoints(data: Path, where: StoreAddress, out: Path | None) -> int:
    """One note for each partition, an empty line between two. 2 when there is nothing to sign."""
    store = store_at(where)
    if store is None:
        return 2
    key = open_signing_key(_folder(data), random_bytes=secrets.token_bytes)
    clock = SystemClock()
    notes = [
        str(
            signed(
                take(store, number, key.public.name, clock.now_ms(), progress), key.sign
            ).note
        )
        for number in store.partitions()
    ]
    _write(out, "\n".join(notes).encode())
    return 0


def verify_against(
    data: Path, where: StoreAddress, path: Path, key: PublicKey | None
) -> int:
    """0 when each journal holds what its checkpoints signed, 1 when one does not.

    Raises BadEvidence, NotThere.
    """
    key = key or public_key_of(_folder(data))
    if key is None:
        raise NotThere(
            f"{data} has no signing key of its own: name the public one by --key"
        )
    store = open_journals(where)
    found = [each.checkpoint for each in _checkpoints(path, key)]
    unsigned = set(store.partitions()) - {checkpoint.partition for checkpoint in found}
    compared = compare(store, found, progress)
    lines = [comparison.sentence for comparison in compared]
    lines += [f"partition {n}: no checkpoint was given." for n in sorted(unsigned)]
    sys.stdout.write("\n".join(lines) + "\n")
    extended = all(comparison.outcome is Outcome.EXTENDED for comparison in compared)
    return 0 if extended else 1


def prove_payment(
    data: Path, where: StoreAddress, payment: str, checkpoints: Path, out: Path | None
) -> int:
    try:
        ref = parse_payment(payment)
    except MalformedId as error:
        raise NotThere(str(error)) from None
    key = public_key_of(_folder(data))
    if key is None:
        raise NotThere(f"{data} has signed no checkpoint yet")
    covering = _latest(_checkpoints(checkpoints, key), _home_of(data, ref), ref)
    receipt = prove(open_journals(where), ref, covering, progress)
    check(receipt.written, key)  # nobody is handed what does not prove
    _write(out, receipt.written)
    return 0


def verify_receipt(path: Path, key: PublicKey) -> int:
    """0 and what it proves; or 1, by ReceiptRefused."""
    try:
        written = path.read_bytes()
    except OSError as error:
        raise ReceiptRefused(f"it cannot be read ({error.strerror})") from None
    reading, by = check(written, key)
    sys.stdout.write(f"{_reading_text(reading, by)}\n")
    return 0


def export(where: StoreAddress, days: range | None) -> int:
    store = store_at(where)
    if store is None:
        return 2
    for line in plain_text(store, days):
        sys.stdout.write(f"{line}\n")
    return 0


def _reading_text(reading: Reading, by: Signed) -> str:
    rows = [
        ("payment", reading.payment),
        ("state", reading.state),
        ("amount", reading.amount),
        ("captured", reading.captured),
        ("refunded", reading.refunded),
        ("decline", reading.decline),
        ("merchant", reading.merchant),
        ("time", reading.at),
        ("entry", reading.entry),
    ]
    checkpoint = by.checkpoint
    proof = (
        f"Proved: the entry is in the book of {checkpoint.installation},"
        f" as signed at {time_text(checkpoint.at_ms)}."
    )
    return "\n".join([proof, *(f"{name:<10}{value}" for name, value in rows if value)])


def _checkpoints(path: Path, key: PublicKey) -> list[Signed]:
    """Raises BadEvidence."""
    try:
        with path.open("rb") as file:
            written = file.read(CHECKPOINTS_BYTES_MAX).decode()
        return read_all_signed(written, key)
    except OSError as error:
        raise BadEvidence(path, error.strerror or "it cannot be read") from None
    except UnicodeDecodeError:
        raise BadEvidence(path, "it is not a file of checkpoints") from None
    except (BadNote, OtherInstallation) as error:
        raise BadEvidence(path, str(error)) from None


def _latest(found: list[Signed], partition: int, ref: Ref) -> Signed:
    """Raises NotProvable."""
    of_home = [each for each in found if each.checkpoint.partition == partition]
    if not of_home:
        raise NotProvable(
            ref, f"it is in partition {partition}, and no checkpoint is of that"
        )
    return max(of_home, key=lambda each: each.checkpoint.size)


def _home_of(data: Path, ref: Ref) -> int:
    directory: Directory = load(Layout(data).directory)
    return directory.partition_of(ref.account)


def _folder(data: Path) -> Path:
    if not data.is_dir():
        raise NotThere(f"there is no data folder {data}")
    return data


def _write(out: Path | None, content: bytes) -> None:
    """Raises NotThere rather than overwrite."""
    if out is None:
        sys.stdout.write(content.decode())
        return
    try:
        with out.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise NotThere(f"{out} cannot be made: {error.strerror}") from None
