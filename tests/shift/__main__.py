"""`make shift MINUTES=10`: eight tills work a shift on a real installation, and their days tie.

Each till is a process of its own with a key of its own. Meanwhile its network is cut and goes down,
and its process is killed. At closing time all is whole again; every till settles what it owes, and
holds its day against the gateway's books. Then wallets, tills and paper are compared.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from random import Random

import msgspec

from gateway.world import merchant_id
from terminals.pos_start import pair_till
from tests.installation import Installation
from tests.shift.clerk import Closed, Post, pause
from tests.shift.cuts import Cuts

FUNDS_MINOR = 1_000_000_000
# A till's process is killed about this often, and its network is down for up to so long.
KILLED_EVERY_S, DOWN_S = 20, 6


class Counter:
    """One till, its road, and the process that is killed."""

    def __init__(self, installation: Installation, folder: Path, seed: int) -> None:
        self._installation = installation
        self._folder = folder
        self._random = Random(seed)
        self._seed = seed
        self.cuts = Cuts(installation.port, self._random)
        self.kills = 0
        self.account = ""

    async def open(self) -> None:
        api = self._installation.api("operator")
        body = {"merchant": merchant_id("lounge"), "name": f"S{self._seed}"}
        made = await asyncio.to_thread(
            api.post, "/v1/terminals", body, f"shift-{self._seed}"
        )
        path = f"/v1/terminals/{made.body['id']}/pairing-codes"
        drawn = await asyncio.to_thread(api.post, path, {}, "unused")
        wallet = {"currencies": ["QAR"], "label": "Shift"}
        opened = await asyncio.to_thread(
            api.post, "/v1/accounts", wallet, f"wallet-{self._seed}"
        )
        self.account = opened.body["id"]
        funds = {
            "amount": {"amount_minor": FUNDS_MINOR, "currency": "QAR"},
            "evidence": {"source": "bank", "reference": f"shift-{self._seed}"},
        }
        top_up = f"/v1/accounts/{self.account}/top-ups"
        await asyncio.to_thread(api.post, top_up, funds, f"funds-{self._seed}")
        self._folder.mkdir()
        await self.cuts.open()
        self.cuts.is_whole = True
        await pair_till(self._folder, self.cuts.url, drawn.body["code"], lambda _: None)
        self.cuts.is_whole = False

    async def work(self, until_s: float) -> Closed:
        process = await self._start()
        while (left_s := until_s - time.monotonic()) > 0:
            await pause(min(left_s, self._random.expovariate(2 / KILLED_EVERY_S)))
            if self._random.random() < 0.5:
                process.send_signal(signal.SIGKILL)
                await process.wait()
                self.kills += 1
                process = await self._start()
            else:
                self.cuts.is_down = True
                await pause(min(max(0, left_s), self._random.random() * DOWN_S))
                self.cuts.is_down = False
        self.cuts.is_whole = True
        output, _ = await process.communicate(b"")
        assert process.returncode == 0, f"the till of {self._folder} failed"
        await self.cuts.close()
        return msgspec.json.decode(output, type=Closed)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "tests.shift.clerk"],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        post = Post(
            url=self.cuts.url,
            gateway=f"http://127.0.0.1:{self._installation.port}",
            folder=str(self._folder),
            account=self.account,
            seed=self._random.randrange(2**32),
        )
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(post) + b"\n")
        return process

    async def spent_minor(self) -> int:
        api = self._installation.api("operator")
        reply = await asyncio.to_thread(api.get, f"/v1/accounts/{self.account}")
        [pot] = reply.body["pots"]
        assert pot["held_minor"] == 0, "a till takes at once"
        return FUNDS_MINOR - int(pot["available_minor"])


async def shift(
    installation: Installation, folder: Path, minutes: float, tills: int
) -> int:
    counters = [Counter(installation, folder / f"till-{n}", n) for n in range(tills)]
    for counter in counters:
        await counter.open()
    until_s = time.monotonic() + 60 * minutes
    closed = await asyncio.gather(*[counter.work(until_s) for counter in counters])
    failed = 0
    for counter, one in zip(counters, closed, strict=True):
        spent_minor = await counter.spent_minor()
        ties = one.agrees and one.printed == one.sold and one.net_minor == spent_minor
        failed += not ties
        _say(
            f"{'ties' if ties else 'DOES NOT TIE':12} {one.attempts:5} attempts"
            f" {one.sold:5} sold {one.printed:5} receipts {counter.kills:4} kills"
            f" {counter.cuts.cut:5} cuts  net {one.net_minor} wallet {spent_minor}"
        )
        for difference in one.differences:
            _say(f"    {difference}")
    return failed


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.shift", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tills", type=int, default=8)
    options = parser.parse_args()
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    with tempfile.TemporaryDirectory() as name:
        installation = Installation(Path(name) / "data")
        try:
            installation.start()
            failed = asyncio.run(
                shift(installation, Path(name), options.minutes, options.tills)
            )
            verified = installation.ledger("verify")
            _say(verified.stdout.strip() or verified.stderr.strip())
        finally:
            installation.end()
    sys.exit(1 if failed or verified.returncode else 0)


if __name__ == "__main__":
    main()
