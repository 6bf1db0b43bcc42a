"""Where a run takes place: its plan, its folder, what stands in it, and what was found so far."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.database import Database
from benchmarks.findings import (
    ACCOUNTS,
    CROWD,
    HOT,
    LONE,
    NAIVE,
    PAIRS,
    QUIET,
    TERMINAL,
    Findings,
)
from benchmarks.plan import CONNECTIONS, TERMINALS, UNDER_WAY, Plan
from benchmarks.rounds import Player, Round, Test
from benchmarks.stack import (
    Contestant,
    Installation,
    Naive,
    install,
    install_naive,
    settings,
)

Say = Callable[[str], None]


class Ground:
    def __init__(self, plan: Plan, folder: Path, findings: Findings, say: Say) -> None:
        self.plan = plan
        self.folder = folder
        self.findings = findings
        self.say = say
        self.player = Player()
        self.installed: list[Installation | Naive] = []

    async def install(
        self,
        name: str,
        standing: AsyncExitStack,
        *,
        gateways: int = 1,
        partitions: int = 1,
        accounts: int = ACCOUNTS,
    ) -> Installation:
        """It is starting when this returns."""
        config = settings(self._new_folder(), gateways=gateways, partitions=partitions)
        one = await install(name, config, accounts)
        standing.push_async_callback(one.stop)
        self.installed.append(one)
        return one

    async def install_naive(self, standing: AsyncExitStack) -> Naive:
        one = await install_naive(NAIVE, settings(self._new_folder()), ACCOUNTS)
        standing.push_async_callback(one.stop)
        self.installed.append(one)
        return one

    def _new_folder(self) -> Path:
        return self.folder / str(len(self.installed))

    async def start_database(self, standing: AsyncExitStack) -> Database:
        database = Database()
        standing.callback(database.stop)
        await asyncio.to_thread(database.start)
        await asyncio.to_thread(database.fill_for_pgbench, self.plan.pgbench_scale)
        return database

    async def play(self, contestant: Contestant, test: Test) -> None:
        self.findings.rounds.append(self.told(await self.player.play(contestant, test)))

    def told(self, one: Round) -> Round:
        """The same, and said to whoever waits."""
        rate = f" of {one.offered:,.0f}" if one.offered else ""
        self.say(
            f"  {one.measure:<8} {one.contestant:<18} {one.per_second:>7,.0f}{rate}/s"
            f"   p50 {one.latency_us['50'] / 1_000:>7.2f} ms"
            f"   p99 {one.latency_us['99'] / 1_000:>7.2f} ms   {one.cpu():>5.0f} µs of CPU"
            + (f"   (others: {one.others_share:.0%})" if one.others_share > QUIET else "")
        )
        return one

    def many(self, measure: str) -> Test:
        return Test(
            measure=measure,
            connections=CONNECTIONS,
            seconds=self.plan.seconds,
            pairs=measure == PAIRS,
            hot=measure == HOT,
        )

    def crowd(self, gateways: int) -> Test:
        crowd = CONNECTIONS * gateways
        return Test(measure=CROWD, connections=crowd, seconds=self.plan.seconds)

    def terminal(self) -> Test:
        return Test(
            measure=TERMINAL,
            connections=TERMINALS,
            pipelined=UNDER_WAY,
            seconds=self.plan.seconds,
        )

    def lone(self) -> Test:
        return Test(measure=LONE, connections=1, seconds=self.plan.lone_seconds)
