"""`airside crew` as the crew runs it: two processes, a cabin link that can be cut, one kill."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from channels.web.demo import demo_key
from tests.gateway.harness import House
from tests.inflight.ground import Ground, GroundPhone, plan_flight, risk_account

CREW = [sys.executable, "-c", "from gateway.cli import main; main()", "crew"]
PATIENCE_S = 60


class Crew:
    """One till's folder, and its process while it sells."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.environ = {**os.environ, "TILL_API_KEY": demo_key("lounge")}
        self.process: Process | None = None

    async def run(self, *words: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *CREW, *words, "--state", str(self.folder), stdout=PIPE, env=self.environ
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    async def ground(self, *words: str) -> str:
        code, said = await self.run(*words, "--url", self.house.base)
        assert code == 0, said
        return said

    async def open(self, *words: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *CREW, "sell", "--state", str(self.folder), *words, stdin=PIPE, stdout=PIPE
        )
        await self.until("offline")

    async def until(self, mark: str) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        said = b""
        async with asyncio.timeout(PATIENCE_S):
            while mark.encode() not in said:
                piece = await self.process.stdout.read(4096)
                assert piece, f"it ended, and said {said.decode()!r}"
                said += piece
        return said.decode()

    def type(self, *lines: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        for line in lines:
            self.process.stdin.write(f"{line}\n".encode())

    async def sell(self, basket: str, phone: GroundPhone) -> str:
        self.type(basket, phone.show())
        said = await self.until("\n")
        while "SOLD" not in said and "REFUSED" not in said:
            said += await self.until("\n")
        return said

    async def end(self, *, kill: bool = False) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        if kill:
            self.process.kill()
        self.process.stdin.close()
        await self.process.wait()


@pytest.mark.slow
async def test_two_crews_sell_a_flight_and_help_each_other_out(
    funded: House, tmp_path: Path
) -> None:
    """One is killed in between; the link is there, then it is not."""
    funded.clock.advance(_now_ms() - funded.clock.now_ms())
    flight: Ground = await plan_flight(funded, await risk_account(funded, 0), 0)
    crews = [Crew(funded, tmp_path / name) for name in ("one", "two")]
    for number, crew in enumerate(crews, 1):
        said = await crew.ground("join", flight.id, "--name", f"Trolley {number}")
        assert f"number {number}" in said
    phone = await flight.set_aside(200)
    for crew in crews:
        assert "2 tills, 3 articles" in await crew.ground("load")
    await flight.move("boarded", "airborne")

    one, two = crews
    await one.open("--listen", "127.0.0.1:0")
    await one.end()
    port = _free_port()
    await two.open("--listen", f"127.0.0.1:{port}")
    await one.open("--peer", f"127.0.0.1:{port}")
    assert "SOLD 0.90 QAR" in await one.sell("ten x9", phone)
    assert "SOLD 0.90 QAR" in await two.sell("ten x9", phone)
    # Ten are left here and ten there: the other trolley signs its own over.
    assert "SOLD 0.20 QAR" in await one.sell("ten x2", phone)
    await two.end(kill=True)
    assert "not enough left" in await one.sell("one", phone)
    await two.open()
    assert "not enough left" in await two.sell("one", phone)

    await flight.move("landed")
    for crew in crews:
        crew.type("close")
        await crew.until("Closed")
        await crew.end()
        assert "0 refused" in await crew.ground("tell")
        assert "0 new" in await crew.ground("tell")
    report = await flight.report()
    assert (report["flight"]["status"], report["ties"]) == ("closed", True)
    assert (report["captured_minor"], report["released_minor"]) == (200, 0)
    assert await funded.available() == 100_000 - 200


async def test_what_a_crew_cannot_do_yet_is_said_in_a_sentence(
    house: House, tmp_path: Path
) -> None:
    crew = Crew(house, tmp_path / "crew")
    code, said = await crew.run("sell")
    assert (code, "airside crew load" in said) == (1, True)
    code, said = await crew.run("join", "flt_x", "--name", "T", "--url", house.base)
    assert (code, "no flight" in said) == (1, True)


def _now_ms() -> int:
    """The crews' processes have the machine's clock, so the house's is set to it."""
    from ledger.clock import SystemClock  # noqa: PLC0415

    return SystemClock().now_ms()


def _free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
