"""The counter as an agent uses it: from a booking to its EMD, by camera and by phone, and back."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as NotWithin

from terminals.emv_mpm import PAYLOAD_PREFIX
from terminals.scanner import ImageScanner
from tests.browser.axe import violations
from tests.browser.conftest import chromium
from tests.browser.desk import NARROW, WIDE, Desk
from tests.browser.film import Film

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMD = re.compile(r"^000-82\d{8}$")
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def browser(film: Film) -> Iterator[Browser]:
    """One whose camera sees the film."""
    with chromium(*film.arguments) as browser:
        yield browser


class Amira:
    """The passenger, and what her phone does at this counter."""

    def __init__(self, page: Page) -> None:
        signed_in = page.request.post("/v1/demo/sign-in", data={"who": "amira"}).json()
        self._account: str = signed_in["account"]
        self._headers = {"Authorization": f"Bearer {signed_in['api_key']}"}
        self._request = page.request

    def code(self) -> str:
        path = f"/v1/accounts/{self._account}/codes"
        payload: str = self._request.post(path, headers=self._headers).json()["payload"]
        return payload

    def pays(self, scanned: str) -> dict[str, Any]:
        paid = self._request.post(
            "/v1/scans/pay",
            headers={**self._headers, "Idempotency-Key": "walk-at-the-counter"},
            data={"code": scanned},
        )
        body: dict[str, Any] = paid.json()
        return body


# A shift that is open already shows no button for it.
SHIFT_WITHIN_MS = 2_000


def find(page: Page) -> None:
    """Signed in, on a shift, with Amira's booking in front."""
    page.goto("/counter#as=counter")
    expect(page.locator("#closed:visible, #find:visible").first).to_be_visible()
    with suppress(NotWithin):  # it is open already, from the test before
        page.locator("#open-shift").click(timeout=SHIFT_WITHIN_MS)
    page.locator("#booking").fill("pearl2")
    page.locator("#booking").press("Enter")
    expect(page.locator("#weight-0")).to_be_focused()


def weigh(page: Page, *kilograms: str) -> None:
    for index, weight in enumerate(kilograms):
        if index:
            page.locator(".add-bag").click()
        page.locator(f"#weight-{index}").fill(weight)


def twice(page: Page, name: str) -> None:
    """What cannot be taken back is asked for twice."""
    button = page.locator("#stage-emd").get_by_role("button", name=name)
    button.click()
    page.locator("#stage-emd").get_by_role("button", name="Sure?").click()


def test_an_agent_charges_by_camera_and_by_phone_and_gives_back_by_coupon(
    desk: Desk, film: Film
) -> None:
    page = desk.page(WIDE)
    amira = Amira(page)
    find(page)
    weigh(page, "22.5", "28")
    expect(page.locator("#price")).to_contain_text("Bag 2: heavier than 23 kg")
    page.get_by_role("button", name="Charge 390.00 QAR").click()
    page.locator("#scan").fill("not a code")
    page.locator("#scan").press("Enter")
    expect(page.locator("#scan-refused")).to_contain_text("neither a payment code")
    assert violations(page) == []

    film.show(amira.code())
    page.locator("#camera").click()

    number = page.locator(".emd-number")
    expect(number).to_have_text(EMD)
    expect(page.locator("#stage-emd")).to_contain_text("Code scanned")
    expect(page.locator("#ties")).to_contain_text("Ties to the ledger")
    assert violations(page) == []
    page.get_by_role("checkbox", name="Choose coupon 1").uncheck()
    twice(page, "Refund 150.00 QAR")
    expect(page.locator(".coupon").nth(1)).to_contain_text("Refunded")
    twice(page, "Refund 240.00 QAR")
    expect(page.locator(".emd-head .chip")).to_have_text("Refunded")

    page.locator("#stage-emd").get_by_role("button", name="Next passenger").click()
    find(page)
    weigh(page, "20", "20")
    page.get_by_role("button", name="Charge 240.00 QAR").click()
    page.locator("#elsewhere").click()
    expect(page.locator(".shown-code img")).to_be_visible()
    picture = page.locator(".shown-code").screenshot()
    scanned = ImageScanner(picture, PAYLOAD_PREFIX).scan()
    assert scanned is not None
    assert amira.pays(scanned)["status"] == "captured"

    expect(number).to_have_text(EMD)
    expect(page.locator("#stage-emd")).to_contain_text("Passenger’s phone")
    twice(page, "Void all")
    expect(page.locator(".emd-head .chip")).to_have_text("Void")
    expect(page.locator("#totals")).to_contain_text("Voided (1)")
    expect(page.locator("#ties")).to_contain_text("Ties to the ledger")


@pytest.mark.parametrize(
    ("language", "title"), [("ar", "الأمتعة الزائدة"), ("zh", "超额行李")]
)
def test_the_counter_fits_a_narrow_screen_in_the_readers_language(
    desk: Desk, language: str, title: str
) -> None:
    page = desk.page(NARROW, dark=language == "ar")
    page.add_init_script(f"localStorage.setItem('airside.language', '{language}')")
    find(page)
    weigh(page, "٢٣٫٥" if language == "ar" else "23.5", "28")
    expect(page.locator(".price-line")).to_have_count(2)

    expect(page.locator("h1#work-title")).to_have_text(title)
    assert violations(page) == []
    assert page.evaluate(SIDEWAYS) is False
