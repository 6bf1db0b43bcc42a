"""What `airside merchants …` does: who can be paid by one data folder, from a shell."""

import argparse
import secrets
import sys
from collections.abc import Callable, Mapping

from gateway.layout import opened_store
from services.merchants import Merchant, MerchantDetails, create_merchant, list_merchants


def _add(options: argparse.Namespace) -> int:
    """Raises MalformedMerchant, NoDataFolder."""
    details = MerchantDetails(
        name=options.name, mcc=options.mcc, city=options.city, country=options.country
    )
    with opened_store(options.data) as store:
        _say(create_merchant(store, details, random_bytes=secrets.token_bytes))
    return 0


def _list(options: argparse.Namespace) -> int:
    with opened_store(options.data) as store:
        for merchant in list_merchants(store):
            _say(merchant)
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {"add": _add, "list": _list}


def _say(merchant: Merchant) -> None:
    where = f"{merchant.city}, {merchant.country}"
    sys.stdout.write(f"{merchant.id}  {merchant.name}, {where}, {merchant.mcc}\n")
