"""The crew's page: what a till knows, served by the till itself."""

import asyncio

import aiohttp
import pytest

from terminals.inflight.crew_page import FILES, CrewPage, crew_state
from tests.inflight.cabin import Cabin


def test_it_tells_own_sales_and_those_that_were_heard() -> None:
    cabin = Cabin(tills=3)
    one, two, _ = cabin.tills
    phone = cabin.phone(300)
    one.sell(phone.show(), 30)
    two.sell(phone.show(), 50)
    two.till.close()
    one.meet(two)
    cabin.clock.advance(7_000)
    state = crew_state(one.till, one.hearing, cabin.clock, {})
    assert [(t.own, t.sold_minor, t.closed) for t in state.tills] == [
        (True, 30, False),
        (False, 50, True),
        (False, 0, False),
    ]
    assert (state.backlog, state.deny_age_s, state.closed) == (5, 7, False)
    for told, left in (({1: 1}, 4), ({1: 2, 2: 3}, 0), ({1: 2, 2: 9}, 0)):
        assert crew_state(one.till, one.hearing, cabin.clock, told).backlog == left


def test_a_till_that_told_two_stories_is_shown_as_one() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    before = two.log.content
    two.till.close()
    one.meet(two)
    two.log.content = before
    two.restart()
    one.meet(two)
    state = crew_state(one.till, one.hearing, cabin.clock, {})
    assert [till.forked for till in state.tills] == [False, True]
    assert not state.set_back
    assert crew_state(two.till, two.hearing, cabin.clock, {}).set_back


@pytest.mark.parametrize("path", [*FILES, "/state"])
async def test_what_a_browser_needs_is_served_and_nothing_can_be_changed(path: str) -> None:
    cabin = Cabin()
    till = cabin.tills[0]
    page = CrewPage(lambda: crew_state(till.till, till.hearing, cabin.clock, {}))
    port = await page.listen("127.0.0.1", 0)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        async with session.get(path) as answer:
            assert answer.status == 200
            assert await answer.read()
        async with session.post(path) as answer:
            assert answer.status == 405
        async with session.get("/../key") as answer:
            assert answer.status == 404
    await page.close()


async def test_a_caller_that_says_too_much_is_cut_off() -> None:
    cabin = Cabin()
    till = cabin.tills[0]
    page = CrewPage(lambda: crew_state(till.till, till.hearing, cabin.clock, {}))
    port = await page.listen("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000)
    assert await reader.read() == b""
    writer.close()
    await page.close()
