"""The slip of a till's day, as it is printed: plain text, 40 columns, like a receipt."""

from ledger.money import format_minor
from terminals.receipt import WIDTH, centred, pair
from terminals.till_day import CategoryTotal, CurrencyTotal, Day


def day_slip(day: Day, names: str, *, closed: bool) -> str:
    """names: whose till it is. closed: this is the last slip of the day, not a look at it."""
    lines = [
        centred(names),
        centred("END OF DAY" if closed else "THE DAY SO FAR"),
        "-" * WIDTH,
        pair("Numbers", f"{day.first} to {day.last}" if day.last >= day.first else "none"),
        pair("Time", day.ended_at[:19].replace("T", " ") + " UTC"),
    ]
    for total in day.totals:
        lines += _currency(total)
    if day.categories:
        lines.append("-" * WIDTH)
        lines += [_category(total) for total in day.categories]
    lines.append("-" * WIDTH)
    lines.append(centred(_verdict(day)))
    lines += [*day.differences, *day.for_a_person]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _currency(total: CurrencyTotal) -> list[str]:
    currency = total.currency

    def amount(minor: int) -> str:
        return f"{format_minor(minor, currency)} {currency}"

    return [
        "-" * WIDTH,
        pair(f"Sales ({total.sales})", amount(total.sales_minor)),
        pair(f"Given back ({total.refunds})", amount(-total.refunds_minor)),
        pair("Net", amount(total.net_minor)),
    ]


def _category(total: CategoryTotal) -> str:
    name = f"{total.category or 'without a category'} ({total.count})"
    return pair(
        name, f"{format_minor(total.amount_minor, total.currency)} {total.currency}"
    )


def _verdict(day: Day) -> str:
    if day.still_open:
        return f"*** {day.still_open} STILL OPEN ***"
    if day.differences:
        return "*** DOES NOT AGREE ***"
    return "*** AGREES WITH THE GATEWAY ***"
