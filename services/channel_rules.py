"""What each channel may sell: the largest single payment in each currency, and which merchants.

The rules are settings, judged here for every road that leads to an authorisation: a code at a till,
a tap, a link, an agency's ticket, a message of ISO 8583. The judgement goes along to the account,
which writes a refusal down as a decline; so a retry hears what was said at first, also after
the rules have changed. Without rules nothing is looked up.
"""

import asyncio
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.decline import DeclineReason
from ledger.money import AMOUNT_MINOR_MAX, Money
from services.merchants import find_merchants
from services.store import Store

# Categories that are kept: an airport has thousands of merchants, not millions.
CATEGORIES_MAX = 10_000

ChannelName = Annotated[str, Meta(min_length=1, max_length=16, pattern="^[a-z_]+$")]
_Currency = Annotated[str, Meta(pattern="^[A-Z]{3,12}$")]
_Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
_Category = Annotated[str, Meta(pattern="^[0-9]{4}$")]  # ISO 18245


class ChannelRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """largest_minor: of one payment, in minor units; 0 sells nothing in that currency, and a
    currency that is not named has no limit. categories: of merchants; None for all.
    """

    largest_minor: dict[_Currency, _Minor] = {}
    categories: frozenset[_Category] | None = None


class ChannelRules:
    def __init__(self, rules: Mapping[str, ChannelRule], store: Store) -> None:
        self._rules = rules
        self._store = store
        # A merchant's category never changes.
        self._categories: dict[str, str] = {}

    def ceiling_minor(self, channel: str, currency: str) -> int | None:
        """The largest single payment; None when there is no limit."""
        rule = self._rules.get(channel)
        return rule.largest_minor.get(currency) if rule else None

    async def refusal(
        self, channel: str, merchant: str, amount: Money
    ) -> DeclineReason | None:
        """What the channel's rules say against this payment. Raises StoreUnavailable."""
        rule = self._rules.get(channel)
        if rule is None:
            return None
        if rule.categories is not None:
            category = await self._category(merchant)
            if category not in rule.categories:
                return DeclineReason.NOT_SOLD_IN_CHANNEL
        largest_minor = rule.largest_minor.get(amount.commodity)
        if largest_minor is not None and amount.amount_minor > largest_minor:
            return DeclineReason.EXCEEDS_CHANNEL_LIMIT
        return None

    async def _category(self, merchant: str) -> str | None:
        if merchant not in self._categories:
            found = await asyncio.to_thread(find_merchants, self._store, [merchant])
            if merchant not in found:
                return None
            if len(self._categories) >= CATEGORIES_MAX:
                self._categories.clear()
            self._categories[merchant] = found[merchant].mcc
        return self._categories[merchant]
