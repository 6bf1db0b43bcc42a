"""A small disk, to fill and to make read-only while somebody works on it.

Root gets a file system of its own: ext4 in a file behind a loop device, else tmpfs. Who may mount
nothing, in a container say, gets a quota: no file of the victims may grow (RLIMIT_FSIZE).

What may not be written is immutable (chattr(1)), which meets root too. Who may not do that takes
the permission to write away, which is seen by those only who open a file anew; and root in a
container, whom no permission stops, gets a quota again.
"""

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

# Room for the journals and WALs of one run, and for a PostgreSQL server with its own.
DISK_BYTES = 512 << 20
BALLAST_BYTES = 1 << 20
SMALLEST_BYTES = 4 << 10

WORDS = {
    "loop": f"ext4 of {DISK_BYTES >> 20} MB behind a loop device",
    "tmpfs": f"a tmpfs of {DISK_BYTES >> 20} MB",
    "quota": "the machine's own, with a quota (RLIMIT_FSIZE)",
}

Victims = Callable[[], Iterable[int]]


class Disk:
    """folder: where others work. kind: what it is, in words."""

    def __init__(self, kind: str = "") -> None:
        self._home = Path(tempfile.mkdtemp(prefix="airside-torture-"))
        self._home.chmod(0o755)  # a database server runs as a user of its own
        self.folder = self._home / "disk"
        self.folder.mkdir()
        self._image = self._home / "image"
        kinds = [kind] if kind else ["loop", "tmpfs", "quota"]
        self.kind = next(kind for kind in kinds if self._mounted(kind))
        self._quota = self.kind == "quota"
        self._immutable = self._can_be_immutable()
        self._limited: list[int] = []

    def _mounted(self, kind: str) -> bool:
        if kind == "quota":
            return True
        if os.getuid() != 0:
            return False
        if kind == "tmpfs":
            return _runs(
                "mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", self.folder
            )
        with self._image.open("wb") as image:
            image.truncate(DISK_BYTES)
        made = _runs("mkfs.ext4", "-q", "-m", "0", self._image)
        return made and _runs("mount", "-o", "loop", self._image, self.folder)

    @property
    def words(self) -> str:
        if self._immutable:
            return f"{WORDS[self.kind]}; read-only is chattr +i"
        return (
            f"{WORDS[self.kind]}; read-only is {'a quota' if os.getuid() == 0 else 'chmod'}"
        )

    @property
    def needs_new_writers(self) -> bool:
        """What forbid_writing() does is seen by those only who open a file after it."""
        return not self._immutable and os.getuid() != 0

    def fill(self, victims: Victims) -> None:
        """Not a byte is left, until empty()."""
        if self._quota:
            self._limit(victims)
            return
        with (self.folder / "ballast").open("ab", buffering=0) as ballast:
            size = BALLAST_BYTES
            while size >= SMALLEST_BYTES:
                try:
                    ballast.write(bytes(size))
                except OSError:
                    size //= 2

    def empty(self) -> None:
        if self._quota:
            self._unlimit()
        else:
            (self.folder / "ballast").unlink()

    def forbid_writing(self, folder: Path, victims: Victims) -> None:
        """To the journals in the folder, and to make anything there."""
        if self._immutable:
            assert _runs("chattr", "+i", *_journals(folder), folder)
        elif os.getuid() == 0:
            self._limit(victims)
        else:
            _chmod(folder, files=0o444, folders=0o555)

    def allow_writing(self, folder: Path) -> None:
        if self._immutable:
            assert _runs("chattr", "-i", *_journals(folder), folder)
        elif os.getuid() == 0:
            self._unlimit()
        else:
            _chmod(folder, files=0o600, folders=0o700)

    def _limit(self, victims: Victims) -> None:
        self._limited = list(victims())
        for pid in self._limited:
            _limit_files(pid, SMALLEST_BYTES)

    def _unlimit(self) -> None:
        for pid in self._limited:
            _limit_files(pid, resource.RLIM_INFINITY)

    def _can_be_immutable(self) -> bool:
        folder = self.folder / "immutable"
        folder.mkdir()
        able = _runs("chattr", "+i", folder) and _runs("chattr", "-i", folder)
        folder.rmdir()
        return able

    def close(self) -> None:
        if not self._quota:
            subprocess.run(["umount", "--lazy", self.folder], check=False)
        shutil.rmtree(self._home, ignore_errors=True)


def _runs(*command: str | Path) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _journals(folder: Path) -> list[Path]:
    """Without the index of the WAL (-shm): that is mapped into memory, and to forbid writing there
    ends whoever has it open, readers too (SIGBUS).
    """
    return [*folder.glob("*.sqlite"), *folder.glob("*-wal")]


def _limit_files(pid: int, size: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _chmod(folder: Path, *, files: int, folders: int) -> None:
    for path in folder.rglob("*"):
        path.chmod(folders if path.is_dir() else files)
    folder.chmod(folders)
