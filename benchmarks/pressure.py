"""`python -m benchmarks.pressure`: three times as much as can be done, for ten seconds.

Once the partition is what limits, because its disk is slow on purpose; once the gateway is. First
the peak is looked for, in a closed loop that never asks for more than fits; then three times as
much is offered, in an open one. And, on the quick installation, ten times the normal load, with
the time after it. Real processes, real sockets, every answer checked; a minute and a half.
"""

import argparse
import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.__main__ import RESULTS
from benchmarks.histogram import Counts, curve
from benchmarks.machine import look
from benchmarks.orders import Phase
from benchmarks.overload import TILLS, OverloadFigures, overload
from benchmarks.processes import Child, ChildFailed
from benchmarks.rounds import Player, Test, Watch, WrongAnswers
from benchmarks.seed import seed
from benchmarks.stack import Contestant, settings
from benchmarks.workload import World
from gateway.config import Config
from gateway.layout import Layout

ACCOUNTS = 1_000
# Of the slow disk, for each commit. A full frame then takes the partition some 0.1 s, and it can
# do a half of what the gateway can.
DELAY_MS = 100
TIMES = 3
# Callers of the closed loop. On the slow disk: a frame that is away, and the next one full.
SLOW_CALLERS, QUICK_CALLERS = 512, 64
PEAK_S, WARM_UP_S, OFFERED_S = 4.0, 1.0, 10.0
# Of the load generator, which inherits it: as nice(2) counts.
CALLERS_PRIORITY = -10
# Once in a while the journal's checkpoint is due; the peak is the better of so many rounds.
ROUNDS = 2

PAGE = Path(__file__).parent.parent / "docs" / "pressure.md"
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*(?=<!-- end of figures -->)", re.DOTALL)


class Waits(msgspec.Struct, frozen=True):
    """Milliseconds."""

    p50: float
    p99: float
    worst: float


class PressureFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All rates per second. admitted, refused: how long they waited, from when they were due."""

    saturated: str
    peak: float
    offered: float
    goodput: float
    refused_rate: float
    admitted: Waits
    refused: Waits | None
    unknown: int
    generator_lag_ms: float
    others_share: float


class Pressed:
    """A gateway and a partition with this delay, in a folder of their own."""

    def __init__(self, name: str, config: Config, world: World, delay_ms: int) -> None:
        layout = Layout(Path(config.data))
        layout.runtime.mkdir(parents=True, exist_ok=True)
        socket = layout.runtime / "p0.sock"
        self._port = config.port
        self._partition = Child(
            "benchmarks.slow_partition", str(layout.journals), str(socket), str(delay_ms)
        )
        self._gateway = Child(
            "benchmarks.lone_gateway", msgspec.json.encode(config).decode(), str(socket)
        )
        pids = (self._gateway.pid, self._partition.pid)
        self.contestant = Contestant(name, config.port, pids, world)

    async def until_up(self) -> None:
        await self._gateway.until_listening(self._port)

    async def stop(self) -> None:
        await self._gateway.stop()
        await self._partition.stop()


@contextmanager
def callers_first() -> Iterator[None]:
    """Callers have processors of their own. Here they share two with those whom they press, and
    would read answers late that came in time; so they come first, where we may say so (root).
    """
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, CALLERS_PRIORITY)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


async def press(player: Player, contestant: Contestant, callers: int) -> PressureFigures:
    peak = 0.0
    for _ in range(ROUNDS):
        test = Test(measure="peak", connections=callers, seconds=PEAK_S, refusals=True)
        peak = max(peak, (await player.play(contestant, test)).per_second)
    rate = round(peak * TIMES)
    test = Test(measure="pressed", connections=TILLS, seconds=0, refusals=True)
    phases = [Phase(seconds=s, per_second=rate) for s in (WARM_UP_S, OFFERED_S)]
    watch = Watch(contestant)
    tally = await player.drive(contestant, player.orders(contestant, test, phases))
    pressed = tally.phases[1]
    return PressureFigures(
        saturated=contestant.name,
        peak=round(peak),
        offered=rate,
        goodput=round(pressed.finished / OFFERED_S),
        refused_rate=round(sum(pressed.refusals.values()) / OFFERED_S),
        admitted=_waits(pressed.latencies),
        refused=_waits(pressed.refusals) if pressed.refusals else None,
        unknown=tally.unknown,
        generator_lag_ms=_waits(tally.lags).p99 if tally.lags else 0.0,
        others_share=watch.others_share(),
    )


def _waits(counts: Counts) -> Waits:
    found = curve(counts)
    return Waits(*(round(found[share] / 1_000, 1) for share in ("50", "99", "100")))


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    machine: str
    load: float
    pressed: list[PressureFigures]
    overload: OverloadFigures


async def measure(folder: Path) -> tuple[list[PressureFigures], OverloadFigures]:
    """Raises WrongAnswers, ChildFailed."""
    player, found = Player(), []
    plans = [("partition", DELAY_MS, SLOW_CALLERS), ("gateway", 0, QUICK_CALLERS)]
    for name, delay_ms, callers in plans:
        async with AsyncExitStack() as standing:
            config = settings(folder / name)
            world = await asyncio.to_thread(seed, config, ACCOUNTS)
            pressed = Pressed(name, config, world, delay_ms)
            standing.push_async_callback(pressed.stop)
            await pressed.until_up()
            with callers_first():
                figures = await press(player, pressed.contestant, callers)
                print(_row(figures), flush=True)
                found.append(figures)
                if delay_ms:
                    continue
                normal = await overload(player, pressed.contestant, figures.peak, OFFERED_S)
                print(_overload(normal), flush=True)
    return found, normal


HEAD = """\
| limit | peak/s | offered/s | goodput/s | of it | p50 | p99 | worst | 503/s | p50 | p99 | worst |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
"""


def _row(one: PressureFigures) -> str:
    cells = [
        one.saturated,
        f"{one.peak:,.0f}",
        f"{one.offered:,.0f}",
        f"{one.goodput:,.0f}",
        f"{one.goodput / one.peak:.0%}",
        *_cells(one.admitted),
        f"{one.refused_rate:,.0f}",
        *(_cells(one.refused) if one.refused else ["-"] * 3),
    ]
    return "| " + " | ".join(cells) + " |"


def _cells(waits: Waits) -> list[str]:
    return [f"{value:,.0f} ms" for value in (waits.p50, waits.p99, waits.worst)]


def _overload(one: OverloadFigures) -> str:
    return (
        f"Ten times the normal load ({one.normal:,.0f}/s, a fifth of what the quick"
        f" installation can do) for {one.peak_s:.0f} s: {one.admitted:,} payments"
        f" were admitted, mean {one.mean_ms:,.0f} ms, p99 {one.p99_ms:,.0f} ms, worst"
        f" {one.worst_ms:,.0f} ms; {one.refused:,} were refused, p99"
        f" {one.refusal_p99_ms:,.0f} ms; {one.unknown} were not known in time. It was back to"
        f" normal after {one.back_after_ms:,} ms."
    )


def page(found: Findings) -> str:
    rows = "\n".join(_row(one) for one in found.pressed)
    others = max(one.others_share for one in found.pressed)
    lag = max(one.generator_lag_ms for one in found.pressed)
    return (
        f"{HEAD}{rows}\n\n{_overload(found.overload)}\n\n"
        f"Measured on {found.at} UTC, {found.machine}; others used {others:.0%} of the machine"
        f" at most; the load generator itself was late by {lag:.0f} ms (p99) at most.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pressure", description=__doc__
    )
    parser.add_argument(
        "--write", action="store_true", help="put the figures into docs/pressure.md"
    )
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    machine = look(RESULTS)
    if machine.volatile:
        sys.exit(f"{RESULTS} is in memory: durable commits would cost nothing there")
    if machine.busy:
        print(f"this machine is busy (load {machine.load}): expect worse figures")
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="pressure-"))
    try:
        pressed, normal = asyncio.run(measure(folder))
    except (ChildFailed, WrongAnswers) as error:
        sys.exit(f"pressure: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = Findings(
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        machine=f"{machine.processor}, {machine.cores} cores, {machine.file_system}",
        load=machine.load,
        pressed=pressed,
        overload=normal,
    )
    print("\n" + page(found))
    if options.write:
        PAGE.write_text(FIGURES.sub(lambda _: page(found), PAGE.read_text()))


if __name__ == "__main__":
    main()
