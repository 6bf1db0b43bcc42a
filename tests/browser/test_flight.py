"""A whole flight, as a real process tree: a gateway, two crews' tills, a passenger's phone.

The test cuts the links: the phone's page is offline from boarding on, the tills never hear each
other, and neither has a gateway until it has landed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.world import merchant_id
from tests.browser.desk import PHONE, Desk
from tests.inflight.crew import Crew
from tests.inflight.ground import flight_body
from tests.installation import Installation, Json

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Trolley(Crew):
    """A crew's till whose camera sees the phone's screen, and nothing else is there to be seen."""

    def __init__(self, folder: Path, base: str) -> None:
        super().__init__(folder, base)
        self.picture = folder.with_suffix(".png")

    def board(self) -> None:
        self.open("--image", str(self.picture))

    def serve(self, page: Page, basket: str) -> str:
        page.screenshot(path=self.picture)
        said = self.sell(basket)
        page.get_by_role("button", name="Next code").click()
        return said


@pytest.fixture
def trolleys(installation: Installation, tmp_path: Path) -> Iterator[list[Trolley]]:
    trolleys = [Trolley(tmp_path / name, installation.base) for name in ("front", "rear")]
    yield trolleys
    for trolley in trolleys:
        trolley.end(kill=True)


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    """Words on the ground run beside: the browser's event loop has this thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def plan(installation: Installation) -> tuple[str, str]:
    """The flight, and its risk account."""
    operator = installation.api("operator")
    risk = {"kind": "company", "currencies": ["QAR"], "label": "Risk"}
    account = operator.post("/v1/accounts", risk, "flight-risk").body["id"]
    body = flight_body(account) | {"merchant": merchant_id("lounge")}
    planned = operator.post("/v1/flights", body, "flight-plan")
    assert planned.status == 201, planned.raw
    return planned.body["id"], account


def available(installation: Installation, who: str) -> int:
    api = installation.api(who)
    account = api.get("/v1/me").body["account"]
    pots: Json = api.get(f"/v1/accounts/{account}").body["pots"]
    return int(next(pot["available_minor"] for pot in pots if pot["pot"] == "QAR"))


def test_a_whole_flight_is_paid_with_no_network_from_doors_closed_to_doors_open(
    desk: Desk,
    installation: Installation,
    trolleys: list[Trolley],
    aside: ThreadPoolExecutor,
) -> None:
    flight, _ = plan(installation)
    path = f"/v1/flights/{flight}"
    before = available(installation, "jonas")
    for trolley in trolleys:
        name = trolley.folder.name
        aside.submit(trolley.ground, "join", flight, "--name", name).result()

    page = desk.page(PHONE)
    page.goto("/flight#as=jonas")
    page.get_by_role("combobox").select_option(flight)
    page.get_by_label("Amount").fill("2.00")
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_text("2.00 QAR set aside for QR17")).to_be_visible()
    for trolley in trolleys:
        assert "QR17" in aside.submit(trolley.ground, "load").result()
        trolley.board()
    lounge = installation.api("lounge")
    for state in ("boarded", "airborne"):
        assert lounge.post(f"{path}/move", {"to": state}, "").status == 200

    page.context.set_offline(True)
    front, rear = trolleys
    assert "SOLD 0.90 QAR" in front.serve(page, "ten x9")
    assert "SOLD 1.00 QAR" in rear.serve(page, "ten x10")
    said = front.serve(page, "ten x2")
    assert "REFUSED" in said
    assert "Left at this till: 0.10 QAR" in said
    for trolley in trolleys:
        trolley.close()

    assert lounge.post(f"{path}/move", {"to": "landed"}, "").status == 200
    for trolley in trolleys:
        assert "0 refused" in aside.submit(trolley.ground, "tell").result()
    report = lounge.get(path).body
    assert (report["flight"]["status"], report["ties"]) == ("closed", True)
    assert (report["captured_minor"], report["released_minor"]) == (190, 10)
    assert available(installation, "jonas") == before - 190
