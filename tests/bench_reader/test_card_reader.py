"""The bench: cards without plastic in readers without hardware, through the real pcscd."""

import os
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from terminals import card_reader
from terminals.apdu import DONE, ask, command, demand, select
from terminals.bench_reader import driver
from terminals.bench_reader.daemon import SOCKET_VARIABLE, Pcscd
from terminals.bench_reader.driver import BenchIncomplete, DriverBroken, built_driver
from terminals.card_format import AID, GET_CHALLENGE
from terminals.card_reader import (
    CardTorn,
    NoCardService,
    NoSuchReader,
    PcscExtraMissing,
    reader_names,
)
from tests.bench_reader.bench import NAME, READERS, Bench, TornAt, an_empty_card
from tests.bench_reader.measure import with_reader, without_reader
from tests.house.tree import ROOT

PRESENT = "/"


class Echo:
    """Answers what it is asked."""

    atr = bytes.fromhex("3B800101")

    def power(self) -> None: ...

    def process(self, question: bytes) -> bytes:
        return question + DONE.to_bytes(2, "big")


def test_one_pcscd_has_several_readers(bench: Bench) -> None:
    assert reader_names() == [f"{NAME} {number:02} 00" for number in range(READERS)]


def test_a_reader_is_found_by_how_its_name_begins(bench: Bench) -> None:
    with card_reader.CardReader(NAME) as reader:
        assert reader.name == bench.reader_name(0)


def test_a_reader_that_is_not_there_is_named_with_those_that_are(bench: Bench) -> None:
    with pytest.raises(NoSuchReader, match=f"'Gemplus'; plugged in: {NAME} 00 00, "):
        card_reader.CardReader("Gemplus")


def test_a_card_answers_through_the_reader(bench: Bench) -> None:
    with (
        bench.holding(an_empty_card(), 1),
        bench.reader(1) as reader,
        reader.next_card() as card,
    ):
        assert AID in demand(card, select(AID))


@pytest.mark.parametrize("length", [4, 5, 261, 2_000])
def test_bytes_go_there_and_back_as_they_are(bench: Bench, length: int) -> None:
    question = bytes(number % 251 for number in range(length))

    with bench.holding(Echo()), bench.reader() as reader, reader.next_card() as card:
        assert card.transmit(question)[:-2] == question


def test_a_card_that_is_pulled_out_and_put_in_is_seen_both_times(bench: Bench) -> None:
    for _ in range(3):
        with bench.holding(Echo()), bench.reader() as reader, reader.next_card() as card:
            assert card.transmit(b"\0" * 4)


@pytest.mark.parametrize("moment", ["before it hears", "before it has answered"])
def test_a_card_pulled_out_in_the_middle_is_said_to_be_torn(
    bench: Bench, moment: str
) -> None:
    torn = TornAt(an_empty_card(), 2, heard=moment == "before it has answered")

    with bench.holding(torn), bench.reader() as reader, reader.next_card() as card:
        demand(card, select(AID))
        with pytest.raises(CardTorn):
            ask(card, command(GET_CHALLENGE))
        with pytest.raises(CardTorn):
            ask(card, select(AID))


def test_a_card_loses_its_session_when_its_user_has_left(bench: Bench) -> None:
    with bench.holding(an_empty_card()), bench.reader() as reader:
        with reader.next_card() as card:
            demand(card, select(AID))
            assert ask(card, command(GET_CHALLENGE)).status == DONE
        with reader.next_card() as card:
            assert ask(card, command(GET_CHALLENGE)).status != DONE


def test_all_readers_work_at_once(bench: Bench) -> None:
    def talk(number: int) -> int:
        question = bytes([number]) * 40
        with (
            bench.holding(Echo(), number),
            bench.reader(number) as reader,
            reader.next_card() as card,
        ):
            return sum(card.transmit(question)[:-2] == question for _ in range(100))

    with ThreadPoolExecutor(READERS) as threads:
        assert list(threads.map(talk, range(READERS))) == [100] * READERS


def test_two_benches_stand_side_by_side(bench: Bench) -> None:
    ask_names = "from terminals.card_reader import reader_names; print(reader_names())"
    folder = bench.daemon.socket.parent / "second"

    with Pcscd(folder, ["Other"], drivers=bench.drivers) as daemon:
        done = subprocess.run(
            [sys.executable, "-c", ask_names],
            env=daemon.environment,
            capture_output=True,
            text=True,
            check=True,
        )

    assert done.stdout.strip() == "['Other 00 00']"
    assert len(reader_names()) == READERS


def test_pcscd_ends_with_whoever_started_it(bench: Bench) -> None:
    folder = bench.daemon.socket.parent / "third"
    start = f"""
import os, signal
from pathlib import Path
from terminals.bench_reader.daemon import Pcscd
Pcscd(Path({str(folder)!r}), ["Other"], drivers=Path({str(bench.drivers)!r})).__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run(
        [sys.executable, "-c", start],
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )

    def is_listening() -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(folder / "pcscd")) == 0

    while is_listening():
        pass
    assert (folder / "pcscd").exists(), "it was there"


def test_the_sockets_of_a_bench_are_for_its_owner_only(bench: Bench) -> None:
    for slot in bench.daemon.slots:
        assert slot.stat().st_mode & 0o777 == 0o600
    assert bench.daemon.socket.parent.stat().st_mode & 0o777 == 0o700


def test_who_reads_cards_leaves_no_core_when_it_crashes(
    bench: Bench, tmp_path: Path
) -> None:
    crash = """
import os, resource
from terminals.card_reader import CardReader
child = os.fork()
if not child:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    CardReader("Airside")
    os.abort()
print(os.WCOREDUMP(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-c", crash],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "False\n"


def test_without_a_service_the_till_says_how_to_start_it(tmp_path: Path) -> None:
    ask_names = "from terminals.card_reader import reader_names; reader_names()"
    done = subprocess.run(
        [sys.executable, "-c", ask_names],
        env={SOCKET_VARIABLE: str(tmp_path / "nobody")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr.splitlines()[-1].endswith(str(NoCardService()))


def test_without_pyscard_the_till_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "smartcard", None)

    with pytest.raises(PcscExtraMissing, match=r"pip install .airside\[pcsc\]"):
        reader_names()


def test_what_the_bench_lacks_is_said_in_one_line_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    needs = {"/nowhere/pcscd": "pcscd", PRESENT: "there", "no-such-compiler": "gcc"}
    monkeypatch.setattr(driver, "NEEDS", needs)

    with pytest.raises(BenchIncomplete, match=r"needs pcscd gcc: sudo apt-get install .*"):
        built_driver(tmp_path)


def test_the_driver_is_compiled_once(bench: Bench, tmp_path: Path) -> None:
    first = built_driver(tmp_path)
    made_at = first.stat().st_mtime_ns

    assert built_driver(tmp_path).stat().st_mtime_ns == made_at
    assert list(tmp_path.iterdir()) == [first]


def test_a_compiler_that_refuses_is_quoted(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.c"
    broken.write_text("int main(")
    monkeypatch.setattr(driver, "SOURCE", broken)

    with pytest.raises(DriverBroken, match=re.escape("broken.c")):
        built_driver(tmp_path)


def test_a_reader_adds_less_than_five_milliseconds_to_a_tap(bench: Bench) -> None:
    bare = sorted(without_reader(41))[10]

    alone, _ = with_reader(bench.reader_name(), bench.daemon.slots[0], 41)

    assert sorted(alone)[10] - bare < 5_000_000, "nanoseconds, with little other work"
