"""What a till is told from afar, and keeps on its disk for when the gateway cannot be reached."""

import base64
import hashlib

import msgspec

from ledger.money import Money
from terminals.attempt import Sale
from terminals.till_journal import TillJournal

_FACT = "settings"


class SaleRefused(ValueError):
    """The till does not take it; nothing was asked of anybody."""


class AboveLimit(SaleRefused):
    def __init__(self, limit: Money) -> None:
        super().__init__(f"this till takes at most {limit} in one sale")


class OnDenyList(SaleRefused):
    def __init__(self) -> None:
        super().__init__("what was shown must not be taken: ask the operator")


class Settings(msgspec.Struct, frozen=True):
    """limits: of one sale, in minor units by currency. deny: SHA-256 in base64 of what is shown.
    keys: public ones by id, to check what is offline with.
    """

    version: int = 0
    limits: dict[str, int] = {}
    deny: frozenset[str] = frozenset()
    keys: dict[str, str] = {}

    def require(self, sale: Sale) -> None:
        """Raises SaleRefused."""
        limit = self.limits.get(sale.amount.commodity)
        if limit is not None and sale.amount.amount_minor > limit:
            raise AboveLimit(Money(limit, sale.amount.commodity))
        digest = hashlib.sha256(sale.code.encode()).digest()
        if base64.b64encode(digest).decode() in self.deny:
            raise OnDenyList


def kept_settings(journal: TillJournal) -> Settings:
    text = journal.fact(_FACT)
    return msgspec.json.decode(text, type=Settings) if text else Settings()


def keep_settings(journal: TillJournal, settings: Settings) -> None:
    journal.keep_fact(_FACT, msgspec.json.encode(settings).decode())
