import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ledger.clock import ManualClock
from ledger.errors import Happened
from terminals.attempt import Attempt, FollowUp, Sale
from terminals.gateway_answer import Answer, NoAnswer
from terminals.till import LOOKUPS
from terminals.till_journal import FILE_NAME
from tests.terminals.fake_gateway import FakeGateway
from tests.terminals.till_stories import STORIES, Story
from tests.terminals.till_world import FakeRoad, PowerLost, World


class FakeWallet(FakeRoad):
    """A road to a gateway in memory."""

    def __init__(self, clock: ManualClock) -> None:
        self.far = FakeGateway(clock)
        super().__init__(self.far, lambda: self._draw(clock))

    def _draw(self, clock: ManualClock) -> str:
        code = f"hQVDUFY{len(self.far.codes)}"
        self.far.codes[code] = clock.now_ms()
        return code

    async def balance_minor(self) -> int:
        return self.far.balance_minor


@pytest.fixture
def wallet(clock: ManualClock) -> FakeWallet:
    return FakeWallet(clock)


@pytest.fixture
def world(tmp_path: Path, wallet: FakeWallet, clock: ManualClock) -> Iterator[World]:
    world = World(tmp_path / "till", wallet, clock)
    yield world
    world.close()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_with_a_gateway_in_memory(story: Story, world: World) -> None:
    await story(world)


# --- answers that no sound gateway gives ------------------------------------------------


class Scripted:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.script: list[Answer | Happened] = []
        self.always: dict[str, Answer] = {}  # by path, after the script
        self.asked: list[tuple[str, str, int]] = []  # path, key, timeout
        self.before: Callable[[], None] = lambda: None

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return approval()

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        self.before()
        self.asked.append((path.rpartition("/")[2], key, timeout_ms))
        always = self.always.get(self.asked[-1][0], Happened.UNKNOWN)
        answer = self.script.pop(0) if self.script else always
        if isinstance(answer, Happened):
            if answer is Happened.UNKNOWN:
                self._clock.advance(timeout_ms)
            raise NoAnswer(answer)
        return answer

    async def code(self) -> str:
        return "hQVDUFY-secret"


@pytest.fixture
def scripted(clock: ManualClock) -> Scripted:
    return Scripted(clock)


@pytest.fixture
def till(tmp_path: Path, scripted: Scripted, clock: ManualClock) -> Iterator[World]:
    road = FakeRoad(scripted, lambda: "hQVDUFY-secret")
    world = World(tmp_path / "till", road, clock)
    yield world
    world.close()


def approval(**changed: object) -> Answer:
    payment = {
        "id": "pay_a",
        "status": "captured",
        "amount": {"amount_minor": 24_000, "currency": "QAR"},
        "captured_minor": 24_000,
        "refunded_minor": 0,
        "merchant": "mer_lounge",
        "merchant_name": None,
        "order": "A-17",
        "place": "",
        "terminal": "",
        "at": "2026-11-22T12:00:00.000Z",
        "decline": None,
    }
    return Answer(201, json.dumps(payment | changed).encode())


def problem(status: int, *, happened: str = "no", reason: str = "") -> Answer:
    body = {"detail": "No.", "happened": happened, "reason": reason}
    return Answer(status, json.dumps(body).encode())


def reversal(outcome: str) -> Answer:
    return Answer(200, json.dumps({"outcome": outcome, "payment": None}).encode())


WRONG = {
    "another amount": approval(amount={"amount_minor": 23_999, "currency": "QAR"}),
    "another currency": approval(amount={"amount_minor": 24_000, "currency": "BHD"}),
    "another order": approval(order="A-18"),
    "a hold": approval(status="authorised"),
    "a state nobody knows": approval(status="blessed"),
    "an approval that calls itself a decline": Answer(402, approval().body),
    "an approval that says it is under way": Answer(202, approval().body),
    "an approval from a proxy in trouble": Answer(502, approval().body),
    "a success that tells of none": Answer(200, problem(503).body),
    "a redirect": Answer(307, b""),
    "no JSON": Answer(201, b"\xff"),
    "a foreign not found": Answer(404, b"<html>"),
    "a refusal that says it happened": problem(409, happened="yes"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_only_an_approval_of_this_sale_is_shown_as_paid(
    wrong: Answer, till: World, scripted: Scripted
) -> None:
    not_paid = reversal("tombstoned")
    scripted.always = {"payments": wrong, "lookup": wrong, "reverse": not_paid}

    assert await till.take() == "NOT PAID"
    assert scripted.asked[-1][0] == "reverse"


async def test_an_approval_whose_order_text_was_lost_is_one(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [approval(order=None)]

    assert await till.take() == "PAID"


async def test_a_paid_sale_that_was_given_back_is_not_shown_as_paid(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [approval(refunded_minor=24_000)]

    assert await till.take() == "NOT PAID"


# --- keys, patience and the disk --------------------------------------------------------


async def test_one_attempt_has_one_key_and_each_attempt_its_own(
    till: World, scripted: Scripted
) -> None:
    await till.take()
    first = {key.removesuffix(".reverse") for _, key, _ in scripted.asked if key}
    scripted.asked.clear()
    await till.take()
    second = {key.removesuffix(".reverse") for _, key, _ in scripted.asked if key}

    assert (len(first), len(second), len(first | second)) == (1, 1, 2)
    assert all(re.fullmatch(r"[A-Za-z0-9._:-]{1,56}", key) for key in first)


async def test_a_silent_gateway_costs_ten_seconds_before_the_till_looks_up(
    till: World, scripted: Scripted, clock: ManualClock
) -> None:
    before_ms = clock.now_ms()
    looked_up_ms = []
    scripted.before = lambda: (
        looked_up_ms.append(clock.now_ms() - before_ms)
        if len(scripted.asked) == 2
        else None
    )
    await till.take()

    assert scripted.asked[:3] == [
        ("payments", scripted.asked[0][1], 5_000),
        ("payments", scripted.asked[0][1], 4_500),
        ("lookup", "", 5_000),
    ]
    assert looked_up_ms == [10_000]


async def test_look_ups_and_reversals_keep_their_distance(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [Happened.UNKNOWN]

    assert await till.take() == "UNKNOWN"
    assert till.slept_ms == [500, *[3_000] * 4, 0, 4_000, 4_000, 30_000, 60_000]
    assert "still owed" in till.last.text


async def test_a_gateway_that_cannot_be_reached_has_taken_nothing(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [Happened.NO] * 6

    assert await till.take() == "NOT PAID"
    assert [path for path, _, _ in scripted.asked] == ["payments"] * 6
    assert not till.till.owed()


async def test_the_attempt_is_on_the_disk_before_anything_is_sent(
    till: World, scripted: Scripted
) -> None:
    found: list[Attempt] = []
    scripted.before = lambda: found.extend(till.till.owed())
    scripted.script = [approval()]
    await till.take()

    [attempt] = found
    assert isinstance(attempt.request, Sale)
    assert (attempt.key, attempt.request.order) == (scripted.asked[0][1], "A-17")
    assert (attempt.request.code, attempt.reversing) == ("hQVDUFY-secret", False)


async def test_a_reversal_is_on_the_disk_before_it_is_sent(
    till: World, scripted: Scripted
) -> None:
    marked: list[bool] = []
    scripted.before = lambda: marked.append(till.till.owed()[0].reversing)
    await till.take()

    asked = [path == "reverse" for path, _, _ in scripted.asked]
    assert marked == asked


async def test_the_code_is_erased_when_the_end_is_known(
    tmp_path: Path, till: World, scripted: Scripted
) -> None:
    scripted.script = [approval()]
    ended = await till.till.take(await till.sale())

    assert b"hQVDUFY" not in (tmp_path / "till" / FILE_NAME).read_bytes()
    assert "hQVDUFY" not in repr(ended)


async def test_a_clock_that_was_set_back_makes_nobody_wait(
    till: World, scripted: Scripted
) -> None:
    scripted.before = _power_fails
    with pytest.raises(PowerLost):
        await till.take()
    scripted.before = lambda: None
    scripted.script = [approval(), reversal("tombstoned")]

    assert await till.start_again(after_ms=-60_000) == ["NOT PAID"]


def _power_fails() -> None:
    raise PowerLost


# --- reversals that are refused ---------------------------------------------------------

DOUBT = [Happened.UNKNOWN] * (2 + LOOKUPS)


async def test_a_payment_that_cannot_be_reversed_is_shown_as_it_stands(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [*DOUBT, problem(409, reason="exceeds_balance_limit"), approval()]

    assert await till.take() == "PAID"


async def test_what_can_neither_be_reversed_nor_found_is_given_to_a_person(
    till: World, scripted: Scripted, tmp_path: Path
) -> None:
    scripted.script = [*DOUBT, problem(422), problem(422)]

    assert await till.take() == "UNKNOWN"
    assert "Call the operator" in till.last.text
    assert not till.till.owed()
    [attempt] = till.till.for_a_person()
    assert attempt.key in till.last.text
    assert b"hQVDUFY" not in (tmp_path / "till" / FILE_NAME).read_bytes()
    assert "Call the operator" in (await till.till.status(1)).text


async def test_a_refused_reversal_whose_look_up_is_lost_stays_owed(
    till: World, scripted: Scripted
) -> None:
    scripted.script = [*DOUBT, problem(422), Happened.UNKNOWN]

    assert await till.take() == "UNKNOWN"
    assert len(till.till.owed()) == 1


async def test_a_refund_whose_key_is_too_old_to_ask_for_is_given_to_a_person(
    till: World, scripted: Scripted
) -> None:
    assert await till.follow(FollowUp("refund", "pay_a")) == "UNKNOWN"
    scripted.script = [problem(422)]
    assert [till.show(await till.till.settle(one)) for one in till.till.owed()] == [
        "UNKNOWN"
    ]
    assert not till.till.owed()
    assert till.till.for_a_person()
