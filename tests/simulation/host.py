"""The machine of one partition: starts incarnations of it, loses them, and may forget to end one.

An incarnation is what a process is: a queue of frames, one at a time into the real desk, and
answers that leave when the commit is done. All frames that wait are one batch, as on the socket.
"""

from collections.abc import Callable, Sequence

from actors.desk import Desk
from actors.frame import Commands, decode_replies, decode_request
from actors.partition import Partition
from ledger.commands import Envelope
from ledger.entry import unseal
from ledger.errors import AppendFailed, Fenced, Happened, StoreUnreadable
from ledger.ids import AccountId
from ledger.replies import Reply
from tests.simulation.faulty_store import Crash, FaultyJournal, FaultyStore, PowerCut
from tests.simulation.sqlite_folder import Files
from tests.simulation.stage import HostClock, Stage

# How long a dead partition stays away, and how long between attempts to start it.
RESTART_S = 0.06

Answer = bytes | Happened
AnswerTo = Callable[[Answer], None]
OnPowerCut = Callable[[dict[int, Files]], None]


class Host:
    def __init__(
        self, number: int, stage: Stage, store: FaultyStore, on_power_cut: OnPowerCut
    ) -> None:
        self.number = number
        self.stage = stage
        self.clock = HostClock(stage)
        self.current: Incarnation | None = None
        self.ghosts: list[Incarnation] = []
        self.openings = 0  # that are in the journal
        self._store = store
        self._on_power_cut = on_power_cut

    def start(self) -> None:
        """Start the partition unless it runs; when that fails, try again later."""
        if self.current is None:
            self.attempt(lambda: self._open(self._store.writer(self.number)))

    def attempt(self, open_: Callable[[], "Incarnation"]) -> None:
        try:
            opened = open_()
        except PowerCut as cut:
            self._on_power_cut(cut.torn)
        except (Crash, AppendFailed, Fenced, StoreUnreadable):
            self.start_later()
        else:
            self._give_up_current()
            self.current = opened

    def start_later(self) -> None:
        delay_s = RESTART_S * (0.5 + self.stage.dice.random())
        self.stage.loop.call_later(delay_s, self.start)

    def race(self) -> None:
        """Two open at once: the slower one has looked at the journal before the quicker opened."""
        slower = self._store.writer(self.number)
        self.replace()
        self.attempt(lambda: self._open(slower))

    def replace(self) -> None:
        """Start another incarnation while the present one lives on."""
        self._give_up_current()
        self.start()

    def _give_up_current(self) -> None:
        if self.current:
            self.ghosts.append(self.current)
            self.current = None

    def outdate_images(self) -> None:
        self._store.outdate_images(self.number)

    def lost(self, incarnation: "Incarnation") -> None:
        """It died."""
        incarnation.die()
        if incarnation is self.current:
            self.current = None
            self.start_later()
        elif incarnation in self.ghosts:
            self.ghosts.remove(incarnation)

    def end_ghosts_within(self, seconds: float) -> None:
        ghosts = list(self.ghosts)

        def end() -> None:
            for ghost in ghosts:
                if not ghost.dead:
                    self.lost(ghost)

        self.stage.loop.call_later(seconds, end)

    def kill_all(self) -> None:
        for incarnation in [*self.ghosts, self.current]:
            if incarnation:
                incarnation.die()
        self.ghosts.clear()
        self.current = None

    def power_cut(self, torn: dict[int, Files]) -> None:
        self._on_power_cut(torn)

    def _open(self, journal: FaultyJournal) -> "Incarnation":
        directory = self.stage.directory

        def owns(account: AccountId) -> bool:
            return directory.owns(self.number, account)

        partition = Partition(self.number, owns=owns, journal=journal, clock=self.clock)
        journal.begin_turn()
        try:
            partition.open(self.stage.dice.randbytes(8))
        except BaseException:
            journal.close()
            raise
        finally:
            if journal.kept:
                self.openings += 1
                self.stage.auditor.opened(self.number, self.clock.now_ms())
        return Incarnation(self, Desk(partition), journal)


class Incarnation:
    def __init__(self, host: Host, desk: Desk, journal: FaultyJournal) -> None:
        self._host = host
        self._stage = host.stage
        self._desk = desk
        self._journal = journal
        self._opening = host.openings
        self._queue: list[tuple[bytes, AnswerTo]] = []
        self._leaving: list[tuple[bytes, AnswerTo]] = []
        self.dead = False
        self._paused = False
        self._later(self._stage.tick_s, self._tick)

    @property
    def newest(self) -> bool:
        return self._opening == self._host.openings

    def receive(self, frame: bytes, answer_to: AnswerTo) -> None:
        if self.dead:
            answer_to(Happened.UNKNOWN)
            return
        self._queue.append((frame, answer_to))
        if len(self._queue) == 1:
            self._stage.loop.call_soon(self._turn)

    def pause(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after some time."""
        self._paused = True
        self._later(seconds, self._continue)

    def die(self) -> None:
        if self.dead:
            return
        self.dead = True
        for _, answer_to in self._queue + self._leaving:
            answer_to(Happened.UNKNOWN)
        self._journal.close()

    def _continue(self) -> None:
        self._paused = False
        self._turn()

    def _later(self, delay_s: float, work: Callable[[], None]) -> None:
        def alive() -> None:
            if not self.dead:
                work()

        self._stage.loop.call_later(delay_s, alive)

    def _turn(self) -> None:
        """All frames that wait: one batch, one commit, then the answers."""
        if self.dead or self._paused or self._leaving or not self._queue:
            return
        batch, self._queue = self._queue, []
        requests = [decode_request(frame) for frame, _ in batch]
        envelopes = [
            envelope
            for request in requests
            if isinstance(request, Commands)
            for envelope in request.envelopes
        ]
        self._leaving = batch
        answers: list[bytes] = []

        def serve() -> None:
            answers.extend(self._desk.serve(requests))

        if self._survives(serve, envelopes):
            replies = [reply for body in answers for reply in decode_replies(body)]
            self._audit(envelopes, replies)
            self._later(self._journal.commit_s, lambda: self._release(answers))

    def _release(self, answers: Sequence[bytes]) -> None:
        leaving, self._leaving = self._leaving, []
        for (_, answer_to), answer in zip(leaving, answers, strict=True):
            answer_to(answer)
        self._turn()

    def _tick(self) -> None:
        more = False
        if not self._queue and not self._leaving and not self._paused:
            more = self.tick()
        self._later(0.001 if more else self._stage.tick_s, self._tick)

    def tick(self) -> bool:
        """What a partition does when nobody is waiting."""
        worked: list[bool] = []
        at_ms = self._host.clock.now_ms()
        survived = self._survives(lambda: worked.append(self._desk.tick()), [])
        entries = [unseal(sealed.body) for sealed in self._journal.kept or ()]
        more = not survived or worked[0]
        self._stage.auditor.ticked(
            self._host.number, at_ms, entries, newest=self.newest, finished=not more
        )
        return survived and more

    def _survives(self, work: Callable[[], None], envelopes: list[Envelope]) -> bool:
        """Do it. If it kills us, the auditor learns what of it was kept."""
        self._journal.begin_turn()
        cause: BaseException
        try:
            work()
        except (Crash, AppendFailed, Fenced, StoreUnreadable) as error:
            cause = error
        else:
            return True
        if self._journal.kept and envelopes:
            self._audit(envelopes, None)
        if isinstance(cause, AppendFailed):
            for _, answer_to in self._leaving:
                answer_to(cause.happened)
            self._leaving = []
        if isinstance(cause, PowerCut):
            self._host.power_cut(cause.torn)
        else:
            self._host.lost(self)
        return False

    def _audit(self, envelopes: list[Envelope], replies: list[Reply] | None) -> None:
        self._stage.auditor.served(
            self._host.number,
            self._host.clock.now_ms(),
            envelopes,
            replies,
            newest=self.newest,
        )
