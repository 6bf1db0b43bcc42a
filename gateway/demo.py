"""The demonstration: opens the small world over HTTP, as anyone would, and makes one real payment.

The passenger's code is drawn as a QR image, the image is scanned, and what was scanned is charged.
"""

import base64
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from channels.web.demo import demo_key
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import say
from gateway.world import PEOPLE, TRAVELLERS, Traveller, account_of, opening_key
from ledger.balances import balances, balances_table
from ledger.ids import account_text
from ledger.sqlite_store import SqliteStore
from terminals.receipt import receipt_text
from terminals.scanner import ImageScanner

LOUNGE_MINOR = 24_000


class DemoFailed(Exception):
    """The demonstration's own call was refused: the installation is not as it should be."""

    def __init__(self, call: str, status: int, answer: object) -> None:
        super().__init__(f"{call} answered {status}: {answer}")


class Caller:
    """One principal at the HTTP door."""

    def __init__(self, session: aiohttp.ClientSession, base: str, who: str) -> None:
        self._session = session
        self._base = base
        self._headers = {"Authorization": f"Bearer {demo_key(who)}"}

    async def post(self, path: str, body: object, key: str) -> dict[str, Any]:
        headers = {**self._headers, "Idempotency-Key": key}
        async with self._session.post(
            self._base + path, json=body, headers=headers
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
        payment = await _pay_by_image(session, base, Path(config.data))
    say("\n" + receipt_text(payment) + "\n")
    layout = Layout(Path(config.data))
    say(balances_table(balances(SqliteStore(layout.journals))))
    _show_pages(base)


async def _open_wallet(operator: Caller, traveller: Traveller) -> None:
    who = traveller.who
    body = {
        "kind": "wallet",
        "currencies": list(traveller.balances),
        "label": traveller.label,
    }
    account = await operator.post("/v1/accounts", body, opening_key(who))
    for currency, minor in traveller.balances.items():
        points = currency == "AVIOS"
        await operator.post(
            f"/v1/accounts/{account['id']}/top-ups",
            {
                "amount": {"amount_minor": minor, "currency": currency},
                "evidence": {
                    "source": "points_programme" if points else "bank",
                    "reference": f"demo-{who}-{currency}",
                },
            },
            f"demo-top-up-{who}-{currency}",
        )
    say(f"wallet of {traveller.label}: {account['id']}")


async def _pay_by_image(
    session: aiohttp.ClientSession, base: str, folder: Path
) -> dict[str, Any]:
    """Draw Amira's code, scan the picture, charge what was scanned. Once per data folder."""
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
    say(f"a wallet       {base}/wallet     (sign in as Amira)")
    say(f"a till         {base}/till       (sign in as Pearl Lounge)")
    say(f"the API        {base}/docs")
    say("\nkeys for curl (demo only):")
    for who, label in PEOPLE.items():
        say(f"  {label:<20} {demo_key(who)}")
    say("\nready. Ctrl-C stops it.")
