"""One Chromium for each file of browser tests, and a clear desk for each test."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.desk import Desk

CHROMIUM = "/usr/bin/chromium"

# A page that is right is right at once; this is for a machine that has other work.
EXPECT_WITHIN_MS = 20_000


# Of the module, not of the session: while it is open its event loop counts as running, and an
# asynchronous test of another file could not start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=EXPECT_WITHIN_MS)
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
