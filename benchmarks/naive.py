"""The naive build: `python -m benchmarks.naive CONFIG`: one Ray call, one commit for each payment.

What one would write first: the same gateway, the same ledger, the same journal, and an actor
method that takes one payment. Calls of many tills are under way at once; Ray queues them before
the actor. There is no batcher and no socket: those two are what the comparison is about.
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from secrets import token_bytes

import msgspec

from actors.directory import Directory
from actors.ray_head import HeadSpec, RayHead, plan_head
from benchmarks.leash import told_to_stop
from gateway import logs
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import prepare

POLL_S = 0.05


async def serve(config: Config) -> None:
    """On a Ray head of its own, until told to stop."""
    layout = Layout(Path(config.data))
    directory = prepare(config, layout)
    spec = plan_head(layout.runtime, directory.partition_count, token_bytes)
    head = RayHead(spec)
    head.start()
    try:
        while not head.ready():  # noqa: ASYNC110 — it is another program that becomes ready
            await asyncio.sleep(POLL_S)
        await _serve(config, spec, directory)
    finally:
        head.stop()
        shutil.rmtree(layout.runtime, ignore_errors=True)


async def _serve(config: Config, head: HeadSpec, directory: Directory) -> None:
    os.environ.update(head.environment)
    from benchmarks.one_by_one import run  # noqa: PLC0415 — imports Ray, which reads them

    await run(config, head, directory, told_to_stop())


def main() -> None:
    config = msgspec.json.decode(sys.argv[1], type=Config)
    logs.configure(config.log_level)
    asyncio.run(serve(config))


if __name__ == "__main__":
    main()
