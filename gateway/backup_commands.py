"""`airside ledger backup` and `restore`: a whole data folder, online, to one consistent line.

A backup is a folder like a data folder, with a manifest that says where each journal ends. It holds
the keys too, so it is as secret as the original.
"""

import shutil
import sys
from pathlib import Path

import msgspec

from gateway.layout import Layout
from ledger.backup import Line, back_up, copy_database, require_empty
from ledger.errors import LedgerError
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.verify import verify

MANIFEST = "backup.json"
# Beside the journals: without the keys no code opens and no order reference is recognised.
PLAIN_FILES = ("keys.json", "map.json", "journals-kept-in")
STORE = "store.sqlite"


class NotABackup(LedgerError):
    """The folder has no manifest, or its journals do not end where the manifest says."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(f"{folder} is not a backup that can be restored: {why}")


def backup(data: Path, target: Path) -> int:
    """0 once the copy is written and sound."""
    source = Layout(data)
    require_empty(target)
    # Journals in a database are not in the folder, and a copy without them would be no backup.
    source.require_same_store(StoreAddress(""))
    line = back_up(SqliteStore(source.journals), Layout(target).journals, _say)
    for name in PLAIN_FILES:
        if (source.folder / name).exists():
            shutil.copy2(source.folder / name, target / name)
    copy_database(source.folder / STORE, target / STORE)
    (target / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(line)))
    return _verified(target)


def restore(source: Path, data: Path) -> int:
    """0 once the data folder is there and sound. Never run it beside the original."""
    _require_manifest(source)
    require_empty(data)
    shutil.copytree(source, data, dirs_exist_ok=True)
    (data / MANIFEST).unlink()
    return _verified(data)


def _require_manifest(folder: Path) -> None:
    try:
        line = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Line)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotABackup(folder, f"{MANIFEST} cannot be read") from error
    store = SqliteStore(Layout(folder).journals)
    if set(store.partitions()) != set(line.ends):
        raise NotABackup(folder, "its journals are not those of the manifest")
    for partition, end in line.ends.items():
        reader = store.reader(partition)
        found = reader.tip()
        reader.close()
        if found != end:
            raise NotABackup(
                folder, f"partition {partition} ends at {found.seq}, not {end.seq}"
            )


def _verified(folder: Path) -> int:
    report = verify(SqliteStore(Layout(folder).journals))
    _say(verify_text(report))
    return 1 if report.findings else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
