"""`airside serve` and `airside demo`: from settings to a running installation, and back to rest."""

import asyncio
import secrets
import shutil
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import msgspec

from actors.directory import Directory, load_or_create, plan
from actors.ray_head import free_port, plan_head
from actors.rebuild import rebuild_old
from gateway import logs
from gateway.card_keys import issuer_keys
from gateway.config import Config
from gateway.layout import Layout
from gateway.start_failed import PortTaken
from gateway.supervisor import Supervisor
from gateway.world import seed_principals
from ledger.clock import SystemClock
from ledger.stores import open_journals, prepare_journals

AfterStart = Callable[[Config], Awaitable[None]]

DEMO_WARNING = (
    "DEMO MODE: anyone who can reach this port can sign in as anyone.\n"
    "Its keys are public. Never use it with real money."
)


def serve(config: Config, after_start: AfterStart | None = None) -> None:
    """Run until SIGTERM or Ctrl-C. Raises FolderInUse, OtherStore, StartFailed and the like."""
    logs.configure(config.log_level)
    layout = Layout(Path(config.data))
    with layout.lock():
        directory = prepare(config, layout)
        if config.port == 0:
            config = msgspec.structs.replace(config, port=free_port())
        require_free(config.host, config.port)
        if config.iso8583_port:
            require_free(config.host, config.iso8583_port)
        if config.demo:
            say(DEMO_WARNING)
        asyncio.run(_run(config, directory, layout, after_start))


def require_free(host: str, port: int) -> None:
    """Raises PortTaken. Gateways share their port, so they would not notice themselves."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise PortTaken(host, port, error) from error


def prepare(config: Config, layout: Layout) -> Directory:
    """Make what a data folder must have: keys, the relational store, the map of slots."""
    wanted = plan(config.partitions, config.pinned_accounts)
    directory = load_or_create(layout.directory, wanted)
    layout.require_same_store(config.store)
    where = layout.journals_at(config.store)
    prepare_journals(where)
    layout.note_store(config.store)
    rebuild_old(open_journals(where), _say_drawn)
    with closing(layout.open_store()) as store:
        # Here its refusal is one line; of a gateway it would be a trace.
        issuer_keys(config, store)
        if config.demo:
            seed_principals(store, SystemClock().now_ms())
    return directory


def _say_drawn(partition: int, done: int, entries: int) -> None:
    """After an upgrade, once."""
    what = f"partition {partition}: images of its accounts are drawn anew"
    say(f"{what}: {done:,} of {entries:,} entries")


async def _run(
    config: Config, directory: Directory, layout: Layout, after_start: AfterStart | None
) -> None:
    told_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_stop.set)
    shutil.rmtree(layout.runtime, ignore_errors=True)  # of one that was killed
    head = plan_head(layout.runtime, directory.partition_count, secrets.token_bytes)
    supervisor = Supervisor(config, directory, head, say)
    try:
        started = asyncio.create_task(_start(supervisor, config, after_start))
        stopped = asyncio.create_task(told_to_stop.wait())
        await asyncio.wait([started, stopped], return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            started.result()
            await stopped
        else:
            started.cancel()
    finally:
        say("stopping: what was accepted is answered first")
        await supervisor.stop()
        shutil.rmtree(layout.runtime, ignore_errors=True)
        say("stopped")


async def _start(
    supervisor: Supervisor, config: Config, after_start: AfterStart | None
) -> None:
    await supervisor.start()
    say(f"serving on http://{config.host}:{config.port}")
    if config.iso8583_port:
        say(f"tills that speak ISO 8583: {config.host}:{config.iso8583_port}")
    if after_start:
        await after_start(config)


def say(text: str) -> None:
    """To the person at the terminal; logs go to standard error."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
