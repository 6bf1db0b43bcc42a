"""Who pays, from what was scanned: a payment code, or a card; and a limit on guessing at them."""

from msgspec import UNSET, UnsetType

from channels.access import require_left
from channels.problem import Problem, bad_field
from ledger.decline import DeclineReason
from services.cards import UnknownCard
from services.limits import Limit
from services.payments import Payer, Payments
from services.principals import Principal
from terminals.card_format import TapUnreadable
from terminals.payment_code import CodeUnreadable

# Each of these is an entry in the journal that no passenger asked for.
CODE_FAILED = frozenset(
    {
        DeclineReason.CODE_USED,
        DeclineReason.CODE_EXPIRED,
        DeclineReason.CARD_NOT_AUTHENTIC,
        DeclineReason.CARD_REPLAYED,
        DeclineReason.CARD_COUNTER_OLD,
        DeclineReason.CARD_TAP_EXPIRED,
    }
)


class Payers:
    def __init__(self, payments: Payments, failed_codes: Limit) -> None:
        self._payments = payments
        self._failed_codes = failed_codes

    def require_left(self, caller: Principal) -> None:
        """Raises Problem 429 for whose codes failed too often."""
        require_left(self._failed_codes, caller, "Too many codes or cards failed.")

    def note(self, caller: Principal, decline: DeclineReason | None) -> None:
        """What became of what was scanned."""
        if decline in CODE_FAILED:
            self._failed_codes.spend(caller.id)

    async def scanned(
        self, caller: Principal, code: str | UnsetType, card: str | UnsetType
    ) -> Payer:
        """Whose code or card it is; one of the two is given. Raises Problem 400, 404, 422."""
        if (code is UNSET) == (card is UNSET):
            raise bad_field(
                "$.payer", "Name the payer by exactly one of `code` and `card`."
            )
        try:
            if isinstance(code, str):
                return self._payments.open_code(code)
            assert isinstance(card, str), "one of the two is given"
            return await self._payments.open_card(card)
        except CodeUnreadable as error:
            problem = _unreadable("code", error)
        except TapUnreadable as error:
            problem = _unreadable("card", error)
        except UnknownCard:
            detail = "There is no such card."
            problem = Problem(404, "not-found", detail, field="$.payer.card")
        self._failed_codes.spend(caller.id)
        raise problem from None


def _unreadable(what: str, error: ValueError) -> Problem:
    detail = f"{error}.".capitalize()
    return Problem(422, f"{what}-unreadable", detail, field=f"$.payer.{what}")
