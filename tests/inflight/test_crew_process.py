"""`airside crew` as the crew runs it: two processes, a cabin link that can be cut, one kill."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import main
from ledger.clock import SystemClock
from terminals.inflight.crew_folder import CrewFolder
from tests.gateway.harness import House
from tests.inflight.crew import Crew
from tests.inflight.ground import Ground, plan_flight, risk_account

SCANS_MAX = 20


@pytest.fixture
def crews(funded: House, tmp_path: Path) -> Iterator[list[Crew]]:
    # The crews' processes have the machine's clock, so the house's is set to it.
    funded.clock.advance(SystemClock().now_ms() - funded.clock.now_ms())
    crews = [Crew(tmp_path / name, funded.base) for name in ("one", "two")]
    yield crews
    for crew in crews:
        crew.end(kill=True)


@pytest.mark.slow
async def test_two_crews_sell_a_flight_and_help_each_other_out(
    funded: House, crews: list[Crew]
) -> None:
    """One is killed in between; the link is there, then it is not."""
    flight: Ground = await plan_flight(funded, await risk_account(funded, 0), 0)
    for number, crew in enumerate(crews, 1):
        said = await asyncio.to_thread(crew.ground, "join", flight.id, "--name", "Trolley")
        assert f"number {number}" in said
    phone = await flight.set_aside(200)
    for crew in crews:
        assert "2 tills, 3 articles" in await asyncio.to_thread(crew.ground, "load")
    await flight.move("boarded", "airborne")
    await asyncio.to_thread(_sell, crews, [phone.show() for _ in range(5)])

    await flight.move("landed")
    for crew in crews:
        assert "0 refused" in await asyncio.to_thread(crew.ground, "tell")
        assert "0 new" in await asyncio.to_thread(crew.ground, "tell")
    report = await flight.report()
    assert (report["flight"]["status"], report["ties"]) == ("closed", True)
    assert (report["captured_minor"], report["released_minor"]) == (200, 0)
    assert await funded.available() == 100_000 - 200


def _sell(crews: list[Crew], codes: list[str]) -> None:
    one, two = crews
    port = _free_port()
    two.open("--listen", f"127.0.0.1:{port}")
    one.open("--peer", f"127.0.0.1:{port}")
    two.until("offline")
    assert "SOLD 0.90 QAR" in one.sell("ten x9", codes[0])
    assert "SOLD 0.90 QAR" in two.sell("ten x9", codes[1])
    # Ten are left here and ten there: the other trolley signs its own over. On a busy machine its
    # answer may come too late, and the crew scans again.
    answers = (one.sell("ten x2", codes[2]) for _ in range(SCANS_MAX))
    assert any("SOLD 0.20 QAR" in answer for answer in answers)
    two.end(kill=True)
    assert "not enough left" in one.sell("one", codes[3])
    one.close()
    code, said = two.run("sell", typed=f"one\n{codes[4]}\nclose\n")
    assert (code, "not enough left" in said, "Closed" in said) == (0, True, True)


def test_the_command_line_has_a_crew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        main(["crew", "sell", "--state", str(tmp_path)])
    assert "airside crew load" in capsys.readouterr().out


async def test_what_a_crew_cannot_do_yet_is_said_in_a_sentence(crews: list[Crew]) -> None:
    code, said = await asyncio.to_thread(crews[0].run, "join", "flt_x", "--name", "T")
    assert (code, "no flight" in said) == (1, True)


async def test_a_folder_of_another_flight_is_found_before_a_till_is_made(
    funded: House, crews: list[Crew]
) -> None:
    crew, _ = crews
    risk = await risk_account(funded, 0)
    flights = [await plan_flight(funded, risk, 0) for _ in range(2)]
    await asyncio.to_thread(crew.ground, "join", flights[0].id, "--name", "One")
    code, said = await asyncio.to_thread(crew.run, "join", flights[1].id, "--name", "One")
    assert (code, f"of flight {flights[0].id}" in said) == (1, True)
    assert (await flights[1].report())["tills"] == []


async def test_each_flight_has_a_folder_of_its_own_and_the_last_one_is_meant(
    funded: House, crews: list[Crew], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    crew = crews[0]
    code, said = await asyncio.to_thread(crew.run_here, "load")
    assert (code, "airside crew join" in said) == (1, True)
    risk = await risk_account(funded, 0)
    for _ in range(2):
        flight = await plan_flight(funded, risk, 0)
        code, said = await asyncio.to_thread(
            crew.run_here, "join", flight.id, "--name", "One", "--url", funded.base
        )
        assert (code, "number 1" in said) == (0, True)
        code, said = await asyncio.to_thread(crew.run_here, "load")
        assert (code, "1 tills" in said) == (0, True)
        assert (tmp_path / "data" / "crew" / flight.id / "plan").exists()


async def test_a_till_whose_clock_is_wrong_loads_no_plan(
    funded: House, crews: list[Crew]
) -> None:
    crew = crews[0]
    flight = await plan_flight(funded, await risk_account(funded, 0), 0)
    await asyncio.to_thread(crew.ground, "join", flight.id, "--name", "One")
    funded.clock.advance(3_600_000)
    code, said = await asyncio.to_thread(crew.run, "load")
    assert (code, "minutes behind the gateway's" in said) == (1, True)
    assert not (crew.folder / "plan").exists()


async def test_what_the_gateway_has_got_is_to_be_told_no_more(
    funded: House, crews: list[Crew]
) -> None:
    """And damage is named, while all that is whole is told."""
    crew = crews[0]
    flight = await plan_flight(funded, await risk_account(funded, 0), 0)
    await asyncio.to_thread(crew.ground, "join", flight.id, "--name", "One")
    await asyncio.to_thread(crew.ground, "load")
    await flight.move("boarded", "airborne", "landed")
    await asyncio.to_thread(crew.ground, "sell")
    assert "1 new" in await asyncio.to_thread(crew.ground, "tell")
    assert CrewFolder(crew.folder).told() == {1: 1}
    with (crew.folder / "journal").open("ab") as journal:
        journal.write(bytes(600))
    assert "600 bytes are damaged" in await asyncio.to_thread(crew.ground, "tell")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
