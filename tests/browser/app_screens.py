"""Every screen of the app, and what is measured on it."""

from playwright.sync_api import Page, expect

from tests.browser.axe import violations

# By the address after /wallet; a receipt needs a payment and is added by who has one.
SCREENS = ("", "#code", "#scan", "#history", "#settings", "#ways", "#limits", "#offline",
           "#freeze", "#passkeys", "#devices", "#look")  # fmt: skip

# The age-friendly specification of the Chinese ministry of industry and information technology.
TYPE_MIN_PX = 18
TYPE_LARGEST_PX = 30
LINE_SPACING_MIN_PERCENT = 130
MAIN_TARGET_MIN_PX = 60
TARGET_MIN_PX = 44

# Text that somebody sees, with its size and the distance of its lines; and whatever can be touched.
_MEASURE = """() => {
  const seen = (node) => {
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    return box.width > 1 && box.height > 1 && box.bottom > 0
      && style.visibility === "visible" && style.clipPath === "none";
  };
  const name = (node) => `${node.tagName}.${node.className.baseVal ?? node.className}`
    + ` "${node.textContent.trim().slice(0, 30)}"`;
  const ownText = (node) => [...node.childNodes].some(
    (child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim() !== "");
  const all = [...document.querySelectorAll("body *")].filter(seen);
  const texts = all.filter(ownText).map((node) => {
    const { fontSize, lineHeight } = getComputedStyle(node);
    return [name(node), parseFloat(fontSize), parseFloat(lineHeight) || 0];
  });
  const main = ".primary, .big, .act, .option, .row-link, .choice, .back";
  const touched = "a[href], button, input, select, summary, [role=button]";
  const targets = all.filter((node) => node.matches(touched)).map((node) => {
    const { width, height } = node.getBoundingClientRect();
    return [name(node), node.matches(main), Math.round(width), Math.round(height)];
  });
  return { texts, targets };
}"""


def open_screen(page: Page, screen: str) -> None:
    """Go there as a link does, and wait until it is whole."""
    page.evaluate("(to) => { location.hash = to }", screen)
    if screen:
        expect(page.locator(".back")).to_be_visible()
        expect(page.locator("#screen")).not_to_have_attribute("aria-busy", "true")
    else:
        expect(page.locator(".pot").first).to_be_visible()


def too_small(page: Page) -> list[str]:
    """What an elderly traveller could not read or hit."""
    measured = page.evaluate(_MEASURE)
    assert measured["texts"], "a screen says something"
    found = [
        f"type {size} px, lines {spacing} px: {name}"
        for name, size, spacing in measured["texts"]
        if size < TYPE_MIN_PX or spacing * 100 < size * LINE_SPACING_MIN_PERCENT - 1
    ]
    for name, main, width, height in measured["targets"]:
        least = MAIN_TARGET_MIN_PX if main else TARGET_MIN_PX
        if width < least or height < least:
            found.append(f"target {width} x {height} px: {name}")
    return found


def breaches(page: Page, width: int) -> list[str]:
    """What axe finds, and whether the page scrolls sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    sideways = [f"it is {wide} px wide"] if wide > width else []
    return sideways + violations(page)
