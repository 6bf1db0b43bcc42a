"""A phone and a till on one desk: the pages, driven by what people see on them.

Nothing here reads a page's own state. What is handed over by hand in life (the code, from the
phone's screen to the scanner) is taken from the answer that drew it.
"""

import re

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Response,
    expect,
)

NARROW = (320, 640)
PHONE = (390, 844)
WIDE = (1280, 860)

# How long a patient person looks at a page, by the page's own clock.
PATIENCE_TICKS = 120
TICK_MS = 500


class Desk:
    """Opens pages, each in a context of its own as on two devices, and hears complaints."""

    def __init__(self, browser: Browser, server: str) -> None:
        self._browser = browser
        self._server = server
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def page(
        self,
        size: tuple[int, int],
        *,
        dark: bool = False,
        locale: str = "en-GB",
        timezone: str = "UTC",
    ) -> Page:
        width, height = size
        context = self._browser.new_context(
            base_url=self._server,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale=locale,
            timezone_id=timezone,
            # What a test cuts off would not reach it through a service worker.
            service_workers="block",
        )
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        # The browser complains of every answer from 400 on, and of every call that a test
        # cuts off. What the page makes of those is what the tests are about.
        of_a_call = "/v1/" in message.location["url"]
        if "Service Worker registration blocked" in message.text:
            return  # by ourselves, above
        if message.type in {"error", "warning"} and not of_a_call:
            self.complaints.append(message.text)

    def phone(self, who: str = "amira") -> "Phone":
        return Phone(self.page(PHONE), who)

    def till(self, who: str = "lounge") -> "Till":
        return Till(self.page(WIDE), who)

    def clear(self) -> None:
        for context in self._contexts:
            context.close()


class Phone:
    """The wallet page, and the newest code on its screen."""

    def __init__(self, page: Page, who: str) -> None:
        self.page = page
        self.drawn: list[Response] = []
        page.on("response", self._keep_code)
        page.goto(f"/wallet#as={who}")
        self.picture = page.locator(".code-picture")
        self.moment = page.locator("#moment")
        self.newest_line = page.locator(".line").first
        expect(self.picture).to_be_visible()
        expect(page.locator(".light")).to_have_text("Live")
        expect(self.newest_line).to_be_visible()

    def _keep_code(self, response: Response) -> None:
        if response.url.endswith("/codes"):
            self.drawn.append(response)

    @property
    def payload(self) -> str:
        payload: str = self.drawn[-1].json()["payload"]
        return payload

    def available_minor(self) -> int:
        shown = self.page.locator("[data-pot=QAR] .pot-available strong").inner_text()
        return int(re.sub(r"\D", "", shown))


class Till:
    """The till page: keys, scanner, answer, and the list beside them."""

    def __init__(self, page: Page, who: str) -> None:
        self.page = page
        page.goto(f"/till#as={who}")
        self.verdict = page.locator("#verdict")
        self.newest_row = page.locator(".row").first
        expect(page.locator(".light")).to_have_text("Live")
        self.merchant = page.locator(".who").inner_text()

    def key_in(self, digits: str) -> None:
        for digit in digits:
            self.page.get_by_role("button", name=f"Digit {digit}", exact=True).click()

    def charge(self, digits: str, payload: str) -> None:
        """Key in, charge, and scan as a hand scanner does: keys and Enter."""
        self.key_in(digits)
        self.page.locator("#charge").click()
        expect(self.page.locator("#scan")).to_be_focused()
        self.page.keyboard.insert_text(payload)
        self.page.keyboard.press("Enter")

    def make_link(self, digits: str) -> str:
        self.key_in(digits)
        self.page.locator("#make-link").click()
        link = self.page.locator("#stage-link a").get_attribute("href")
        assert link is not None
        return link


def pass_time_until(page: Page, shown: Locator) -> None:
    """Turn the page's clock until this is on the page. Its clock must be installed."""
    for _ in range(PATIENCE_TICKS):
        if shown.is_visible():
            return
        page.clock.run_for(TICK_MS)
    expect(shown).to_be_visible()
