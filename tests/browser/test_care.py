"""Care mode's measures, and what axe finds, on every screen of the app."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_screens import (
    SCREENS,
    TYPE_LARGEST_PX,
    breaches,
    open_screen,
    too_small,
)
from tests.browser.axe import violations
from tests.browser.desk import NARROW, PHONE, Desk
from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def _history(installation: Installation) -> None:
    """What takes most room on a line: a long amount, and a word beside it."""
    mei, lounge = installation.api("mei"), installation.api("lounge")
    codes = f"/v1/accounts/{mei.get('/v1/me').body['account']}/codes"
    for minor, status in ((100, 201), (99_999_999, 402)):
        body = {
            "amount": {"amount_minor": minor, "currency": "QAR"},
            "payer": {"code": mei.post(codes, {}, f"code-{minor}").body["payload"]},
            "order": f"A-REFERENCE-THAT-NOTHING-BREAKS-{minor}",
        }
        paid = lounge.post("/v1/payments", body, f"care-{minor}")
        assert paid.status == status, paid.raw
        if status == 201:
            refund = f"/v1/payments/{paid.body['id']}/refund"
            assert lounge.post(refund, {}, "care-refund").status == 200


def app(page: Page, language: str, *, care: bool, who: str = "mei") -> Page:
    """The wallet, with somebody in it, as this device was set before."""
    page.add_init_script(
        f"localStorage['airside.language'] ??= '{language}';"
        f"localStorage['airside.care'] ??= '{'on' if care else 'off'}';"
    )
    page.goto("/wallet")
    enter = page.get_by_role("button", name=who.capitalize())
    expect(enter).to_be_visible()
    assert (too_small(page) if care else []) == []
    assert violations(page) == []
    enter.click()
    expect(page.locator(".pot").first).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("language", "dark"),
    [("en", False), ("zh", True), ("ar", True)],
    ids=["en", "zh", "ar"],
)
def test_in_care_mode_everything_is_large_enough_to_read_and_to_hit(
    desk: Desk,
    language: str,
    dark: bool,  # noqa: FBT001
) -> None:
    page = app(desk.page(NARROW, dark=dark), language, care=True)

    found = {}
    for screen in SCREENS:
        open_screen(page, screen)
        found[screen] = too_small(page)
        if language == "ar":
            found[screen] += breaches(page, NARROW[0])

    assert {screen: all_ for screen, all_ in found.items() if all_} == {}


def test_axe_finds_nothing_on_any_screen_and_none_scrolls_sideways(desk: Desk) -> None:
    page = app(desk.page(NARROW), "en", care=False)

    found = {}
    for screen in SCREENS:
        open_screen(page, screen)
        found[screen] = breaches(page, NARROW[0])

    assert {screen: all_ for screen, all_ in found.items() if all_} == {}


def test_type_grows_to_thirty_pixels_and_still_fits_a_phone(desk: Desk) -> None:
    page = app(desk.page(PHONE), "en", care=True)
    open_screen(page, "#look")
    page.get_by_role("button", name="Largest").click()

    words = page.locator("#screen p").first
    expect(words).to_have_css("font-size", f"{TYPE_LARGEST_PX}px")
    for screen in SCREENS:
        open_screen(page, screen)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE[0], screen


def test_the_app_is_walked_with_the_keyboard_alone(desk: Desk) -> None:
    page = desk.page(PHONE)
    page.goto("/wallet#as=amira")
    expect(page.locator(".code-picture")).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    order = []
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert order[2:6] == ["Wallet", "Scan to pay", "History", "Settings"]
    page.locator(".tab[data-tab=settings]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#screen h1")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".row-link").first).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#screen h1")).to_have_text("Ways to pay")
    expect(page.locator("#screen h1")).to_be_focused()
