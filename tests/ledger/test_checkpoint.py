"""A checkpoint kept elsewhere shows what no journal shows itself: a cut, another history."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import (
    Checkpoint,
    OtherInstallation,
    Signed,
    read_all_signed,
    read_signed,
    signed,
    take,
)
from ledger.errors import JournalDamaged
from ledger.extension import Comparison, Outcome, compare
from ledger.journal import Tip
from ledger.merkle import Tree
from ledger.signed_note import BadNote, Note, PublicKey
from ledger.sqlite_store import SqliteStore
from tests.books import memory_folder, tip_of
from tests.ledger.evidence import AT_MS, INSTALLATION, KEY, checkpoint_of, sign
from tests.ledger.forge import AMIRA, BILAL, Forger, World, edited, make_world, send


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    with memory_folder() as folder:
        make_world(SqliteStore(Path(folder)))
        yield Path(folder)


@pytest.fixture
def store(sound: Path) -> Iterator[SqliteStore]:
    with memory_folder() as folder:
        shutil.copytree(sound, folder, dirs_exist_ok=True)
        yield SqliteStore(Path(folder))


def go_on(store: SqliteStore) -> None:
    async def live() -> None:
        world = World(store)
        await send(world, AMIRA, BILAL, 1_200)
        await world.deliver()
        await world.close()

    asyncio.run(live())


def compared(store: SqliteStore, *checkpoints: Signed) -> list[Comparison]:
    return compare(store, [s.checkpoint for s in checkpoints], lambda _entries: None)


def outcomes(store: SqliteStore, *checkpoints: Signed) -> list[Outcome]:
    return [comparison.outcome for comparison in compared(store, *checkpoints)]


def test_a_checkpoint_says_how_long_the_journal_is_and_what_stands_in_it(
    store: SqliteStore,
) -> None:
    found = checkpoint_of(store).checkpoint

    tree = Tree()
    with store.reader(0)._db as db:
        for (body,) in db.execute("SELECT body FROM entries ORDER BY seq"):
            tree.add(body)
    assert (found.size, found.root) == (tree.size, tree.root())
    assert Tip(found.size, found.chain) == tip_of(store)


def test_the_text_is_that_of_a_transparency_logs_checkpoint() -> None:
    checkpoint = Checkpoint(INSTALLATION, 3, 35, b"r" * 32, b"c" * 32, AT_MS)

    assert checkpoint.text == (
        "airside/abcdefghijklmnop/3\n"
        "35\n"
        "cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n"
        "chain Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=\n"
        "time 2026-01-01T00:00:00.123Z\n"
    )


@given(
    st.integers(0, 63),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**41),
)
def test_every_checkpoint_is_read_as_it_was_written(
    partition: int, size: int, root: bytes, at_ms: int
) -> None:
    checkpoint = Checkpoint(INSTALLATION, partition, size, root, root[::-1], at_ms)

    assert read_signed(signed(checkpoint, sign).note, KEY).checkpoint == checkpoint


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("/3\n", "/03\n"),
        ("\n35\n", "\n035\n"),
        ("\n35\n", "\n-5\n"),
        ("\n35\n", "\n9223372036854775808\n"),
        ("\nchain ", "\nchains "),
        ("cnJy", "cn"),
        ("00.123Z", "00Z"),
        ("airside/abcdefghijklmnop/3", "airside"),
        ("time", "more\ntime"),
    ],
)
def test_what_is_written_in_another_way_is_no_checkpoint(part: str, other: str) -> None:
    text = Checkpoint(INSTALLATION, 3, 35, b"r" * 32, b"c" * 32, AT_MS).text
    assert part in text

    with pytest.raises(BadNote):
        Checkpoint.parse(text.replace(part, other))


def test_a_journal_that_went_on_fits(store: SqliteStore) -> None:
    before = [checkpoint_of(store, number) for number in (0, 1)]
    go_on(store)

    found = compared(store, *before)

    assert [each.outcome for each in found] == [Outcome.EXTENDED] * 2
    assert found[0].end > before[0].checkpoint.size
    assert found[0].sentence.startswith(
        "partition 0: the checkpoint of 2026-01-01T00:00:00.123Z fits: its 46 entries are"
    )


def test_a_tail_that_was_cut_off_clean_is_seen(store: SqliteStore) -> None:
    kept = checkpoint_of(store)
    forger = Forger(store, 0)
    del forger.entries[-2:]
    forger.write()

    [found] = compared(store, kept)

    assert found.outcome is Outcome.CUT_OFF
    assert found.sentence.endswith(
        "has 46 entries, and the journal ends at 44: 2 were cut off."
    )


def test_a_tail_that_was_cut_off_and_written_anew_is_seen(store: SqliteStore) -> None:
    early, kept = checkpoint_of(store), None
    go_on(store)
    kept = checkpoint_of(store)
    forger = Forger(store, 0)
    forger.change(kept.checkpoint.size, caller="prn_thief")
    forger.write()

    found = compared(store, kept, early)

    assert [each.outcome for each in found] == [Outcome.EXTENDED, Outcome.REWRITTEN]
    assert f"at an entry from 47 to {kept.checkpoint.size}." in found[1].sentence


@pytest.mark.parametrize("seq", [1, 17, 35])
def test_a_history_that_was_sealed_anew_is_seen(store: SqliteStore, seq: int) -> None:
    """The chain is whole, and every promise is kept: only the checkpoint knows better."""
    kept = checkpoint_of(store)
    forger = Forger(store, 0)
    forger.change(seq, caller="prn_thief")
    forger.write()

    assert outcomes(store, kept) == [Outcome.REWRITTEN]


def test_an_entry_that_is_gone_from_the_middle_is_seen(store: SqliteStore) -> None:
    kept = checkpoint_of(store)
    with edited(store, 0) as db:
        db.execute("DELETE FROM entries WHERE seq = 9")

    assert outcomes(store, kept) == [Outcome.REWRITTEN]


def test_a_journal_that_is_gone_is_said(store: SqliteStore) -> None:
    kept = [checkpoint_of(store, number) for number in (0, 1)]
    store.path(1).unlink()

    found = compared(store, *kept)

    assert [each.outcome for each in found] == [Outcome.EXTENDED, Outcome.GONE]
    assert "there is no such journal" in found[1].sentence


def test_the_journal_of_another_partition_does_not_fit(store: SqliteStore) -> None:
    kept = checkpoint_of(store, 1)
    shutil.copy(store.path(0), store.path(1))

    assert outcomes(store, kept) == [Outcome.REWRITTEN]


def test_a_damaged_journal_is_not_signed(store: SqliteStore) -> None:
    with edited(store, 0) as db:
        db.execute("UPDATE entries SET body = x'c1' WHERE seq = 9")

    with pytest.raises(JournalDamaged, match="entry 9 is damaged"):
        take(store, 0, INSTALLATION, AT_MS, lambda _entries: None)


def test_another_installations_checkpoint_is_named(store: SqliteStore) -> None:
    kept = checkpoint_of(store)
    other = PublicKey("airside/ponmlkjihgfedcba", KEY.raw)

    with pytest.raises(OtherInstallation, match="of airside/abcdefghijklmnop, the key of"):
        read_signed(kept.note, other)


def test_a_key_of_one_partition_speaks_for_that_one_alone(store: SqliteStore) -> None:
    of_first = KEY.named(f"{INSTALLATION}/0")

    assert read_signed(checkpoint_of(store).note, of_first).checkpoint.partition == 0
    with pytest.raises(OtherInstallation):
        read_signed(checkpoint_of(store, 1).note, of_first)


def test_a_number_that_was_altered_is_not_signed(store: SqliteStore) -> None:
    kept = checkpoint_of(store)
    altered = msgspec.structs.replace(kept.checkpoint, size=34)

    with pytest.raises(BadNote, match="does not fit the text"):
        read_signed(Note(altered.text, kept.note.signatures), KEY)


def test_a_file_holds_the_checkpoints_of_many_days(store: SqliteStore) -> None:
    kept = [checkpoint_of(store, 0), checkpoint_of(store, 1)]
    go_on(store)
    kept.append(checkpoint_of(store, 0))

    assert read_all_signed("\n".join(str(each.note) for each in kept), KEY) == kept
