"""What lies where in a data folder."""

import fcntl
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ledger.store_address import StoreAddress
from services.keyring import open_keyring
from services.store import Store, open_store


class FolderInUse(Exception):
    """Another Airside runs on this data folder. Two would fence each other for ever."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another Airside is running on {folder}")


class NoDataFolder(Exception):
    """A command was given a folder that no Airside has made; the command makes none."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"there is no data folder {folder}")


class OtherStore(Exception):
    """The journals of this data folder are elsewhere. With the wrong ones every account would be
    gone and every idempotency key forgotten, so payments would be made twice.
    """

    def __init__(self, folder: Path, kept: str, wanted: str) -> None:
        super().__init__(
            f"the journals of {folder} are kept in {kept}, and the setting `store` names {wanted}"
        )


class Layout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def journals(self) -> Path:
        return self.folder / "journals"

    def journals_at(self, store: StoreAddress) -> StoreAddress:
        """Where the journals are, given the setting."""
        return store if store.text else StoreAddress(str(self.journals))

    def require_same_store(self, store: StoreAddress) -> None:
        """Raises OtherStore when the journals of this folder are kept in another kind of store."""
        if self._store_note.exists():
            kept = self._store_note.read_text()
        else:
            kept = "SQLite" if any(self.journals.glob("*.sqlite")) else _kind(store)
        if kept != _kind(store):
            raise OtherStore(self.folder, kept, _kind(store))

    def note_store(self, store: StoreAddress) -> None:
        """Once the store is there: what a later start must name."""
        self._store_note.write_text(_kind(store))

    @property
    def _store_note(self) -> Path:
        return self.folder / "journals-kept-in"

    @property
    def directory(self) -> Path:
        return self.folder / "map.json"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store.sqlite'}"

    def open_store(self) -> Store:
        """With the keys of this folder, which the first start makes. Raises KeysExposed,
        KeysDamaged, SchemaIsNewer, StoreUnavailable.
        """
        keyring = open_keyring(self.folder, random_bytes=secrets.token_bytes)
        return open_store(self.store_url, keyring)

    @property
    def relay_cursors(self) -> Path:
        return self.folder / "relay.json"

    @property
    def runtime(self) -> Path:
        """Sockets and Ray's own files. Short, for the path of a Unix socket has 107 bytes at
        most, and a data folder may lie deep.
        """
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"airside-{os.getuid()}-{name}"

    def lock(self) -> IO[str]:
        """Held for as long as the returned file is open. Raises FolderInUse."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = (self.folder / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise FolderInUse(self.folder) from None
        return file


@contextmanager
def opened_store(folder: Path) -> Iterator[Store]:
    """For one command on a data folder, running or not. Raises NoDataFolder, and as open_store."""
    if not folder.is_dir():
        raise NoDataFolder(folder)
    store = Layout(folder).open_store()
    try:
        yield store
    finally:
        store.close()


def _kind(store: StoreAddress) -> str:
    return "PostgreSQL" if store.text else "SQLite"
