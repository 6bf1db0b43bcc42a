"""When all faults are over: everything is asked to its end, and then all must be right."""

from typing import TYPE_CHECKING

import msgspec

from actors.frame import Commands, decode_replies, encode
from ledger.balances import balances
from ledger.commands import Envelope, ReadAccount, ReadPayment
from ledger.replies import Refusal, RefusalKind, Reply, ReverseReply
from ledger.report_text import verify_text
from ledger.verify import verify
from tests.simulation.ask import Ask, Lasting
from tests.simulation.auditor import Broken
from tests.simulation.mishap import PAUSE_S
from tests.simulation.sim_road import LATE_S, SimRoad
from tests.simulation.words import words

if TYPE_CHECKING:
    from tests.simulation.world import World

# A caller's patience, a late frame and a ghost have all ended by then.
QUIET_S = LATE_S + PAUSE_S
# When all is well, everything that is under way arrives within this time.
ARRIVAL_S = 60.0
POLL_S = 0.05
PER_FRAME = 200
READ_EVERY = 4


async def come_to_rest(world: "World") -> None:
    await _calm_down(world)
    _require_denials(world)
    await _ask_all(world, [ask for ask in world.workload.asks if not ask.replies])
    await _drain(world)
    _restart_everything(world)
    await world.loop.pause(1.0)
    _tick(world)
    _require_sound(world)
    await _ask_all(world, world.workload.asks)
    await _read_all(world)


async def _calm_down(world: "World") -> None:
    world.weather.clear()
    await world.loop.pause(QUIET_S)
    clocks = [*world.clocks, *(host.clock for host in world.hosts.values())]
    world.stage.skipped_ms += max(clock.set_right() for clock in clocks)
    for gateway in world.gateways:
        await gateway.idle()


def _require_denials(world: "World") -> None:
    """What all who asked were told never to have happened, did not."""
    told: dict[tuple[bytes, bytes], list[Ask]] = {}
    for ask in world.workload.asks:
        told.setdefault((ask.key, ask.request), []).append(ask)
    for (key, request), asks in told.items():
        if all(ask.denied for ask in asks):
            world.auditor.require_undone(asks[0].command.account, key, request)


async def _drain(world: "World") -> None:
    until_s = world.loop.time() + ARRIVAL_S
    while world.auditor.under_way():
        if world.loop.time() > until_s:
            raise Broken(f"{world.auditor.under_way()} transfers do not arrive")
        await world.loop.pause(POLL_S)


def _restart_everything(world: "World") -> None:
    """From images and the tail behind them, or by a replay of everything: it is the same."""
    world.restart_everything({})
    if world.stage.dice.random() < 0.5:
        for host in world.hosts.values():
            host.outdate_images()


def _tick(world: "World") -> None:
    for host in world.hosts.values():
        assert host.current, "nothing keeps it from starting"
        while host.current.tick():
            pass


def _require_sound(world: "World") -> None:
    report = verify(world.store.sound)
    if not report.sound:
        raise Broken(f"the books are not sound. {verify_text(report)}")
    if not report.at_rest or report.transit:
        raise Broken(f"not at rest: {verify_text(report)}")
    found = balances(world.store.sound).by_account
    left = {account: minor for account, minor in found.items() if minor}
    expected = world.auditor.balances()
    if left != expected:
        wrong = sorted(left.items() ^ expected.items())
        raise Broken(f"balances differ from what was asked for: {wrong}")


async def _ask_all(world: "World", asks: list[Ask]) -> None:
    """Each key gets its answer; the one that it got first, if it got any."""
    envelopes = [Envelope(ask.command, ask.caller, ask.key, ask.request) for ask in asks]
    for ask, reply in zip(asks, await _send_all(world, envelopes), strict=True):
        first = ask.first_for_ever()
        expired = isinstance(reply, Refusal) and reply.kind is RefusalKind.KEY_EXPIRED
        if first is None or expired:
            continue
        names = world.workload.names
        told = f"{words(ask.command, names)} was answered {words(first, names)}"
        if not isinstance(reply, Lasting) or _once_more(reply) != _once_more(first):
            raise Broken(f"{told}\n  and now {words(reply, names)}")


def _once_more(reply: Lasting) -> Lasting:
    if isinstance(reply, ReverseReply) and reply.payment:
        payment = msgspec.structs.replace(reply.payment, replayed=True)
        return msgspec.structs.replace(reply, payment=payment, replayed=True)
    return msgspec.structs.replace(reply, replayed=True)


async def _read_all(world: "World") -> None:
    """The auditor compares what is read: all accounts, and some payments of each."""
    envelopes = []
    for wallet in world.auditor.wallets.values():
        envelopes.append(Envelope(ReadAccount(account=wallet.id)))
        envelopes += [
            Envelope(ReadPayment(account=wallet.id, ordinal=ordinal))
            for ordinal in wallet.attempts
            if ordinal % READ_EVERY == 0
        ]
    await _send_all(world, envelopes)


async def _send_all(world: "World", envelopes: list[Envelope]) -> list[Reply]:
    """The answers in the same order, by a road that loses nothing now."""
    road = SimRoad(world.stage, world.hosts)
    answers: dict[int, Reply] = {}
    for partition in world.hosts:
        mine = [
            (place, envelope)
            for place, envelope in enumerate(envelopes)
            if world.stage.directory.partition_of(envelope.command.account) == partition
        ]
        for start in range(0, len(mine), PER_FRAME):
            part = mine[start : start + PER_FRAME]
            frame = encode(Commands([envelope for _, envelope in part]))
            replies = decode_replies(await road.send(partition, frame))
            for (place, _), reply in zip(part, replies, strict=True):
                answers[place] = reply
    return [answers[place] for place in range(len(envelopes))]
