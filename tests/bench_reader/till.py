"""A till with a card reader of the bench, at the gateway of a test."""

import argparse
import asyncio
import io
from pathlib import Path

from channels.web.demo import demo_key
from terminals.pos import Console, run
from terminals.pos_options import KEY_VARIABLE, add_options
from tests.bench_reader.bench import Bench
from tests.gateway.harness import House


async def no_sleep(_seconds: float) -> None:
    pass


class CardTill:
    """One till; `take` is one sale. It can be started again on its folder."""

    def __init__(self, house: House, bench: Bench, folder: Path, number: int = 0) -> None:
        self._house = house
        self.words = [
            *("--url", house.base),
            *("--state", str(folder / f"till-{number}")),
            *("--terminal", f"till_{number}"),
            *("--reader", bench.reader_name(number)),
            *("--receipt", str(folder / f"receipt-{number}.txt")),
        ]
        self.screen = io.StringIO()
        self.receipt = folder / f"receipt-{number}.txt"

    async def take(
        self, amount: str, order: str = "A-17", keys: str = ""
    ) -> tuple[int, str]:
        """The exit code, and the screen."""
        options = options_of(*self.words, "--amount", amount, "--order", order)
        return await self._run(options, keys)

    async def open(self, keys: str) -> tuple[int, str]:
        return await self._run(options_of(*self.words), keys)

    async def _run(self, options: argparse.Namespace, keys: str) -> tuple[int, str]:
        out = self.screen = io.StringIO()
        console = Console(
            keys=io.StringIO(keys),
            out=out,
            environ={KEY_VARIABLE: demo_key("lounge")},
            clock=self._house.clock,
            sleep=no_sleep,
        )
        code = await asyncio.to_thread(run, options, console)
        return code, out.getvalue()


def options_of(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    return parser.parse_args(words)
