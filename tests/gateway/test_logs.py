"""What a gateway writes down: objects, one a line; and no secret, whatever comes in."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Callable, Iterator

import pytest
import structlog

from channels.views import Views
from gateway import logs
from ledger.errors import Happened
from ledger.replies import PaymentReply
from tests.gateway.harness import AMIRA, House, Json, Reply, money
from tests.gateway.stores import broken

Lines = Callable[[], list[Json]]
CARD = "4111111111111111"
# Modules that keep a logger: each gets one that writes where this test reads.
LOGGING = ("chores", "events", "handling", "connection", "terminal_socket")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """All that was written, as the process would write it."""
    error_output = io.StringIO()
    before = list(logging.getLogger().handlers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", error_output)
        logs.configure("debug")
    for module in LOGGING:
        monkeypatch.setattr(f"gateway.{module}._log", logs.get(module))
    yield lambda: [json.loads(line) for line in error_output.getvalue().splitlines()]
    structlog.reset_defaults()
    logging.getLogger().handlers = before


@pytest.mark.parametrize(
    "field", ["key", "api_key", "authorization", "code", "payload", "token"]
)
def test_a_field_with_the_name_of_a_secret_is_masked(written: Lines, field: str) -> None:
    logs.get("test").warning("something", **{field: "hush", "other": "seen"})

    [line] = written()
    assert (line[field], line["other"]) == ("****", "seen")


def test_a_line_says_when_what_and_where(written: Lines) -> None:
    logs.get("test").warning("something happened", count=3)

    [line] = written()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "something happened",
        "level": "warning",
        "part": "test",
        "count": 3,
    }


def test_what_is_below_the_level_is_not_written(written: Lines) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", io.StringIO())
        logs.configure("warning")
        quiet = sys.stderr
        logs.get("test").info("hidden")
        logs.get("test").error("seen")

    assert isinstance(quiet, io.StringIO)
    assert "seen" in quiet.getvalue()
    assert "hidden" not in quiet.getvalue()


def test_what_other_libraries_log_is_a_line_too(written: Lines) -> None:
    logging.getLogger("asyncio").error("Task of %s was lost", "amira")

    [line] = written()
    assert (line["level"], line["part"]) == ("error", "asyncio")
    assert line["event"] == "Task of %s was lost"  # what fills it in may be a caller's


async def fail(_views: Views, _reply: PaymentReply, **_how: object) -> None:
    raise RuntimeError("a bug")


async def test_a_bug_is_logged_and_answered_as_unknown(
    house: House, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.wallet("amira", QAR=100_000)
    code = await house.code()
    monkeypatch.setattr(Views, "payment", fail)

    reply = await house.charge(24_000, payer=code)

    assert reply.status == 500
    assert reply.body == {
        "type": "/problems/internal",
        "title": "Internal",
        "status": 500,
        "detail": "This should not have happened.",
        "field": None,
        "happened": Happened.UNKNOWN.value,
    }
    [line] = written()
    assert (line["level"], line["route"]) == ("error", "POST /v1/payments")
    assert "RuntimeError: a bug" in line["exception"]


async def test_a_bug_outside_the_routes_is_a_problem_too(
    house: House, written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_to_read() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(house.gateway.engine, "mailbox_depths", fail_to_read)

    reply = await house.nobody.get("/metrics")

    assert (reply.status, reply.body["happened"]) == (500, "unknown")
    assert [line["level"] for line in written()] == ["error"]


async def provoke(house: House, secrets: list[str]) -> list[Reply]:
    """Each secret wherever a caller could put one by mistake, and the failures around it."""
    replies = []
    for secret in secrets:
        raw = secret.encode()
        payer = {"code": secret}
        charge = {"amount": money(1), "payer": payer, "order": secret}
        replies += [
            await house.lounge.post("/v1/payments", charge),
            await house.lounge.post(
                "/v1/payments", charge | {"order": "A", "place": secret}
            ),
            await house.lounge.post("/v1/payments", charge | {"order": "A"}),
            await house.lounge.post("/v1/payments", raw),
            await house.lounge.post("/v1/payments", b'"' + raw + b'"'),
            await house.lounge.post("/v1/payments", {secret: 1}),
            await house.lounge.post("/v1/payments", {"amount": money(1, secret)}),
            await house.lounge.post("/v1/payments/lookup", {"key": "k", "payer": payer}),
            await house.lounge.post("/v1/orders", {"amount": money(1), "order": secret}),
            await house.operator.post("/v1/accounts", {"currencies": [secret]}),
            await house.nobody.get("/v1/me", Authorization=f"Bearer {secret[:-1]}"),
        ]
        with broken(house.store):
            house.gateway.shared.principals.clear()
            replies.append(
                await house.nobody.get("/v1/me", Authorization=f"Bearer {secret}")
            )
        await raw_http(house, b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: \x00" + raw)
        await raw_http(house, b"GET / HTTP/1.1\r\nX: " + raw + b"a" * 9_000)
        await raw_http(house, raw)
    return replies


async def raw_http(house: House, request: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(request + b"\r\n\r\n")
    answer = await reader.read()
    assert b" 4" in answer[:12]
    writer.close()
    await writer.wait_closed()


async def test_no_secret_is_logged_or_repeated(
    house: House, written: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    await house.wallet("amira", QAR=100_000)
    code = await house.code()
    used = await house.code()
    await house.charge(100, payer=used)
    secrets = [house.amira.api_key or "", code, used, CARD]

    replies = await provoke(house, secrets)

    said = json.dumps(written()) + caplog.text
    for secret in secrets:
        # Not even half of one.
        half = secret[: max(12, len(secret) // 2)]
        assert half not in said
        # What was taken for an order's reference is one, and is shown.
        refusals = [reply for reply in replies if reply.status >= 400]
        assert not any(half.encode() in reply.raw for reply in refusals)


async def test_nothing_that_an_outsider_does_is_an_error(
    house: House, written: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    await house.wallet("amira", QAR=100_000)

    await provoke(house, [house.amira.api_key or "", CARD])
    await house.nobody.get(f"/v1/accounts/{AMIRA}")

    assert {line["level"] for line in written()} <= {"debug", "info", "warning"}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_what_the_journal_holds_names_nobody(house: House) -> None:
    """No order reference, no label, no key, no code."""
    await house.wallet("amira", QAR=100_000)
    code = await house.code()
    await house.charge(100, payer=code, order="PNR-X7QK2P", key="till-key-4711")

    entries = [
        sealed.body
        for number in (0, 1)
        for sealed in house.journals.reader(number).read(0, 1_000)
    ]

    for secret in ("X7QK2P", "Amira", "till-key-4711", code[8:24], "Pearl"):
        assert not any(secret.encode() in body for body in entries)


def test_a_line_that_cannot_be_written_is_lost_and_nothing_else(
    written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where logs go may be full: what logs a failure must not fail of that."""
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        monkeypatch.setattr(sys, "stderr", full)
        logs.configure("info")
        logs.get("test").warning("the disk is full")
        with pytest.raises(OSError, match="No space left"):
            full.write("so it is")
    assert written() == []


def test_a_line_for_a_stream_that_was_closed_is_lost_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = io.StringIO()
    monkeypatch.setattr(sys, "stderr", gone)
    logs.configure("info")
    gone.close()

    logs.get("test").warning("nobody reads this")

    with pytest.raises(ValueError, match="closed"):
        gone.write("so it is")
