"""Why a crew's till sells nothing on a frame: a reason for programs, a sentence for the crew."""

from enum import StrEnum

import msgspec

from terminals.inflight.entry import LINES_MAX


class Reason(StrEnum):
    """Why a till sells nothing on this frame."""

    NOT_A_FRAME = "not_a_frame"
    NOT_GENUINE = "not_genuine"
    TILL_CLOSED = "till_closed"
    OTHER_FLIGHT = "other_flight"
    WRONG_CURRENCY = "wrong_currency"
    SET_BACK = "set_back"
    CLOCK_BEHIND = "clock_behind"
    DENY_LIST_OLD = "deny_list_old"
    DENIED = "denied"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    COUNTER_USED = "counter_used"
    COUNTER_OLD = "counter_old"
    CLOCKS_APART = "clocks_apart"
    TOO_MANY_LINES = "too_many_lines"
    UNKNOWN_ARTICLE = "unknown_article"
    OUT_OF_STOCK = "out_of_stock"
    ABOVE_SALE_MAX = "above_sale_max"
    SPLIT_SALE = "split_sale"
    SHARE_SPENT = "share_spent"

    @property
    def text(self) -> str:
        return _TEXTS[self]


_R = Reason
_TEXTS = {
    _R.NOT_A_FRAME: "This is not a code for paying on board.",
    _R.NOT_GENUINE: "The code is not genuine: a signature does not hold.",
    _R.TILL_CLOSED: "This till has closed for the flight.",
    _R.OTHER_FLIGHT: "The money was set aside for another flight.",
    _R.WRONG_CURRENCY: "The money was set aside in another currency.",
    _R.SET_BACK: "Another till knows what this till did and has lost. Sell from another one.",
    _R.CLOCK_BEHIND: "This till's clock is behind: it was later when the plan was made. Set it.",
    _R.DENY_LIST_OLD: "The till's deny list is too old: fetch the flight's plan again.",
    _R.DENIED: "This allowance is blocked.",
    _R.NOT_YET_VALID: "The allowance is not valid yet: compare the clocks.",
    _R.EXPIRED: "The allowance has expired.",
    _R.COUNTER_USED: "This code has paid for another sale: ask for the next one.",
    _R.COUNTER_OLD: "A later code of this phone was seen: this one is a copy.",
    _R.CLOCKS_APART: "The code was not made just now: ask for a fresh one, compare the clocks.",
    _R.TOO_MANY_LINES: f"One sale has at most {LINES_MAX} lines: make two of it.",
    _R.UNKNOWN_ARTICLE: "The trolley has no such article.",
    _R.OUT_OF_STOCK: "There are not so many left in the trolley.",
    _R.ABOVE_SALE_MAX: "One sale may not be so large.",
    _R.SPLIT_SALE: "Together with what was just sold this is above the limit of one sale.",
    _R.SHARE_SPENT: "There is not enough left of the allowance at this till.",
}


class Refusal(msgspec.Struct, frozen=True):
    """left_minor: what this till could still sell on the allowance, where it was read that far."""

    reason: Reason
    left_minor: int | None = None
