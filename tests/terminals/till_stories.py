"""Stories of a till on a bad road. Told to a gateway in memory and to the real one.

What the words of a script do stands in till_world.py.
"""

from collections.abc import Awaitable, Callable

from ledger.clock import DAY_MS
from terminals.attempt import FollowUp
from terminals.till import LOOKUPS
from tests.books import money
from tests.terminals.till_world import LOOK_UPS, PAYS, REVERSALS, PowerLost, World

Story = Callable[[World], Awaitable[None]]
STORIES: list[Story] = []


def story(told: Story) -> Story:
    STORIES.append(told)
    return told


async def spent(world: World) -> str:
    """By the wallet, when everything that was under way has arrived."""
    await world.road.land()
    minor = 125_000 - await world.road.balance_minor()
    return f"{minor // 100}.{minor % 100:02}"


@story
async def an_approved_payment_is_shown_as_paid(world: World) -> None:
    assert await world.take() == "PAID"
    assert await spent(world) == "240.00"
    assert world.road.asked == ["payments"]
    assert not world.till.owed()


@story
async def a_declined_payment_is_shown_as_declined(world: World) -> None:
    sale = await world.sale("1,250.01")
    assert await world.take(sale=sale) == "DECLINED"
    assert await spent(world) == "0.00"
    assert not world.till.owed()


@story
async def a_decline_that_was_lost_is_found_by_asking_again(world: World) -> None:
    sale = await world.sale("1,250.01")
    assert await world.take("unheard", sale=sale) == "DECLINED"
    assert await spent(world) == "0.00"


@story
async def an_approval_that_was_lost_is_found_and_paid_once(world: World) -> None:
    assert await world.take("unheard") == "PAID"
    assert await spent(world) == "240.00"


@story
async def half_an_approval_is_none_but_the_next_one_is(world: World) -> None:
    assert await world.take("cut") == "PAID"
    assert await spent(world) == "240.00"


@story
async def a_request_that_never_arrived_is_sent_again(world: World) -> None:
    assert await world.take("lost", "lost") == "PAID"
    assert await spent(world) == "240.00"


@story
async def an_approval_that_a_look_up_finds_is_shown_as_paid(world: World) -> None:
    assert await world.take("unheard", *PAYS[1:], "lost") == "PAID"
    assert world.road.asked[-2:] == ["lookup", "lookup"]
    assert await spent(world) == "240.00"


@story
async def a_payment_that_arrives_while_the_till_looks_up_is_paid(world: World) -> None:
    assert await world.take("late", *PAYS[1:], "ok", "land") == "PAID"
    assert world.road.landed == [201]
    assert await spent(world) == "240.00"


@story
async def approved_and_lost_is_reversed_when_only_that_gets_through(world: World) -> None:
    assert await world.take("unheard", *PAYS[1:], *LOOK_UPS) == "NOT PAID"
    assert world.last.payment is not None
    assert world.last.payment.status == "reversed"
    assert await spent(world) == "0.00"
    assert not world.till.owed()


@story
async def never_arrived_is_barred_when_only_that_gets_through(world: World) -> None:
    assert await world.take(*PAYS, *LOOK_UPS) == "NOT PAID"
    assert world.last.payment is None
    assert await spent(world) == "0.00"
    assert not world.till.owed()


@story
async def arriving_late_after_the_reverse_takes_nothing(world: World) -> None:
    assert await world.take("late", *PAYS[1:], *LOOK_UPS) == "NOT PAID"
    assert await spent(world) == "0.00"
    assert world.road.landed == [402]


@story
async def all_copies_arriving_late_take_nothing(world: World) -> None:
    assert await world.take(*["late"] * len(PAYS), *LOOK_UPS) == "NOT PAID"
    assert await spent(world) == "0.00"
    assert world.road.landed == [402] * len(PAYS)


@story
async def a_reversal_that_was_lost_is_asked_for_again(world: World) -> None:
    script = ["unheard", *PAYS[1:], *LOOK_UPS, "lost", "unheard", "cut"]
    assert await world.take(*script) == "NOT PAID"
    assert world.road.asked[-4:] == ["reverse"] * 4
    assert await spent(world) == "0.00"


@story
async def a_busy_gateway_is_asked_again(world: World) -> None:
    assert await world.take("503", "503") == "PAID"
    assert await spent(world) == "240.00"


@story
async def a_gateway_that_stays_busy_has_taken_nothing(world: World) -> None:
    assert await world.take(*["503"] * len(PAYS)) == "NOT PAID"
    assert world.road.asked == ["payments"] * len(PAYS)
    assert await spent(world) == "0.00"
    assert not world.till.owed()


@story
async def busy_after_a_doubt_settles_nothing(world: World) -> None:
    assert await world.take("unheard", *["503"] * 5, *LOOK_UPS) == "NOT PAID"
    assert world.road.asked[-1] == "reverse"
    assert await spent(world) == "0.00"


@story
async def a_sign_in_page_is_no_approval(world: World) -> None:
    assert await world.take(*["portal"] * (len(PAYS) + LOOKUPS)) == "NOT PAID"
    assert world.road.asked[-1] == "reverse"
    assert await spent(world) == "0.00"


@story
async def a_sign_in_page_is_no_reversal(world: World) -> None:
    script = ["unheard", *PAYS[1:], *LOOK_UPS, "portal"]
    assert await world.take(*script) == "NOT PAID"
    assert world.road.asked[-2:] == ["reverse", "reverse"]
    assert await spent(world) == "0.00"


@story
async def a_till_that_is_refused_takes_nothing(world: World) -> None:
    assert await world.take("401") == "NOT PAID"
    assert world.road.asked == ["payments"]
    assert await spent(world) == "0.00"


@story
async def a_refusal_after_a_doubt_settles_nothing(world: World) -> None:
    assert await world.take("unheard", "401", *LOOK_UPS) == "NOT PAID"
    assert world.road.asked[-1] == "reverse"
    assert await spent(world) == "0.00"


@story
async def without_any_answer_the_end_is_unknown_and_settled_at_the_next_start(
    world: World,
) -> None:
    assert await world.take("unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS) == "UNKNOWN"
    assert await spent(world) == "240.00"

    assert await world.start_again() == ["NOT PAID"]
    assert world.road.asked == ["reverse"], "an approval is no answer any more"
    assert await spent(world) == "0.00"
    assert await world.start_again() == []


@story
async def a_reversal_that_is_refused_to_this_till_stays_owed(world: World) -> None:
    assert await world.take("unheard", *PAYS[1:], *LOOK_UPS, "401") == "UNKNOWN"
    assert await world.start_again("401") == ["UNKNOWN"]
    assert await world.start_again() == ["NOT PAID"]
    assert await spent(world) == "0.00"


@story
async def power_lost_before_sending_takes_nothing(world: World) -> None:
    await world.lose_power("dark")
    assert await world.start_again() == ["NOT PAID"]
    assert await spent(world) == "0.00"


@story
async def power_lost_before_the_answer_is_paid_while_the_customer_waits(
    world: World,
) -> None:
    await world.lose_power("unheard dark")
    assert await world.start_again(after_ms=60_000) == ["PAID"]
    assert await spent(world) == "240.00"
    assert await world.start_again() == []


@story
async def power_lost_before_the_answer_is_reversed_the_next_morning(world: World) -> None:
    await world.lose_power("unheard dark")
    assert await world.start_again(after_ms=DAY_MS) == ["NOT PAID"]
    assert await spent(world) == "0.00"


@story
async def power_lost_before_a_decline_shows_it_at_the_next_start(world: World) -> None:
    world.road.script[:] = ["unheard dark"]
    sale = await world.sale("1,250.01")
    try:
        await world.till.take(sale)
    except PowerLost:
        assert await world.start_again(after_ms=DAY_MS) == ["DECLINED"]
    assert await spent(world) == "0.00"


@story
async def power_lost_while_the_road_keeps_the_request_takes_nothing(world: World) -> None:
    await world.lose_power("late dark")
    assert await world.start_again() == ["NOT PAID"]
    assert await spent(world) == "0.00"
    assert world.road.landed == [402]


@story
async def power_lost_in_a_reversal_is_never_paid_again(world: World) -> None:
    await world.lose_power("unheard", *PAYS[1:], *LOOK_UPS, "late dark")
    assert await world.start_again("land") == ["NOT PAID"]
    assert world.road.asked == ["reverse"]
    assert await spent(world) == "0.00"


@story
async def a_result_that_was_known_but_perhaps_not_shown_is_shown_again(
    world: World,
) -> None:
    await world.till.take(await world.sale())
    assert await world.start_again(after_ms=DAY_MS) == ["PAID"]
    assert world.road.asked == []
    assert await spent(world) == "240.00"


@story
async def a_code_scanned_twice_for_one_order_pays_once(world: World) -> None:
    sale = await world.sale()
    assert await world.take(sale=sale) == "PAID"
    assert await world.take(sale=sale) == "PAID"
    assert await spent(world) == "240.00"


@story
async def a_code_whose_payment_was_reversed_is_not_paid_by_its_replay(
    world: World,
) -> None:
    sale = await world.sale()
    assert await world.take("unheard", *PAYS[1:], *LOOK_UPS, sale=sale) == "NOT PAID"
    assert await world.take(sale=sale) == "NOT PAID"
    assert await spent(world) == "0.00"


@story
async def a_refund_that_was_lost_is_given_once(world: World) -> None:
    part = FollowUp("refund", await world.payment_id(), money("5.00", "QAR"))
    assert await world.follow(part, "unheard") == "REFUNDED"
    assert await spent(world) == "235.00"


@story
async def a_refund_without_an_answer_is_finished_at_the_next_start(world: World) -> None:
    part = FollowUp("refund", await world.payment_id(), money("5.00", "QAR"))
    assert await world.follow(part, "unheard", *PAYS[1:]) == "UNKNOWN"
    assert await world.start_again(*PAYS) == ["UNKNOWN"]
    assert await world.start_again() == ["REFUNDED"]
    assert await spent(world) == "235.00"


@story
async def a_refund_of_too_much_is_refused(world: World) -> None:
    part = FollowUp("refund", await world.payment_id(), money("240.01", "QAR"))
    assert await world.follow(part) == "REFUSED"
    assert await spent(world) == "240.00"


@story
async def a_refund_that_never_left_is_over(world: World) -> None:
    refund = FollowUp("refund", await world.payment_id())
    assert await world.follow(refund, *["503"] * len(PAYS)) == "REFUSED"
    assert await spent(world) == "240.00"
    assert not world.till.owed()


@story
async def a_void_of_a_paid_sale_gives_all_back(world: World) -> None:
    void = FollowUp("void", await world.payment_id())
    assert await world.follow(void) == "VOIDED"
    assert await spent(world) == "0.00"
