"""`python -m tests.inflight --flights 1000 --seed 1`: whole flights with all that goes wrong."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.gateway.harness import House, furnish
from tests.inflight.simulation import MISHAPS, fly_all

# A house keeps every answer's schema and each flight's journal; a new one now and then stays quick.
FLIGHTS_PER_HOUSE = 100
# The rarest mishap comes about once in a hundred flights.
ALL_HAPPEN_IN = 1_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flights", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--from", type=int, default=0, dest="first", help="the first flight"
    )
    options = parser.parse_args()
    tally: Counter[str] = Counter()
    last = options.first + options.flights
    for first in range(options.first, last, FLIGHTS_PER_HOUSE):
        count = min(FLIGHTS_PER_HOUSE, last - first)
        tally += asyncio.run(_fly(options.seed, count, first))
        sys.stdout.write(f"{first + count - options.first} flights\n")
        sys.stdout.flush()
    for name, count in sorted(tally.items()):
        sys.stdout.write(f"  {count:>7} {name}\n")
    missing = MISHAPS - set(tally)
    if missing and options.flights >= ALL_HAPPEN_IN:
        sys.stdout.write(f"never happened: {', '.join(sorted(missing))}\n")
        return 1
    return 0


async def _fly(seed: int, flights: int, first: int) -> Counter[str]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        furnish(data)
        house = House(data)
        await house.start()
        try:
            return await fly_all(house, seed, flights, first)
        finally:
            await house.stop()


if __name__ == "__main__":
    sys.exit(main())
