"""How each fault comes about: at once, or at the next frame, append or read that meets it."""

from random import Random
from typing import TYPE_CHECKING

from tests.simulation.fault import Fault, Place, place_of
from tests.simulation.host import Host

if TYPE_CHECKING:
    from tests.simulation.world import World

# Longer than a caller's patience (ASK_MS) and than a road's.
PAUSE_S = 6.0
GHOST_S = 4.0
# How far one machine's clock may be off: more than CLOCK_SKEW_MS, and more than a deadline.
JUMP_MS = 6_000
FULL_MAX = 3


def befall(world: "World", fault: Fault, dice: Random) -> None:
    host = world.hosts[dice.randrange(len(world.hosts))]
    if place_of(fault) is not Place.WORLD:
        times = dice.randint(1, FULL_MAX) if fault is Fault.DISK_FULL else 1
        for _ in range(times):
            world.weather.arm(fault, host.number)
        return
    met = True
    match fault:
        case Fault.CLOCK_FORWARD | Fault.CLOCK_BACK:
            _jump(world, host, fault, dice)
        case Fault.EVERYTHING_RESTARTED:
            world.restart_everything({})
        case Fault.GATEWAY_CRASHED:
            world.crash_gateway(dice.randrange(len(world.gateways)))
        case Fault.RELAY_CRASHED | Fault.CURSORS_LOST:
            world.carrier.crash(forget=fault is Fault.CURSORS_LOST)
        case Fault.RELAY_DOUBLED:
            world.carrier.start(dice.randint(1, 50))
        case _:
            met = _happens_to(host, fault, dice)
    world.weather.met[fault] += met


def _happens_to(host: Host, fault: Fault, dice: Random) -> bool:
    """False when there is nobody whom it could meet."""
    current = host.current
    if current is None:
        return False
    match fault:
        case Fault.KILLED:
            host.lost(current)
        case Fault.IMAGES_OUTDATED:
            host.lost(current)
            host.outdate_images()
        case Fault.PAUSED:
            current.pause(PAUSE_S * dice.random())
        case Fault.STALE_INCARNATION:
            if dice.random() < 0.5:
                current.pause(PAUSE_S * dice.random())
            host.replace()
        case Fault.RACING_INCARNATION:
            host.race()
        case _:
            raise AssertionError(f"{fault} strikes somewhere else")
    if host.ghosts:
        host.end_ghosts_within(GHOST_S * dice.random())
    return True


def _jump(world: "World", host: Host, fault: Fault, dice: Random) -> None:
    clock = dice.choice([host.clock, *world.clocks])
    jump_ms = dice.choice([1, 500, JUMP_MS])
    clock.move(-jump_ms if fault is Fault.CLOCK_BACK else jump_ms)
