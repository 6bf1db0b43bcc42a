"""An airport, small or big, written into a data folder before anything is started on it.

The same commands, decided by the same ledger, as if they had come over HTTP; only the road is
short: one process, full frames. So 100,000 wallets take seconds, not minutes, and the journals
are what they would be.
"""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from secrets import token_bytes

from actors.directory import Directory
from actors.frame import COMMANDS_PER_FRAME, Commands, decode_replies, encode
from actors.local_runtime import LocalRuntime
from actors.relay import Relay, save_cursors
from benchmarks.workload import CURRENCY, FUNDS_MINOR, MERCHANT_SHARES, World
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import prepare
from ledger.clock import SystemClock
from ledger.commands import Envelope, Fund, OpenAccount
from ledger.events import AccountKind
from ledger.ids import AccountId, account_text, derive_account
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.replies import AccountReply, Reply, TransferReply
from ledger.sqlite_store import SqliteStore
from services.merchants import MerchantDetails, create_merchant
from services.principals import NewPrincipal, PrincipalKind, create_principal, issue_key
from services.store import Store

# Who opened all of them. Ids come from it and from the wallet's number, so the share of the
# hottest partition is the same in each run.
OPENER = "prn_bench"
# Wallets that are opened before they are filled, so that memory stays bounded.
CHUNK = 4_096


class SeedingFailed(Exception):
    """The ledger refused what was asked while wallets were opened and filled."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the ledger answered {reply!r}")


def seed(config: Config, wallets: int) -> World:
    """Everything that a data folder needs, and this many filled wallets in it."""
    layout = Layout(Path(config.data))
    directory = prepare(config, layout)
    store = layout.open_store()
    key, merchants = people(store)
    store.close()
    ids = [_wallet(number) for number in range(wallets)]
    asyncio.run(_Opening(layout, directory).run(ids))
    return World(key, [account_text(account) for account in ids], merchants)


def people(store: Store) -> tuple[str, list[str]]:
    """The operator's API key, and who is paid."""
    random_bytes, now_ms = Random(OPENER).randbytes, SystemClock().now_ms()
    merchants = [
        create_merchant(store, _details(number), random_bytes=random_bytes).id
        for number, _ in enumerate(MERCHANT_SHARES)
    ]
    new = NewPrincipal(kind=PrincipalKind.OPERATOR, name="Bench", channel="web")
    operator = create_principal(store, new, random_bytes=random_bytes, now_ms=now_ms)
    key = issue_key(store, operator.id, random_bytes=token_bytes, now_ms=now_ms)
    return key, merchants


class _Opening:
    """Opens wallets, fills them, and lets the relay bring the money to where it goes."""

    def __init__(self, layout: Layout, directory: Directory) -> None:
        self._layout = layout
        self._directory = directory
        journals = SqliteStore(layout.journals)
        self._road = LocalRuntime(
            directory, journals, clock=SystemClock(), random_bytes=token_bytes
        )
        self._relay = Relay(directory, self._road, journals, {})

    async def run(self, wallets: list[AccountId]) -> None:
        self._road.start()
        rest = iter(wallets)
        while chunk := list(islice(rest, CHUNK)):
            await self._ask(_open(wallet) for wallet in chunk)
            await self._ask(_fill(wallet) for wallet in chunk)
            while await self._relay.step():
                pass
            # As in any quiet moment: images are saved, so that a start replays little.
            self._road.tick()
        save_cursors(self._layout.relay_cursors, self._relay.cursors)
        self._relay.close()
        await self._road.close()

    async def _ask(self, envelopes: Iterator[Envelope]) -> None:
        by_partition: dict[int, list[Envelope]] = {}
        for envelope in envelopes:
            partition = self._directory.partition_of(envelope.command.account)
            by_partition.setdefault(partition, []).append(envelope)
        for partition, group in by_partition.items():
            rest = iter(group)
            while frame := list(islice(rest, COMMANDS_PER_FRAME)):
                answer = await self._road.send(partition, encode(Commands(frame)))
                for reply in decode_replies(answer):
                    if not isinstance(reply, AccountReply | TransferReply):
                        raise SeedingFailed(reply)


def _wallet(number: int) -> AccountId:
    return derive_account(OPENER, f"wallet-{number}")


def _open(wallet: AccountId) -> Envelope:
    command = OpenAccount(account=wallet, kind=AccountKind.WALLET, pots=(CURRENCY,))
    return _envelope(command, b"open" + wallet)


def _fill(wallet: AccountId) -> Envelope:
    evidence = derive_account(OPENER, f"statement-{wallet.hex()}")
    amount = Money(FUNDS_MINOR, CURRENCY)
    return _envelope(Fund(account=evidence, target=wallet, amount=amount), b"fill" + wallet)


def _envelope(command: OpenAccount | Fund, request: bytes) -> Envelope:
    key = key_digest(OPENER, request.hex())
    return Envelope(command, OPENER, key, request_digest(request))


def _details(number: int) -> MerchantDetails:
    return MerchantDetails(name=f"Shop {number}", mcc="5309", city="Doha", country="QA")
