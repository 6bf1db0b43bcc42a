"""A file that appears complete or not at all, and never replaces another."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Make a file for its owner only: the block fills it, then it is durable as `path`.

    When several processes make the same file at once, one of them wins and the work of the
    others is dropped: read `path` afterwards. Linking, unlike renaming, cannot overwrite.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    aside = Path(name)
    try:
        yield aside
        _sync(aside)
        with suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink()
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
