"""`airside ledger backup` and `restore`: a whole data folder, online, to one consistent line.

A backup is a folder like a data folder, whatever store the journals come from, with a manifest that
says where each of them ends. It holds the keys too, so it is as secret as the original.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from actors.rebuild import rebuild
from gateway.backup_digests import FILE_NAME as DIGESTS
from gateway.backup_digests import altered_file, digests_of
from gateway.layout import Layout
from ledger.backup import (
    Line,
    NotEmpty,
    back_up,
    copy_database,
    line_of,
    put_back,
    require_empty,
)
from ledger.errors import LedgerError
from ledger.journal import Store
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.stores import open_journals, prepare_journals
from ledger.verify import verify

MANIFEST = "backup.json"
# Beside the journals: without the keys no code opens and no order reference is recognised.
PLAIN_FILES = ("card-issuer.json", "keys.json", "map.json", "signing-key.json")
# People, merchants, orders: in the folder, wherever the journals are.
STORE = "store.sqlite"
_IN_FOLDER = StoreAddress("")


class NotABackup(LedgerError):
    """It has no manifest, its journals do not end where that says, or a file was altered."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder} is not a backup that can be restored: {why}")


class NotADataFolder(LedgerError):
    """There is nothing to back up."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is no data folder: it has no {STORE}")


def backup(data: Path, target: Path, store: StoreAddress) -> int:
    """0 once the copy is written and sound. store: as the setting names it."""
    source, copy = Layout(data), Layout(target)
    require_empty(target)
    source.require_same_store(store)
    if not (source.folder / STORE).exists():
        raise NotADataFolder(data)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = back_up(open_journals(source.journals_at(store)), copy.journals, _say)
    _copy_the_rest(source, copy)
    copy.note_store(_IN_FOLDER)
    code = _verified(SqliteStore(copy.journals))
    manifest = msgspec.json.format(msgspec.json.encode(line))
    (target / DIGESTS).write_text(digests_of(target, MANIFEST, manifest))
    # Last: a folder without it is no backup.
    (target / MANIFEST).write_bytes(manifest)
    _sync(target)
    return code


def restore(source: Path, data: Path, store: StoreAddress) -> int:
    """0 once the data folder and the store are there and sound. Never run it beside the original.

    store: as the setting will name it.
    """
    require_empty(data)
    backup_, layout = Layout(source), Layout(data)
    where = layout.journals_at(store)
    if store.text and open_journals(where).partitions():
        raise NotEmpty(str(where))
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _emptied_if_it_fails(data):
        _unpack(source, layout.journals)
        if store.text:
            prepare_journals(where)
            put_back(SqliteStore(layout.journals), open_journals(where), _say)
            shutil.rmtree(layout.journals)
        _draw_images(open_journals(where))
        _copy_the_rest(backup_, layout)
        layout.note_store(store)
        _sync(data)
    return _verified(open_journals(where))


def _unpack(source: Path, journals: Path) -> None:
    """The copy is brought to this release's schema, the backup stays as it is."""
    try:
        line = msgspec.json.decode((source / MANIFEST).read_bytes(), type=Line)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotABackup(source, f"{MANIFEST} cannot be read") from error
    altered = altered_file(source)
    if altered:
        raise NotABackup(source, f"{altered} is not what was written")
    shutil.copytree(Layout(source).journals, journals)
    prepare_journals(StoreAddress(str(journals)))
    found = line_of(SqliteStore(journals)).ends
    if found.keys() != line.ends.keys():
        raise NotABackup(source, "its journals are not those of the manifest")
    for partition, end in line.ends.items():
        if found[partition] != end:
            sentence = (
                f"partition {partition} ends at {found[partition].seq}, not {end.seq}"
            )
            raise NotABackup(source, sentence)


def _draw_images(store: Store) -> None:
    for partition in store.partitions():
        _say(f"replaying partition {partition}")
        with closing(store.writer(partition)) as journal:
            rebuild(partition, journal)


def _copy_the_rest(source: Layout, target: Layout) -> None:
    for name in PLAIN_FILES:
        if (source.folder / name).exists():
            shutil.copy2(source.folder / name, target.folder / name)
    copy_database(source.folder / STORE, target.folder / STORE)


@contextmanager
def _emptied_if_it_fails(folder: Path) -> Iterator[None]:
    """It was empty before: so the next attempt finds it so."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder)
        raise


def _sync(folder: Path) -> None:
    """Whoever is told that a copy is there may lose the original the next moment."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _verified(store: Store) -> int:
    report = verify(store)
    _say(verify_text(report))
    return 1 if report.findings else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
