"""`python -m benchmarks`: the canonical workload, and beside it the floor and the naive build.

Without arguments it takes about three minutes; with --quick less than one. Ends with status 1 when
an answer was wrong or a journal does not agree with what callers were told.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import msgspec

from actors.ray_head import free_port
from benchmarks import report
from benchmarks.machine import Machine, look
from benchmarks.processes import Child
from benchmarks.report import LONE, MANY, OURS, Report
from benchmarks.rounds import Contestant, Measure, Round, play
from benchmarks.stack import Stack
from benchmarks.truth import Untrue, require_truth, told
from benchmarks.workload import World, zipf
from gateway import logs

RESULTS = Path(__file__).parent / "results"
LATEST = RESULTS / "latest.json"
WARM_UP_S = 1.0
# More codes than a round can use up, and few enough to be sealed within their minute.
CODES_PER_S = 6_000


class WrongAnswers(Exception):
    """A contestant answered what it must not; its figures mean nothing."""

    def __init__(self, one: Round) -> None:
        shown = "\n  ".join(one.tally.mistakes_shown)
        super().__init__(f"{one.contestant}: {one.tally.mistakes} wrong answers\n  {shown}")


class Run:
    """One run from the start of the installation to its verified end."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._rounds: list[Round] = []
        self._random = Random(options.seed)

    async def run(self, machine: Machine) -> Report:
        options = self._options
        async with AsyncExitStack() as started:
            contestants = await self._start(started)
            many = Measure(MANY, options.connections, WARM_UP_S, options.seconds)
            lone = Measure(LONE, 1, WARM_UP_S / 2, options.lone_seconds)
            for measure in (many, lone):
                for repetition in range(options.repetitions):
                    await play(contestants, measure, repetition, self._finished)
        say("checking the journals")
        return Report(
            machine=machine,
            settings={name: getattr(options, name) for name in _SETTINGS},
            lines=report.lines(self._rounds),
            ratios=report.ratios(self._rounds),
            entries=self._check(),
        )

    async def _start(self, started: AsyncExitStack) -> list[Contestant]:
        """Everything that is measured; what was started is stopped in the reverse order."""
        options = self._options
        say("starting the installation")
        stack = Stack(
            self._folder / OURS, gateways=options.gateways, partitions=options.partitions
        )
        started.push_async_callback(stack.stop)
        await stack.start()
        say(f"opening {options.wallets} wallets")
        world = await stack.open_world(options.wallets)

        naive, naive_port = stack.start_naive(self._folder / report.NAIVE)
        started.push_async_callback(naive.stop)
        floor_port = free_port()
        floor = Child("benchmarks.floor", str(floor_port))
        started.push_async_callback(floor.stop)
        await floor.until_listening(floor_port)
        await naive.until_listening(naive_port)

        contestants = [
            Contestant(OURS, stack.config.port, lambda _seconds: world),
            Contestant(report.FLOOR, floor_port, lambda _seconds: world, judged=False),
            Contestant(report.NAIVE, naive_port, lambda _seconds: world),
        ]
        if options.by_code:
            contestants.append(self._by_code(stack, world))
        return contestants

    def _by_code(self, stack: Stack, world: World) -> Contestant:
        shares = zipf(len(world.wallets))

        def fresh(seconds: float) -> World:
            payers = [
                world.wallets[shares.draw(self._random)]
                for _ in range(int(seconds * CODES_PER_S))
            ]
            return msgspec.structs.replace(world, codes=stack.codes(payers))

        return Contestant(report.BY_CODE, stack.config.port, fresh)

    def _finished(self, one: Round) -> None:
        if one.tally.mistakes or not one.tally.latencies_us:
            raise WrongAnswers(one)
        self._rounds.append(one)
        say(
            f"  {one.measure:<5} {one.contestant:<16} {one.per_second:>7,.0f}/s"
            f"   p50 {one.latency_ms(0.5):>6.2f} ms   p99 {one.latency_ms(0.99):>6.1f} ms"
            + (f"   (others: {one.others:.0%})" if one.others > report.QUIET else "")
        )

    def _check(self) -> dict[str, int]:
        """Journal entries checked, by installation. Raises Untrue."""
        checked = {}
        for name, contestants in report.LEDGERS.items():
            tallies = [one.tally for one in self._rounds if one.contestant in contestants]
            journals = self._folder / name / "journals"
            checked[name] = require_truth(journals, told(tallies))
        return checked


_SETTINGS = (
    "connections", "seconds", "lone_seconds", "repetitions", "wallets", "gateways",
    "partitions", "seed",
)  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="one short repetition, under a minute")
    add("--connections", type=int, default=64, help="callers at once")
    add("--seconds", type=float, help="measured in each round")
    add("--repetitions", type=int, help="rounds of each contestant, in turn")
    add("--wallets", type=int, default=500)
    add("--gateways", type=int, default=1)
    add("--partitions", type=int, default=2)
    add("--by-code", action="store_true", help="also pay by payment codes, not accounts")
    add("--json", type=Path, default=LATEST, help="where the figures go")
    add("--seed", type=int, default=1)
    return parser


def _options() -> argparse.Namespace:
    options = _parser().parse_args()
    options.seconds = options.seconds or (3.0 if options.quick else 8.0)
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    options.lone_seconds = 1.0 if options.quick else 2.0
    return options


async def _until_stopped(run: Run, machine: Machine) -> Report:
    """Ctrl-C and SIGTERM cancel the run, which stops what it started on its way out."""
    task = asyncio.current_task()
    assert task is not None, "called on the loop"
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run.run(machine)


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    options = _options()
    logs.configure("warning")
    RESULTS.mkdir(exist_ok=True)
    machine = look(RESULTS)
    if machine.volatile:
        sys.exit(f"{RESULTS} is in memory: durable commits would cost nothing there")
    if machine.busy:
        say(f"this machine is busy (load {machine.load}): expect worse figures")
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="run-"))
    try:
        found = asyncio.run(_until_stopped(Run(options, folder), machine))
    except asyncio.CancelledError:
        sys.exit("stopped")
    except (Untrue, WrongAnswers) as error:
        sys.exit(f"benchmarks: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    say("\n" + report.table(found))
    say(f"\nall answers checked; journals sound: {found.entries}; figures: {options.json}")


if __name__ == "__main__":
    main()
