"""The app as a passenger walks through it: a camera, a passkey, care mode, Arabic, and no mouse."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import chromium
from tests.browser.desk import NARROW, PHONE, Desk, Till
from tests.browser.film import Film
from tests.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STEPS_MAX = 4  # of a purchase, from the closed phone to the answer


@pytest.fixture(scope="module")
def browser(film: Film) -> Iterator[Browser]:
    """One whose camera sees the film."""
    with chromium(*film.arguments) as browser:
        yield browser


class Traveller:
    """Somebody with a phone, who counts what they have to do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def open(self, address: str) -> None:
        self.steps += 1
        self.page.goto(address)

    def tap(self, target: Locator) -> None:
        self.steps += 1
        target.click()


def in_care_mode(page: Page, language: str) -> Page:
    page.add_init_script(
        f"localStorage.setItem('airside.language', '{language}');"
        "localStorage.setItem('airside.care', 'on');"
    )
    return page


def merchant_code(installation: Installation, amount_minor: int, order: str) -> str:
    """What a shop shows for a sale: bound to an order, with its amount."""
    lounge = installation.api("lounge")
    amount = {"amount_minor": amount_minor, "currency": "QAR"}
    made = lounge.post("/v1/orders", {"amount": amount, "order": order, "lines": []}, order)
    assert made.status == 201, made.raw
    shown = lounge.post("/v1/merchant-codes", {"order": made.body["id"]}, f"{order}-code")
    payload: str = shown.body["payload"]
    return payload


def test_a_shop_s_code_is_paid_in_care_mode_and_arabic_in_four_steps_at_most(
    desk: Desk, film: Film, installation: Installation
) -> None:
    film.show(merchant_code(installation, 2400, "care-1"))
    traveller = Traveller(in_care_mode(desk.page(PHONE), "ar"))
    page = traveller.page

    traveller.open("/wallet#as=amira")
    traveller.tap(page.locator(".act[data-tab=scan]"))
    expect(page.locator(".bill-merchant")).to_have_text("Pearl Lounge")
    expect(page.locator(".bill-total")).to_have_text("٢٤٫٠٠ ر.ق.")
    traveller.tap(page.locator("#pay-button"))

    expect(page.locator("#verdict")).to_contain_text("دُفع")
    expect(page.locator("#verdict")).to_contain_text("٢٤٫٠٠ ر.ق.")
    assert traveller.steps <= STEPS_MAX
    assert violations(page) == []


def test_a_code_without_an_amount_takes_four_steps_too(
    desk: Desk, film: Film, installation: Installation
) -> None:
    lounge = installation.api("lounge")
    shown = lounge.post(
        "/v1/merchant-codes", {"currency": "QAR", "place": "A7-32B"}, "app-static"
    )
    film.show(shown.body["payload"])
    traveller = Traveller(in_care_mode(desk.page(PHONE), "ar"))
    page = traveller.page

    traveller.open("/wallet#as=amira")
    traveller.tap(page.locator(".act[data-tab=scan]"))
    page.locator("#amount").fill("١٢٫٥٠")
    traveller.tap(page.get_by_role("button", name="التالي"))
    traveller.tap(page.locator("#pay-button"))

    expect(page.locator("#verdict")).to_contain_text("١٢٫٥٠")
    assert traveller.steps <= STEPS_MAX


def test_a_till_reads_the_phone_s_code_with_its_camera_and_refuses_to_choose_between_two(
    desk: Desk, film: Film
) -> None:
    phone, other, till = desk.phone(), desk.phone("jonas"), desk.till()
    film.show(phone.payload, other.payload)
    till.key_in("500")
    till.page.locator("#charge").click()
    till.page.get_by_role("button", name="Use the camera").click()
    expect(till.page.locator("#scan-refused")).to_contain_text("More than one")
    till.page.locator("#camera").click()

    film.show(phone.payload)
    till.page.get_by_role("button", name="Use the camera").click()

    expect(till.verdict).to_contain_text("Approved")
    expect(phone.moment).to_contain_text("Paid 5.00 QAR")


def test_an_order_link_in_a_code_opens_and_is_paid(desk: Desk, film: Film) -> None:
    till: Till = desk.till()
    link = till.make_link("900")
    film.show(link)
    page = desk.page(PHONE)
    page.goto("/wallet#as=amira")
    page.locator(".tab[data-tab=scan]").click()

    page.get_by_role("button", name="Pay 9.00 QAR").click()

    expect(page.locator("#verdict")).to_contain_text("Paid 9.00 QAR")


def test_a_passkey_is_added_signs_in_and_its_device_is_signed_out(
    desk: Desk, demo_server: str
) -> None:
    page = desk.page(PHONE)
    authenticator = give_authenticator(page)
    named = demo_server.replace("127.0.0.1", "localhost")
    page.goto(f"{named}/wallet#as=mei")
    page.locator(".tab[data-tab=settings]").click()
    page.get_by_role("link", name=re.compile("Passkeys")).click()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator(".screen .said")).to_have_text("The passkey was added.")
    expect(page.locator(".row-item")).to_have_count(1)

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator(".who")).to_have_text("Mei")
    page.goto(f"{named}/wallet#devices")
    expect(page.locator(".row-item")).to_contain_text("This device")

    # The door may stand before the page begins anew. Chromium never ends to close a window that
    # is just leaving a page with keys.
    with page.expect_event("load"):
        page.get_by_role("button", name="Sign out here").click()
    expect(page.locator("#door h1")).to_have_text("Who is there?")
    authenticator.send("WebAuthn.disable")
    authenticator.detach()


def give_authenticator(page: Page) -> CDPSession:
    """A phone's own: it keeps passkeys, and its owner's finger is always on it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def test_a_frozen_wallet_shows_no_code_until_it_is_let_go(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/wallet#as=jonas")
    expect(page.locator(".code-picture")).to_be_visible()
    page.goto("/wallet#freeze")

    page.get_by_role("button", name="Freeze it now").click()
    expect(page.locator("[data-frozen]")).to_contain_text("The wallet is frozen.")
    page.get_by_role("link", name="Back").click()
    page.locator(".tab[data-tab=home]").click()
    expect(page.locator("#code-frame")).to_contain_text("No code just now")
    page.goto("/wallet#freeze")
    page.get_by_role("button", name="Let it pay again").click()

    expect(page.locator("[data-frozen]")).to_contain_text("The wallet can pay.")


def test_the_history_is_searched_and_taken_home(desk: Desk) -> None:
    phone, till = desk.phone(), desk.till()
    till.charge("700", phone.payload)
    expect(phone.moment).to_contain_text("Paid 7.00 QAR")
    page = phone.page
    page.goto("/wallet#history")
    page.locator("summary").click()
    page.get_by_label("Shop or order").fill("no such shop")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".screen-body")).to_contain_text("Nothing was found.")

    page.get_by_label("Shop or order").fill("pearl")
    page.get_by_role("button", name="Find").click()
    expect(page.locator(".line").first).to_contain_text("7.00 QAR")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Take it home").click()
    assert "7.00,QAR" in taken.value.path().read_text()

    page.locator(".line a").first.click()
    expect(page.locator(".receipt")).to_contain_text(till.merchant)
    expect(page.locator(".receipt")).to_contain_text("Paid")


def test_a_history_that_cannot_be_read_is_not_called_empty(desk: Desk) -> None:
    page = desk.phone().page
    page.route("**/entries*", lambda route: route.abort())
    page.goto("/wallet#history")

    expect(page.locator(".screen-body")).to_contain_text("The gateway does not answer.")
    expect(page.locator(".screen-body")).not_to_contain_text("Nothing was found.")


def test_without_a_network_the_app_opens_and_says_what_it_last_saw(
    browser: Browser, demo_server: str
) -> None:
    context = browser.new_context(base_url=demo_server, locale="en-GB")
    page = context.new_page()
    page.goto("/wallet#as=jonas")
    expect(page.locator(".pot").first).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)

    page.reload()

    expect(page.locator("#door h1")).to_have_text("The gateway does not answer.")
    expect(page.locator(".purse")).to_contain_text("Jonas’s wallet, as last seen")
    expect(page.locator(".purse-pots")).to_contain_text("QAR")
    context.set_offline(False)
    expect(page.locator(".light")).to_have_text("Live")
    context.close()


def test_an_offline_code_pays_while_the_phone_has_no_network(desk: Desk) -> None:
    page, till = desk.page(PHONE), desk.till()
    page.goto("/wallet#as=amira")
    expect(page.locator(".pot").first).to_be_visible()
    page.goto("/wallet#offline")
    with page.expect_response("**/codes/offline") as fetched:
        page.get_by_role("button", name="Fetch ten new codes").click()
    payload = fetched.value.json()["codes"][0]["payload"]
    expect(page.locator("[data-codes]")).to_have_attribute("data-codes", "10")
    page.context.set_offline(True)

    page.get_by_role("button", name="Show a code").click()
    expect(page.locator(".purse-code")).to_be_visible()
    till.charge("300", payload)

    expect(till.verdict).to_contain_text("Approved")
    page.get_by_role("button", name="The till has taken it").click()
    expect(page.locator("[data-codes]")).to_have_attribute("data-codes", "9")


def test_a_tap_asks_from_which_money_when_the_first_choice_does_not_fit(
    desk: Desk,
) -> None:
    till, page = desk.till(), desk.page(PHONE)
    page.goto("/wallet#as=jonas")
    expect(page.locator(".pot").first).to_be_visible()
    page.goto("/wallet#ways")
    page.get_by_role("button", name="Use it: QAR").click()
    page.get_by_role("button", name="Use it: EUR").click()
    page.get_by_role("button", name="Make it first: EUR").click()
    expect(page.locator("[data-way=EUR]")).to_contain_text("First choice")

    page.goto(till.make_link("1000"))
    page.get_by_role("button", name="Pay 10.00 QAR").click()
    expect(page.locator("#verdict")).to_contain_text("From which money?")
    page.get_by_role("button", name="Pay it from QAR").click()

    expect(page.locator("#verdict")).to_contain_text("Paid 10.00 QAR")


def test_a_limit_of_one_s_own_declines_what_is_above_it(desk: Desk) -> None:
    phone, till = desk.phone("mei"), desk.till()
    page = phone.page
    page.goto("/wallet#limits")
    page.get_by_label("At most in one payment").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".screen .said").first).to_have_text("Kept.")
    page.goto("/wallet#code")

    till.charge("2001", phone.payload)

    expect(phone.moment).to_contain_text("Not paid")
