"""What a passenger and a cashier see. The money is real as far as the demo has any."""

import json

import pytest
from iso4217 import Currency
from playwright.sync_api import Page, Route, expect

from ledger.money import POINTS_UNITS, UnknownCommodity, exponent
from terminals.scanner import ImageScanner
from tests.browser.desk import NARROW, Desk, Phone, pass_time_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

dark_and_light = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])

PAGES = [
    "/",
    "/wallet#as=amira",
    "/till#as=lounge",
    "/docs",
    "/agents#as=agent",
    "/agents/docs",
    "/agencies#as=operator",
    "/terminals#as=operator",
    "/flight#as=amira",
    "/flights#as=operator",
]


def test_a_payment_appears_on_phone_and_till_the_moment_it_happens(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    before_minor = phone.available_minor()

    till.charge("2400", phone.payload)

    expect(till.verdict).to_contain_text("Approved")
    expect(till.verdict).to_contain_text("24.00 QAR")
    expect(phone.moment).to_contain_text("Paid 24.00 QAR")
    expect(phone.moment).to_contain_text(f"to {till.merchant}")
    expect(phone.newest_line).to_contain_text(till.merchant)
    expect(phone.newest_line).to_contain_text("−24.00 QAR")
    assert phone.available_minor() == before_minor - 2400
    expect(till.newest_row).to_contain_text("24.00 QAR")
    expect(till.newest_row).to_contain_text("Paid")


@dark_and_light
def test_a_scanner_reads_the_code_off_a_narrow_screen(desk: Desk, dark: bool) -> None:  # noqa: FBT001
    phone = Phone(desk.page(NARROW, dark=dark), "amira")

    scanned = ImageScanner(phone.page.screenshot()).scan()

    assert scanned == phone.payload


def test_a_decline_shows_its_reason_on_both_sides_and_takes_nothing(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    before_minor = phone.available_minor()

    till.charge("999999999", phone.payload)

    expect(till.verdict).to_contain_text("Declined")
    expect(till.verdict).to_contain_text("does not hold enough")
    expect(till.verdict).to_contain_text("Response 51")
    expect(phone.moment).to_contain_text("Not paid")
    expect(phone.moment).to_contain_text("Not enough in the wallet")
    assert phone.available_minor() == before_minor


def test_a_part_is_refunded_from_the_till_and_the_phone_says_so(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    till.charge("2000", phone.payload)
    expect(phone.moment).to_contain_text("Paid 20.00 QAR")
    phone.page.get_by_role("button", name="Close").click()

    till.newest_row.get_by_role("button", name="Refund").click()
    till.page.locator("#act-amount").fill("5,50")
    till.page.get_by_role("button", name="Refund 5.50 QAR").click()

    expect(phone.moment).to_contain_text("Refunded 5.50 QAR")
    expect(phone.newest_line).to_contain_text("+5.50 QAR")
    expect(phone.page.locator(".line").nth(1)).to_contain_text("Partly refunded")
    expect(till.newest_row).to_contain_text("Partly refunded")


def test_a_hold_is_shown_as_held_until_it_is_voided(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    till.page.get_by_label("Hold only").check()
    till.charge("1500", phone.payload)
    expect(till.verdict).to_contain_text("Held")
    expect(phone.moment).to_contain_text("Held 15.00 QAR")
    expect(phone.newest_line).to_contain_text("Held")
    phone.page.get_by_role("button", name="Close").click()

    till.newest_row.get_by_role("button", name="Void").click()
    till.page.get_by_role("button", name="Release 15.00 QAR").click()

    expect(phone.moment).to_contain_text("Released 15.00 QAR")
    expect(till.newest_row).to_contain_text("Voided")


def test_an_order_link_pays_once_when_it_is_tapped_twice(desk: Desk) -> None:
    till, phone = desk.till(), desk.phone()
    before_minor = phone.available_minor()
    link = till.make_link("1200")

    phone.page.goto(link)
    tap = phone.page.get_by_role("button", name="Pay 12.00 QAR")
    tap.evaluate("button => { button.click(); button.click(); }")

    expect(phone.page.locator("#verdict")).to_contain_text("Paid 12.00 QAR")
    expect(till.page.locator(".link-state")).to_contain_text("Paid")
    phone.page.reload()
    expect(phone.page.locator("#verdict")).to_contain_text("This order is paid")
    phone.page.goto("/wallet")
    expect(phone.newest_line).to_contain_text("12.00 QAR")
    assert phone.available_minor() == before_minor - 1200


def test_an_order_whose_answer_was_lost_is_asked_again_and_paid_once(desk: Desk) -> None:
    till, phone = desk.till(), desk.phone()
    before_minor = phone.available_minor()
    page = phone.page
    page.goto(till.make_link("1300"))
    page.clock.install()
    lost = lose_answers(page, "**/v1/orders/*/pay", times=2)

    page.get_by_role("button", name="Pay 13.00 QAR").click()

    expect(page.locator("#verdict")).to_contain_text("We don’t know yet")
    pass_time_until(page, page.get_by_text("Paid 13.00 QAR"))
    assert len(lost) == 2
    page.goto("/wallet")
    expect(phone.newest_line).to_contain_text("13.00 QAR")
    assert phone.available_minor() == before_minor - 1300


def test_an_order_tapped_again_after_a_reload_is_the_same_attempt(desk: Desk) -> None:
    till, phone = desk.till(), desk.phone()
    page = phone.page
    keys: list[str | None] = []
    taps = "**/v1/orders/*/pay"
    page.on("request", lambda sent: keys.append(sent.headers.get("idempotency-key")))
    page.goto(till.make_link("1100"))
    page.route(taps, lambda route: route.abort())
    tap = page.get_by_role("button", name="Pay 11.00 QAR")
    tap.click()
    expect(page.locator("#verdict")).to_contain_text("We don’t know yet")

    page.reload()
    expect(page.locator("#bill")).to_contain_text("Tapping again is safe")
    page.unroute(taps)
    tap.click()

    expect(page.locator("#verdict")).to_contain_text("Paid 11.00 QAR")
    assert len({key for key in keys if key and key.startswith("order-")}) == 1


def test_a_till_that_lost_the_answer_looks_it_up_before_it_says_approved(
    desk: Desk,
) -> None:
    phone, till = desk.phone(), desk.till()
    till.page.clock.install()
    lose_answers(till.page, "**/v1/payments", times=1)
    till.page.route("**/v1/payments/lookup", lambda route: route.abort())

    till.charge("1400", phone.payload)

    expect(phone.moment).to_contain_text("Paid 14.00 QAR")
    expect(till.verdict).to_contain_text("No answer yet")
    till.page.unroute("**/v1/payments/lookup")
    pass_time_until(till.page, till.verdict.get_by_text("Approved"))


def test_a_till_whose_attempt_never_arrived_reverses_it_and_nobody_pays(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    before_minor = phone.available_minor()
    till.page.clock.install()
    till.page.route("**/v1/payments", lambda route: route.abort())

    till.charge("1600", phone.payload)

    expect(till.verdict).to_contain_text("No answer yet")
    pass_time_until(till.page, till.verdict.get_by_text("Not paid"))
    expect(till.verdict).to_contain_text("has not been charged")
    phone.page.reload()
    expect(phone.newest_line).to_be_visible()
    assert phone.available_minor() == before_minor


def test_a_scanner_that_types_outside_the_field_changes_no_amount(desk: Desk) -> None:
    till = desk.till()
    till.key_in("100")

    till.page.evaluate(
        "keys => keys.forEach((key) => document.body.dispatchEvent("
        "new KeyboardEvent('keydown', { key, bubbles: true })))",
        [*"hQVDUFYwMWF12345678", "Enter"],
    )

    expect(till.page.locator("#amount")).to_have_text("1.00 QAR")
    expect(till.page.locator("#amount-says")).to_contain_text("Press Charge first")


def test_the_code_renews_itself_before_it_ends(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.clock.install()
    picture = page.locator(".code-picture")
    page.goto("/wallet#as=amira")
    expect(picture).to_be_visible()
    first = picture.get_attribute("src")
    stop_time(page)

    with page.expect_response("**/codes") as renewed:
        page.clock.run_for(54_000)

    assert renewed.value.status == 201
    expect(picture).not_to_have_attribute("src", first or "")


def test_no_code_is_renewed_while_nobody_looks(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.clock.install()
    page.add_init_script(
        "Object.defineProperty(document, 'hidden', { get: () => window.away === true })"
    )
    page.goto("/wallet#as=amira")
    expect(page.locator(".code-picture")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.evaluate("window.away = true")
    page.clock.run_for(300_000)
    while_away = [url for url in asked if url.endswith("/codes")]
    with page.expect_response("**/codes"):
        page.evaluate("window.away = false")
        page.clock.run_for(1_000)

    assert while_away == []


def test_a_code_that_has_ended_is_not_shown(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.clock.install()
    page.goto("/wallet#as=amira")
    picture = page.locator(".code-picture")
    expect(picture).to_be_visible()
    page.route("**/codes", lambda route: route.abort())
    stop_time(page)

    page.clock.run_for(53_000)
    expect(page.locator("#code-says")).to_contain_text("This code still works for")
    page.clock.run_for(8_000)

    expect(picture).to_be_hidden()
    expect(page.locator("#code-frame")).to_contain_text("No connection")


@pytest.mark.parametrize("path", PAGES)
@dark_and_light
def test_a_narrow_page_does_not_scroll_sideways(desk: Desk, path: str, dark: bool) -> None:  # noqa: FBT001
    page = desk.page(NARROW, dark=dark)
    page.goto(path)
    page.wait_for_load_state("load")
    expect(page.locator(".demo")).to_be_visible()

    widest = page.evaluate("document.documentElement.scrollWidth")

    assert widest <= NARROW[0]


def test_a_narrow_order_page_does_not_scroll_sideways(desk: Desk) -> None:
    link = desk.till().make_link("123456")
    page = desk.page(NARROW)
    page.goto(f"{link}")
    page.get_by_role("button", name="Amira").click()
    expect(page.get_by_role("button", name="Pay 1,234.56 QAR")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


def test_markup_in_an_order_is_shown_as_text(desk: Desk) -> None:
    till = desk.till()
    till.page.get_by_label("Order").fill("<img src=x onerror=alert(1)>")
    page = desk.page(NARROW)

    page.goto(till.make_link("700"))
    page.get_by_role("button", name="Amira").click()

    expect(page.locator("#bill")).to_contain_text("Order <img src=x onerror=alert(1)>")
    expect(page.locator("#bill img")).to_have_count(0)


def test_pages_and_ledger_agree_on_the_decimals_of_every_currency(desk: Desk) -> None:
    ours = {
        code: exponent(code) for code in [*POINTS_UNITS, *currencies_with_minor_units()]
    }
    page = desk.page(NARROW)
    page.goto("/")

    shown = page.evaluate(
        "async (codes) => { const { exponent } = await import('/static/js/money.js');"
        " return Object.fromEntries(codes.map((code) => [code, exponent(code)])); }",
        list(ours),
    )

    assert shown == ours


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "QAR", "0.00 QAR"),
        (5, "QAR", "0.05 QAR"),
        (123_456_789, "QAR", "1,234,567.89 QAR"),
        (-1, "BHD", "−0.001 BHD"),
        (18_400, "AVIOS", "18,400 AVIOS"),
        (2**53 - 1, "QAR", "90,071,992,547,409.91 QAR"),
    ],
)
def test_an_amount_is_written_to_its_last_digit(
    desk: Desk, minor: int, currency: str, text: str
) -> None:
    page = desk.page(NARROW)
    page.goto("/")

    shown = page.evaluate(
        "async ([minor, currency]) =>"
        " (await import('/static/js/money.js')).formatMoney(minor, currency)",
        [minor, currency],
    )

    assert shown == text


def stop_time(page: Page) -> None:
    """From here on the page's clock, installed before, goes only as it is turned."""
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 1)


def lose_answers(page: Page, pattern: str, times: int) -> list[str]:
    """The call arrives and is carried out; its answer is lost. So often, then no more."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if len(lost) == times:
            route.continue_()
            return
        lost.append(json.dumps(route.fetch().json()))
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    page.route(pattern, lose)
    return lost


def currencies_with_minor_units() -> list[str]:
    known = []
    for currency in Currency:
        try:
            exponent(currency.value)
        except UnknownCommodity:
            continue
        known.append(currency.value)
    return known
