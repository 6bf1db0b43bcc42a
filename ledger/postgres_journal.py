"""The writer of one journal on PostgreSQL: the fence, and what becomes of a lost answer.

An append is one statement, so one transaction and one round trip. It begins by moving the
partition's row in `tips` on, if that row still says what this writer believes: the last entry's
number and hash, and the *turn*. Three things rest on that row and its lock:

- Of two writers one goes first. The other waits for it, then looks at the row again (so does
  PostgreSQL after such a wait), finds it changed and writes nothing: it is fenced. Entries are
  unique by (partition, seq) all the same, should anything ever write past the row.
- A commit whose answer was lost is *settled*: through a new session, which takes the turn. That
  waits for the old transaction if it is still at work; reading alone could miss a commit on its
  way. And an old statement that only arrives afterwards (it may lie in a buffer on the road)
  finds its turn over. So *nothing happened* is true, and stays true.
- The settlement is itself a commit, later than the one it settles. Once it is answered, both are
  on the disk, and on the replica if there is one.

Nothing is ever sent a second time.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import LiteralString, NoReturn

import msgspec

from ledger.entry import Sealed
from ledger.errors import (
    AppendFailed,
    Fenced,
    Happened,
    StoreError,
    StoreUnreachable,
    StoreUnreadable,
)
from ledger.ids import AccountId
from ledger.journal import Image, Mark, Tip
from ledger.postgres_reader import PostgresReader
from ledger.postgres_session import CommitRefused, CommitUnanswered, Session

# How long a lost answer is looked for: long enough for a server that restarts, shorter than the
# supervisor's patience with a silent partition (two heartbeats of 2 s).
SETTLE_MS = 2_000
# Between two attempts to reach a server that is restarting.
PAUSE_MS = 20

_ENTRY: LiteralString = (
    "SELECT seq, body, hash FROM airside.entries WHERE partition = %s AND seq = %s"
)
_IMAGE: LiteralString = (
    "SELECT account, seq, due_ms, body, hash FROM airside.images"
    " WHERE partition = %s AND account = %s"
)
_DUE: LiteralString = (
    "SELECT account FROM airside.images"
    " WHERE partition = %s AND due_ms > 0 AND due_ms <= %s ORDER BY due_ms LIMIT %s"
)
_OPEN: LiteralString = """
SELECT tips.seq, tips.hash, tips.turn, last.seq, last.hash
FROM airside.tips LEFT JOIN LATERAL (
    SELECT seq, hash FROM airside.entries
    WHERE entries.partition = tips.partition ORDER BY seq DESC LIMIT 1) AS last ON true
WHERE tips.partition = %s
"""
_TURN: LiteralString = "SELECT turn FROM airside.tips WHERE partition = %s"
_TAKE_TURN: LiteralString = (
    "UPDATE airside.tips SET turn = turn + 1 WHERE partition = %s RETURNING seq, hash, turn"
)
_ENTRIES: LiteralString = """
WITH took AS (
    UPDATE airside.tips SET seq = %(to_seq)s, hash = %(to_hash)s, turn = turn + 1
    WHERE partition = %(partition)s
        AND seq = %(seq)s AND hash = %(hash)s AND turn = %(turn)s
    RETURNING partition
), written AS (
    INSERT INTO airside.entries (partition, seq, body, hash)
    SELECT took.partition, %(seq)s + new.place, new.body, new.hash
    FROM took, unnest(%(bodies)s::bytea[], %(hashes)s::bytea[])
        WITH ORDINALITY AS new (body, hash, place)
)"""
_IMAGES: LiteralString = """, drawn AS (
    INSERT INTO airside.images (partition, account, seq, due_ms, body, hash)
    SELECT took.partition, new.*
    FROM took, unnest(%(accounts)s::bytea[], %(seqs)s::bigint[], %(dues)s::bigint[],
        %(image_bodies)s::bytea[], %(image_hashes)s::bytea[]) AS new
    ON CONFLICT (partition, account) DO UPDATE SET
        seq = excluded.seq, due_ms = excluded.due_ms,
        body = excluded.body, hash = excluded.hash
)"""
_MARK: LiteralString = """, marked AS (
    INSERT INTO airside.mark (partition, body)
    SELECT took.partition, %(mark)s::bytea FROM took
    ON CONFLICT (partition) DO UPDATE SET body = excluded.body
)"""
_DONE: LiteralString = " SELECT partition FROM took"

Connect = Callable[[], Session]


class PostgresJournal(PostgresReader):
    """The one writer of a partition. connect: makes another session, to settle a lost answer
    within settle_ms.
    """

    def __init__(
        self, partition: int, session: Session, connect: Connect, settle_ms: int = SETTLE_MS
    ) -> None:
        super().__init__(partition, session)
        self._session = session
        self._connect = connect
        self._settle_ms = settle_ms
        self._tip, self._turn = self._opened()

    def _opened(self) -> tuple[Tip, int]:
        [(seq, hash_, turn, last_seq, last_hash)] = self._rows(_OPEN)
        tip = Tip(seq, hash_)
        if tip != (Tip() if last_seq is None else Tip(last_seq, last_hash)):
            sentence = f"the tip says that entry {seq} is the last, and that is {last_seq}"
            raise StoreUnreadable(
                f"{self._session.where}, partition {self._partition}", sentence
            )
        return tip, turn

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        expected = range(self._tip.seq + 1, self._tip.seq + 1 + len(entries))
        if [entry.seq for entry in entries] != list(expected):
            self.require_sole_writer()  # a stale writer is fenced, whatever it brings
            raise AssertionError("sequence numbers have no gaps")
        after = Tip(entries[-1].seq, entries[-1].hash) if entries else self._tip
        statement, values = _write(entries, images, mark)
        try:
            took = self._session.commit(statement, values | self._fence(after))
        except CommitRefused as error:
            if error.row_exists:
                self._raise_fenced()
            raise AppendFailed(self._partition, Happened.NO, str(error)) from error
        except CommitUnanswered as error:
            if not entries:
                # Images alone are no part of the truth; but whether they are to be drawn again,
                # only a replay may say.
                raise AppendFailed(self._partition, Happened.NO, str(error)) from error
            self._settle(after, str(error))
            return
        except BaseException:
            self.close()
            raise
        if not took:
            self._raise_fenced()
        self._tip, self._turn = after, self._turn + 1

    def _fence(self, after: Tip) -> dict[str, object]:
        return {
            "partition": self._partition,
            "turn": self._turn,
            "seq": self._tip.seq,
            "hash": self._tip.hash,
            "to_seq": after.seq,
            "to_hash": after.hash,
        }

    def _settle(self, after: Tip, cause: str) -> None:
        """Return when the append happened; raise AppendFailed or Fenced when not, or unknown."""
        self._session.close()
        deadline_ns = time.monotonic_ns() + self._settle_ms * 1_000_000
        while True:
            left_ms = (deadline_ns - time.monotonic_ns()) // 1_000_000
            if left_ms <= 0:
                raise AppendFailed(self._partition, Happened.UNKNOWN, cause)
            if taken := self._take_turn(left_ms):
                break
            time.sleep(PAUSE_MS / 1_000)
        tip, turn = taken
        if tip == self._tip:
            raise AppendFailed(self._partition, Happened.NO, cause)
        if tip != after:
            raise Fenced(self._partition, self._tip.seq, tip.seq)
        self._tip, self._turn = tip, turn

    def _take_turn(self, limit_ms: int) -> tuple[Tip, int] | None:
        """In a new session, which is ours from then on. None if that did not go through."""
        try:
            session = self._connect()
        except StoreUnreachable:
            return None
        try:
            with session.limited(limit_ms):
                [(seq, hash_, turn)] = session.commit(_TAKE_TURN, (self._partition,))
        except (CommitRefused, CommitUnanswered, StoreUnreadable):
            session.close()
            return None
        self._session = self._source = session
        return Tip(seq, hash_), turn

    def entry(self, seq: int) -> Sealed | None:
        rows = self._rows(_ENTRY, seq)
        return Sealed(*rows[0]) if rows else None

    def image(self, account: AccountId) -> Image | None:
        rows = self._rows(_IMAGE, account)
        return Image(*rows[0]) if rows else None

    def due(self, at_ms: int, limit: int) -> list[AccountId]:
        return [AccountId(row[0]) for row in self._rows(_DUE, at_ms, limit)]

    def require_sole_writer(self) -> None:
        """Whoever writes, or settles, takes a turn."""
        [[turn]] = self._rows(_TURN)
        if turn != self._turn:
            self._raise_fenced()

    def _raise_fenced(self) -> NoReturn:
        found = self._tip.seq
        with suppress(StoreError):
            found = self.tip().seq
        raise Fenced(self._partition, self._tip.seq, found)


def _write(
    entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
) -> tuple[LiteralString, dict[str, object]]:
    """The statement, and its values but for the fence's."""
    statement: LiteralString = _ENTRIES
    values: dict[str, object] = {
        "bodies": [entry.body for entry in entries],
        "hashes": [entry.hash for entry in entries],
    }
    if images:
        statement += _IMAGES
        values |= {
            "accounts": [image.account for image in images],
            "seqs": [image.seq for image in images],
            "dues": [image.due_ms for image in images],
            "image_bodies": [image.body for image in images],
            "image_hashes": [image.hash for image in images],
        }
    if mark:
        statement += _MARK
        values["mark"] = msgspec.msgpack.encode(mark)
    return statement + _DONE, values
