"""What an agent and an operator see: a number is drawn, a ticket is sold, and both pages know."""

import json
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from channels.web.demo import demo_key
from tests.browser.desk import NARROW, WIDE, Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def sell(server: str, number: str, key: str) -> str:
    """A ticket, through the API as agencies do; its own id."""
    body = {
        "offer": "DOH-IST-LIGHT",
        "amount": {"amount_minor": 118_000, "currency": "QAR"},
        "order": f"PAGE-{key[-4:]}",
        "passengers": [{"given_name": "AMIRA", "surname": "EXAMPLE"}],
        "number": number,
    }
    headers = {"Authorization": f"Bearer {demo_key('agent')}", "Idempotency-Key": key}
    request = Request(
        f"{server}/v1/agency/tickets", json.dumps(body).encode(), headers=headers
    )
    with urlopen(request, timeout=10) as answer:
        made: str = json.load(answer)["id"]
    return made


def spendable(page: Page) -> str:
    return page.locator(".pot-spendable").first.inner_text()


# Whenever the test runs, the agency's day (in Doha) is another one in at least one of these: before
# 14:00 there it is still yesterday in Pago Pago, and from 13:00 on it is tomorrow on Kiritimati.
@pytest.mark.parametrize(
    ("size", "where"),
    [(NARROW, "Pacific/Pago_Pago"), (WIDE, "Pacific/Kiritimati")],
    ids=["narrow", "wide"],
)
def test_an_agent_draws_a_number_sells_with_it_and_voids(
    desk: Desk, demo_server: str, size: tuple[int, int], where: str
) -> None:
    page = desk.page(size, timezone=where)
    page.goto("/agents#as=agent")
    expect(page.locator(".light")).to_have_text("Live")
    expect(page.locator(".pot-spendable").first).to_be_visible()
    before = spendable(page)
    expect(page.locator("#from")).not_to_have_value("")
    page.locator("#to").fill("")  # being typed

    page.locator("#number-amount").fill("1180")
    page.get_by_role("button", name="Draw a number").click()
    number = page.locator(".drawn-number").inner_text().replace(" ", "")
    assert len(number) == 16
    sell(demo_server, number, f"page-{number[-8:]}")

    newest = page.locator("#tickets .row").first
    expect(newest).to_contain_text("Issued")
    expect(newest).to_contain_text("1,180.00 QAR")
    expect(newest).to_contain_text(number[-4:])
    expect(page.locator("#numbers .row").first).to_contain_text("Used")
    assert spendable(page) != before
    newest.get_by_role("button", name="Void").click()
    newest.get_by_role("button", name="Void it for good?").click()
    expect(newest).to_contain_text("Voided")
    expect(page.locator(".pot-spendable").first).to_have_text(before)
    expect(page.locator("#statement")).to_contain_text("+1,180.00")
    expect(page.locator("#to")).to_have_value("")


def test_an_operator_sees_the_agency_and_its_tickets(desk: Desk) -> None:
    page = desk.page(WIDE)
    page.goto("/agencies#as=operator")

    page.get_by_role("button", name="Show").first.click()

    expect(page.locator("#one-title")).to_have_text("Corniche Travel")
    expect(page.locator("#users")).to_contain_text("Corniche Travel")
    expect(page.locator("#one #statement")).to_contain_text("Closing balance")
