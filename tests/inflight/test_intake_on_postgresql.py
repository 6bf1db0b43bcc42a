"""Two gateways on one PostgreSQL take in what tills tell, at the same moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier

import pytest
from sqlalchemy import insert, select

from ledger.ids import account_text, derive_account
from services.allowances import AllowanceStatus, raw_id, text_id
from services.flight_cases import CaseKind, cases_of
from services.flight_entries import Intake, Told
from services.flight_tables import ALLOWANCES, FLIGHT_CLAIMS
from services.flights import NewFlight, create_flight, join_flight
from services.keyring import Keyring
from services.merchants import MerchantDetails, create_merchant
from services.store import Store, open_store
from terminals.inflight.frame import read_frame
from terminals.inflight.records import record
from tests.inflight.cabin import Cabin, Phone
from tests.postgres_server import PORT, the_server

ACCOUNT = account_text(derive_account("prn_1", "amira"))
GATEWAYS = 4
ROUNDS = 6


@pytest.fixture
def store() -> Iterator[Store]:
    server = the_server()
    server.another_database()
    url = f"postgresql+psycopg://airside@/another?host={server.folder}&port={PORT}"
    opened = open_store(url, Keyring({1: bytes(32)}, bytes(range(32))))
    yield opened
    opened.close()


def plan(store: Store, cabin: Cabin) -> str:
    details = MerchantDetails(name="Lounge", mcc="4582", city="Doha", country="QA")
    merchant = create_merchant(store, details, random_bytes=Random(1).randbytes)
    new = NewFlight(
        number="QR17",
        date="2026-01-01",
        legs=cabin.plan.legs,
        aircraft="A7-ALA",
        merchant=merchant.id,
        currency="QAR",
        risk_account=ACCOUNT,
        articles=cabin.plan.articles,
    )
    flight = text_id("flt", cabin.plan.flight)
    create_flight(store, flight, new, now_ms=1)
    for device in cabin.plan.devices:
        join_flight(store, flight, principal="p", name="T", public_key=device.public_key)
    return flight


def keep(store: Store, flight: str, phone: Phone) -> None:
    allowance = read_frame(phone.show(), phone.cabin.plan.keys).allowance
    row = {
        "id": text_id("alw", allowance.id),
        "flight": flight,
        "account": ACCOUNT,
        "alias": allowance.alias,
        "amount_minor": allowance.amount_minor,
        "sale_max_minor": allowance.sale_max_minor,
        "phone_key": allowance.phone_key,
        "shares": [],
        "not_before_s": allowance.not_before_s,
        "not_after_s": allowance.not_after_s,
        "status": AllowanceStatus.OPEN,
        "payment": "pay_1",
        "created_at_ms": 1,
    }
    with store.write() as connection:
        connection.execute(insert(ALLOWANCES), row)


@pytest.mark.slow
def test_each_entry_counts_once_and_one_sale_is_the_first_on_its_counter(
    store: Store,
) -> None:
    cabin = Cabin(split_window_s=0)
    flight = plan(store, cabin)
    assert raw_id(flight) == cabin.plan.flight
    phone = cabin.phone(10_000)
    keep(store, flight, phone)
    intake, start = Intake(store, cabin.plan.keys), Barrier(GATEWAYS)

    def tell(gateway: int) -> Told:
        entry = cabin.tills[gateway % 2].till.entries[-1]
        start.wait()
        return intake.take(flight, record(entry.raw), told_by="prn_1", now_ms=1)

    with ThreadPoolExecutor(GATEWAYS) as gateways:
        for _ in range(ROUNDS):
            frame = phone.show()
            for till in cabin.tills:
                till.sell(frame, 10)
            told = list(gateways.map(tell, range(GATEWAYS)))
            assert sum(one.new for one in told) == 2
    with store.read() as connection:
        claims = select(FLIGHT_CLAIMS.c.nth, FLIGHT_CLAIMS.c.counter)
        found = sorted(connection.execute(claims.order_by(FLIGHT_CLAIMS.c.counter)).all())
        cases = cases_of(connection, flight)
    assert [nth for nth, _ in found] == [0] * ROUNDS + [1] * ROUNDS
    assert [case.kind for case in cases] == [CaseKind.SPENT_TWICE] * ROUNDS
