"""The demonstration: opens the small world over HTTP, as anyone would, and makes one real payment.

The passenger's code is drawn as a QR image, the image is scanned, and what was scanned is charged.
Each start makes such a payment, so wallets that have become too light for it get money again.
"""

import asyncio
import base64
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from channels.web.demo import demo_key
from gateway.config import Config
from gateway.demo_flight import plan_demo_flight, show_flight
from gateway.layout import Layout
from gateway.serve import say
from gateway.world import (
    AGENCY,
    AGENT,
    PEOPLE,
    TRAVELLERS,
    Traveller,
    account_of,
    opening_key,
)
from ledger.balances import balances, balances_table
from ledger.clock import SystemClock
from ledger.ids import account_text
from ledger.stores import open_journals
from terminals.receipt import receipt_text
from terminals.scanner import ImageScanner

LOUNGE_MINOR = 24_000
# Between two looks whether a top-up has arrived; it takes some 20 ms.
LOOK_S = 0.02


class DemoFailed(Exception):
    """The demonstration's own call was refused: the installation is not as it should be."""

    def __init__(self, call: str, status: int, answer: object) -> None:
        super().__init__(f"{call} answered {status}: {answer}")
        self.status = status


class Caller:
    """One principal at the HTTP door."""

    def __init__(self, session: aiohttp.ClientSession, base: str, who: str) -> None:
        self._session = session
        self._base = base
        self._headers = {"Authorization": f"Bearer {demo_key(who)}"}

    async def post(self, path: str, body: object, key: str) -> dict[str, Any]:
        return await self._call("POST", path, json=body, headers={"Idempotency-Key": key})

    async def get(self, path: str) -> dict[str, Any]:
        return await self._call("GET", path)

    async def _call(
        self,
        method: str,
        path: str,
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        headers = {**self._headers, **(headers or {})}
        async with self._session.request(
            method, self._base + path, json=json, headers=headers
        ) as response:
            answer: dict[str, Any] = await response.json(content_type=None)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise DemoFailed(path, response.status, answer)
        return answer


async def open_world(config: Config) -> None:
    """Travellers, money, one payment; then where to look."""
    base = f"http://{config.host}:{config.port}"
    async with aiohttp.ClientSession() as session:
        operator = Caller(session, base, "operator")
        for traveller in TRAVELLERS:
            await _open_wallet(operator, traveller)
        await _open_agency(operator)
        flight = await plan_demo_flight(operator, SystemClock())
        try:
            payment = await _pay_by_image(session, base, Path(config.data))
        except DemoFailed as refused:  # somebody froze the wallet, say: it is their world
            say(f"\nno payment this time: {refused}\n")
        else:
            say("\n" + receipt_text(payment) + "\n")
    journals = open_journals(Layout(Path(config.data)).journals_at(config.store))
    say(balances_table(balances(journals)))
    _show_pages(base)
    show_flight(base, flight)
    say("\nready. Ctrl-C stops it.")


async def _open_wallet(operator: Caller, traveller: Traveller) -> None:
    path = f"/v1/accounts/{account_text(account_of(traveller.who))}"
    try:
        account = await operator.get(path)
    except DemoFailed as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        account = await operator.post(
            "/v1/accounts",
            {
                "kind": "wallet",
                "currencies": list(traveller.balances),
                "label": traveller.label,
            },
            opening_key(traveller.who),
        )
    if account["status"] == "open":
        await _fill(operator, traveller, account)
    say(f"wallet of {traveller.label}: {account['id']}")


async def _open_agency(operator: Caller) -> None:
    path = f"/v1/accounts/{account_text(account_of(AGENT.who))}"
    try:
        account = await operator.get(path)
    except DemoFailed as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        await operator.post("/v1/agencies", AGENCY, opening_key(AGENT.who))
        account = await operator.get(path)
    if account["status"] == "open":
        await _fill(operator, AGENT, account)
    say(f"agency {AGENT.label}: {account['id']}")


async def _fill(operator: Caller, traveller: Traveller, account: dict[str, Any]) -> None:
    """Money into the pots that are empty, or too light for the lounge.

    Evidence counts once. So each time it is named after the wallet's newest entry, and a start
    that was interrupted here tops nothing up twice.
    """
    path = f"/v1/accounts/{account['id']}"
    newest = (await operator.get(f"{path}/entries?limit=1"))["entries"]
    for pot in account["pots"]:
        currency, available = pot["currency"], pot["available_minor"]
        minor = traveller.balances[currency]
        if available >= min(LOUNGE_MINOR, minor):
            continue
        source = "points_programme" if currency == "AVIOS" else "bank"
        reference = f"demo-{traveller.who}-{currency}-{newest[0]['id'] if newest else 0}"
        sent = await operator.post(
            f"{path}/top-ups",
            {
                "amount": {"amount_minor": minor, "currency": currency},
                "evidence": {"source": source, "reference": reference},
            },
            reference,
        )
        while sent["status"] == "sent":
            await asyncio.sleep(LOOK_S)
            sent = await operator.get(f"/v1/transfers/{sent['id']}")


async def _pay_by_image(
    session: aiohttp.ClientSession, base: str, folder: Path
) -> dict[str, Any]:
    """Draw Amira's code, scan the picture, charge what was scanned."""
    amira, lounge = Caller(session, base, "amira"), Caller(session, base, "lounge")
    account = account_text(account_of("amira"))
    code = await amira.post(f"/v1/accounts/{account}/codes", {}, "demo-code")
    image = folder / "demo-code.png"
    image.write_bytes(base64.b64decode(code["png"].partition(",")[2]))
    scanned = ImageScanner(image).scan()
    say(f"a payment code was drawn ({image}) and scanned")
    order = f"visit-{code['issued_at'][:19].replace(':', '')}"
    return await lounge.post(
        "/v1/payments",
        {
            "amount": {"amount_minor": LOUNGE_MINOR, "currency": "QAR"},
            "payer": {"code": scanned},
            "order": order,
            "place": "DOH-L1",
            "terminal": "till_1",
        },
        f"demo-{order}",
    )


def _show_pages(base: str) -> None:
    say(f"\nstart here     {base}/")
    # By name: browsers have no passkeys for an address of numbers.
    by_name = base.replace("127.0.0.1", "localhost")
    say(f"a wallet       {by_name}/wallet     (sign in as Amira, then add a passkey)")
    say(f"a till         {base}/till       (sign in as Pearl Lounge)")
    say(
        f"a counter      {base}/counter    (sign in as Check-in Counter 12, Noor; try PEARL2)"
    )
    say(f"an office      {base}/business   (sign in as Pearl Lounge, office)")
    say(f"an agency      {base}/agents     (sign in as Corniche Travel)")
    say(f"the API        {base}/docs")
    say("\nkeys for curl (demo only):")
    width = max(map(len, PEOPLE.values()))
    for who, label in PEOPLE.items():
        say(f"  {label:<{width}} {demo_key(who)}")
