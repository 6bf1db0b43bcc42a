"""Ours beside the floor, the naive build, rows and pgbench: A B C A B C, and the parts between."""

import asyncio
from contextlib import AsyncExitStack

import msgspec

from benchmarks.appends import SIZES as SIZES_OF_COMMITS
from benchmarks.appends import AppendFigures
from benchmarks.database import Database, PgbenchFigures
from benchmarks.findings import BARE, BY_CODE, FLOOR, HOT, OURS, PAIRS, ROWS, SPREAD
from benchmarks.ground import Ground
from benchmarks.parts import PartsFigures
from benchmarks.processes import ask, cpu_by_part
from benchmarks.stack import Bare, Contestant, Floor, Installation, RowsServer, Standing

# More codes than a round can use up, and few enough to be sealed within their minute.
CODES_PER_S = 8_000


class Yardsticks:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._plan = ground.plan
        self._findings = ground.findings

    async def measure(self, standing: AsyncExitStack) -> Installation:
        """Rivals are stopped at the end, ours stands on."""
        ground = self._ground
        ground.say("starting airside, the naive build, and PostgreSQL")
        ours = await ground.install(OURS, standing)
        async with AsyncExitStack() as rivals:
            database = await ground.start_database(rivals)
            others: list[Standing] = [
                Floor(FLOOR, ours.contestant.world),
                Bare(BARE, ground.folder / BARE, ours.contestant.world),
                await ground.install_naive(rivals),
                RowsServer(ROWS, database, ours.contestant.world),
            ]
            for one in others:
                rivals.push_async_callback(one.stop)
            ground.say("waiting until all of them are up")
            await asyncio.gather(*(one.until_up() for one in [ours, *others]))
            clients = await self._best_clients(database)
            for _ in range(self._plan.repetitions):
                await self._repeat(ours, [one.contestant for one in others])
                self._findings.pgbench.append(await self._pgbench(database, clients))
            await self._measure_appends(database)
        return ours

    async def _repeat(self, ours: Installation, others: list[Contestant]) -> None:
        ground, airside = self._ground, ours.contestant
        floor, bare, naive, rows = others
        for contestant in (airside, floor, naive, rows):
            await ground.play(contestant, ground.many(SPREAD))
        for contestant in (airside, rows):
            await ground.play(contestant, ground.many(HOT))
        await ground.play(airside, ground.many(PAIRS))
        await ground.play(airside, ground.terminal())
        if self._plan.by_code:
            world = ours.with_codes(int((self._plan.seconds + 1) * CODES_PER_S))
            await ground.play(
                msgspec.structs.replace(airside, world=world), ground.many(BY_CODE)
            )
        self._findings.parts.append(await self._measure_parts(ours))
        for contestant in (airside, floor, bare, naive, rows):
            await ground.play(contestant, ground.lone())

    async def _measure_parts(self, ours: Installation) -> PartsFigures:
        folder, seconds = str(self._ground.folder), str(self._plan.parts_seconds)
        answer = await ask("benchmarks.parts", str(ours.socket_path), folder, seconds)
        parts = msgspec.json.decode(answer, type=PartsFigures)
        self._ground.say(
            f"  parts: a frame {parts.frame_p50_us} µs, a commit {parts.commit_p50_us} µs"
        )
        return parts

    async def _best_clients(self, database: Database) -> int:
        tried = [await self._pgbench(database, count) for count in self._plan.clients]
        return max(tried, key=lambda one: one.per_second).clients

    async def _pgbench(self, database: Database, clients: int) -> PgbenchFigures:
        seconds = self._plan.pgbench_seconds
        found = await asyncio.to_thread(database.pgbench, clients, seconds)
        await asyncio.to_thread(database.settle)
        self._ground.say(f"  pgbench, {clients} clients: {found.per_second:,.0f}/s")
        return found

    async def _measure_appends(self, database: Database) -> None:
        """Our journal on PostgreSQL: for docs/scaling.md."""
        for rows in SIZES_OF_COMMITS:
            before = sum(cpu_by_part([database.pid]).values())
            seconds = str(self._plan.parts_seconds)
            answer = await ask("benchmarks.appends", database.address, str(rows), seconds)
            used_s = sum(cpu_by_part([database.pid]).values()) - before
            found = msgspec.json.decode(answer, type=AppendFigures)
            found = msgspec.structs.replace(
                found, database_us=round(used_s * 1e6 / found.count, 2)
            )
            self._ground.say(
                f"  our journal on PostgreSQL, {rows} in a commit: {found.per_second:,.0f}/s"
            )
            self._findings.appends.append(found)
