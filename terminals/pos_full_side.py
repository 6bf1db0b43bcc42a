"""Beside the stages of a full-screen till: what was done lately, and the totals since closing."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from ledger.money import format_minor
from terminals.attempt import Attempt
from terminals.pos_screen import about
from terminals.till_day import since_close, totals_of
from terminals.till_journal import TillJournal

SHOWN_MAX = 12


class Side(Vertical):
    """Told from the till's own journal: what the gateway has is asked for with the day."""

    def __init__(self, journal: TillJournal) -> None:
        super().__init__(id="side")
        self._journal = journal

    def compose(self) -> ComposeResult:
        yield Static("Today", classes="label")
        yield Static("", id="totals", markup=False)
        yield Static("", id="lately", markup=False)

    def look(self) -> None:
        attempts = since_close(self._journal)
        totals = [
            f"{format_minor(total.net_minor, total.currency)} {total.currency}"
            f"\n{total.sales} sold · {total.refunds} given back"
            for total in totals_of(attempts)
        ]
        self.query_one("#totals", Static).update("\n".join(totals) or "Nothing yet")
        lately = [_row(attempt) for attempt in reversed(attempts[-SHOWN_MAX:])]
        self.query_one("#lately", Static).update("\n".join(lately))


def _row(attempt: Attempt) -> str:
    outcome = attempt.result.outcome.value if attempt.result else "OWED"
    return f"{attempt.seq:>4}  {outcome:<9} {about(attempt):>16}"
