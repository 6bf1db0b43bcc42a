"""The till's journal: what was answered is there after a power cut, and what is torn is named."""

from pathlib import Path

import pytest

from terminals.inflight.crew_till import Accepted, CrewTill, TillStopped
from terminals.inflight.entry import Opened, Sold
from terminals.inflight.log_file import DiskFile, LogDamaged, LogInUse
from terminals.inflight.records import record
from terminals.inflight.refusal import Reason, Refusal
from tests.inflight.cabin import Cabin, Till, basket


def opened(till: Till) -> Opened:
    """What its last start wrote down."""
    what = till.till.entries[-1].body.what
    assert isinstance(what, Opened)
    return what


def test_wherever_the_power_goes_the_till_knows_what_it_sold() -> None:
    """The write that was under way is there whole, or not at all; the ones before it are there."""
    probe = Cabin()
    phone = probe.phone(200)
    probe.tills[0].sell(phone.show(), 30)
    length = len(record(probe.tills[0].till.entries[-1].raw))
    for cut_after in {*range(0, length, 23), 1, length - 1, length}:
        cabin = Cabin()
        till, phone = cabin.tills[0], cabin.phone(200)
        assert isinstance(till.sell(phone.show(), 20), Accepted)
        frame = phone.show()
        till.log.cut_after = cut_after
        with pytest.raises(TillStopped):
            till.sell(frame, 30)
        with pytest.raises(TillStopped):
            till.sell(phone.show(), 1)
        till.restart()
        sold = [e.body.what for e in till.till.entries if isinstance(e.body.what, Sold)]
        whole = cut_after == length
        assert [sale.amount_minor for sale in sold] == ([20, 30] if whole else [20])
        assert opened(till).cut_bytes == (0 if whole else cut_after)
        again = till.sell(frame, 30)
        assert isinstance(again, Accepted)
        assert again.replayed == whole
        assert again.left_minor == 50


@pytest.mark.slow
def test_a_journal_with_a_flipped_bit_loses_no_sale_in_silence() -> None:
    """Also in the last one, which was answered as all others: only a short one is cut off."""
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    for _ in range(2):
        till.sell(phone.show(), 10)
    whole = till.log.content
    for at in range(len(whole)):
        flipped = bytearray(whole)
        flipped[at] ^= 0x10
        till.log.content = bytes(flipped)
        with pytest.raises(LogDamaged):
            till.restart()


@pytest.mark.parametrize(
    "tail",
    [
        bytes(80_000),
        bytes(600),
        b"noise",
        record(bytes(200))[:-1] + b"x",  # as long as it says, and not what it says
        b"AFE0" + record(bytes(200))[4:100],
        b"AFE1\xff\xff" + bytes(200),  # longer than any entry would be
    ],
)
def test_what_no_power_cut_leaves_behind_is_damage(tail: bytes) -> None:
    till = Cabin().tills[0]
    till.log.content += tail
    with pytest.raises(LogDamaged, match="after entry 1"):
        till.restart()


def test_whole_records_that_are_not_this_tills_journal_are_damage() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    for till in (one, two):
        till.sell(phone.show(), 10)
    first, second = (record(entry.raw) for entry in one.till.entries)
    alien = record(two.till.entries[0].raw)
    other = Cabin(seed=2).tills[0]
    other.sell(phone.show(), 20)
    forked = record(other.till.entries[1].raw)
    for content in (second, first + first, alien, first + alien, first + record(b"?" * 80)):
        one.log.content = content
        with pytest.raises(LogDamaged):
            one.restart()
    one.log.content = first + forked
    one.restart()  # another sale of the same till, in the same place: nobody can tell here


def test_a_closed_till_stays_closed_wherever_the_power_goes() -> None:
    """Its journal ends with *closed*, or the ground would wait for more."""
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    till.till.close()
    closed = till.log.content
    for _ in range(2):
        till.log.cut_after = 300
        till.restart()
        till.log.cut_after = None
        assert till.log.content == closed
        verdict = till.sell(phone.show(), 1)
        assert isinstance(verdict, Refusal)
        assert verdict.reason is Reason.TILL_CLOSED


def test_a_journal_on_a_disk_is_for_one_till_at_a_time(tmp_path: Path) -> None:
    file = DiskFile(tmp_path / "flight" / "journal")
    with pytest.raises(LogInUse):
        DiskFile(tmp_path / "flight" / "journal")
    file.close()
    DiskFile(tmp_path / "flight" / "journal").close()


def test_a_journal_on_a_disk_is_the_one_in_memory(tmp_path: Path) -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    path = tmp_path / "journal"
    file = DiskFile(path)
    first = CrewTill(cabin.sealed_plan, till.key, file, till.clock)
    first.sell(phone.show(), basket(30))
    file.close()
    with path.open("ab") as torn:
        torn.write(record(first.entries[1].raw)[:18])
    file = DiskFile(path)
    second = CrewTill(cabin.sealed_plan, till.key, file, till.clock)
    assert [type(e.body.what) for e in second.entries] == [Opened, Sold, Opened]
    assert second.entries[:2] == first.entries
    assert second.entries[2].body.what.cut_bytes == 18  # type: ignore[union-attr]
    file.close()
    assert path.stat().st_mode & 0o777 == 0o600
