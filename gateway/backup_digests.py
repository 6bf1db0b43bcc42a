"""The SHA-256 of every file of a backup, in the form that `sha256sum --check` reads.

A journal's own check finds whatever has a meaning; a backup's files never change again, so here
each single bit counts, in unused space too.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

FILE_NAME = "backup.sha256"
# What SQLite puts beside a database that is open; it belongs to no backup.
_PASSING = ("-wal", "-shm")


def digests_of(folder: Path, manifest: str, content: bytes) -> str:
    """manifest: a file that is written last, and is not there yet."""
    lines = [_line(name, _digest(folder / name)) for name in _files(folder)]
    return "".join([*lines, _line(manifest, hashlib.sha256(content).hexdigest())])


def altered_file(folder: Path) -> str | None:
    """The first file that is not what was written. None also for a backup without digests."""
    try:
        written = (folder / FILE_NAME).read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        return FILE_NAME
    for line in written.splitlines(keepends=True):
        digest, _, name = line.rstrip("\n").partition("  ")
        path = folder / name
        if not name or line != _line(name, digest):
            return FILE_NAME
        if not path.is_file() or _digest(path) != digest:
            return name
    return None


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != FILE_NAME and not path.name.endswith(_PASSING):
            yield path.relative_to(folder).as_posix()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line(name: str, digest: str) -> str:
    return f"{digest}  {name}\n"
