"""The files that belong to the project: what git tracks or would track.

Without git (a source archive, a machine that has only Python and make) the folder is
walked instead, and .gitignore says what to leave out. A rule that looked at no file would
pass, so a listing that lacks pyproject.toml is not believed.
"""

import os
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]


@cache
def project_files(root: Path = ROOT) -> list[PurePosixPath]:
    """All files of the project, relative to its root, in order."""
    listed = sorted(PurePosixPath(name) for name in _listed_by_git(root))
    if PurePosixPath("pyproject.toml") not in listed:
        return sorted(walk(root))
    return [path for path in listed if (root / path).is_file()]


@cache
def text_of(path: PurePosixPath) -> str:
    """The file's text; nothing for pictures and other bytes that are not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def _listed_by_git(root: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        answer = subprocess.run(
            command, cwd=root, capture_output=True, check=True, encoding="utf-8"
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    return [name for name in answer.stdout.split("\0") if name]


def walk(root: Path) -> Iterator[PurePosixPath]:
    """All files below the root except what .gitignore names, by plain names only."""
    left_out = [".git", *_ignored_names(root)]
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not _fits_any(name, left_out)]
        here = PurePosixPath(Path(folder).relative_to(root).as_posix())
        yield from (here / name for name in files if not _fits_any(name, left_out))


def _ignored_names(root: Path) -> list[str]:
    ignore = root / ".gitignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    return [line.strip("/") for line in lines if line and not line.startswith("#")]


def _fits_any(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
