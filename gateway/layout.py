"""What lies where in a data folder."""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO


class FolderInUse(Exception):
    """Another Airside runs on this data folder. Two would fence each other for ever."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another Airside is running on {folder}")


class Layout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    @property
    def journals(self) -> Path:
        return self.folder / "journals"

    @property
    def directory(self) -> Path:
        return self.folder / "map.json"

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder / 'store.sqlite'}"

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
