"""A merchant hears of every change of its payments, whatever its server does meanwhile."""

import re
from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from ledger.clock import DAY_MS, SECOND_MS
from services.courier import PARALLEL
from services.outbox import Outbox
from services.store import StoreUnavailable
from tests.gateway.harness import LOUNGE, House, Json, money
from tests.gateway.receiver import Receiver
from tests.house.tree import ROOT

MINUTE_MS = 60 * SECOND_MS


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()
    receiver.close()


def recipe() -> Callable[..., bool]:
    """The one that is published."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    verify: Callable[..., bool] = names["verify"]
    return verify


async def register(house: House, receiver: Receiver) -> Json:
    reply = await house.office.post("/v1/webhooks", {"url": receiver.url})
    assert reply.status == 201, reply.raw
    return reply.body


async def live(house: House, count: int = 3) -> dict[str, list[str]]:
    """Payments with something after them; the kinds of what happened, by payment."""
    happened: dict[str, list[str]] = {}
    for number in range(count):
        hold = await house.charge(1_000, capture="manual", order=f"A-{number}")
        path = f"/v1/payments/{hold.body['id']}"
        await house.lounge.post(f"{path}/capture", {"amount": money(600), "final": False})
        await house.lounge.post(f"{path}/refund", {"amount": money(100)})
        await house.lounge.post(f"{path}/capture", {})
        kinds = ["authorised", "captured", "refunded", "captured"]
        happened[hold.body["id"]] = [f"payment.{kind}" for kind in kinds]
    return happened


def require_in_order(receiver: Receiver, happened: dict[str, list[str]]) -> None:
    """Each event of each payment, at least once, and never before the one before it was taken."""
    for payment, kinds in happened.items():
        first: dict[int, str] = {}
        for news in receiver.taken:
            if news.payment == payment:
                first.setdefault(news.body["sequence"], news.body["type"])
        assert list(first) == sorted(first), "in order"
        assert list(first.values()) == kinds, "all of them"


async def until_nothing_is_owed(house: House, *, step_ms: int) -> int:
    """Time passes until everything was brought; returns how often."""
    for turn in range(400):
        await house.tell()
        page = await house.office.get("/v1/webhooks")
        hooks = [hook["id"] for hook in page.body["webhooks"]]
        owed = [
            (await house.office.get(f"/v1/webhooks/{hook}/deliveries?status=pending")).body
            for hook in hooks
        ]
        if not any(page["deliveries"] for page in owed):
            return turn
        house.clock.advance(step_ms)
    raise AssertionError("something is still owed")


async def test_news_arrives_signed_as_the_published_recipe_says(
    funded: House, receiver: Receiver
) -> None:
    hook = await register(funded, receiver)
    paid = await funded.charge(24_000, place="DOH-T1-B12", terminal="till_b12")

    await funded.tell()

    [news] = receiver.came
    now_s = funded.clock.now_ms() / 1_000
    assert recipe()(hook["secret"], news.headers, news.raw, now_s)
    assert not recipe()(hook["secret"], news.headers, news.raw + b" ", now_s)
    assert not recipe()(hook["secret"], news.headers, news.raw, now_s + 301)
    assert not recipe()("whsec_" + "A" * 44, news.headers, news.raw, now_s)
    assert re.fullmatch(r"evt_\d+_\d+", news.headers["webhook-id"])
    shown = await funded.lounge.get(f"/v1/payments/{paid.body['id']}")
    assert news.body["data"]["payment"] == shown.body
    assert news.body["type"] == "payment.purchased"


async def test_each_event_tells_the_payment_as_it_stood_then(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)
    happened = await live(funded, 1)

    await funded.tell()

    require_in_order(receiver, happened)
    told = [news.body["data"]["payment"] for news in receiver.came]
    captured = [(one["captured_minor"], one["refunded_minor"]) for one in told]
    assert captured == [(0, 0), (600, 0), (600, 100), (1_000, 100)]


async def test_a_receiver_that_is_down_for_an_hour_misses_nothing(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)
    await receiver.stop()
    happened = await live(funded, 6)
    for _ in range(60):
        await funded.tell()
        funded.clock.advance(MINUTE_MS)
    assert receiver.came == []

    await receiver.start()
    turns = await until_nothing_is_owed(funded, step_ms=MINUTE_MS)

    require_in_order(receiver, happened)
    assert turns <= 16, "within a quarter of an hour of its return"


async def test_a_receiver_that_answers_500_at_random_gets_everything_in_order(
    funded: House, receiver: Receiver
) -> None:
    dice = Random(5)
    receiver.answers = lambda _number: dice.choice([200, 500, 500])
    await register(funded, receiver)
    happened = await live(funded, 8)

    await until_nothing_is_owed(funded, step_ms=30 * SECOND_MS)

    require_in_order(receiver, happened)
    assert len(receiver.came) > len(receiver.taken) >= 8 * 4


async def test_what_a_slow_receiver_did_not_answer_in_time_comes_again(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)
    receiver.hangs = 1
    happened = await live(funded, 1)

    await until_nothing_is_owed(funded, step_ms=2 * SECOND_MS)

    first, second = receiver.came[:2]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.status == 0
    require_in_order(receiver, happened)


async def test_a_payment_waits_for_its_own_news_and_for_nobody_elses(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)
    happened = await live(funded, 3)
    receiver.answers = lambda number: 200 if number else 500

    await funded.tell()

    taken = {news.payment for news in receiver.taken}
    [failed] = {news.payment for news in receiver.came if news.status == 500}
    assert failed not in taken
    assert len(taken) == 2
    for payment in taken:
        require_in_order(receiver, {payment: happened[payment]})


async def test_many_payments_are_told_side_by_side_but_not_without_bound(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)
    for number in range(2 * PARALLEL):
        await funded.charge(1, order=f"A-{number}")

    await funded.tell()

    assert len(receiver.taken) == 2 * PARALLEL
    assert 1 < receiver.most_at_once <= PARALLEL


async def test_what_was_brought_and_not_written_down_comes_again(
    funded: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(funded, receiver)
    happened = await live(funded, 1)
    with monkeypatch.context() as broken:
        broken.setattr(Outbox, "record", _refuse)
        await funded.tell()
    assert len(receiver.came) == 1

    await funded.tell()

    assert len(receiver.came) == 1 + 4
    require_in_order(receiver, happened)


def _refuse(*_arguments: object) -> None:
    raise StoreUnavailable


async def test_for_a_day_both_secrets_sign_and_then_the_new_one_alone(
    funded: House, receiver: Receiver
) -> None:
    hook = await register(funded, receiver)
    path = f"/v1/webhooks/{hook['id']}/rotate"

    changed = await funded.office.post(path, {"generation": 1}, None)
    again = await funded.office.post(path, {"generation": 1}, None)
    too_soon = await funded.office.post(path, {"generation": 2}, None)
    await funded.charge(1)
    await funded.tell()
    funded.clock.advance(DAY_MS)
    await funded.charge(2)
    await funded.tell()

    both, new = receiver.came
    old_secret, new_secret = hook["secret"], changed.body["secret"]
    assert old_secret != new_secret == again.body["secret"]
    assert (too_soon.status, too_soon.body["field"]) == (409, "$.generation")
    verdicts = [
        recipe()(secret, news.headers, news.raw, int(news.headers["webhook-timestamp"]))
        for news in (both, new)
        for secret in (old_secret, new_secret)
    ]
    assert verdicts == [True, True, False, True]


async def test_a_secret_is_shown_once_and_stands_in_no_store(
    funded: House, receiver: Receiver
) -> None:
    hook = await register(funded, receiver)
    listed = await funded.office.get("/v1/webhooks")

    assert hook["secret"].startswith("whsec_")
    assert [one["secret"] for one in listed.body["webhooks"]] == [None]
    for file in (funded.folder / "store.sqlite", funded.folder / "store.sqlite-wal"):
        assert hook["secret"][6:30].encode() not in file.read_bytes()


async def test_what_was_given_up_stands_on_the_page_and_can_be_sent_again(
    funded: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.outbox.ATTEMPTS_MAX", 2)
    hook = await register(funded, receiver)
    receiver.answers = lambda _number: 503
    happened = await live(funded, 1)
    await until_nothing_is_owed(funded, step_ms=2 * MINUTE_MS)
    path = f"/v1/webhooks/{hook['id']}"

    given_up = (await funded.office.get(f"{path}/deliveries?status=given_up")).body
    receiver.answers = lambda _number: 200
    replayed = await funded.office.post(f"{path}/replay", {}, None)
    await until_nothing_is_owed(funded, step_ms=2 * MINUTE_MS)

    assert [one["problem"] for one in given_up["deliveries"]] == ["it answered 503"] * 4
    assert replayed.body == {"replayed": 4}
    require_in_order(receiver, happened)


async def test_an_event_that_arrived_can_be_sent_again_by_its_id(
    funded: House, receiver: Receiver
) -> None:
    hook = await register(funded, receiver)
    await live(funded, 1)
    await funded.tell()
    path = f"/v1/webhooks/{hook['id']}"
    page = (await funded.operator.get(f"{path}/deliveries?limit=2")).body
    rest = (await funded.operator.get(f"{path}/deliveries?before={page['next']}")).body
    wanted = rest["deliveries"][-1]["event"]

    body = {"events": [wanted, "evt_9_9"]}
    replayed = await funded.operator.post(f"{path}/replay", body, None)
    await funded.tell()

    assert len(page["deliveries"]) + len(rest["deliveries"]) == 4
    assert replayed.body == {"replayed": 1}
    assert len(receiver.came) == 5
    assert receiver.came[-1].headers["webhook-id"] == wanted
    assert receiver.came[-1].body == receiver.came[0].body


async def test_a_webhook_that_is_switched_off_hears_nothing_more(
    funded: House, receiver: Receiver
) -> None:
    hook = await register(funded, receiver)
    await funded.charge(1)

    await funded.office.post(f"/v1/webhooks/{hook['id']}/disable", {}, None)
    await funded.tell()
    await funded.charge(2)
    await funded.tell()

    assert receiver.came == []


async def test_a_merchant_hears_of_its_own_payments_only(
    funded: House, receiver: Receiver
) -> None:
    await register(funded, receiver)

    await funded.charge(1, by=funded.dutyfree)
    await funded.tell()

    assert receiver.came == []


async def test_nobody_reaches_anothers_webhook(funded: House, receiver: Receiver) -> None:
    body = {"url": receiver.url, "merchant": LOUNGE}
    hook = (await funded.operator.post("/v1/webhooks", body)).body
    other = await funded.foreign_office()
    path = f"/v1/webhooks/{hook['id']}"

    replies = [
        await other.get(f"{path}/deliveries"),
        await other.post(f"{path}/rotate", {"generation": 1}, None),
        await other.post(f"{path}/disable", {}, None),
        await other.post(f"{path}/replay", {}, None),
    ]

    assert [reply.status for reply in replies] == [404] * 4
    assert (await other.get("/v1/webhooks")).body == {"webhooks": []}
    assert (await funded.office.get("/v1/webhooks")).body["webhooks"][0]["id"] == hook["id"]


@pytest.mark.parametrize(
    "url",
    [
        "http://user:swordfish@shop.example/",
        "https://shop.example:0/",
        "https://shop.example/#here",
        "https://[::1/",
        "https://shop.example:99999/",
        "https:///nowhere",
    ],
)
async def test_an_address_that_cannot_be_used_is_refused(house: House, url: str) -> None:
    reply = await house.office.post("/v1/webhooks", {"url": url})

    assert (reply.status, reply.body["field"]) == (400, "$.url")
    assert "swordfish" not in reply.raw.decode()


async def test_a_merchant_has_a_handful_of_webhooks(house: House) -> None:
    for number in range(8):
        body = {"url": f"https://shop.example/{number}"}
        assert (await house.office.post("/v1/webhooks", body)).status == 201

    one_more = await house.office.post("/v1/webhooks", {"url": "https://shop.example/9"})

    assert (one_more.status, one_more.body["title"]) == (409, "Too many webhooks")
