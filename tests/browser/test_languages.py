"""Three languages: the same sentences in each, its direction, and amounts to the last digit."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from channels.web.pages import STATIC
from tests.browser.axe import violations
from tests.browser.desk import NARROW, Desk
from tests.house.tree import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABLES = sorted(path.stem for path in (STATIC / "text" / "en").glob("*.js"))
SCRIPTS = {"en": r"[A-Za-z]", "zh": r"[\u4e00-\u9fff]", "ar": r"[\u0621-\u064a]"}
# What is called the same everywhere.
NAMES = {"Airside", "{reason}", ""}

_READ = """async (names) => Object.fromEntries(await Promise.all(
  names.map(async (name) => [name, await import(`/static/text/${name}.js`)])))"""


def flat(table: dict[str, Any], path: str = "") -> dict[str, str]:
    """Every sentence by the path of its names, such as wallet.kinds.purchased."""
    sentences: dict[str, str] = {}
    for name, value in table.items():
        below = f"{path}.{name}"
        sentences |= flat(value, below) if isinstance(value, dict) else {below: value}
    return sentences


def placeholders(sentences: dict[str, str]) -> dict[str, list[str]]:
    return {name: sorted(re.findall(r"\{\w+\}", text)) for name, text in sentences.items()}


def opened(desk: Desk, path: str, language: str) -> Page:
    """As somebody sees it who has chosen the language on this device before."""
    page = desk.page(NARROW)
    page.add_init_script(f"localStorage.setItem('airside.language', '{language}')")
    page.goto(path)
    return page


def test_every_language_has_the_same_sentences_with_the_same_places_for_values(
    desk: Desk,
) -> None:
    page = desk.page(NARROW)
    page.goto("/")
    read: dict[str, Any] = page.evaluate(
        _READ, [f"{language}/{name}" for language in SCRIPTS for name in TABLES]
    )
    assert len(TABLES) >= 4

    for name in TABLES:
        english = flat(read[f"en/{name}"])
        for language, script in SCRIPTS.items():
            theirs = flat(read[f"{language}/{name}"])
            assert placeholders(theirs) == placeholders(english), (language, name)
            foreign = [
                where
                for where, text in theirs.items()
                if text not in NAMES and not re.search(script, text)
            ]
            assert foreign == [], language


@pytest.mark.parametrize(
    ("language", "amount", "change"),
    [
        ("en", "90,071,992,547,409.91 QAR", "+0.05 QAR"),
        ("zh", "90,071,992,547,409.91 QAR", "+0.05 QAR"),
        ("ar", "٩٠٬٠٧١٬٩٩٢٬٥٤٧٬٤٠٩٫٩١ ر.ق.", "\u061c+٠٫٠٥ ر.ق."),
    ],
)
def test_an_amount_is_written_in_the_language_to_its_last_digit(
    desk: Desk, language: str, amount: str, change: str
) -> None:
    page = opened(desk, "/pay", language)

    shown = page.evaluate(
        "async () => { const { formatMoney, formatChange, parseMoney } ="
        " await import('/static/js/money.js'); return [formatMoney(2 ** 53 - 1, 'QAR'),"
        " formatChange(5, 'QAR'), ...['12.5', '١٢٫٥٠', '12.50'].map("
        "(typed) => parseMoney(typed, 'QAR'))]; }"
    )

    assert shown == [amount, change, 1250, 1250, 1250]


def test_a_language_is_chosen_on_the_page_stays_and_turns_it_round(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/wallet")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")

    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.goto("/wallet#as=amira")

    expect(page.locator("html")).to_have_attribute("lang", "ar-QA")
    expect(page.locator(".light")).to_have_text("مباشر")
    expect(page.locator(".pot-available strong").first).to_have_text(re.compile("[٠-٩]"))
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert violations(page) == []


def test_the_language_of_the_device_is_taken_when_none_was_chosen(desk: Desk) -> None:
    page = desk.page(NARROW, locale="zh-TW")
    page.goto("/wallet")

    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#door h1")).to_have_text("您是哪位？")


_REFUSED = """async ([name, more]) => {
  const { Problem } = await import("/static/js/api.js");
  return new Problem(429, { type: `/problems/${name}`, detail: "In English.", ...more }).message;
}"""


@pytest.mark.parametrize(
    ("language", "often", "reason"),
    [
        ("en", "In English.", "In English."),
        ("zh", "操作太频繁，请在 7 秒后再试。", "钱包余额不足"),
        (
            "ar",
            "محاولات كثيرة. حاول مرة أخرى بعد 7 ثانية.",
            "لا رصيد كافٍ في المحفظة",
        ),
    ],
)
def test_a_refusal_is_said_in_the_language_and_in_english_where_it_is_not_known(
    desk: Desk, language: str, often: str, reason: str
) -> None:
    page = opened(desk, "/wallet", language)

    def said(name: str, **more: Any) -> str:
        words: str = page.evaluate(_REFUSED, [name, more])
        return words

    assert said("too-often", retry_after_s=7) == often
    assert said("declined", reason="insufficient_funds") == reason
    assert said("of-tomorrow") == "In English."


def test_every_refusal_that_is_translated_is_one_that_the_gateway_makes(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/")
    read: dict[str, Any] = page.evaluate(_READ, ["zh/problems", "ar/problems"])
    chinese, arabic = (read[name]["problems"] for name in ("zh/problems", "ar/problems"))
    sources = [
        path for floor in ("channels", "gateway") for path in (ROOT / floor).rglob("*.py")
    ]
    made = "".join(path.read_text(encoding="utf-8") for path in sources)

    assert placeholders(chinese) == placeholders(arabic)
    unmade = {name for name in chinese if f'"{name}"' not in made}
    assert unmade <= {"card-unreadable", "code-unreadable"}, "these are made of two words"
