"""The small world of the demonstration: travellers, a lounge, a duty-free shop, a check-in counter.

First names only; they belong to nobody. Keys and ids are derived from these names, so each start
finds the same world.
"""

import msgspec

from channels.web.demo import demo_key, demo_random_bytes
from ledger.ids import AccountId, account_text, derive_account
from ledger.keys import key_digest
from services.merchants import (
    Merchant,
    MerchantDetails,
    UnknownMerchant,
    create_merchant,
    get_merchant,
)
from services.mint import mint
from services.principals import (
    NewPrincipal,
    PrincipalKind,
    UnknownPrincipal,
    create_principal,
    find_by_key,
    get_principal,
    issue_key,
)
from services.store import Store


class Traveller(msgspec.Struct, frozen=True):
    who: str
    label: str
    balances: dict[str, int]


TRAVELLERS = (
    Traveller("amira", "Amira", {"QAR": 125_000, "AVIOS": 18_400}),
    Traveller("jonas", "Jonas", {"QAR": 48_050, "EUR": 9_900}),
    Traveller("mei", "Mei", {"QAR": 6_000}),
)

MERCHANTS = {
    "lounge": MerchantDetails(name="Pearl Lounge", mcc="4582", city="Doha", country="QA"),
    "dutyfree": MerchantDetails(
        name="Falcon Duty Free", mcc="5309", city="Doha", country="QA"
    ),
    "counter": MerchantDetails(
        name="Check-in Counter 12", mcc="4511", city="Doha", country="QA"
    ),
}

# Where an agent of the airline sits, and a till with a card reader stands beside.
COUNTER = "counter"

# Who earns the money of tickets, behind the stand-in of an airline (services/demo_airline.py).
AIRLINE = MerchantDetails(name="Gulf Sands Airways", mcc="4511", city="Doha", country="QA")

# A travel agency, and what its account gets at first: four tickets of the dearest offer, not five.
AGENCY = {
    "name": "Corniche Travel",
    "iata_code": "04212342",
    "currencies": ["QAR", "EUR"],
    "utc_offset_min": 180,
}
AGENT = Traveller("agent", "Corniche Travel", {"QAR": 5_000_000, "EUR": 250_000})

PEOPLE = {
    **{traveller.who: traveller.label for traveller in TRAVELLERS},
    **{who: details.name for who, details in MERCHANTS.items()},
    "agent": "Corniche Travel",
    "counter": "Check-in Counter 12, Noor",
    "counter_till": "Check-in Counter 12, till",
    "lounge_office": "Pearl Lounge, office",
    "operator": "Operator",
    "second": "Second operator",
}


def operator_id() -> str:
    return mint("prn", demo_random_bytes("operator"))


def merchant_id(who: str) -> str:
    return mint("mer", demo_random_bytes(who))


def opening_key(who: str) -> str:
    return f"demo-open-{who}"


def account_of(who: str) -> AccountId:
    """The account that the demo operator opens for this traveller."""
    return derive_account(operator_id(), key_digest(operator_id(), opening_key(who)).hex())


def seed_principals(store: Store, now_ms: int) -> None:
    """Everyone's key and everyone's place; what is there already stays."""
    _principal(store, "operator", NewPrincipal(
        kind=PrincipalKind.OPERATOR, name="Operator", channel="web"), now_ms)  # fmt: skip
    for who, details in MERCHANTS.items():
        _merchant(store, who, details)
        if who == COUNTER:
            _principal(store, who, NewPrincipal(
                kind=PrincipalKind.COUNTER, name="Noor", channel="counter",
                merchant=merchant_id(who)), now_ms)  # fmt: skip
            continue
        _principal(store, who, NewPrincipal(
            kind=PrincipalKind.TERMINAL, name=details.name, channel="terminal",
            merchant=merchant_id(who)), now_ms)  # fmt: skip
    # A payout that one of them asked for is approved by another.
    _principal(store, "second", NewPrincipal(
        kind=PrincipalKind.OPERATOR, name="Second operator", channel="web"), now_ms)  # fmt: skip
    _principal(store, "lounge_office", NewPrincipal(
        kind=PrincipalKind.MERCHANT, name=PEOPLE["lounge_office"], channel="web",
        merchant=merchant_id("lounge")), now_ms)  # fmt: skip
    _principal(store, "counter_till", NewPrincipal(
        kind=PrincipalKind.TERMINAL, name=PEOPLE["counter_till"], channel="terminal",
        merchant=merchant_id(COUNTER)), now_ms)  # fmt: skip
    _merchant(store, "airline", AIRLINE)
    _principal(store, "agent", NewPrincipal(
        kind=PrincipalKind.AGENT, name="Corniche Travel", channel="agent",
        account=account_text(account_of("agent"))), now_ms)  # fmt: skip
    for traveller in TRAVELLERS:
        _principal(store, traveller.who, NewPrincipal(
            kind=PrincipalKind.CUSTOMER, name=traveller.label, channel="web",
            account=account_text(account_of(traveller.who))), now_ms)  # fmt: skip


def _merchant(store: Store, who: str, details: MerchantDetails) -> Merchant:
    try:
        return get_merchant(store, merchant_id(who))
    except UnknownMerchant:
        return create_merchant(store, details, random_bytes=demo_random_bytes(who))


def _principal(store: Store, who: str, new: NewPrincipal, now_ms: int) -> None:
    random_bytes = demo_random_bytes(who)
    try:
        get_principal(store, mint("prn", random_bytes))
    except UnknownPrincipal:
        create_principal(store, new, random_bytes=random_bytes, now_ms=now_ms)
    if find_by_key(store, demo_key(who), now_ms=now_ms) is None:
        issue_key(
            store, mint("prn", random_bytes), random_bytes=random_bytes, now_ms=now_ms
        )
