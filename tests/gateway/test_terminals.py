"""The registry over HTTP, and how fast a terminal that was suspended is refused."""

import asyncio

from channels.api.terminals import PAIRINGS_PER_MINUTE_MAX
from gateway.access_watch import AT_ONCE, AccessWatch
from services.principal_cache import PrincipalCache
from services.principals import Principal, disable, find_by_key
from tests.gateway.harness import DUTYFREE, PATIENCE_S, Caller, House
from tests.gateway.registry import B12, pairing_code, ping, public_key, register
from tests.gateway.terminal import Terminal


async def test_a_terminal_is_registered_paired_and_listed(house: House) -> None:
    made = await register(house)
    code = await pairing_code(house, made["id"])
    body = {"code": code, "public_key": public_key()}

    paired = await house.nobody.post("/v1/terminals/pair", body, key=None)
    listed = await house.operator.get("/v1/terminals")
    one = await house.operator.get(f"/v1/terminals/{made['id']}")

    assert (made["status"], made["merchant_name"]) == ("waiting", "Pearl Lounge")
    assert (paired.status, paired.body["terminal"]["status"]) == (201, "active")
    assert [shown["id"] for shown in listed.body["terminals"]] == [made["id"]]
    assert [key["id"] for key in one.body["keys"]] == [paired.body["key_id"]]


async def test_registering_again_with_the_same_key_makes_no_second_one(
    house: House,
) -> None:
    first = await house.operator.post("/v1/terminals", B12, "reg-1")
    again = await house.operator.post("/v1/terminals", B12, "reg-1")
    other = await house.operator.post("/v1/terminals", B12 | {"name": "B13"}, "reg-1")

    assert (first.body, again.replayed) == (again.body, True)
    assert (other.status, other.body["type"]) == (422, "/problems/idempotency-key-reused")


async def test_pages_of_the_list_say_whether_there_is_more(house: House) -> None:
    made = [await register(house) for _ in range(3)]

    first = (await house.operator.get("/v1/terminals?limit=2")).body
    rest = (await house.operator.get("/v1/terminals?limit=2&skip=2")).body
    bad = await house.operator.get("/v1/terminals?limit=1e9")

    assert (len(first["terminals"]), first["more"]) == (2, True)
    assert (len(rest["terminals"]), rest["more"]) == (1, False)
    ids = {one["id"] for one in first["terminals"] + rest["terminals"]}
    assert ids == {one["id"] for one in made}
    assert (bad.status, bad.body["field"]) == (400, "limit")


async def test_a_wrong_pairing_code_is_refused_and_tells_nothing(house: House) -> None:
    made = await register(house)
    code = await pairing_code(house, made["id"])
    key = public_key()

    wrong = {"code": code[:-1] + ("2" if code[-1] != "2" else "3"), "public_key": key}
    unknown = {"code": "ZZZZ-ZZZZ-ZZZZ", "public_key": key}
    replies = [
        await house.nobody.post("/v1/terminals/pair", body, key=None)
        for body in (wrong, unknown)
    ]

    assert [reply.status for reply in replies] == [403, 403]
    assert replies[0].body == replies[1].body


async def test_pairing_is_slowed_down_for_who_tries_codes(house: House) -> None:
    body = {"code": "ZZZZ-ZZZZ-ZZZZ", "public_key": public_key()}
    statuses = [
        (await house.nobody.post("/v1/terminals/pair", body, key=None)).status
        for _ in range(PAIRINGS_PER_MINUTE_MAX + 1)
    ]
    house.clock.advance(60_000)
    later = await house.nobody.post("/v1/terminals/pair", body, key=None)

    assert statuses == [403] * PAIRINGS_PER_MINUTE_MAX + [429]
    assert later.status == 403


async def test_settings_place_and_name_change_and_the_version_grows(house: House) -> None:
    path = f"/v1/terminals/{(await register(house))['id']}"
    settings = {"limits": {"QAR": 50_000}, "deny": ["A" * 43 + "="], "keys": {"k1": "AAAA"}}

    configured = await house.operator.post(f"{path}/settings", settings, key=None)
    moved = await house.operator.post(f"{path}/bind", {"place": "DOH-T1-C1"}, key=None)
    bad = await house.operator.post(f"{path}/settings", {"limits": {"QAR": 0}}, key=None)

    assert configured.body["settings"] == {"version": 1, **settings}
    assert (moved.body["name"], moved.body["place"]) == ("B12", "DOH-T1-C1")
    assert bad.status == 400


async def test_a_terminal_can_be_bound_to_another_merchant(house: House) -> None:
    made = await register(house)
    path = f"/v1/terminals/{made['id']}"

    bound = await house.operator.post(f"{path}/bind", {"merchant": DUTYFREE}, key=None)
    nobody = await house.operator.post(
        f"{path}/bind", {"merchant": "mer_" + "a" * 24}, key=None
    )

    assert bound.body["merchant"] == DUTYFREE
    assert bound.body["principal"] != made["principal"]
    assert (nobody.status, nobody.body["field"]) == (404, "$.merchant")


async def test_each_message_key_is_another_and_keys_can_be_revoked(house: House) -> None:
    made = await register(house)
    path = f"/v1/terminals/{made['id']}"

    first = await house.operator.post(f"{path}/message-key", key=None)
    second = await house.operator.post(f"{path}/message-key", key=None)
    revoked = await house.operator.post(f"{path}/revoke-keys", key=None)

    assert (first.body["generation"], second.body["generation"]) == (1, 2)
    assert len({first.body["key"], second.body["key"]}) == 2
    assert len(first.body["key"]) == 64
    assert (revoked.body["status"], revoked.body["message_key"]) == ("waiting", None)


async def test_what_is_no_terminal_is_told_so(house: House) -> None:
    none = "/v1/terminals/trm_none"

    assert (await house.lounge.get("/v1/terminals/me")).status == 404
    assert (
        await house.lounge.post("/v1/terminals/me/ping", ping(house), None)
    ).status == 404
    body = {"public_key": public_key()}
    assert (await house.lounge.post("/v1/terminals/me/keys", body, None)).status == 404
    assert (await house.operator.get(none)).status == 404
    for verb in ("suspend", "resume", "pairing-codes", "revoke-keys", "message-key"):
        assert (await house.operator.post(f"{none}/{verb}", key=None)).status == 404


async def refused(house: House, caller: Caller) -> None:
    """Let real time pass, as little as it takes; the clock of the house stands still."""
    async with house.patience():
        while (await caller.get("/v1/me")).status != 401:
            pass


async def test_a_principal_that_another_process_disables_is_refused_within_a_second(
    house: House,
) -> None:
    """The clock stands still, so nothing that is remembered grows old: it was forgotten."""
    me = (await house.lounge.get("/v1/me")).body["principal"]

    disable(house.store, me, now_ms=house.clock.now_ms())

    async with house.patience(seconds=1):
        await refused(house, house.lounge)


async def test_an_open_connection_of_who_lost_access_ends_by_itself(house: House) -> None:
    me = (await house.lounge.get("/v1/me")).body["principal"]
    async with (
        Terminal(house, house.lounge) as till,
        Terminal(house, house.office) as other,
    ):
        disable(house.store, me, now_ms=house.clock.now_ms())
        async with house.patience(seconds=1):
            said = await till.next()
            closed = await till.next()
        [still] = await other.ask({"id": 1, "method": "GET", "path": "/v1/me"})

    assert (said["status"], closed) == (401, 1001)
    assert still["status"] == 200


async def test_an_open_stream_of_who_lost_access_ends_by_itself(house: House) -> None:
    me = (await house.lounge.get("/v1/me")).body["principal"]
    url = f"{house.base}/v1/events"
    async with house.session.get(url, headers=house.lounge.headers) as stream:
        assert stream.status == 200
        disable(house.store, me, now_ms=house.clock.now_ms())
        async with house.patience(seconds=1):
            await stream.content.read()  # to its end

        assert stream.content.at_eof()


async def test_what_was_read_before_it_was_forgotten_is_not_remembered(
    house: House,
) -> None:
    """A look-up that began before a suspension must not bring the old answer back."""
    key = house.lounge.api_key
    assert key is not None
    now_ms = house.clock.now_ms()

    def find(plain: str) -> Principal | None:
        found = find_by_key(house.store, plain, now_ms=now_ms)
        cache.clear()  # the watch, while the look-up is on its way back
        return found

    cache = PrincipalCache(find, house.clock)

    assert cache.find(key) is not None
    assert cache.peek(key) is None


async def test_the_watch_forgets_only_when_something_changed(house: House) -> None:
    forgotten: list[bool] = []
    watch = AccessWatch(house.store, lambda: forgotten.append(True), [])
    await watch.look()
    await watch.look()
    assert forgotten == [True]

    disable(house.store, house_principal(house), now_ms=house.clock.now_ms())
    await watch.look()

    assert forgotten == [True, True]


def house_principal(house: House) -> str:
    found = find_by_key(house.store, str(house.lounge.api_key), now_ms=house.clock.now_ms())
    assert found is not None
    return found.id


async def test_what_is_open_is_asked_for_several_at_a_time_and_not_all(
    house: House,
) -> None:
    """So the last of many does not wait for all before it."""
    together = asyncio.Barrier(AT_ONCE)  # one at a time, the first would wait for ever
    under_way: set[object] = set()
    most = 0

    async def recheck() -> None:
        nonlocal most
        under_way.add(me := object())
        most = max(most, len(under_way))
        await together.wait()
        under_way.discard(me)

    watch = AccessWatch(house.store, lambda: None, [lambda: [recheck] * (4 * AT_ONCE)])
    await watch.look()
    disable(house.store, house_principal(house), now_ms=house.clock.now_ms())
    async with asyncio.timeout(PATIENCE_S):
        await watch.look()

    assert most == AT_ONCE
