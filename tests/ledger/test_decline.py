import re

import pytest

from ledger.decline import DeclineReason

every_reason = pytest.mark.parametrize("reason", DeclineReason)


@every_reason
def test_a_reason_has_a_two_digit_response_code(reason: DeclineReason) -> None:
    assert re.fullmatch(r"\d\d", reason.response_code)
    assert reason.response_code != "00", "that would be an approval"


@every_reason
def test_a_reason_reads_as_a_sentence(reason: DeclineReason) -> None:
    assert re.fullmatch(r"[A-Z][^.]*\.", reason.text)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.value)


@every_reason
def test_a_reason_knows_whether_a_new_attempt_may_help(reason: DeclineReason) -> None:
    assert reason.retriable in {True, False}


def test_no_two_reasons_say_the_same() -> None:
    assert len({reason.text for reason in DeclineReason}) == len(DeclineReason)


def test_what_may_change_is_worth_another_attempt_and_what_has_ended_is_not() -> None:
    assert DeclineReason.INSUFFICIENT_FUNDS.retriable
    assert DeclineReason.ACCOUNT_FROZEN.retriable
    assert not DeclineReason.HOLD_EXPIRED.retriable
    assert not DeclineReason.REVERSED_BEFORE_ARRIVAL.retriable
