"""A flight of the demonstration: planned for today, with a risk account, for whoever joins it.

Its key is the day, so each start finds the same flight, and a new one the next day.
"""

from typing import Any, Protocol

from gateway.serve import say
from gateway.world import merchant_id
from ledger.clock import Clock
from ledger.time_text import day_text

RISK_MINOR = 100_000
NUMBER = "QR17"
_STOCK = {"1": 20, "2": 20, "3": 20}
ARTICLES = [
    {
        "sku": "watch",
        "name": "Pilot's watch",
        "category": "Duty free",
        "price_minor": 18_000,
    },
    {"sku": "scarf", "name": "Scarf", "category": "Duty free", "price_minor": 9_500},
    {"sku": "meal", "name": "Mezze plate", "category": "Food", "price_minor": 4_500},
    {"sku": "coffee", "name": "Coffee", "category": "Drinks", "price_minor": 1_200},
]


class Operator(Protocol):
    async def post(self, path: str, body: object, key: str) -> dict[str, Any]: ...


async def plan_demo_flight(operator: Operator, clock: Clock) -> str:
    """Today's flight, planned once; its id."""
    risk = await operator.post(
        "/v1/accounts",
        {"kind": "company", "currencies": ["QAR"], "label": "In-flight risk"},
        "demo-flight-risk",
    )
    await operator.post(
        f"/v1/accounts/{risk['id']}/top-ups",
        {
            "amount": {"amount_minor": RISK_MINOR, "currency": "QAR"},
            "evidence": {"source": "bank", "reference": "demo-flight-risk"},
        },
        "demo-flight-risk",
    )
    day = day_text(clock.now_ms())
    planned = await operator.post(
        "/v1/flights",
        {
            "number": NUMBER,
            "date": day,
            "legs": [{"origin": "DOH", "destination": "LHR"}],
            "aircraft": "A7-ALA",
            "merchant": merchant_id("dutyfree"),
            "currency": "QAR",
            "risk_account": risk["id"],
            "articles": [{**article, "stock": _STOCK} for article in ARTICLES],
        },
        f"demo-flight-{day}",
    )
    flight: str = planned["id"]
    return flight


def show_flight(base: str, flight: str) -> None:
    """What to do, step by step, with one trolley. Its key is among those that stand above."""
    say(f"\na flight       {base}/flights    (sign in as Operator), {flight}")
    say("  export TILL_API_KEY=<the key of Falcon Duty Free>")
    say(f"  airside crew join {flight} --name 'Trolley 1' --url {base}")
    say(f"  {base}/flight: set 100.00 aside as Amira, then: airside crew load")
    say("  doors closed, airborne; stop the network if you like")
    say(
        "  airside crew sell: type `coffee x2`, scan the page's code; at the end type `close`"
    )
    say("  landed, then: airside crew tell")
