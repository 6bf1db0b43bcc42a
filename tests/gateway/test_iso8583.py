"""Tills that speak ISO 8583, at the real socket."""

from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from ledger.ids import ACCOUNT_BYTES, AccountId
from ledger.money import Money
from ledger.time_text import time_text
from services.limits import FAILED_CODES
from terminals.iso8583 import mac, profile
from terminals.iso8583.frames import frame
from terminals.iso8583.message import Message, encode
from terminals.iso8583.till import ECHO, SIGN_OFF, SIGN_ON
from terminals.iso8583.till_book import End
from terminals.payment_code import CodeKeys, PaymentCode
from tests.gateway.cards import make_stripe
from tests.gateway.harness import LOUNGE, House
from tests.gateway.iso8583 import Counter, Raw, counter, iso_house, purchase

PRICE = Money(24_000, "QAR")


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with iso_house(furnished_with_money, tmp_path / "data") as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    return await counter(funded, tmp_path)


async def test_a_till_signs_on_sells_gives_back_and_agrees_to_its_day(
    funded: House, desk: Counter
) -> None:
    till = desk.till()

    signed_on = await till.manage(SIGN_ON)
    paid = await till.purchase(await funded.code(), PRICE, "A-17")
    back = await till.refund(paid.payment, Money(4_000, "QAR"))
    funded.back_office.catch_up()
    agreed = await till.reconcile("QAR")
    echo = await till.manage(ECHO)
    await till.close()

    assert (signed_on.mti, signed_on.get(profile.RESPONSE)) == ("0810", "00")
    assert (paid.end, back.end) == (End.APPROVED, End.APPROVED)
    assert (agreed.mti, agreed.get("66"), agreed.get("39")) == ("0510", "1", "00")
    assert (agreed.get("76"), agreed.get("88")) == (f"{1:010d}", f"{24_000:016d}")
    assert (agreed.get("74"), agreed.get("86")) == (f"{1:010d}", f"{4_000:016d}")
    assert agreed.get("97") == f"C{20_000:016d}"
    assert echo.get(profile.RESPONSE) == "00"
    assert await funded.available() == 80_000


async def test_it_is_the_same_payment_as_over_http(funded: House, desk: Counter) -> None:
    till = desk.till()
    paid = await till.purchase(await funded.code(), PRICE, "A-17")
    await till.close()

    seen = (await funded.office.get(f"/v1/payments/{paid.payment}")).body

    assert (seen["status"], seen["captured_minor"]) == ("captured", 24_000)
    assert (seen["merchant"], seen["order"]) == (LOUNGE, "A-17")
    assert (seen["terminal"], seen["place"], seen["channel"]) == (
        desk.tid,
        "DOH-T1-B12",
        "terminal",
    )


async def test_a_hold_is_completed_in_part_and_the_rest_is_released(
    funded: House, desk: Counter
) -> None:
    till = desk.till()
    held = await till.hold(await funded.code(), PRICE)
    assert (await funded.held(), await funded.available()) == (24_000, 76_000)

    done = await till.complete(held.payment, Money(20_000, "QAR"))
    await till.close()

    assert done.end is End.APPROVED
    assert (await funded.held(), await funded.available()) == (0, 80_000)


async def test_a_hold_is_completed_by_the_message_that_made_it(
    funded: House, desk: Counter
) -> None:
    code = await funded.code()
    async with Raw(desk) as raw:
        money = {"e3": "000000", "e4": "000000024000", "e49": "634", "e62": code}
        await raw.ask(raw.message("0100", 1, **money))
        original = f"0100{1:06d}1122{0:06d}" + "0" * 22
        done = await raw.ask(raw.message("0220", 2, **money, e90=original))
        nothing = await raw.ask(
            raw.message("0220", 3, **money, e90=original.replace("000001", "000009", 1))
        )

    assert (done.mti, done.get("39")) == ("0230", "00")
    assert (nothing.get("39"), nothing.get("44")) == ("25", "payment_not_found")
    assert (await funded.held(), await funded.available()) == (0, 76_000)


@pytest.mark.parametrize("again", ["0200", "0201", "0220", "0221"])
async def test_a_message_that_comes_again_is_answered_from_the_journal(
    funded: House, desk: Counter, again: str
) -> None:
    code = await funded.code()
    async with Raw(desk) as raw:
        first = await purchase(raw, 17, code)
        funded.clock.advance(61_000)  # no code is fresh any more
        money = {"e3": "000000", "e4": "000000024000", "e49": "634", "e62": code}
        second = await raw.ask(raw.message(again, 17, **money))

    same = set(first.elements) - {"64", "128"}
    assert {name: second.get(name) for name in same} == {
        name: first.get(name) for name in same
    }
    assert await funded.available() == 76_000


async def test_a_number_that_comes_with_another_request_is_refused(
    funded: House, desk: Counter
) -> None:
    code = await funded.code()
    async with Raw(desk) as raw:
        await purchase(raw, 17, code)
        other = await raw.ask(
            raw.message("0200", 17, e3="000000", e4="000000024001", e49="634", e62=code)
        )
        held = await raw.ask(
            raw.message("0100", 17, e3="000000", e4="000000024000", e49="634", e62=code)
        )

    assert (other.get("39"), other.get("44")) == ("94", "key_reused")
    assert (held.get("39"), held.get("44")) == ("94", "key_reused")
    assert (await funded.available(), await funded.held()) == (76_000, 0)


async def test_the_same_number_on_another_day_is_another_payment(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        first = await purchase(raw, 17, await funded.code())
        second = await purchase(raw, 17, await funded.code(), e13="1123")

    assert (first.get("39"), second.get("39")) == ("00", "00")
    assert first.get("63") != second.get("63")


async def test_a_decline_says_its_code_and_its_reason(funded: House, desk: Counter) -> None:
    async with Raw(desk) as raw:
        poor = await raw.ask(
            raw.message(
                "0200",
                1,
                e3="000000",
                e4="000000924000",
                e49="634",
                e62=await funded.code(),
            )
        )
        again = await raw.ask(
            raw.message(
                "0200",
                2,
                e3="000000",
                e4="000000001000",
                e49="978",
                e62=await funded.code(),
            )
        )

    assert (poor.mti, poor.get("39"), poor.get("44")) == (
        "0210",
        "51",
        "insufficient_funds",
    )
    assert (again.get("39"), again.get("44")) == ("12", "wrong_currency")
    assert poor.get("63").startswith("pay_")


async def test_a_reversal_undoes_what_happened_and_bars_what_has_not(
    funded: House, desk: Counter
) -> None:
    code, late = await funded.code(), await funded.code()
    async with Raw(desk) as raw:
        await purchase(raw, 17, code)
        undone = await raw.ask(
            raw.message("0400", 17, e62=code, e90=f"0200{17:06d}1122" + "0" * 28)
        )
        repeated = await raw.ask(
            raw.message("0401", 17, e62=code, e90=f"0200{17:06d}1122" + "0" * 28)
        )
        renumbered = await raw.ask(
            raw.message("0420", 20, e62=code, e90=f"0200{17:06d}1122" + "0" * 28)
        )
        barred = await raw.ask(
            raw.message("0420", 19, e62=late, e90=f"0200{18:06d}1122" + "0" * 28)
        )
        arrived = await purchase(raw, 18, late)

    assert (undone.mti, undone.get("39"), undone.get("44")) == ("0410", "00", "reversed")
    assert (repeated.get("44"), renumbered.get("44")) == ("reversed", "reversed")
    assert (barred.mti, barred.get("44")) == ("0430", "tombstoned")
    assert (arrived.get("39"), arrived.get("44")) == ("12", "reversed_before_arrival")
    assert await funded.available() == 100_000


@pytest.mark.parametrize("day", ["1121", "1123"])
async def test_a_reversal_that_names_the_day_beside_is_refused_and_bars_nothing(
    funded: House, desk: Counter, day: str
) -> None:
    code = await funded.code()
    money = {"e4": f"{24_000:012d}", "e49": "634", "e62": code}
    async with Raw(desk) as raw:
        await purchase(raw, 17, code)
        wrong = f"0200{17:06d}{day}" + "0" * 28
        refused = await raw.ask(raw.message("0420", 18, **money, e90=wrong))
        other = await raw.ask(
            raw.message("0420", 19, **(money | {"e4": f"{1:012d}"}), e90=wrong)
        )
        right = f"0200{17:06d}1122" + "0" * 28
        undone = await raw.ask(raw.message("0420", 20, **money, e90=right))

    assert (refused.get("39"), refused.get("44")) == ("25", "original_on_another_day")
    assert (other.get("39"), other.get("44")) == ("00", "tombstoned")
    assert (undone.get("39"), undone.get("44")) == ("00", "reversed")


async def test_a_reversal_whose_codes_key_is_not_known_is_for_later(
    funded: House, desk: Counter
) -> None:
    elsewhere = CodeKeys([(200, b"k" * 32)], Random(1).randbytes)
    code = elsewhere.seal(PaymentCode(AccountId(b"a" * ACCOUNT_BYTES), 1, 1, 1))
    async with Raw(desk) as raw:
        asked = await purchase(raw, 1, code)
        original = f"0200{1:06d}1122" + "0" * 28
        undone = await raw.ask(raw.message("0420", 2, e62=code, e90=original))

    assert asked.get("39") == "14"
    assert (undone.get("39"), undone.get("44")) == ("91", "code_key_unknown")


@pytest.mark.parametrize(
    ("mti", "elements", "code", "reason"),
    [
        ("0200", {"e3": "000000", "e4": "000000000000", "e49": "634"}, "13", "element_4_zero"),
        ("0200", {"e3": "000000", "e4": "000000000001", "e49": "999"}, "30", "element_49_unknown"),
        ("0200", {"e3": "000000", "e49": "634"}, "30", "element_4_missing"),
        ("0200", {"e4": "000000000001", "e49": "634"}, "30", "element_3_missing"),
        ("0200", {"e3": "310000", "e4": "000000000001"}, "12", "element_3_unknown"),
        ("0100", {"e3": "200000", "e4": "000000000001"}, "12", "element_3_unknown"),
        ("0200", {"e3": "000000", "e62": "hQVDUFYwMQ=="}, "14", "code_unreadable"),
        ("0200", {"e3": "000000", "e13": "1332"}, "30", "element_13_no_day"),
        ("0220", {"e3": "000000", "e4": "000000000001", "e49": "634", "e63": "pay_x"},
         "25", "element_63_unknown"),
        ("0400", {"e62": "?", "e90": "0800" + "0" * 38}, "14", "code_unreadable"),
        ("0400", {"e90": "0200" + "0" * 38}, "30", "element_62_missing"),
        ("0200", {"e95": "0" * 42}, "12", "element_95_refused"),
        ("0200", {"e48": "4111 1111 1111 1111"}, "30", "element_48_refused"),
        ("0800", {"e70": "999"}, "12", "element_70_unknown"),
        ("0500", {"e50": "634"}, "30", "element_74_missing"),
    ],
)  # fmt: skip
async def test_a_message_that_cannot_be_understood_is_refused_by_its_element(
    funded: House, desk: Counter, mti: str, elements: dict[str, str], code: str, reason: str
) -> None:
    if mti == "0200":
        elements = {"e62": await funded.code()} | elements

    async with Raw(desk) as raw:
        answer = await raw.ask(raw.message(mti, 1, **elements))

    assert (answer.get("39"), answer.get("44")) == (code, reason)
    assert await funded.available() == 100_000


@pytest.mark.parametrize("element", profile.CARD_DATA)
async def test_card_data_is_refused_and_never_logged(
    funded: House,
    desk: Counter,
    element: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    number = "4111111111111111"
    text = {"14": "2712", "52": "0123456789ABCDEF", "53": number, "55": "41111111"}.get(
        element, number
    )
    async with Raw(desk) as raw:
        answer = await purchase(raw, 1, await funded.code(), **{f"e{element}": text})

    assert (answer.get("39"), answer.get("44")) == ("30", f"element_{element}_refused")
    assert element not in answer.elements
    assert await funded.available() == 100_000
    shown = capfd.readouterr()
    assert number not in shown.out + shown.err


async def test_a_gift_card_pays_by_its_number(funded: House, desk: Counter) -> None:
    account, number = await make_stripe(funded)
    async with Raw(desk) as raw:
        paid = await purchase(raw, 1, number, e4=f"{5_000:012d}")
        undone = await raw.ask(
            raw.message("0400", 2, e62=number, e90=f"0200{1:06d}1122" + "0" * 28)
        )
        unknown = await purchase(raw, 3, number[:-1] + "x")

    assert (paid.get("39"), undone.get("44")) == ("00", "reversed")
    assert (unknown.get("39"), unknown.get("44")) == ("14", "code_unreadable")
    assert await funded.available(account) == 20_000


async def test_who_tries_too_many_codes_has_to_wait(funded: House, desk: Counter) -> None:
    async with Raw(desk) as raw:
        for stan in range(1, FAILED_CODES.burst + 1):
            answer = await purchase(raw, stan, "hQVDUFYwMQ==")
            assert answer.get("44") == "code_unreadable"
        waits = await purchase(raw, 900, await funded.code())
        funded.clock.advance(FAILED_CODES.every_ms)
        paid = await purchase(raw, 901, await funded.code())

    assert (waits.get("39"), waits.get("44")) == ("65", "too_many_failed_codes")
    assert paid.get("39") == "00"


async def test_a_suspended_till_is_refused_at_once_and_still_settles_nothing(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        code = await funded.code()
        before = await purchase(raw, 1, code)
        await funded.operator.post(f"/v1/terminals/{desk.id}/suspend", key=None)
        after = await purchase(raw, 2, await funded.code())
        original = f"0200{1:06d}1122" + "0" * 28
        undone = await raw.ask(raw.message("0420", 3, e62=code, e90=original))

    assert before.get("39") == "00"
    assert (undone.get("39"), undone.get("44")) == ("58", "terminal_suspended")
    assert (after.get("39"), after.get("44")) == ("58", "terminal_suspended")
    assert await funded.available() == 76_000


async def test_who_does_not_know_the_key_is_refused_and_cut_off(
    funded: House, desk: Counter
) -> None:
    other = await counter(funded, desk.path.parent)
    stolen = Counter(
        funded,
        {"id": desk.id, "tid": desk.tid},
        {"key": (other.setup.key or b"").hex()},
        desk.path.parent,
    )
    async with Raw(stolen) as raw:
        await raw.send(frame(raw.message("0800", 1, e70="301")))
        refused = await raw.next()
        closed = await raw.next()
    async with Raw(desk) as raw:
        await raw.send(frame(encode(Message("0800", {"11": "000001", "41": desk.tid}))))
        unsigned = await raw.next()

    assert refused is not None
    assert refused.get("39") == "63"
    assert not mac.is_signed(refused)
    assert closed is None
    assert unsigned is not None
    assert unsigned.get("39") == "63"


async def test_an_old_key_ends_when_a_new_one_is_drawn(
    funded: House, desk: Counter
) -> None:
    await funded.operator.post(f"/v1/terminals/{desk.id}/message-key", key=None)

    async with Raw(desk) as raw:
        await raw.send(frame(raw.message("0800", 1, e70="301")))
        answer = await raw.next()

    assert answer is not None
    assert answer.get("39") == "63"


async def test_after_sign_off_a_till_sells_no_more_on_its_connection(
    funded: House, desk: Counter
) -> None:
    till = desk.till()
    await till.manage(SIGN_OFF)
    refused = await till.purchase(await funded.code(), PRICE)
    await till.manage(SIGN_ON)
    paid = await till.purchase(await funded.code(), PRICE)
    await till.close()

    assert (refused.end, refused.response) == (End.DECLINED, "58")
    assert paid.end is End.APPROVED


def sent_at(house: House, off_ms: int) -> str:
    """Element 7 of a till whose clock is that far ahead."""
    text = time_text(house.clock.now_ms() + off_ms)
    return text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19]


async def test_the_registry_sees_that_the_till_lives_and_how_its_clock_goes(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        await raw.ask(raw.message("0800", 42, e70="301", e7=sent_at(funded, -30_000)))

    seen = (await funded.operator.get(f"/v1/terminals/{desk.id}")).body

    assert seen["last_seen_at"] is not None
    assert seen["software"] == "iso8583"
    assert seen["last_sequence"] == 42
    # Whole seconds are sent, and the house's clock stands between two.
    assert -31_000 < seen["clock_off_ms"] <= -30_000


async def test_a_difference_is_named_and_the_batch_stays_open(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        await purchase(raw, 1, await funded.code())
        funded.back_office.catch_up()
        zero = {f"e{name}": "0" * 10 for name in ("74", "76", "77")}
        zero |= {f"e{name}": "0" * 16 for name in ("86", "88", "89")}
        wrong = await raw.ask(raw.message("0500", 2, e50="634", **zero))
        right = zero | {"e76": f"{1:010d}", "e88": f"{24_000:016d}"}
        closed = await raw.ask(raw.message("0500", 3, e50="634", **right))
        again = await raw.ask(raw.message("0501", 3, e50="634", **right))
        next_one = await raw.ask(raw.message("0500", 4, e50="634", **zero))

    assert (wrong.get("39"), wrong.get("66")) == ("95", "2")
    assert (wrong.get("76"), wrong.get("88")) == (f"{1:010d}", f"{24_000:016d}")
    assert (closed.get("39"), closed.get("66"), closed.mti) == ("00", "1", "0510")
    assert again.elements == closed.elements
    assert (next_one.get("66"), next_one.get("97")) == ("1", "C" + "0" * 16)
