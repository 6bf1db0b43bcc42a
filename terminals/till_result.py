"""What a till says at the end, in one sentence for the cashier."""

from typing import assert_never

from ledger.money import format_minor
from terminals.attempt import FollowUp, Outcome, Result
from terminals.gateway_answer import Payment, Refused, Reversal, Standing

NOT_REACHED = Result(
    Outcome.NOT_PAID, "The gateway cannot be reached. Nothing was taken; try again."
)
NOT_FOLLOWED = Result(
    Outcome.REFUSED, "The gateway cannot be reached. Nothing happened; try again."
)
_TOMBSTONED = Result(
    Outcome.NOT_PAID, "No answer came. Nothing was taken, and nothing will be."
)


def as_it_stands(payment: Payment) -> Result:
    """Of a payment that answers a sale."""
    match payment.standing:
        case Standing.PAID:
            return Result(Outcome.PAID, "Approved.", payment)
        case Standing.DECLINED:
            return Result(Outcome.DECLINED, _decline(payment), payment)
        case Standing.UNDONE:
            text = "This payment was given back before. Nothing of it is taken."
            return Result(Outcome.NOT_PAID, text, payment)
        case Standing.OPEN:
            raise AssertionError("a hold is no answer to a sale")
        case standing:
            assert_never(standing)


def paid_before(result: Result, sequence: int) -> Result:
    """The same code was scanned again for the same order: one payment, shown a second time."""
    text = f"Approved before, as number {sequence}: this is the same payment, taken once."
    return Result(result.outcome, text, result.payment, sequence)


def refused(refusal: Refused) -> Result:
    text = f"{_because(refusal)} Nothing was taken."
    return Result(Outcome.NOT_PAID, text)


def after_reversal(reversal: Reversal) -> Result:
    payment = reversal.payment
    match reversal.outcome:
        case "nothing_to_reverse" if payment is not None:
            return as_it_stands(payment)
        case "tombstoned" | "nothing_to_reverse":
            return _TOMBSTONED
        case "reversed":
            text = "No answer came in time. What was taken has been given back."
            return Result(Outcome.NOT_PAID, text, payment)


def owed_reversal(why: str) -> Result:
    return Result(
        Outcome.UNKNOWN,
        f"{why} A reversal is still owed, and is asked for first at the next start."
        " Hand over nothing.",
    )


def unsettled(why: str, key: str) -> Result:
    """Nobody but a person with the ledger can say."""
    text = f"{why} Call the operator, who finds this attempt by its key {key}."
    return Result(Outcome.UNKNOWN, text)


def after_follow_up(request: FollowUp, payment: Payment) -> Result:
    currency = payment.amount.currency
    given_back = format_minor(payment.refunded_minor, currency)
    captured = format_minor(payment.captured_minor, currency)
    of_all = f"In all, {given_back} of {captured} {currency} is given back."
    if request.move == "refund":
        return Result(Outcome.REFUNDED, of_all, payment)
    text = of_all if payment.refunded_minor else "The hold is released."
    return Result(Outcome.VOIDED, text, payment)


def follow_up_refused(refusal: Refused) -> Result:
    return Result(Outcome.REFUSED, f"{_because(refusal)} Nothing happened.")


def owed_follow_up(request: FollowUp) -> Result:
    return Result(
        Outcome.UNKNOWN,
        f"No answer came. This {request.move} is asked for again, once, at the next start:"
        " do not give back by other means.",
    )


def _because(refusal: Refused) -> str:
    if refusal.key_refused:
        return f"The gateway does not accept this till: {refusal.detail}"
    return refusal.detail


def _decline(payment: Payment) -> str:
    decline = payment.decline
    return f"{decline.text} ({decline.response_code})" if decline else "Declined."
