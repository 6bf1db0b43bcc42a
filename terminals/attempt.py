"""Attempts: what a till has asked for, on disk before it is asked.

A till may lose its power between a request and its answer. So an attempt is written, and
forced to the disk, before the request goes out, and leaves the disk only when its end was
shown. What is found at the next start is finished first (terminals/till.py).

    <key>.json            owed: asked for, and its end not known, or known and not shown yet
    <key>.for-a-person    the gateway refuses to say; an operator must look, by key and order
    lock                  one till per folder: a second one would reverse the first one's sales

The payment code stands in the file, readable by its owner only (0600, folder 0700), because
a look-up and a reversal must name the payer, and a till knows no other name of one. It is a
bearer secret for a minute at most; then, or once it was used, only this merchant can use it,
to find or undo its own attempt. It tells nothing about the payer (it is sealed), and it is
erased with the end of the attempt. Refused: to seal it under the till's API key. That key
lies on the same disk, and when it is changed after a power loss the reversal could never be
asked for: a customer's money against a secret that is dead already.
"""

import fcntl
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import IO, Literal

import msgspec

from ledger.money import Money
from terminals.gateway_answer import Payment

_OWED, _FOR_A_PERSON, _ASIDE = ".json", ".for-a-person", ".new"


class StateInUse(Exception):
    """Another till works on this folder; the cashier or the set-up is to blame."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another till is running on {folder}; give each its own --state")


class AttemptDamaged(Exception):
    """A file of the folder is not what was written. A person must look before it is removed."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged: ask the operator about the key in its name")


class Sale(msgspec.Struct, frozen=True, tag="sale"):
    amount: Money
    order: str
    place: str
    terminal: str
    code: str

    def __repr__(self) -> str:
        return f"<Sale {self.order}, {self.amount}>"


class FollowUp(msgspec.Struct, frozen=True, tag="follow_up"):
    """amount: None for all of it."""

    move: Literal["refund", "void"]
    payment: str
    amount: Money | None = None


class Outcome(StrEnum):
    """What a till shows. Each is the truth, UNKNOWN too."""

    PAID = "PAID"
    DECLINED = "DECLINED"
    NOT_PAID = "NOT PAID"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class Result(msgspec.Struct, frozen=True):
    """The end of an attempt. text: one sentence for the cashier."""

    outcome: Outcome
    text: str
    payment: Payment | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where an attempt was sent and as whom. Asked of another gateway, or as another
    principal, a look-up finds nothing and a reversal bars a key that nobody used.
    """

    gateway: str
    principal: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """reversing: a reversal may have been sent, so an approval is no answer any more."""

    key: str
    origin: Origin
    at_ms: int
    request: Sale | FollowUp
    reversing: bool = False
    result: Result | None = None

    def ended(self, result: Result) -> "Attempt":
        """With its result, and without the code, which nothing needs now."""
        request = self.request
        if isinstance(request, Sale):
            request = msgspec.structs.replace(request, code="")
        return msgspec.structs.replace(self, request=request, result=result)


class AttemptFolder:
    """Holds the folder's lock from opening to closing. Raises OSError as the disk does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _make(folder)
        self._lock = _lock(folder)
        # Never finished, so never sent: requests go out after the file has its name.
        for aside in folder.glob(f"*{_ASIDE}"):
            aside.unlink()

    def write(self, attempt: Attempt) -> None:
        """Durable when this returns; the old file or the new one, never a half."""
        aside = self._folder / f"{attempt.key}{_ASIDE}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 — the mode is set at birth
            file.write(msgspec.json.encode(attempt))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._path(attempt.key))
        _sync(self._folder)

    def owed(self) -> list[Attempt]:
        """Oldest first. Raises AttemptDamaged."""
        attempts = [_read(path) for path in self._folder.glob(f"*{_OWED}")]
        return sorted(attempts, key=lambda attempt: (attempt.at_ms, attempt.key))

    def owes(self, key: str) -> bool:
        return self._path(key).exists()

    def remove(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)
        _sync(self._folder)

    def give_to_a_person(self, key: str) -> None:
        path = self._path(key)
        path.replace(path.with_suffix(_FOR_A_PERSON))
        _sync(self._folder)

    def for_a_person(self) -> Iterable[Path]:
        return sorted(self._folder.glob(f"*{_FOR_A_PERSON}"))

    def close(self) -> None:
        self._lock.close()

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_OWED}"


def _make(folder: Path) -> None:
    """With its parents, durably: a file is lost with the folder that was never on the disk."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in missing:
        _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> IO[str]:
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StateInUse(folder) from None
    return file


def _read(path: Path) -> Attempt:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Attempt)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without its cause: the complaint may quote the file.
        raise AttemptDamaged(path) from None
