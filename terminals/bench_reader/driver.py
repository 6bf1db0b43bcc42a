"""The driver of the bench's readers, compiled at first use where a compiler is.

The shared library stands in a cache folder under a name that holds the digest of its source, so an
upgrade builds a new one, and two processes that build at once put the same file in place.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("ifd_airside.c")
PCSCD = "/usr/sbin/pcscd"
# What the bench stands on, by the file or command that shows it, and its Debian package.
NEEDS = {
    PCSCD: "pcscd",
    "/usr/include/PCSC/ifdhandler.h": "libpcsclite-dev",
    "pkg-config": "pkg-config",
    "gcc": "gcc",
}
COMPILE_S = 60
_FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


class BenchIncomplete(Exception):
    """The machine lacks what the bench is made of; the message says how to get it."""

    def __init__(self, packages: list[str]) -> None:
        names = " ".join(packages)
        super().__init__(
            f"the card bench needs {names}:"
            f" sudo apt-get install --no-install-recommends {names}"
        )


class DriverBroken(Exception):
    """The compiler does not take the driver; whoever changed either is to blame."""

    def __init__(self, complaint: str) -> None:
        super().__init__(f"the reader's driver does not compile: {complaint}")


def missing_packages() -> list[str]:
    """Debian packages without which no bench can be set up."""
    return [
        package
        for need, package in NEEDS.items()
        if not (Path(need).exists() if need.startswith("/") else shutil.which(need))
    ]


def built_driver(folder: Path) -> Path:
    """The library, in this folder. Raises BenchIncomplete, DriverBroken, OSError."""
    if missing := missing_packages():
        raise BenchIncomplete(missing)
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    library = folder / f"libifd_airside-{digest}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _build(library)
    return library


def _build(library: Path) -> None:
    flags = _run(["pkg-config", "--cflags", "libpcsclite"]).split()
    with tempfile.TemporaryDirectory(dir=library.parent) as aside:
        made = Path(aside) / library.name
        _run(
            ["gcc", *_FLAGS, *flags, str(SOURCE), "-o", str(made)],
        )
        made.replace(library)


def _run(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603 — our own words; the paths are ours
        command, capture_output=True, text=True, timeout=COMPILE_S, check=False
    )
    if done.returncode:
        raise DriverBroken(done.stderr.strip()[-2_000:])
    return done.stdout
