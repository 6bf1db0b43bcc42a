"""One Chromium for each file of browser tests, and a clear desk for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.desk import Desk

CHROMIUM = "/usr/bin/chromium"


# Of the module, not of the session: while it is open its event loop counts as running, and an
# asynchronous test of another file could not start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser, demo_server: str) -> Iterator[Desk]:
    desk = Desk(browser, demo_server)
    yield desk
    desk.clear()
    assert desk.complaints == []
