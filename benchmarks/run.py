"""One run, from the first installation to the last verified journal.

1. the yardsticks: ours, floor, naive and rows in turn, with 64 callers and with a lone one; the
   parts of a payment and pgbench between them;
2. whose code the processor runs; the engine alone, in turn with the bare store;
3. ours in an open loop: up to what it can do, and then twice that;
4. ours in other sizes: two gateways and two partitions, and many accounts; and while it is idle;
5. the truth: all journals are verified, and hold exactly what callers were told.
"""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from benchmarks.disk import measure_journal
from benchmarks.engine import EngineFigures
from benchmarks.findings import (
    ACCOUNTS,
    OURS,
    SIZES,
    SPREAD,
    WIDE,
    Findings,
    IdleFigures,
)
from benchmarks.ground import Ground, Say
from benchmarks.machine import Machine
from benchmarks.overload import climbing, overload
from benchmarks.plan import CONNECTIONS, Plan
from benchmarks.processes import ask, process_of
from benchmarks.profile import CannotLook, shares
from benchmarks.rounds import Test, Watch
from benchmarks.shortfall import GATEWAY_TERMINAL, OF_A_LONE_CALLER
from benchmarks.stack import Contestant, Installation
from benchmarks.truth import require_truth, told
from benchmarks.yardsticks import Yardsticks
from ledger.sqlite_store import SqliteStore

# Nobody asks anything for this long: what it costs to be there.
IDLE_S = 3.0
# Processes that a payment passes; the profiler looks at one after the other.
PARTS = ("gateway", "partitions", "supervisor")
# What a profiler needs to begin and to end, under load before and after.
LOOKS_START_S = 2.0


class Run:
    def __init__(self, plan: Plan, machine: Machine, folder: Path, say: Say) -> None:
        self._plan = plan
        self._say = say
        known: dict[str, str | int | float] = {
            "plan": plan.name,
            "connections": CONNECTIONS,
            "accounts": ACCOUNTS,
            "repetitions": plan.repetitions,
            "seconds": plan.seconds,
        }
        self._findings = Findings(at="", machine=machine, settings=known)
        self._ground = Ground(plan, folder, self._findings, say)

    async def run(self) -> Findings:
        """Raises WrongAnswers, Untrue, ChildFailed, DatabaseFailed."""
        async with AsyncExitStack() as standing:
            ours = await Yardsticks(self._ground).measure(standing)
            await self._look_closer(ours.contestant)
            await self._measure_engine()
            await self._measure_open_loops(ours.contestant)
            await self._measure_sizes(ours, standing)
        await self._check()
        self._findings.at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        return self._findings

    async def _measure_engine(self) -> None:
        self._say("the engine alone, in turn with the bare store")
        frames, turns = str(self._plan.frames), str(self._plan.turns)
        looked_at_s = str(self._plan.looked_at_s)
        answer = await ask(
            "benchmarks.engine", str(self._ground.folder), frames, turns, looked_at_s
        )
        engine = msgspec.json.decode(answer, type=EngineFigures)
        for ours, bare in zip(engine.engine, engine.store, strict=True):
            self._say(f"  engine {ours:,.0f}/s, bare store {bare:,.0f}/s")
        self._findings.engine = engine
        if engine.owners:
            self._findings.looks["the engine alone"] = engine.owners

    async def _look_closer(self, ours: Contestant) -> None:
        seconds, ground = self._plan.looked_at_s, self._ground
        looks = [
            *((part, part, ground.many(SPREAD)) for part in PARTS),
            (GATEWAY_TERMINAL, "gateway", ground.terminal()),
            *((name, part, ground.lone()) for part, name in OF_A_LONE_CALLER.items()),
        ]
        try:
            for name, part, test in looks if seconds else []:
                self._say(f"whose code the processor runs: {name}")
                found = await self._look(ours, part, test)
                self._findings.looks[name] = found
                shown = ", ".join(f"{who} {share:.0%}" for who, share in found.items())
                self._say(f"  {shown}")
        except CannotLook as error:
            self._say(f"  {error}")

    async def _look(self, ours: Contestant, part: str, test: Test) -> dict[str, float]:
        """Under load, and apart from all rounds: it slows down what it looks at."""
        seconds = self._plan.looked_at_s
        load = msgspec.structs.replace(test, seconds=seconds + LOOKS_START_S)
        playing = asyncio.create_task(self._ground.player.play(ours, load))
        try:
            await asyncio.sleep(load.warm_up_s + LOOKS_START_S / 2)
            pid = process_of(part, ours.pids)
            return await shares(pid, part, seconds, self._ground.folder)
        finally:
            await playing

    async def _measure_open_loops(self, ours: Contestant) -> None:
        ground, reached = self._ground, self._findings.per_second(OURS)
        assert reached is not None, "the yardsticks were measured"
        self._say("open loops: a fixed number a second, whatever becomes of those before")
        for share in self._plan.steps:
            test = climbing(reached.median * share, self._plan.step_seconds)
            self._findings.ladder.append(ground.told(await ground.player.play(ours, test)))
        self._say(f"overload: twice what it can do, for {self._plan.peak_seconds:.0f} s")
        found = await overload(ground.player, ours, reached.median, self._plan.peak_seconds)
        self._say(
            f"  {found.admitted:,} admitted: mean {found.mean_ms} ms, worst {found.worst_ms} ms;"
            f" {found.refused:,} refused; back to normal after {found.back_after_ms} ms"
        )
        self._findings.overload = found

    async def _measure_sizes(self, ours: Installation, standing: AsyncExitStack) -> None:
        ground, others = self._ground, list[Installation]()
        if self._plan.wide:
            self._say("starting two gateways and two partitions")
            others.append(await ground.install(WIDE, standing, gateways=2, partitions=2))
        for accounts in self._plan.accounts:
            self._say(f"opening {accounts:,} accounts")
            name = f"airside, {accounts:,}"
            others.append(await ground.install(name, standing, accounts=accounts))
        await asyncio.gather(*(one.until_up() for one in others))
        for one in [ours, *others[:1]]:
            await self._measure_idle(one)
        for _ in range(self._plan.repetitions if others else 0):
            for one in [ours, *others]:
                await ground.play(one.contestant, ground.many(SIZES))
                if one.config.gateways > 1:
                    await ground.play(one.contestant, ground.crowd(one.config.gateways))

    async def _measure_idle(self, one: Installation) -> None:
        watch = Watch(one.contestant)
        await asyncio.sleep(IDLE_S)
        parts = {part: used / watch.elapsed_s for part, used in watch.parts_s().items()}
        count = len(SqliteStore(one.layout.journals).partitions())
        parts = {part: round(share, 4) for part, share in parts.items()}
        idle = IdleFigures(one.contestant.name, parts["partitions"] / count, parts)
        self._say(
            f"  idle {idle.contestant}: a partition uses {idle.partition:.1%} of a core"
        )
        self._findings.idle.append(idle)

    async def _check(self) -> None:
        self._say("checking the journals")
        # Each in a process of its own: nothing else runs by now.
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as checkers:
            checks = (
                self._check_one(one.contestant, checkers) for one in self._ground.installed
            )
            await asyncio.gather(*checks)
        ours = self._ground.installed[0].contestant.journals
        assert ours is not None, "an installation has a ledger"
        self._findings.journal = await asyncio.to_thread(measure_journal, ours)

    async def _check_one(self, one: Contestant, checkers: ProcessPoolExecutor) -> None:
        assert one.journals is not None, "an installation has a ledger"
        callers = told(self._ground.player.tallies.get(one.name, []))
        entries = asyncio.get_running_loop().run_in_executor(
            checkers, require_truth, one.journals, callers
        )
        self._findings.checked[one.name] = await entries
