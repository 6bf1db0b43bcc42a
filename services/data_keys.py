"""Data keys: one for each holder of something personal. Without it, what it sealed is nothing.

A holder is whose the data is: the account that a person holds (`acc_…`), a principal that holds no
account (`prn_…`), or a merchant (`mer_…`) for the orders that nobody has paid yet. Each has an
AES-256 key of its own, kept wrapped by the installation's (services/keyring.py). Forgetting a
person destroys that key. Its row stays, without a key: so no new one is made for who is forgotten,
by a late retry or by another process that has not heard of it.

Keys are remembered here, so that a read does not unwrap one each time. What another process
destroyed is forgotten here by `learn_destroyed`, which a gateway calls every few seconds.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from threading import Lock

from sqlalchemy import Connection, select, update

from services.mint import RandomBytes
from services.rows import chunks, insert_into, writes
from services.sealing import NONCE_BYTES, open_sealed, seal
from services.tables import DATA_KEYS

# The execution option by which whoever has a connection finds the keys of its store.
KEYS = "airside_data_keys"
KEY_BYTES = 32  # AES-256
# Of some 150 bytes each. Who pays within a minute or two is among these.
KEPT_MAX = 20_000


class DataKeys:
    """Any thread may use it. Refuses to show what it holds."""

    def __init__(self, wrapping_key: bytes, random_bytes: RandomBytes) -> None:
        self._wrapping_key = wrapping_key
        self._random_bytes = random_bytes
        self._kept = OrderedDict[str, bytes]()  # least recently used first
        self.drops = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<DataKeys, {len(self._kept)} at hand>"

    def find(self, connection: Connection, holders: Collection[str]) -> dict[str, bytes]:
        """By holder; who has none, or was forgotten, is left out. Raises SealBroken."""
        found = self._at_hand(holders)
        missing = [holder for holder in holders if holder not in found]
        read = {holder: key for holder, key in self._read(connection, missing) if key}
        if read and not writes(connection):
            # A transaction that writes may have made them, and may yet be rolled back.
            self._keep(read)
        return found | read

    def make(self, connection: Connection, holders: Collection[str]) -> dict[str, bytes]:
        """The same, and new keys for those that never had one. In a transaction that writes."""
        found = self.find(connection, holders)
        missing = [holder for holder in dict.fromkeys(holders) if holder not in found]
        for some in chunks(missing):
            rows = [{"holder": each, "sealed_key": self._new(each)} for each in some]
            statement = insert_into(connection.dialect.name, DATA_KEYS).values(rows)
            connection.execute(statement.on_conflict_do_nothing())
        return found | {h: key for h, key in self._read(connection, missing) if key}

    def seal(self, key: bytes, place: str, text: bytes) -> bytes:
        return seal(key, place, text, self._random_bytes)

    def seal_all(self, texts: Collection[tuple[bytes, str, bytes]]) -> Iterator[bytes]:
        """Key, place and text of each. Their nonces are drawn at once: each draw lets go of the
        interpreter, and to win it back from a busy loop takes longer than to seal.
        """
        nonces = BytesIO(self._random_bytes(NONCE_BYTES * len(texts)))
        for key, place, text in texts:
            yield seal(key, place, text, nonces.read)

    def destroy(self, connection: Connection, holder: str, now_ms: int) -> int:
        """When it was destroyed: now, or earlier. Also for a holder that never had one."""
        barred = insert_into(connection.dialect.name, DATA_KEYS).values(
            holder=holder, sealed_key=None, destroyed_at_ms=now_ms
        )
        connection.execute(barred.on_conflict_do_nothing())
        columns = DATA_KEYS.c
        connection.execute(
            update(DATA_KEYS)
            .where(columns.holder == holder, columns.destroyed_at_ms.is_(None))
            .values(sealed_key=None, destroyed_at_ms=now_ms)
        )
        self.drop([holder])
        query = select(columns.destroyed_at_ms).where(columns.holder == holder)
        return int(connection.execute(query).scalar_one())

    def drop(self, holders: Iterable[str]) -> None:
        """From memory."""
        with self._lock:
            self.drops += 1
            for holder in holders:
                self._kept.pop(holder, None)

    def committed(self, keys: dict[str, bytes], drops: int) -> None:
        """These were read or made by a transaction that stands now. drops: how many there were
        when it began; a key that was dropped since must not come back.
        """
        if drops == self.drops:
            self._keep(keys)

    def learn_destroyed(self, connection: Connection, since_ms: int) -> list[str]:
        """Holders whose key was destroyed after that moment, by any process; dropped here."""
        columns = DATA_KEYS.c
        query = select(columns.holder).where(columns.destroyed_at_ms > since_ms)
        destroyed = list(connection.execute(query).scalars())
        self.drop(destroyed)
        return destroyed

    def _new(self, holder: str) -> bytes:
        return self.seal(self._wrapping_key, _place(holder), self._random_bytes(KEY_BYTES))

    def _read(
        self, connection: Connection, holders: Collection[str]
    ) -> Iterable[tuple[str, bytes | None]]:
        columns = DATA_KEYS.c
        for some in chunks(holders):
            query = select(columns.holder, columns.sealed_key).where(
                columns.holder.in_(some)
            )
            for holder, sealed in connection.execute(query):
                key = sealed and open_sealed(self._wrapping_key, _place(holder), sealed)
                yield holder, key

    def _at_hand(self, holders: Collection[str]) -> dict[str, bytes]:
        found = {}
        with self._lock:
            for holder in holders:
                key = self._kept.get(holder)
                if key is not None:
                    self._kept.move_to_end(holder)
                    found[holder] = key
        return found

    def _keep(self, keys: dict[str, bytes]) -> None:
        with self._lock:
            self._kept.update(keys)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)


def data_keys(connection: Connection) -> DataKeys:
    """Those of the store that it belongs to."""
    keys = connection.get_execution_options()[KEYS]
    assert isinstance(keys, DataKeys)
    return keys


def _place(holder: str) -> str:
    return f"data_keys.sealed_key {holder}"
