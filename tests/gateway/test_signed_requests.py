"""Terminals sign what they ask: what counts, once, and what does not."""

import asyncio
import base64

import pytest

from gateway.signed_requests import HEADER, WINDOW_MS
from services.nonces import SWEEP_MS, Nonces
from services.tables import REQUEST_NONCES
from services.terminals import suspend_terminal
from terminals.http_signature import Message, content_digest, signature_base
from tests.gateway.harness import House, Json, Reply, money
from tests.gateway.registry import SignedTill, ping
from tests.gateway.stores import broken
from tests.gateway.terminal import Terminal


@pytest.fixture
async def till(funded: House) -> SignedTill:
    till = SignedTill(funded)
    await till.pair()
    return till


async def send(
    house: House, headers: dict[str, str], body: bytes = b"", path: str = "/v1/me"
) -> tuple[int, Json]:
    """As it stands, so that a test can alter what was signed."""
    method = "POST" if body else "GET"
    url = house.base + path
    async with house.session.request(method, url, data=body, headers=headers) as response:
        return response.status, await response.json()


def refused(reply: Reply, name: str) -> bool:
    return (reply.status, reply.body["type"]) == (401, f"/problems/{name}")


async def test_a_paired_till_is_who_it_is(till: SignedTill) -> None:
    me = (await till.get("/v1/me")).body
    own = (await till.get("/v1/terminals/me")).body

    assert (me["kind"], me["principal"]) == ("terminal", till.terminal["principal"])
    assert own["id"] == till.terminal["id"]


async def test_a_paired_till_takes_a_payment_once(funded: House, till: SignedTill) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, by=till, payer=code, key="b12-1")
    again = await funded.charge(24_000, by=till, payer=code, key="b12-1")

    assert (paid.status, again.status, again.replayed) == (201, 201, True)
    assert await funded.available() == 100_000 - 24_000


async def test_a_recorded_request_is_refused(funded: House, till: SignedTill) -> None:
    headers = till.sign("GET", "/v1/me")

    first, _ = await send(funded, headers)
    second, said = await send(funded, headers)

    assert (first, second) == (200, 401)
    assert said["type"] == "/problems/request-replayed"


async def test_a_recorded_request_is_refused_by_another_gateway_too(
    funded: House, till: SignedTill
) -> None:
    """Gateways share the store, so their memories of nonces are one."""
    elsewhere = Nonces(funded.store, funded.clock)
    until_ms = funded.clock.now_ms() + WINDOW_MS
    await elsewhere.claim("tk_1", "nonce-17", until_ms=until_ms)
    here = Nonces(funded.store, funded.clock)

    assert not await here.claim("tk_1", "nonce-17", until_ms=until_ms)
    assert await here.claim("tk_2", "nonce-17", until_ms=until_ms)


async def test_many_at_once_are_each_claimed_once(funded: House) -> None:
    nonces = Nonces(funded.store, funded.clock)
    until_ms = funded.clock.now_ms() + WINDOW_MS

    claimed = await asyncio.gather(
        *[nonces.claim("tk_1", f"nonce-{n % 300}", until_ms=until_ms) for n in range(900)]
    )

    assert sum(claimed) == 300


async def test_nonces_are_forgotten_when_nobody_would_take_them(
    funded: House, till: SignedTill
) -> None:
    await till.get("/v1/me")
    funded.clock.advance(2 * WINDOW_MS + SWEEP_MS)
    await till.get("/v1/me")

    with funded.store.read() as connection:
        assert len(connection.execute(REQUEST_NONCES.select()).all()) == 1


@pytest.mark.parametrize("off_ms", [-WINDOW_MS, WINDOW_MS])
async def test_a_clock_may_be_a_minute_off(till: SignedTill, off_ms: int) -> None:
    till.off_ms = off_ms
    assert (await till.get("/v1/me")).status == 200


@pytest.mark.parametrize("off_ms", [-WINDOW_MS - 1_000, WINDOW_MS + 1_000])
async def test_a_clock_that_is_further_off_is_named(till: SignedTill, off_ms: int) -> None:
    till.off_ms = off_ms

    assert refused(await till.get("/v1/me"), "clock-off")


async def test_another_body_path_or_key_is_refused(funded: House, till: SignedTill) -> None:
    body = b'{"software":"1","backlog":0,"last_sequence":0,"now_ms":0}'
    path = "/v1/terminals/me/ping"

    altered = [
        (till.sign("POST", path, body), body.replace(b":0,", b":1,"), path),
        (till.sign("POST", path, body), body, "/v1/terminals/me/keys"),
        (till.sign("POST", path, body) | {"Idempotency-Key": "k"}, body, path),
        (till.sign("POST", path, b""), body, path),
    ]
    statuses = [await send(funded, *request) for request in altered]

    assert [(status, said["type"]) for status, said in statuses] == [
        (401, "/problems/signature-refused")
    ] * len(altered)


async def test_a_query_that_is_not_covered_is_refused(
    funded: House, till: SignedTill
) -> None:
    headers = till.sign("GET", "/v1/payments")
    status, said = await send(funded, headers, path="/v1/payments?limit=1")
    covered = await till.get("/v1/payments?limit=1")

    assert (status, said["type"]) == (401, "/problems/signature-refused")
    assert covered.status == 200


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ("created=", "made="),
        ("nonce=", "once="),
        ('nonce="nonce-0', 'nonce="'),
        ("keyid=", "id="),
        ('keyid="tk_', 'keyid="ak_'),
        ("airside=", "airside=?"),
    ],
)
async def test_an_incomplete_signature_is_refused(
    funded: House, till: SignedTill, old: str, new: str
) -> None:
    headers = till.sign("GET", "/v1/me")
    assert old in headers[HEADER]
    headers[HEADER] = headers[HEADER].replace(old, new)

    assert (await send(funded, headers))[0] == 401


async def test_a_signature_that_has_ended_is_refused(
    funded: House, till: SignedTill
) -> None:
    headers = till.sign("GET", "/v1/me")
    headers[HEADER] += f";expires={funded.clock.now_ms() // 1_000}"

    status, said = await send(funded, headers)

    assert (status, said["type"]) == (401, "/problems/clock-off")


async def test_an_unknown_key_is_nobodys(funded: House) -> None:
    stranger = SignedTill(funded, seed=99)

    assert refused(await stranger.get("/v1/me"), "not-signed-in")


async def test_a_strangers_signature_under_a_tills_name_is_refused(
    funded: House, till: SignedTill
) -> None:
    """And does not use up the till's nonce."""
    headers, other = till.sign("GET", "/v1/me"), till.sign("GET", "/v1/terminals/me")
    forged = headers | {"Signature": other["Signature"]}

    assert (await send(funded, forged))[0] == 401
    assert (await send(funded, headers))[0] == 200


async def test_a_body_without_its_digest_is_refused(
    funded: House, till: SignedTill
) -> None:
    """Also an empty one: nobody may add a body on the way."""
    path = f"/v1/terminals/{till.terminal['id']}/suspend"
    headers = till.sign("POST", path)
    assert headers.pop("Content-Digest") == content_digest(b"")
    async with funded.session.post(funded.base + path, headers=headers) as response:
        assert response.status == 401


async def test_a_digest_that_is_there_must_fit_whatever_the_method(
    funded: House, till: SignedTill
) -> None:
    """Who shows one says what was sent, covered or not."""
    digests = [content_digest(b"else"), content_digest(b"")]
    asked = [till.sign("GET", "/v1/me") | {"Content-Digest": one} for one in digests]
    statuses = [await send(funded, headers) for headers in asked]

    assert [(status, said["type"]) for status, said in statuses] == [
        (401, "/problems/signature-refused")
    ] * len(asked)


async def test_a_covered_digest_of_another_body_is_refused_whatever_the_method(
    funded: House, till: SignedTill
) -> None:
    till.also = {"Content-Digest": content_digest(b"else")}
    wrong = till.sign("GET", "/v1/me")
    till.also = {"Content-Digest": content_digest(b"")}
    right = till.sign("GET", "/v1/me")

    assert '"content-digest"' in right[HEADER]
    assert (await send(funded, wrong))[0] == 401
    assert (await send(funded, right))[0] == 200


async def test_a_signature_for_any_host_is_refused(funded: House, till: SignedTill) -> None:
    """It would count at another installation too, where the same key is known."""
    headers = till.sign("GET", "/v1/me")
    _, _, text = headers[HEADER].replace('"@authority" ', "").partition("=")
    message = Message("GET", till.authority, "/v1/me", "", {})
    signature = till.private.sign(signature_base(message, ["@method", "@path"], text))
    headers = {
        HEADER: f"airside={text}",
        "Signature": f"airside=:{base64.b64encode(signature).decode()}:",
    }

    status, said = await send(funded, headers)

    assert (status, "@authority" in said["detail"]) == (401, True)


@pytest.mark.parametrize("host", ["pay.example", "PAY.example:443", "pay.example:80"])
async def test_a_default_port_is_no_part_of_the_signed_host(
    funded: House, till: SignedTill, host: str
) -> None:
    """RFC 9421, section 2.2.3. Behind a proxy it is not known which scheme the till used."""
    till.authority = "pay.example"
    assert (await send(funded, till.sign("GET", "/v1/me") | {"Host": host}))[0] == 200


@pytest.mark.parametrize("host", ["pay.example:8443", "other.example", "pay.example:1443"])
async def test_another_host_or_port_is_refused(
    funded: House, till: SignedTill, host: str
) -> None:
    till.authority = "pay.example"
    assert (await send(funded, till.sign("GET", "/v1/me") | {"Host": host}))[0] == 401


async def test_keys_cannot_be_looked_up_in_a_broken_store(
    funded: House, till: SignedTill
) -> None:
    with broken(funded.store):
        assert (await till.get("/v1/me")).status == 503
    assert (await till.get("/v1/me")).status == 200


async def test_a_conversation_is_signed_where_it_begins(
    funded: House, till: SignedTill
) -> None:
    headers = till.sign("GET", "/v1/terminal")
    async with Terminal(funded, till, headers) as socket:
        funded.clock.advance(10 * WINDOW_MS)  # its signature is old by now, and it goes on
        code = {"code": await funded.code()}
        body = {"amount": money(24_000), "payer": code, "order": "A-1"}
        line = {"id": 1, "path": "/v1/payments", "key": "b12-1", "body": body}
        [paid] = await socket.ask(line)
        beat = {"path": "/v1/terminals/me/ping", "body": ping(funded)}
        [pong] = await socket.ask({"id": 2, **beat})

    assert (paid["status"], paid["body"]["status"]) == (201, "captured")
    assert (pong["status"], pong["body"]["status"]) == (200, "active")


async def test_a_suspended_till_is_refused_within_a_second_on_every_road(
    funded: House, till: SignedTill
) -> None:
    """The store is changed as another process would change it, and the clock stands still: so it
    is the watch that forgets, not a time to live.
    """
    assert (await till.get("/v1/me")).status == 200
    socket_headers = till.sign("GET", "/v1/terminal")
    url, stream_headers = f"{funded.base}/v1/events", till.sign("GET", "/v1/events")
    async with (
        Terminal(funded, till, socket_headers) as socket,
        funded.session.get(url, headers=stream_headers) as stream,
    ):
        suspend_terminal(funded.store, till.terminal["id"], now_ms=funded.clock.now_ms())
        async with funded.patience(seconds=1):
            said = await socket.next()
            await stream.content.read()
            reply = await till.get("/v1/me")

    assert said["status"] == 401
    assert refused(reply, "not-signed-in")


async def test_a_till_that_is_resumed_sells_again(funded: House, till: SignedTill) -> None:
    path = f"/v1/terminals/{till.terminal['id']}"
    await funded.operator.post(f"{path}/suspend", key=None)
    async with funded.patience(seconds=1):
        while (await till.get("/v1/me")).status != 401:
            pass

    await funded.operator.post(f"{path}/resume", key=None)

    async with funded.patience(seconds=1):
        while (await till.get("/v1/me")).status != 200:
            pass


async def test_a_sign_of_life_is_shown_to_the_operator(
    funded: House, till: SignedTill
) -> None:
    body = ping(funded, backlog=2, last_sequence=17)
    body["now_ms"] += 250
    pong = await till.post("/v1/terminals/me/ping", body, key=None)
    shown = await funded.operator.get(f"/v1/terminals/{till.terminal['id']}")

    assert pong.body["now_ms"] == funded.clock.now_ms()
    assert (shown.body["backlog"], shown.body["last_sequence"]) == (2, 17)
    assert (shown.body["clock_off_ms"], shown.body["software"]) == (250, "1")
    assert shown.body["last_seen_at"] is not None


async def test_a_till_changes_its_key(funded: House, till: SignedTill) -> None:
    new = SignedTill(funded, seed=2)
    public = base64.b64encode(new.public).decode()

    changed = await till.post("/v1/terminals/me/keys", {"public_key": public}, key=None)

    assert (await new.get("/v1/me")).body == (await till.get("/v1/me")).body
    funded.clock.advance(300_000)
    assert (await till.get("/v1/me")).status == 401
    assert (await new.get("/v1/me")).status == 200
    assert changed.status == 201


async def test_an_attempt_that_is_being_worked_at_is_in_progress(
    funded: House, till: SignedTill
) -> None:
    """Neither found nor not found: the till waits, and does not reverse what may be approved."""
    code = await funded.code()
    attempt = {"key": "b12-1", "payer": {"code": code}}
    funded.road.hold()
    paying = asyncio.create_task(funded.charge(24_000, by=till, payer=code, key="b12-1"))
    await funded.road.stopped.wait()

    looked = await till.post("/v1/payments/lookup", attempt, key=None)
    funded.road.release()
    paid = await paying
    again = await till.post("/v1/payments/lookup", attempt, key=None)

    assert (looked.status, looked.body["type"]) == (409, "/problems/in-progress")
    assert looked.body["happened"] == "unknown"
    assert (paid.status, again.body["id"]) == (201, paid.body["id"])
