"""The crew's till with no network: what it sells, what it refuses and why."""

import pytest

from ledger.clock import SECOND_MS
from terminals.inflight.allowance import Share
from terminals.inflight.crew_till import Accepted, NotThisTill
from terminals.inflight.entry import Closed, EntryRefused, Line
from terminals.inflight.frame import read_frame
from terminals.inflight.refusal import Reason, Refusal
from tests.inflight.cabin import HOUR_S, Cabin, basket


def refused(verdict: Accepted | Refusal) -> Reason | None:
    return verdict.reason if isinstance(verdict, Refusal) else None


def test_two_trolleys_sell_their_shares_and_the_last_sale_is_refused() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    assert isinstance(one.sell(phone.show(), 90), Accepted)
    assert isinstance(two.sell(phone.show(), 100), Accepted)
    last = one.sell(phone.show(), 20)
    assert last == Refusal(Reason.SHARE_SPENT, 10)


def test_a_copied_phone_sells_no_more_than_the_allowance_in_all() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    copy = phone.copy()
    assert isinstance(one.sell(phone.show(), 100), Accepted)
    assert isinstance(two.sell(copy.show(), 100), Accepted)
    assert refused(one.sell(phone.show(), 1)) is Reason.SHARE_SPENT
    assert refused(two.sell(copy.show(), 1)) is Reason.SHARE_SPENT


def test_a_till_without_a_share_sells_nothing() -> None:
    cabin = Cabin()
    phone = cabin.phone(200, shares=(Share(2, 200),))
    assert refused(cabin.tills[0].sell(phone.show(), 1)) is Reason.SHARE_SPENT


def test_the_same_frame_and_basket_again_is_the_same_sale() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    frame = phone.show()
    first = till.sell(frame, 60)
    assert isinstance(first, Accepted)
    till.restart()
    again = till.sell(frame, 60)
    assert isinstance(again, Accepted)
    assert again.replayed
    assert again.sale == first.sale
    assert again.left_minor == 40


def test_one_counter_pays_once() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    frame = phone.show()
    assert isinstance(till.sell(frame, 10), Accepted)
    assert refused(till.sell(frame, 20)) is Reason.COUNTER_USED
    assert refused(till.sell(phone.show(0), 10)) is Reason.COUNTER_USED


def test_an_earlier_counter_is_a_copys() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    assert isinstance(till.sell(phone.show(5), 10), Accepted)
    assert refused(till.sell(phone.show(4), 10)) is Reason.COUNTER_OLD
    late = cabin.phone(300, first_counter=7)
    assert refused(till.sell(late.show(6), 10)) is Reason.COUNTER_OLD
    assert isinstance(till.sell(late.show(7), 10), Accepted)


def test_money_of_another_flight_or_currency_is_refused() -> None:
    cabin = Cabin()
    till = cabin.tills[0]
    other = cabin.phone(flight=b"flight-qr0002..")
    assert refused(till.sell(other.show(), 1)) is Reason.OTHER_FLIGHT
    euro = cabin.phone(currency="EUR")
    assert refused(till.sell(euro.show(), 1)) is Reason.WRONG_CURRENCY


def test_an_allowance_is_sold_from_while_it_is_valid() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone()
    till.clock.advance(-1 * SECOND_MS)
    assert refused(till.sell(phone.show(), 1)) is Reason.NOT_YET_VALID
    till.clock.advance(24 * HOUR_S * SECOND_MS)
    phone.off_s = 24 * HOUR_S
    assert isinstance(till.sell(phone.show(), 1), Accepted)
    till.clock.advance(SECOND_MS)
    assert refused(till.sell(phone.show(), 1)) is Reason.EXPIRED


def test_a_till_with_an_old_deny_list_sells_nothing() -> None:
    cabin = Cabin(deny_age_max_s=HOUR_S)
    till, phone = cabin.tills[0], cabin.phone()
    phone.off_s = HOUR_S
    till.clock.advance(HOUR_S * SECOND_MS)
    assert isinstance(till.sell(phone.show(), 1), Accepted)
    till.clock.advance(1)
    assert refused(till.sell(phone.show(), 1)) is Reason.DENY_LIST_OLD


def test_a_clock_that_went_back_makes_no_deny_list_younger() -> None:
    cabin = Cabin(deny_age_max_s=HOUR_S)
    till, phone = cabin.tills[0], cabin.phone(not_before_s=0)
    phone.off_s = HOUR_S
    till.clock.advance(HOUR_S * SECOND_MS)
    assert isinstance(till.sell(phone.show(), 1), Accepted)
    till.clock.advance(-HOUR_S * SECOND_MS)
    phone.off_s = 0
    till.restart()
    assert isinstance(till.sell(phone.show(), 1), Accepted)
    till.till.book.newest_ms += 1
    assert refused(till.sell(phone.show(), 1)) is Reason.DENY_LIST_OLD


def test_a_clock_from_before_the_plan_sells_nothing() -> None:
    cabin = Cabin(frame_age_max_s=900)
    till, phone = cabin.tills[0], cabin.phone(not_before_s=0)
    phone.off_s = -901
    till.clock.advance(-900 * SECOND_MS)
    assert isinstance(till.sell(phone.show(), 1), Accepted)
    till.clock.advance(-1)
    assert refused(till.sell(phone.show(), 1)) is Reason.CLOCK_BEHIND


def test_a_basket_that_no_entry_can_hold_is_refused_before_it_is_written() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(200)
    for lines in ((Line("one", 1),) * 31, (Line("one", 1_000),), (Line("one", 0),)):
        assert refused(till.till.sell(phone.show(), lines)) is Reason.TOO_MANY_LINES
    assert isinstance(till.till.sell(phone.show(), (Line("one", 1),) * 30), Accepted)
    till.restart()
    assert (
        till.till.book.left(read_frame(phone.show(), till.till.plan.keys).allowance) == 70
    )


@pytest.mark.parametrize("what", ["id", "alias"])
def test_a_blocked_allowance_or_account_is_refused(what: str) -> None:
    cabin = Cabin()
    phone = cabin.phone(alias=b"alias..8", id=b"allowance-id-15")
    cabin.deny({"id": b"allowance-id-15", "alias": b"alias..8"}[what])
    assert refused(cabin.tills[0].sell(phone.show(), 1)) is Reason.DENIED


def test_a_photograph_of_a_code_goes_stale() -> None:
    cabin = Cabin(frame_age_max_s=900)
    till, phone = cabin.tills[0], cabin.phone()
    frame = phone.show()
    till.clock.advance(901 * SECOND_MS)
    assert refused(till.sell(frame, 1)) is Reason.CLOCKS_APART
    till.clock.advance(-1 * SECOND_MS)
    assert isinstance(till.sell(frame, 1), Accepted)


def test_a_sale_above_the_limit_is_refused_also_in_parts() -> None:
    cabin = Cabin(split_window_s=300)
    till, phone = cabin.tills[0], cabin.phone(200, sale_max_minor=50)
    assert refused(till.sell(phone.show(), 51)) is Reason.ABOVE_SALE_MAX
    assert isinstance(till.sell(phone.show(), 30), Accepted)
    assert refused(till.sell(phone.show(), 21)) is Reason.SPLIT_SALE
    assert isinstance(till.sell(phone.show(), 20), Accepted)
    till.clock.advance(300 * SECOND_MS)
    assert isinstance(till.sell(phone.show(), 50), Accepted)


def test_a_sale_that_is_split_between_trolleys_is_refused_once_they_met() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200, sale_max_minor=50)
    assert isinstance(one.sell(phone.show(), 40), Accepted)
    one.meet(two)
    assert refused(two.sell(phone.show(), 20)) is Reason.SPLIT_SALE


def test_only_what_lies_in_the_trolley_is_sold() -> None:
    cabin = Cabin()
    till, phone = cabin.tills[0], cabin.phone(10_000_000)
    assert refused(till.till.sell(phone.show(), ())) is Reason.UNKNOWN_ARTICLE
    unknown = (Line("yacht", 1),)
    assert refused(till.till.sell(phone.show(), unknown)) is Reason.UNKNOWN_ARTICLE
    twice = (Line("one", 999),) * 3
    before = till.till.stock("one")
    assert isinstance(till.till.sell(phone.show(), twice), Accepted)
    assert till.till.stock("one") == before - 3 * 999
    till.till.book.stock_sold["one"] = 99_999
    assert refused(till.till.sell(phone.show(), (Line("one", 2),))) is Reason.OUT_OF_STOCK
    assert isinstance(till.till.sell(phone.show(), (Line("one", 1),)), Accepted)


def test_a_share_that_is_signed_over_moves_the_money_once() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    one.sell(phone.show(), 90)
    request = one.ask(phone.sealed, 10)
    gift = two.till.give(request)
    assert gift is not None
    assert two.till.give(request) == gift
    assert one.till.take(gift.raw)
    assert not one.till.take(gift.raw)
    one.restart()
    assert not one.till.take(gift.raw)
    assert isinstance(one.sell(phone.show(), 20), Accepted)
    assert refused(two.sell(phone.show(), 91)) is Reason.SHARE_SPENT
    assert isinstance(two.sell(phone.show(), 90), Accepted)


def test_a_till_gives_no_more_than_it_has_left() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    two.sell(phone.show(), 70)
    gift = two.till.give(one.ask(phone.sealed, 50))
    assert gift is not None
    assert gift.body.what.amount_minor == 30  # type: ignore[union-attr]
    assert two.till.give(one.ask(phone.sealed, 1)) is None


def test_a_gift_is_for_the_till_that_it_names() -> None:
    cabin = Cabin(tills=3)
    one, two, three = cabin.tills
    phone = cabin.phone(300)
    gift = two.till.give(one.ask(phone.sealed, 10))
    assert gift is not None
    with pytest.raises(EntryRefused):
        three.till.take(gift.raw)
    with pytest.raises(EntryRefused):
        one.till.take(gift.raw[:-1])
    with pytest.raises(EntryRefused):
        one.till.take(two.till.entries[0].raw)
    with pytest.raises(EntryRefused):
        one.till.give(one.ask(phone.sealed, 10))


def test_a_till_that_closed_sells_and_gives_nothing_also_after_a_restart() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    one.till.close()
    one.restart()
    assert refused(one.sell(phone.show(), 1)) is Reason.TILL_CLOSED
    assert one.till.give(two.ask(phone.sealed, 1)) is None
    gift = two.till.give(one.ask(phone.sealed, 1))
    assert gift is not None
    assert not one.till.take(gift.raw)
    assert isinstance(one.till.entries[-1].body.what, Closed)


def test_a_stranger_is_no_till_of_the_flight() -> None:
    cabin = Cabin()
    till = cabin.tills[0]
    till.key = cabin.gateway
    with pytest.raises(NotThisTill):
        till.restart()


def test_a_basket_of_coins_costs_what_it_says() -> None:
    till = Cabin().tills[0].till
    assert till.price(basket(1_934)) == 1_934
