"""The road of a frame in a simulation: it takes time, loses, doubles, delays and misroutes.

A link leads to one incarnation and stays with it until it breaks, as a connection does; so a
gateway may go on talking to an incarnation that was replaced.
"""

import asyncio
from collections.abc import Mapping

from actors.runtime import PartitionUnavailable
from actors.socket_road import ANSWER_S
from ledger.errors import Happened
from tests.simulation.fault import Fault, Place
from tests.simulation.host import Answer, AnswerTo, Host, Incarnation
from tests.simulation.stage import Stage

# How long a connection takes to be refused, and to be found broken.
REFUSED_S = 0.001
RESET_S = 0.05
# A frame that nobody waits for any more still arrives within this time.
LATE_S = 3.0


class SimRoad:
    def __init__(self, stage: Stage, hosts: Mapping[int, Host]) -> None:
        self._stage = stage
        self._hosts = hosts
        self._links: dict[int, Incarnation] = {}
        self._away: dict[int, asyncio.Future[bytes]] = {}
        self._closed = False

    async def send(self, partition: int, frame: bytes) -> bytes:
        if self._closed:
            raise PartitionUnavailable(partition, Happened.NO)
        link = self._links.get(partition)
        if link is None or link.dead:
            link = self._hosts[partition].current
            if link is None:
                await self._stage.loop.pause(REFUSED_S)
                raise PartitionUnavailable(partition, Happened.NO)
            self._links[partition] = link
        answer: asyncio.Future[bytes] = self._stage.loop.create_future()
        patience = self._settle_later(ANSWER_S, partition, answer, Happened.UNKNOWN)
        self._away[partition] = answer
        self._leave(partition, link, frame, answer)
        try:
            return await answer
        except BaseException:
            self._links.pop(partition, None)
            raise
        finally:
            patience.cancel()

    async def close(self) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """The gateway is gone: its frames may still arrive, and nobody hears the answers."""
        self._closed = True
        for partition, answer in self._away.items():
            _settle(partition, answer, Happened.UNKNOWN)

    def _leave(
        self, partition: int, link: Incarnation, frame: bytes, answer: asyncio.Future[bytes]
    ) -> None:
        def answer_to(said: Answer) -> None:
            self._come_back(partition, answer, said)

        dice = self._stage.dice
        lost_s = ANSWER_S if dice.random() < 0.1 else RESET_S * dice.random()
        match self._stage.weather.strike(Place.REQUEST, partition):
            case None:
                self._arrive(self._delay_s(), link, frame, answer_to)
            case Fault.FRAME_DOUBLED:
                self._stage.auditor.pardon(frame)
                self._arrive(self._delay_s(), link, frame, answer_to)
                self._arrive_late(partition, frame)
            case Fault.FRAME_DELAYED:
                self._arrive_late(partition, frame)
                self._settle_later(lost_s, partition, answer, Happened.UNKNOWN)
            case Fault.FRAME_MISROUTED:
                other = self._hosts[(partition + 1) % len(self._hosts)].current
                self._arrive(self._delay_s(), other or link, frame, answer_to)
            case _:
                self._settle_later(lost_s, partition, answer, Happened.UNKNOWN)

    def _arrive(
        self, delay_s: float, link: Incarnation, frame: bytes, answer_to: AnswerTo
    ) -> None:
        self._stage.loop.call_later(delay_s, link.receive, frame, answer_to)

    def _arrive_late(self, partition: int, frame: bytes) -> None:
        """At the present incarnation or at one that was replaced."""

        def arrive() -> None:
            host = self._hosts[partition]
            anyone = [*host.ghosts, host.current]
            link = self._stage.dice.choice(anyone)
            if link:
                link.receive(frame, _nobody)

        self._stage.loop.call_later(LATE_S * self._stage.dice.random(), arrive)

    def _come_back(
        self, partition: int, answer: asyncio.Future[bytes], said: Answer
    ) -> None:
        delay_s = self._delay_s()
        if self._stage.weather.strike(Place.ANSWER, partition):
            said, delay_s = Happened.UNKNOWN, RESET_S
        self._settle_later(delay_s, partition, answer, said)

    def _settle_later(
        self, delay_s: float, partition: int, answer: asyncio.Future[bytes], said: Answer
    ) -> asyncio.TimerHandle:
        return self._stage.loop.call_later(delay_s, _settle, partition, answer, said)

    def _delay_s(self) -> float:
        dice = self._stage.dice
        return dice.random() * (0.05 if dice.random() < 0.02 else 0.001)


def _settle(partition: int, answer: asyncio.Future[bytes], said: Answer) -> None:
    if answer.done():
        return
    if isinstance(said, bytes):
        answer.set_result(said)
    else:
        answer.set_exception(PartitionUnavailable(partition, said))


def _nobody(_said: Answer) -> None:
    """Nobody waits for this answer."""
