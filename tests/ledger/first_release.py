"""What the first release left on both stores: its tables, word for word, and a small world in them.

golden/first_release.json was written by that release; nothing here may be made anew by a later one.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import msgspec

from ledger.journal import Store
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteStore
from tests.postgres_server import the_server

FILE = Path(__file__).with_name("golden") / "first_release.json"

SQLITE_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS images (
    account BLOB PRIMARY KEY, seq INTEGER NOT NULL, due_ms INTEGER NOT NULL,
    body BLOB NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS images_due ON images (due_ms) WHERE due_ms > 0;
CREATE TABLE IF NOT EXISTS mark (
    one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL);
"""
POSTGRES_TABLES: LiteralString = """
CREATE SCHEMA IF NOT EXISTS airside;
CREATE TABLE IF NOT EXISTS airside.schema_version (
    version integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE airside.entries (
    partition integer NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    body bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (partition, seq));
CREATE TABLE airside.images (
    partition integer NOT NULL,
    account bytea NOT NULL,
    seq bigint NOT NULL,
    due_ms bigint NOT NULL,
    body bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (partition, account));
CREATE INDEX images_due ON airside.images (partition, due_ms) WHERE due_ms > 0;
CREATE TABLE airside.mark (
    partition integer PRIMARY KEY,
    body bytea NOT NULL);
CREATE TABLE airside.tips (
    partition integer PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    turn bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO airside.schema_version (version) VALUES (1);
"""


class Rows(msgspec.Struct, frozen=True):
    """Of one partition. The mark is the body of its one row."""

    entries: list[tuple[int, bytes, bytes]]
    images: list[tuple[bytes, int, int, bytes, bytes]]
    mark: bytes


def rows() -> dict[int, Rows]:
    return msgspec.json.decode(FILE.read_bytes(), type=dict[int, Rows])


def on_sqlite(folder: Path) -> Store:
    store = SqliteStore(folder)
    for partition, kept in rows().items():
        with closing(sqlite3.connect(store.path(partition))) as db, db:
            db.executescript(f"PRAGMA journal_mode=WAL; {SQLITE_TABLES}")
            db.executemany("INSERT INTO entries VALUES (?, ?, ?)", kept.entries)
            db.executemany("INSERT INTO images VALUES (?, ?, ?, ?, ?)", kept.images)
            db.execute("INSERT INTO mark VALUES (1, ?)", (kept.mark,))
    return store


def on_postgres(_folder: Path) -> Store:
    server = the_server()
    store = PostgresStore(server.empty_database())
    server.ask(POSTGRES_TABLES)
    with closing(server.session()) as session, session.cursor() as cursor:
        for partition, kept in rows().items():
            last = kept.entries[-1]
            cursor.executemany(
                f"INSERT INTO airside.entries VALUES ({partition}, %s, %s, %s)".encode(),
                kept.entries,
            )
            cursor.executemany(
                f"INSERT INTO airside.images VALUES ({partition}, %s, %s, %s, %s, %s)".encode(),
                kept.images,
            )
            cursor.execute(
                "INSERT INTO airside.mark VALUES (%s, %s)", (partition, kept.mark)
            )
            cursor.execute(
                "INSERT INTO airside.tips VALUES (%s, %s, %s, 7)",
                (partition, last[0], last[2]),
            )
    return store
