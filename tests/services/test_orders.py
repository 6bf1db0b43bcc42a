from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import update

from ledger.money import Money
from services.keyring import Keyring
from services.merchants import Merchant, UnknownMerchant
from services.mint import RandomBytes
from services.orders import (
    NewOrder,
    Order,
    OrderExists,
    OrderLine,
    OrderNotPayable,
    OrderStatus,
    UnknownOrder,
    claim,
    create_order,
    get_order,
    list_orders,
    mark_paid,
    release,
)
from services.store import Store, open_store
from services.tables import ORDERS

AMIRA = "acc_amira"
OMAR = "acc_omar"
NOON = 1_767_225_600_000


@pytest.fixture
def order(store: Store, lounge: Merchant, random_bytes: RandomBytes) -> Order:
    new = NewOrder(
        merchant=lounge.id,
        amount=Money(24000, "QAR"),
        order_text="A-17",
        lines=(OrderLine("Lounge, 3 hours", 24000),),
    )
    return create_order(store, new, random_bytes=random_bytes, now_ms=NOON)


@pytest.fixture
def other_process(store: Store, url: str, keyring: Keyring) -> Iterator[Store]:
    opened = open_store(url, keyring)
    yield opened
    opened.close()


def cancel(store: Store) -> None:
    with store.write() as connection:
        connection.execute(update(ORDERS).values(status=OrderStatus.CANCELLED))


def test_an_order_is_read_as_it_was_created(
    store: Store, lounge: Merchant, order: Order
) -> None:
    assert order == Order(
        id=order.id,
        merchant=lounge.id,
        amount=Money(24000, "QAR"),
        order_text="A-17",
        lines=(OrderLine("Lounge, 3 hours", 24000),),
        status=OrderStatus.OPEN,
        paying_account=None,
        paying_since_ms=None,
        payment=None,
        created_at_ms=NOON,
    )
    assert order.id.startswith("ord_")
    assert get_order(store, order.id) == order


def test_the_largest_amount_of_the_wire_fits(
    store: Store, lounge: Merchant, random_bytes: RandomBytes
) -> None:
    new = NewOrder(merchant=lounge.id, amount=Money(2**53 - 1, "AVIOS"), order_text="A-18")
    order = create_order(store, new, random_bytes=random_bytes, now_ms=NOON)

    assert get_order(store, order.id).amount == Money(2**53 - 1, "AVIOS")


def test_an_order_of_an_unknown_merchant_is_refused(
    store: Store, random_bytes: RandomBytes
) -> None:
    new = NewOrder(merchant="mer_nobody", amount=Money(1, "QAR"), order_text="A-17")
    with pytest.raises(UnknownMerchant):
        create_order(store, new, random_bytes=random_bytes, now_ms=NOON)


def test_an_id_that_is_taken_leaves_the_first_order_alone(
    store: Store, lounge: Merchant
) -> None:
    def create(amount_minor: int) -> Order:
        new = NewOrder(
            merchant=lounge.id, amount=Money(amount_minor, "QAR"), order_text="A-17"
        )
        return create_order(store, new, random_bytes=bytes, now_ms=NOON)

    first = create(100)
    with pytest.raises(OrderExists) as caught:
        create(999)

    assert get_order(store, caught.value.order) == first


def test_orders_of_a_merchant_are_listed_newest_first_and_page_by_page(
    store: Store, lounge: Merchant, duty_free: Merchant, random_bytes: RandomBytes
) -> None:
    def create(merchant: Merchant, now_ms: int) -> str:
        new = NewOrder(merchant=merchant.id, amount=Money(1, "QAR"), order_text="A-17")
        return create_order(store, new, random_bytes=random_bytes, now_ms=now_ms).id

    # Two of them in one millisecond: the id decides, and no page shows either twice.
    oldest = create(lounge, NOON)
    middle = sorted([create(lounge, NOON + 1), create(lounge, NOON + 1)], reverse=True)
    newest = create(lounge, NOON + 2)
    foreign = create(duty_free, NOON + 1)

    def page(before: str | None) -> list[str]:
        return [one.id for one in list_orders(store, lounge.id, limit=2, before=before)]

    assert page(None) == [newest, middle[0]]
    assert page(middle[0]) == [middle[1], oldest]
    assert page(oldest) == []
    with pytest.raises(UnknownOrder):
        page(foreign)


def test_a_claim_takes_an_open_order_and_the_same_account_may_repeat_it(
    store: Store, order: Order
) -> None:
    claimed = claim(store, order.id, account=AMIRA, now_ms=NOON + 1)
    repeated = claim(store, order.id, account=AMIRA, now_ms=NOON + 9)

    assert claimed.is_claimed_by(AMIRA)
    assert claimed.paying_since_ms == NOON + 1
    assert repeated == claimed


def test_a_claim_of_another_account_is_told_who_holds_it(
    store: Store, order: Order
) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON + 1)

    answer = claim(store, order.id, account=OMAR, now_ms=NOON + 2)

    assert not answer.is_claimed_by(OMAR)
    assert answer.is_claimed_by(AMIRA)


def test_of_claims_at_once_exactly_one_wins_and_all_are_told_so(
    store: Store, other_process: Store, lounge: Merchant, random_bytes: RandomBytes
) -> None:
    accounts = [f"acc_{number}" for number in range(6)]
    start = Barrier(len(accounts))

    def race(order: str, number: int) -> Order:
        start.wait()
        runner = (store, other_process)[number % 2]
        return claim(runner, order, account=accounts[number], now_ms=NOON)

    with ThreadPoolExecutor(len(accounts)) as pool:
        for _ in range(10):
            new = NewOrder(merchant=lounge.id, amount=Money(1, "QAR"), order_text="A-17")
            order = create_order(store, new, random_bytes=random_bytes, now_ms=NOON).id
            answers = list(pool.map(race, [order] * len(accounts), range(len(accounts))))

            holders = {answer.paying_account for answer in answers}
            winners = [
                account
                for account, answer in zip(accounts, answers, strict=True)
                if answer.is_claimed_by(account)
            ]
            assert len(winners) == 1
            assert holders == set(winners)


def test_a_released_order_is_open_for_another_account(store: Store, order: Order) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON)

    assert release(store, order.id, account=AMIRA) == order

    assert claim(store, order.id, account=OMAR, now_ms=NOON).is_claimed_by(OMAR)


def test_nobody_releases_the_claim_of_another(store: Store, order: Order) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON)

    assert release(store, order.id, account=OMAR).is_claimed_by(AMIRA)


def test_a_paid_order_is_neither_claimed_nor_released(store: Store, order: Order) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON)
    paid = mark_paid(store, order.id, payment="pay_1", account=AMIRA)

    assert (paid.status, paid.payment) == (OrderStatus.PAID, "pay_1")
    assert claim(store, order.id, account=AMIRA, now_ms=NOON + 1) == paid
    assert release(store, order.id, account=AMIRA) == paid


def test_a_payment_marks_its_order_paid_again_without_error(
    store: Store, order: Order
) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON)

    first = mark_paid(store, order.id, payment="pay_1", account=AMIRA)

    assert mark_paid(store, order.id, payment="pay_1", account=AMIRA) == first


def test_a_payment_counts_even_if_its_claim_was_released(
    store: Store, order: Order
) -> None:
    claim(store, order.id, account=AMIRA, now_ms=NOON)
    release(store, order.id, account=AMIRA)

    paid = mark_paid(store, order.id, payment="pay_1", account=AMIRA)

    assert paid.status is OrderStatus.PAID


def test_a_second_payment_of_an_order_is_refused_and_changes_nothing(
    store: Store, order: Order
) -> None:
    paid = mark_paid(store, order.id, payment="pay_1", account=AMIRA)

    with pytest.raises(OrderNotPayable, match="is paid by pay_1, pay_2 came too late"):
        mark_paid(store, order.id, payment="pay_2", account=AMIRA)

    assert get_order(store, order.id) == paid


def test_a_cancelled_order_is_neither_claimed_nor_paid(store: Store, order: Order) -> None:
    cancel(store)

    assert claim(store, order.id, account=AMIRA, now_ms=NOON).status == "cancelled"
    with pytest.raises(OrderNotPayable, match="is cancelled, pay_1 came too late"):
        mark_paid(store, order.id, payment="pay_1", account=AMIRA)


def test_an_unknown_order_is_named_in_the_error(store: Store) -> None:
    with pytest.raises(UnknownOrder, match="there is no order 'ord_none'"):
        get_order(store, "ord_none")
    with pytest.raises(UnknownOrder):
        claim(store, "ord_none", account=AMIRA, now_ms=NOON)
    with pytest.raises(UnknownOrder):
        mark_paid(store, "ord_none", payment="pay_1", account=AMIRA)
    with pytest.raises(UnknownOrder):
        release(store, "ord_none", account=AMIRA)
