"""A receipt as a till prints it: plain text, 40 columns, the narrow paper roll."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.money import format_minor

WIDTH = 40


def receipt_text(payment: Mapping[str, Any], sold: Sequence[Mapping[str, Any]] = ()) -> str:
    """payment: the payment resource of the API. Says *paid* only of a payment that was captured.
    sold: its lines (terminals/attempt.py), where the till has them.
    """
    amount = payment["amount"]
    currency = amount["currency"]
    lines = [
        centred(payment["merchant_name"] or payment["merchant"]),
        centred(payment["place"]),
        "-" * WIDTH,
        pair("Order", payment["order"] or "-"),
        *[_sold(line, currency) for line in sold],
        pair("Amount", f"{format_minor(amount['amount_minor'], currency)} {currency}"),
    ]
    if payment["refunded_minor"]:
        refunded = format_minor(payment["refunded_minor"], currency)
        lines.append(pair("Refunded", f"{refunded} {currency}"))
    lines += [
        "-" * WIDTH,
        centred(_headline(payment)),
        pair("Time", payment["at"][:19].replace("T", " ") + " UTC"),
        pair("Till", payment["terminal"] or "-"),
        payment["id"],
    ]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _sold(line: Mapping[str, Any], currency: str) -> str:
    count = f"{line['quantity']} x " if line["quantity"] != 1 else ""
    amount = format_minor(line["amount_minor"], currency)
    return pair(f"{count}{line['text']}"[: WIDTH - len(amount) - 1], amount)


def _headline(payment: Mapping[str, Any]) -> str:
    match payment["status"]:
        case "captured" if payment["refunded_minor"] == payment["captured_minor"]:
            return "*** REFUNDED ***"
        case "captured":
            return "*** PAID ***"
        case "authorised" | "partially_captured":
            return "*** HELD, NOT YET PAID ***"
        case "declined":
            decline = payment["decline"]
            return f"DECLINED {decline['response_code']}: {decline['reason']}"
        case status:
            return str(status).upper()


def pair(name: str, value: str) -> str:
    return f"{name}{value:>{WIDTH - len(name)}}"


def centred(text: str) -> str:
    return text[:WIDTH].center(WIDTH)
