"""Why a command was refused: names that read as sentences, in descending precedence.

A decline is an answer, not an error: it is written down, and a retry of the same key gets it
again. Each reason carries its ISO 8583-1:1987 response code (data element 39) and knows
whether a new attempt of the same request may succeed later.
"""

from enum import StrEnum


class DeclineReason(StrEnum):
    REVERSED_BEFORE_ARRIVAL = "reversed_before_arrival"
    ACCOUNT_NOT_FOUND = "account_not_found"
    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_CLOSING = "account_closing"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_NOT_FROZEN = "account_not_frozen"
    CREDIT_NOT_GRANTED = "credit_not_granted"
    EVIDENCE_USED = "evidence_used"
    CODE_USED = "code_used"
    CODE_EXPIRED = "code_expired"
    CODE_NOT_YET_VALID = "code_not_yet_valid"
    CARD_NOT_AUTHENTIC = "card_not_authentic"
    CARD_LOST = "card_lost"
    CARD_BLOCKED = "card_blocked"
    CARD_REPLAYED = "card_replayed"
    CARD_COUNTER_OLD = "card_counter_old"
    CARD_TAP_EXPIRED = "card_tap_expired"
    CARD_PIN_NEEDED = "card_pin_needed"
    PAYMENT_NOT_FOUND = "payment_not_found"
    TRANSFER_NOT_FOUND = "transfer_not_found"
    PAYMENT_DECLINED = "payment_declined"
    HOLD_VOIDED = "hold_voided"
    HOLD_EXPIRED = "hold_expired"
    HOLD_CAPTURED = "hold_captured"
    PAYMENT_REVERSED = "payment_reversed"
    NOTHING_CAPTURED = "nothing_captured"
    INVALID_AMOUNT = "invalid_amount"
    WRONG_CURRENCY = "wrong_currency"
    SAME_ACCOUNT = "same_account"
    TOO_MANY_HOLDS = "too_many_holds"
    EXCEEDS_HOLD = "exceeds_hold"
    EXCEEDS_CAPTURED = "exceeds_captured"
    EXCEEDS_BALANCE_LIMIT = "exceeds_balance_limit"
    CUT_SWEPT = "cut_swept"
    SWEEPS_MISSING = "sweeps_missing"
    PAYOUT_DECIDED = "payout_decided"
    PAYOUT_NOT_APPROVED = "payout_not_approved"
    SAME_PERSON = "same_person"
    EXCEEDS_CHANNEL_LIMIT = "exceeds_channel_limit"
    NOT_SOLD_IN_CHANNEL = "not_sold_in_channel"
    INSUFFICIENT_FUNDS = "insufficient_funds"

    @property
    def response_code(self) -> str:
        return _RESPONSE_CODES[self]

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def retriable(self) -> bool:
        """True if the same request, under a new key, can succeed once something has changed.

        Every case is listed: a new reason does not type-check until it is classed.
        """
        match self:
            case (
                DeclineReason.ACCOUNT_NOT_FOUND
                | DeclineReason.ACCOUNT_FROZEN
                | DeclineReason.CODE_NOT_YET_VALID
                | DeclineReason.CARD_BLOCKED
                | DeclineReason.CARD_TAP_EXPIRED
                | DeclineReason.CARD_PIN_NEEDED
                | DeclineReason.NOTHING_CAPTURED
                | DeclineReason.TOO_MANY_HOLDS
                | DeclineReason.EXCEEDS_BALANCE_LIMIT
                | DeclineReason.INSUFFICIENT_FUNDS
                | DeclineReason.SWEEPS_MISSING
                | DeclineReason.PAYOUT_NOT_APPROVED
            ):
                return True
            case (
                DeclineReason.REVERSED_BEFORE_ARRIVAL
                | DeclineReason.ACCOUNT_EXISTS
                | DeclineReason.ACCOUNT_CLOSED
                | DeclineReason.ACCOUNT_CLOSING
                | DeclineReason.ACCOUNT_NOT_FROZEN
                | DeclineReason.CREDIT_NOT_GRANTED
                | DeclineReason.EVIDENCE_USED
                | DeclineReason.CODE_USED
                | DeclineReason.CODE_EXPIRED
                | DeclineReason.CARD_NOT_AUTHENTIC
                | DeclineReason.CARD_LOST
                | DeclineReason.CARD_REPLAYED
                | DeclineReason.CARD_COUNTER_OLD
                | DeclineReason.PAYMENT_NOT_FOUND
                | DeclineReason.TRANSFER_NOT_FOUND
                | DeclineReason.PAYMENT_DECLINED
                | DeclineReason.HOLD_VOIDED
                | DeclineReason.HOLD_EXPIRED
                | DeclineReason.HOLD_CAPTURED
                | DeclineReason.PAYMENT_REVERSED
                | DeclineReason.INVALID_AMOUNT
                | DeclineReason.WRONG_CURRENCY
                | DeclineReason.SAME_ACCOUNT
                | DeclineReason.EXCEEDS_HOLD
                | DeclineReason.EXCEEDS_CAPTURED
                | DeclineReason.CUT_SWEPT
                | DeclineReason.PAYOUT_DECIDED
                | DeclineReason.SAME_PERSON
                | DeclineReason.EXCEEDS_CHANNEL_LIMIT
                | DeclineReason.NOT_SOLD_IN_CHANNEL
            ):
                return False


_R = DeclineReason

_RESPONSE_CODES = {
    _R.REVERSED_BEFORE_ARRIVAL: "12",  # invalid transaction
    _R.ACCOUNT_NOT_FOUND: "14",  # invalid card number: no such account
    _R.ACCOUNT_EXISTS: "94",  # duplicate transmission
    _R.ACCOUNT_CLOSED: "46",  # closed account
    _R.ACCOUNT_CLOSING: "46",
    _R.ACCOUNT_FROZEN: "62",  # restricted card
    _R.ACCOUNT_NOT_FROZEN: "12",
    _R.CREDIT_NOT_GRANTED: "57",  # not permitted
    _R.EVIDENCE_USED: "94",
    _R.CODE_USED: "94",
    _R.CODE_EXPIRED: "54",  # expired card
    _R.CODE_NOT_YET_VALID: "12",
    _R.CARD_NOT_AUTHENTIC: "63",  # security violation
    _R.CARD_LOST: "41",  # lost card
    _R.CARD_BLOCKED: "62",
    _R.CARD_REPLAYED: "94",
    _R.CARD_COUNTER_OLD: "63",
    _R.CARD_TAP_EXPIRED: "68",  # response received too late
    _R.CARD_PIN_NEEDED: "70",  # of private use; card schemes say by it that a PIN is wanted
    _R.PAYMENT_NOT_FOUND: "25",  # unable to locate record
    _R.TRANSFER_NOT_FOUND: "25",
    _R.PAYMENT_DECLINED: "12",
    _R.HOLD_VOIDED: "12",
    _R.HOLD_EXPIRED: "12",
    _R.HOLD_CAPTURED: "12",
    _R.PAYMENT_REVERSED: "12",
    _R.NOTHING_CAPTURED: "12",
    _R.INVALID_AMOUNT: "13",  # invalid amount
    _R.WRONG_CURRENCY: "12",
    _R.SAME_ACCOUNT: "12",
    _R.TOO_MANY_HOLDS: "65",  # exceeds frequency limit
    _R.EXCEEDS_HOLD: "61",  # exceeds amount limit
    _R.EXCEEDS_CAPTURED: "61",
    _R.EXCEEDS_BALANCE_LIMIT: "61",
    _R.CUT_SWEPT: "94",
    _R.SWEEPS_MISSING: "12",
    _R.PAYOUT_DECIDED: "12",
    _R.PAYOUT_NOT_APPROVED: "12",
    _R.SAME_PERSON: "63",  # security violation
    _R.EXCEEDS_CHANNEL_LIMIT: "61",
    _R.NOT_SOLD_IN_CHANNEL: "58",  # not permitted to terminal
    _R.INSUFFICIENT_FUNDS: "51",  # not sufficient funds
}

_TEXTS = {
    _R.REVERSED_BEFORE_ARRIVAL: "This attempt was reversed before it arrived.",
    _R.ACCOUNT_NOT_FOUND: "There is no such account.",
    _R.ACCOUNT_EXISTS: "The account is open already.",
    _R.ACCOUNT_CLOSED: "The account is closed.",
    _R.ACCOUNT_CLOSING: "The account is closing and pays for nothing new.",
    _R.ACCOUNT_FROZEN: "The account is frozen.",
    _R.ACCOUNT_NOT_FROZEN: "The account is not frozen.",
    _R.CREDIT_NOT_GRANTED: "An account of this kind is given no credit.",
    _R.EVIDENCE_USED: "This evidence has brought in money once already.",
    _R.CODE_USED: "The payment code was used for another order.",
    _R.CODE_EXPIRED: "The payment code has expired: show a fresh one.",
    _R.CODE_NOT_YET_VALID: "The payment code is from the future: a clock is wrong.",
    _R.CARD_NOT_AUTHENTIC: "The card could not prove that it is the one it says it is.",
    _R.CARD_LOST: "The card was reported lost: keep it.",
    _R.CARD_BLOCKED: "The card is blocked.",
    _R.CARD_REPLAYED: "This tap has paid before: for anything else, or more, tap the card again.",
    _R.CARD_COUNTER_OLD: "The card's counter is behind: another card like it was used since.",
    _R.CARD_TAP_EXPIRED: "The tap is more than a minute old: hold the card to the reader again.",
    _R.CARD_PIN_NEEDED: "The amount is above the card's tap limit: its PIN is needed.",
    _R.PAYMENT_NOT_FOUND: "There is no such payment.",
    _R.TRANSFER_NOT_FOUND: "There is no such transfer.",
    _R.PAYMENT_DECLINED: "The payment was declined, so nothing can follow it.",
    _R.HOLD_VOIDED: "The hold was voided.",
    _R.HOLD_EXPIRED: "The hold has expired.",
    _R.HOLD_CAPTURED: "The hold was captured and has ended.",
    _R.PAYMENT_REVERSED: "The payment was reversed.",
    _R.NOTHING_CAPTURED: "Nothing has been captured, so nothing can be refunded.",
    _R.INVALID_AMOUNT: "The amount must be positive.",
    _R.WRONG_CURRENCY: "The account has no pot in this currency.",
    _R.SAME_ACCOUNT: "Source and target are the same account.",
    _R.TOO_MANY_HOLDS: "The account has too many open holds.",
    _R.EXCEEDS_HOLD: "The amount is more than what is left of the hold.",
    _R.EXCEEDS_CAPTURED: "The amount is more than what was captured and not yet refunded.",
    _R.EXCEEDS_BALANCE_LIMIT: "The balance would be larger than an account may hold.",
    _R.CUT_SWEPT: "This is not the stripe's latest cut, or it was swept already.",
    _R.SWEEPS_MISSING: "What was swept does not come to what is being settled.",
    _R.PAYOUT_DECIDED: "The payout was approved, paid or cancelled already.",
    _R.PAYOUT_NOT_APPROVED: "The payout has not been approved by a second person.",
    _R.SAME_PERSON: "Who asked for a payout cannot approve it: another person must.",
    _R.EXCEEDS_CHANNEL_LIMIT: "The amount is more than may be paid at once in this channel.",
    _R.NOT_SOLD_IN_CHANNEL: "What this merchant sells is not sold in this channel.",
    _R.INSUFFICIENT_FUNDS: "The account does not hold enough.",
}
