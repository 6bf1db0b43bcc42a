"""What operators see of the registry, and a payment found by its receipt at the till."""

import re

import pytest
from playwright.sync_api import expect

from gateway.world import merchant_id
from tests.browser.desk import WIDE, Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_terminal_is_registered_paired_and_suspended_on_its_page(desk: Desk) -> None:
    page = desk.page(WIDE)
    page.goto("/terminals#as=operator")

    page.get_by_label("Merchant, mer_…").fill(merchant_id("lounge"))
    page.get_by_label("Name, as receipts show it").fill("B12")
    page.get_by_label("Place").fill("DOH-T1-B12")
    page.get_by_role("button", name="Register").click()

    expect(page.locator("#code .drawn-number")).to_have_text(
        re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")
    )
    row = page.locator("#terminals .row", has_text="B12").first
    expect(row).to_contain_text("Waiting for its key")
    suspend = page.locator("#one-acts").get_by_role("button", name="Suspend")
    suspend.click()
    page.locator("#one-acts").get_by_role("button", name="Sure?").click()
    expect(row).to_contain_text("Suspended")
    expect(page.locator("#one-acts")).to_contain_text("Resume")


def test_a_payment_is_found_by_its_receipt_and_given_back(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    till.charge("2400", phone.payload)
    expect(till.verdict).to_contain_text("Approved")
    payment = till.newest_row.get_attribute("data-payment")
    assert payment is not None
    other = desk.till()  # another window: it has not seen that payment

    other.page.locator("#receipt").fill("hQVDUFYwMWsecret")
    other.page.locator("#find button").click()
    expect(other.page.locator("#find-says")).to_contain_text("begins with pay_")
    expect(other.page.locator("#receipt")).to_have_value("")
    other.page.locator("#receipt").fill(payment)
    other.page.locator("#find button").click()

    expect(other.page.locator("#act")).to_contain_text("24.00 QAR")
    other.page.locator("#act .primary").click()
    expect(other.newest_row).to_contain_text("Refunded")
