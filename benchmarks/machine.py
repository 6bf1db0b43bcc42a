"""What the figures were measured on: they mean little on another machine."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

import msgspec

# In memory a commit costs nothing, and durable figures would be a lie.
VOLATILE = frozenset({"tmpfs", "ramfs"})
LIBRARIES = ("ray", "aiohttp", "msgspec", "asyncpg")


class Machine(msgspec.Struct, frozen=True):
    """load: of the last minute."""

    processor: str
    cores: int
    system: str
    python: str
    libraries: dict[str, str]
    file_system: str
    load: float

    @property
    def volatile(self) -> bool:
        return self.file_system in VOLATILE

    @property
    def busy(self) -> bool:
        """Others use a good part of it, and the figures are theirs too."""
        return self.load > self.cores / 4


def look(folder: Path) -> Machine:
    found = {name: version(name) for name in LIBRARIES}
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        libraries=found | {"sqlite": sqlite3.sqlite_version},
        file_system=_file_system(folder),
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """Of the mount that holds the folder: the longest mount point above it."""
    resolved = folder.resolve()
    kinds = {}
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if resolved.is_relative_to(point):
            kinds[point] = kind
    return kinds[max(kinds, key=len)] if kinds else "unknown"
