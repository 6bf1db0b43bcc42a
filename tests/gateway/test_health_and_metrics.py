"""What those who watch a gateway are told, and that it is true."""

import asyncio
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.world import account_of
from services.asking import ASK_MS
from tests.gateway.harness import AMIRA, House
from tests.gateway.road import Fate
from tests.gateway.stream import Stream

# What the dashboard and the alarms read.
NAMES = {
    "airside_authorisation_seconds",
    "airside_authorisations",
    "airside_http_answers",
    "airside_mailbox_depth",
    "airside_event_streams",
    "airside_partition_commands",
    "airside_partition_batches",
    "airside_partition_restarts",
    "airside_partition_entries",
    "airside_partition_resident_accounts",
    "airside_partition_open_holds",
    "airside_partition_quarantined_accounts",
    "airside_partition_stopped",
    "airside_partition_commit_seconds",
    "airside_partition_batch_size",
}

Metrics = dict[tuple[str, frozenset[tuple[str, str]]], float]


async def metrics(house: House) -> Metrics:
    page = await house.nobody.get("/metrics")
    assert (page.status, page.kind) == (200, "text/plain")
    families = list(text_string_to_metric_families(page.raw.decode()))
    assert {re.sub("_created$", "", family.name) for family in families} == NAMES
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(page: Metrics, name: str, **labels: str) -> float:
    """The sum of all samples of this name that have these labels."""
    wanted = labels.items()
    return sum(
        value
        for (found, having), value in page.items()
        if found == name and wanted <= having
    )


async def test_a_gateway_that_answers_is_alive(house: House) -> None:
    reply = await house.nobody.get("/healthz")

    assert (reply.status, reply.body) == (200, {"status": "alive"})


async def test_a_gateway_is_ready_when_every_partition_answers(house: House) -> None:
    ready = await house.nobody.get("/readyz")
    house.pulse.down = {1}
    gone = await house.nobody.get("/readyz")
    house.pulse.down = set()
    back = await house.nobody.get("/readyz")

    body = {"status": "ready", "partitions": 2, "missing_partitions": 0, "draining": False}
    assert (ready.status, ready.body) == (200, body)
    body |= {"status": "not ready", "partitions": 1, "missing_partitions": 1}
    assert (gone.status, gone.body) == (503, body)
    assert back.raw == ready.raw


async def test_a_partition_that_does_not_answer_in_time_is_missing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.bootstrap.STATISTICS_S", 0.01)
    house.pulse.hold()

    reply = await house.nobody.get("/readyz")

    assert (reply.status, reply.body["missing_partitions"]) == (503, 2)


async def test_a_gateway_that_drains_is_not_ready_and_alive(house: House) -> None:
    house.gateway.health.draining = True

    assert (await house.nobody.get("/readyz")).body["draining"] is True
    assert (await house.nobody.get("/readyz")).status == 503
    assert (await house.nobody.get("/healthz")).status == 200


async def test_authorisations_are_counted_by_channel_and_outcome(funded: House) -> None:
    await funded.charge(24_000)
    await funded.charge(900_000)
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)
    await funded.charge(100, payer=code)
    await funded.charge(0)

    page = await metrics(funded)

    name = "airside_authorisations_total"
    for outcome in ("approved", "insufficient_funds", "unknown"):
        assert of(page, name, channel="terminal", outcome=outcome) == 1
    assert of(page, name) == 3
    assert of(page, "airside_authorisation_seconds_count") == 3
    answers = "airside_http_answers_total"
    counted = {
        status: of(page, answers, route="POST /v1/payments", status=status)
        for status in ("201", "202", "400", "402")
    }
    assert counted == {"201": 1, "202": 1, "400": 1, "402": 1}


async def test_partitions_tell_what_they_did(funded: House) -> None:
    await funded.charge(24_000, capture="manual")

    page = await metrics(funded)

    assert of(page, "airside_partition_open_holds") == 1
    assert of(page, "airside_partition_commands_total") > 3
    batches = of(page, "airside_partition_batches_total")
    assert of(page, "airside_partition_batch_size_count") == batches
    assert of(page, "airside_partition_commit_seconds_count") == batches
    ends = [funded.journals.reader(number).tip().seq for number in (0, 1)]
    assert of(page, "airside_partition_entries") == sum(ends)


async def test_a_restart_is_counted(funded: House) -> None:
    name = "airside_partition_restarts_total"
    before = await metrics(funded)
    funded.runtime.kill(0)
    after = await metrics(funded)

    grown = [of(after, name, partition=p) - of(before, name, partition=p) for p in "01"]
    assert grown == [1, 0]


async def test_what_waits_and_who_listens_is_shown(funded: House) -> None:
    partition = next(
        n for n in (0, 1) if funded.gateway.engine.directory.owns(n, account_of("amira"))
    )
    path = f"/v1/accounts/{AMIRA}"
    funded.road.hold()
    asked = [asyncio.create_task(funded.amira.get(path))]
    await funded.road.stopped.wait()
    asked += [asyncio.create_task(funded.amira.get(path)) for _ in range(3)]
    await funded.until(lambda: funded.gateway.engine.mailbox_depths()[partition] == 4)

    async with Stream(funded, funded.amira):
        page = await metrics(funded)
    funded.road.release()
    await asyncio.gather(*asked)

    assert of(page, "airside_mailbox_depth", partition=str(partition)) == 4
    assert of(page, "airside_event_streams") == 1


async def test_a_page_without_a_partition_shows_the_others(house: House) -> None:
    house.pulse.down = {1}

    page = await metrics(house)

    partitions = {
        dict(labels)["partition"]
        for name, labels in page
        if name == "airside_partition_entries"
    }
    assert partitions == {"0"}


async def test_no_id_is_a_label(funded: House) -> None:
    await funded.charge(24_000)

    page = (await funded.nobody.get("/metrics")).raw.decode()

    assert not re.search(r"(?:acc|pay|trf|mer|ord|prn)_[a-z2-7]{20}", page)


async def test_scrapes_may_meet(house: House) -> None:
    pages = await asyncio.gather(*[house.nobody.get("/metrics") for _ in range(8)])

    assert {page.status for page in pages} == {200}
