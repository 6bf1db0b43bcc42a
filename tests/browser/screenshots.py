"""Pictures of every screen of the app, to be looked at: python -m tests.browser.screenshots FOLDER

On a phone and on a desk, by day and by night, in three languages, in care mode and without; and
what axe finds on each of them, which `make test` asks of a few only. It takes some minutes.
"""

import argparse
import itertools
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.app_screens import SCREENS, breaches, open_screen
from tests.browser.conftest import CHROMIUM, EXPECT_WITHIN_MS
from tests.browser.desk import PHONE, WIDE
from tests.installation import Installation

SIZES = {"phone": PHONE, "desk": WIDE}
LANGUAGES = ("en", "zh", "ar")


def new_page(browser: Browser, server: str, size: str, *, dark: bool) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=server,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        service_workers="block",
    )
    return context.new_page()


def draw(browser: Browser, server: str, folder: Path) -> list[str]:
    """The findings, each with its picture's name."""
    found: list[str] = []
    looks = itertools.product(LANGUAGES, SIZES, (False, True), (False, True))
    for language, size, dark, care in looks:
        page = new_page(browser, server, size, dark=dark)
        page.add_init_script(
            f"localStorage['airside.language'] = '{language}';"
            f"localStorage['airside.care'] = '{'on' if care else 'off'}';"
        )
        page.goto("/wallet#as=amira")
        expect(page.locator(".pot").first).to_be_visible()
        look = "-".join(
            [language, size, "dark" if dark else "light", *(["care"] if care else [])]
        )
        for screen in SCREENS:
            open_screen(page, screen)
            name = f"{screen[1:] or 'home'}-{look}"
            page.screenshot(path=folder / f"{name}.png", full_page=True)
            found += [f"{name}: {one}" for one in breaches(page, SIZES[size][0])]
        page.context.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=EXPECT_WITHIN_MS)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        installation = Installation(Path(data) / "data")
        installation.start()
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        try:
            found = draw(browser, installation.base, folder)
        finally:
            browser.close()
            installation.end()
    lines = [*found, f"{len(found)} findings; the pictures are in {folder}"]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
