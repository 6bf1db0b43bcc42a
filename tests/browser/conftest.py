"""One Chromium for each file of browser tests, and a clear desk for each test."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.desk import Desk
from tests.browser.film import Film
from tests.processes import MARK, members

CHROMIUM = "/usr/bin/chromium"

# A page that is right is right at once; this is for a machine that has other work.
EXPECT_WITHIN_MS = 20_000
# Closing a window has no limit of its own. Who waits so long for a browser waits for ever.
TEST_WITHIN_S = 240.0
BROWSER = f"browser of {os.getpid()}"
BROWSER_ENV: dict[str, str | float | bool] = {**os.environ, MARK: BROWSER}


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    expect.set_options(timeout=EXPECT_WITHIN_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", *arguments],
            env=BROWSER_ENV,
        )
        yield browser
        browser.close()


# Of the module, not of the session: while it is open its event loop counts as running, and an
# asynchronous test of another file could not start one.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """For a file of tests whose browser has a camera."""
    return Film(tmp_path_factory.mktemp("film") / "camera.mjpeg")


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    """A browser that hangs is ended, so that its test fails and the run goes on."""
    timer = Timer(TEST_WITHIN_S, _end_browser)
    timer.start()
    yield
    timer.cancel()


def _end_browser() -> None:
    for pid in members(BROWSER):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def desk(browser: Browser, demo_server: str) -> Iterator[Desk]:
    desk = Desk(browser, demo_server)
    yield desk
    desk.clear()
    assert desk.complaints == []
