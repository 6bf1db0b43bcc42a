"""Patience: what is asked again, for how long, and what is said when it ends."""

from collections.abc import Awaitable, Callable

import pytest

from actors.batcher import MailboxFull
from actors.directory import plan
from actors.engine import Engine
from actors.frame import encode
from actors.runtime import PartitionUnavailable
from ledger.clock import ManualClock
from ledger.commands import FreezeAccount, ReadAccount
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import AccountId
from ledger.replies import Noted, Refusal, RefusalKind, Reply
from services.asking import ASK_MS, Accounts, Refused, Unanswered

AMIRA = AccountId(bytes(15))
CAUSE = Cause(b"k" * 16, b"r" * 16, "prn_amira")

NEVER_LEFT = PartitionUnavailable(0, Happened.NO)
LOST = PartitionUnavailable(0, Happened.UNKNOWN)


class Script:
    """A road on which each frame gets the next of these answers; the last one stays."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def send(self, partition: int, frame: bytes) -> bytes:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return encode([answer])

    async def close(self) -> None: ...


class Asked:
    """Accounts on a script. Each wait between two attempts lasts a quarter of the patience."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.clock = ManualClock()
        self.road = Script(*answers)
        self.on_wait: Callable[[], None] = lambda: None
        self.accounts = Accounts(Engine(plan(1), self.road), self.clock, self._wait)

    async def _wait(self, _seconds: object) -> None:
        self.clock.advance(ASK_MS // 4)
        self.on_wait()

    async def freeze(self) -> Reply:
        return await self.accounts.change(FreezeAccount(account=AMIRA), CAUSE)

    async def read(self) -> Reply:
        return await self.accounts.read(ReadAccount(account=AMIRA), "prn_amira")


async def failing(ask: Callable[[], Awaitable[Reply]]) -> Happened | RefusalKind:
    with pytest.raises((Unanswered, Refused)) as error:
        await ask()
    if isinstance(error.value, Unanswered):
        return error.value.happened
    assert isinstance(error.value, Refused)
    return error.value.kind


@pytest.mark.parametrize("failure", [NEVER_LEFT, LOST])
async def test_what_fails_on_the_way_is_asked_again(failure: Exception) -> None:
    asked = Asked(failure, failure, Noted())

    assert await asked.freeze() == Noted()
    assert asked.road.asked == 3


async def test_patience_ends() -> None:
    asked = Asked(NEVER_LEFT)

    assert await failing(asked.freeze) is Happened.NO
    assert asked.road.asked == 5


async def test_one_lost_answer_makes_the_outcome_unknown() -> None:
    assert await failing(Asked(NEVER_LEFT, LOST, NEVER_LEFT).freeze) is Happened.UNKNOWN


async def test_a_read_that_is_lost_changed_nothing() -> None:
    assert await failing(Asked(LOST).read) is Happened.NO


async def test_a_full_mailbox_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.mailbox.MAILBOX_MAX", 0)
    asked = Asked(Noted())

    with pytest.raises(MailboxFull):
        await asked.freeze()


async def test_a_mailbox_that_fills_after_a_lost_answer_leaves_it_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(LOST)
    asked.on_wait = lambda: monkeypatch.setattr("actors.mailbox.MAILBOX_MAX", 0)

    assert await failing(asked.freeze) is Happened.UNKNOWN


@pytest.mark.parametrize("kind", RefusalKind)
async def test_a_refusal_is_passed_on(kind: RefusalKind) -> None:
    expected = Happened.NO if kind is RefusalKind.DEADLINE_PASSED else kind

    assert await failing(Asked(Refusal(kind)).freeze) == expected


@pytest.mark.parametrize("kind", RefusalKind)
async def test_a_refusal_after_a_lost_answer_says_nothing_about_that(
    kind: RefusalKind,
) -> None:
    of_the_key = kind in {RefusalKind.KEY_REUSED, RefusalKind.KEY_EXPIRED}
    expected = kind if of_the_key else Happened.UNKNOWN

    assert await failing(Asked(LOST, Refusal(kind)).freeze) == expected
