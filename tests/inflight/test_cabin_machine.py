"""Whatever tills, phones, copies and power cuts do: no more is sold than was set aside."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from terminals.inflight.crew_till import Accepted, TillStopped
from terminals.inflight.entry import EntryRefused
from tests.inflight.cabin import Cabin, Phone

TILLS = st.integers(0, 2)
ALLOWANCE_MINOR = 90


class CabinMachine(RuleBasedStateMachine):
    phones: Bundle[Phone] = Bundle("phones")
    frames: Bundle[str] = Bundle("frames")
    requests: Bundle[bytes] = Bundle("requests")
    gifts: Bundle[bytes] = Bundle("gifts")

    def __init__(self) -> None:
        super().__init__()
        self.cabin = Cabin(tills=3)
        self.passengers = 0
        self.answered: dict[tuple[int, int], int] = {}

    @rule(target=phones)
    def board(self) -> Phone:
        self.passengers += 1
        return self.cabin.phone(ALLOWANCE_MINOR, name=f"passenger {self.passengers % 2}")

    @rule(target=phones, phone=phones)
    def copy(self, phone: Phone) -> Phone:
        return phone.copy()

    @rule(target=frames, phone=phones)
    def show(self, phone: Phone) -> str:
        return phone.show()

    @rule(
        till=TILLS,
        frame=frames,
        minor=st.integers(1, 60),
        cut=st.none() | st.integers(0, 9),
    )
    def sell(self, till: int, frame: str, minor: int, cut: int | None) -> None:
        crew = self.cabin.tills[till]
        crew.log.cut_after = None if cut is None else cut * 60
        try:
            verdict = crew.sell(frame, minor)
        except TillStopped:
            crew.restart()
            return
        finally:
            crew.log.cut_after = None
        if isinstance(verdict, Accepted):
            self.answered[till, verdict.sale.seq] = minor

    @rule(target=requests, till=TILLS, phone=phones, minor=st.integers(1, 60))
    def ask(self, till: int, phone: Phone, minor: int) -> bytes:
        return self.cabin.tills[till].ask(phone.sealed, minor)

    @rule(target=gifts, till=TILLS, request=requests)
    def give(self, till: int, request: bytes) -> bytes:
        try:
            gift = self.cabin.tills[till].till.give(request)
        except EntryRefused:
            return b""
        return gift.raw if gift else b""

    @rule(till=TILLS, gift=gifts)
    def take(self, till: int, gift: bytes) -> None:
        try:
            self.cabin.tills[till].till.take(gift)
        except EntryRefused:
            return

    @rule(request=consumes(requests))
    def lose(self, request: bytes) -> None:
        """What is lost on the way stays lost."""

    @rule(one=TILLS, two=TILLS)
    def meet(self, one: int, two: int) -> None:
        self.cabin.tills[one].meet(self.cabin.tills[two])

    @rule(till=TILLS)
    def restart(self, till: int) -> None:
        self.cabin.tills[till].restart()

    @invariant()
    def no_more_is_sold_than_was_set_aside(self) -> None:
        sold: dict[bytes, int] = {}
        for till in self.cabin.tills:
            for sale in till.till.book.sales.values():
                if sale.device == till.number:
                    allowance = sale.frame.allowance.id
                    sold[allowance] = sold.get(allowance, 0) + sale.sold.amount_minor
        assert all(minor <= ALLOWANCE_MINOR for minor in sold.values())

    @invariant()
    def every_answer_is_in_its_journal(self) -> None:
        for (till, seq), minor in self.answered.items():
            crew = self.cabin.tills[till]
            assert crew.till.book.sales[crew.number, seq].sold.amount_minor == minor


@pytest.mark.slow
def test_no_more_is_sold_than_was_set_aside() -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415

    run_state_machine_as_test(
        CabinMachine,
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None),
    )
