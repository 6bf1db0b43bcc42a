"""Who may reach what. Deny by default: a principal reaches its own, an operator everything.

What is another's is answered as *not found*, so that ids tell nothing to who may not know.
"""

from channels.problem import bad_field, forbidden, not_found, too_often
from ledger.ids import AccountId, MalformedId, account_text, parse_account
from services.limits import Limit
from services.principals import Principal, PrincipalKind


def is_operator(principal: Principal) -> bool:
    return principal.kind is PrincipalKind.OPERATOR


def own_account(principal: Principal, text: str, field: str = "id") -> AccountId:
    """The account, if this principal may see and use it. Raises Problem 400 or 404."""
    account = account_id(text, field)
    if not is_operator(principal) and principal.account != account_text(account):
        raise not_found("account", text, field)
    return account


def account_id(text: str, field: str) -> AccountId:
    try:
        return parse_account(text)
    except MalformedId as error:
        raise bad_field(field, f"{error}.") from None


def merchant_scope(principal: Principal) -> str:
    """The merchant whose payments this principal may touch; empty for all of them."""
    if is_operator(principal):
        return ""
    if not principal.merchant:
        raise forbidden(
            "Only a merchant, its terminals and operators may do this.", "Authorization"
        )
    return principal.merchant


def merchant_of(principal: Principal, wanted: str | None) -> str:
    """For whom a payment is taken. An operator says; a merchant is itself."""
    if is_operator(principal):
        if wanted is None:
            raise bad_field(
                "$.merchant", "Say which merchant is paid: `merchant` is missing."
            )
        return wanted
    own = merchant_scope(principal)
    if wanted not in {None, own}:
        raise forbidden("A merchant takes payments for itself only.", "$.merchant")
    return own


def require_left(limit: Limit, principal: Principal, what: str) -> None:
    """Raises Problem 429. what: a sentence that says of what there was too much."""
    wait_ms = limit.wait_ms(principal.id)
    if wait_ms:
        raise too_often(what, wait_ms)
