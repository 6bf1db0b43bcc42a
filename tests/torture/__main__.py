"""python -m tests.torture --faults 50 --seed 1 --store both: a real installation under real faults.

After each fault all is audited: each answer stands, once, and nothing else does. Exits with 1 at
the first finding. The seed decides which faults come, in which order and at what moment, and what
is asked for; what the machine makes of it is its own, so a seed does not replay a run exactly.
"""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import Iterator
from random import Random
from statistics import median
from time import monotonic
from typing import NamedTuple

from tests.torture.disk import Disk
from tests.torture.faults import FAULTS, Fault
from tests.torture.stand import Stand

# Old answers that are asked for again after each fault; at the end it is every one.
OLD_AGAIN = 100
# How long the next fault lets things be, at most.
QUIET_S = 0.5


class Strike(NamedTuple):
    fault: Fault
    seconds: float


def main() -> int:
    asked = _arguments()
    stores = ["sqlite", "postgresql"] if asked.store == "both" else [asked.store]
    for store in stores:
        if not asyncio.run(_torture(store, asked)):
            return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 31))
    parser.add_argument("--store", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--disk", choices=["loop", "tmpfs", "quota"], default="")
    parser.add_argument("--only", help="only faults whose name has this")
    return parser.parse_args()


async def _torture(store: str, asked: argparse.Namespace) -> bool:
    random = Random(f"{asked.seed} {store}")
    disk = Disk(asked.disk)
    _say(f"\n{store}: {asked.faults} faults, seed {asked.seed}, the disk is {disk.words}")
    kinds = [f for f in FAULTS[store] if not asked.only or asked.only in f.name]
    stand = Stand(store, disk, random)
    strikes: list[Strike] = []
    findings: list[str] = []
    started_s = monotonic()
    try:
        stand.start()
        async with stand.payers as payers:
            for number, fault in enumerate(_deck(kinds, asked.faults, random), 1):
                await payers.moment(random.uniform(0, QUIET_S))
                strikes.append(Strike(fault, await fault.strike(stand)))
                await payers.got_on()
                findings = await _audit(stand, whole=number == asked.faults)
                _say(_progress(number, strikes[-1], stand))
                if findings:
                    _say(f"it complained:\n{stand.installation.complaints[-4_000:]}")
                    break
    except BaseException:
        _say(f"broke off in {stand.installation.folder}, seed {asked.seed}; it complained:")
        _say(stand.installation.complaints[-4_000:])
        raise
    finally:
        stand.close()
        disk.close()
    _report(store, strikes, stand, monotonic() - started_s)
    for finding in findings:
        _say(f"FOUND: {finding}")
    return not findings


def _deck(kinds: list[Fault], count: int, random: Random) -> Iterator[Fault]:
    """Every kind comes once before any comes again."""
    deck: list[Fault] = []
    for _ in range(count):
        if not deck:
            deck = random.sample(kinds, len(kinds))
        yield deck.pop()


async def _audit(stand: Stand, *, whole: bool) -> list[str]:
    payers, history = stand.payers, stand.history
    async with payers.at_rest():
        keys = list(history.answers)
        if not whole:
            fresh, old = keys[stand.audited :], keys[: stand.audited]
            keys = fresh + stand.random.sample(old, min(OLD_AGAIN, len(old)))
        stand.audited = len(history.answers)
        await payers.ask_again(keys)
        await stand.settled()
        findings = history.check(stand.book, payers.wallets)
        findings += await payers.wrong_purses()
        verified = await asyncio.to_thread(stand.installation.ledger, "verify")
        if verified.returncode:
            findings.append(f"ledger verify: {verified.stdout}{verified.stderr}")
    return findings


def _progress(number: int, strike: Strike, stand: Stand) -> str:
    return (
        f"{number:>4}  {strike.fault.name:<22} {strike.seconds:>6.2f} s"
        f"   {len(stand.history.answers):>7,} answers stand"
    )


def _report(store: str, strikes: list[Strike], stand: Stand, seconds: float) -> None:
    history = stand.history
    _say(
        f"\n{store}: {len(strikes)} faults in {seconds:.0f} s;"
        f" {len(history.answers):,} acknowledged, each there once, each asked for again"
    )
    if history.labels_lost:
        _say(f"{history.labels_lost} answers had lost or found the label of their order")
    loads = "/".join(f"{load:.1f}" for load in os.getloadavg())
    _say(
        f"load of the machine in the last 1/5/15 minutes: {loads} on {os.cpu_count()} cores"
    )
    _say(f"{'from the fault to the first approval':<38} count  median   worst   meant")
    for fault in FAULTS[store]:
        times = [strike.seconds for strike in strikes if strike.fault is fault]
        if times:
            meant = f"< {fault.limit_s:.0f} s" if fault.limit_s else ""
            _say(
                f"  {fault.name:<36} {len(times):>5} {median(times):>6.2f} s"
                f" {max(times):>6.2f} s  {meant}".rstrip()
            )


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
