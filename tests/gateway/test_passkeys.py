"""A person with a passkey: makes it, signs in with it, and nobody else does."""

from collections.abc import Callable

import pytest

from services.ceremonies import LIFE_MS
from services.enrolment import LIFE_MS as ENROLMENT_MS
from services.passkeys import PASSKEYS_MAX
from tests.gateway.harness import AMIRA, PROBLEM, Caller, House, Json, Reply
from tests.gateway.passkeys import (
    ENROL,
    SIGN_IN,
    add,
    answered,
    confirm,
    enrol,
    key_of,
    offered,
    sign_in,
)
from tests.software_key import SoftwareKey, b64

REGISTER = "/v1/passkeys/registration"


def refused(reply: Reply, status: int, reason: str) -> None:
    assert (reply.status, reply.kind) == (status, PROBLEM), reply.raw
    assert (reply.body["reason"], reply.body["happened"]) == (reason, "no")


async def test_a_person_adds_a_passkey_and_signs_in_with_it(funded: House) -> None:
    phone = key_of(funded)

    added = await add(funded.amira, phone, "Phone")
    reply = await answered(funded.nobody, phone, SIGN_IN, device="Chrome")

    assert (added.status, added.body["name"]) == (201, "Phone")
    me = (await funded.amira.get("/v1/me")).body
    assert reply.body == me | {"api_key": reply.body["api_key"]}
    signed_in = Caller(funded, reply.body["api_key"])
    assert (await signed_in.get("/v1/me")).body == me
    [listed] = (await signed_in.get("/v1/passkeys")).body["passkeys"]
    assert (listed["id"], listed["this_device"]) == (added.body["id"], True)
    assert listed["last_used_at"] is not None


async def test_options_are_those_of_a_wallet(funded: House) -> None:
    making = await offered(funded.amira, REGISTER)
    asking = await offered(funded.nobody, f"{SIGN_IN}/options")

    assert making["rp"] == {"id": "localhost", "name": "Airside"}
    assert making["user"]["displayName"] == "Amira"
    assert making["attestation"] == "none"
    assert making["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (asking["rpId"], asking["userVerification"]) == ("localhost", "required")
    assert asking["allowCredentials"] == []
    assert making["challenge"] != asking["challenge"]


async def test_a_device_is_told_which_passkeys_there_are(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    signed_in = await sign_in(funded, phone)

    making = await offered(signed_in, REGISTER)

    [known] = making["excludeCredentials"]
    assert known["id"] == b64(phone.id)
    assert (await add(signed_in, phone)).status == 409


def on_another_page(key: SoftwareKey) -> None:
    key.origin = "https://airside.example.com"


def on_another_port(key: SoftwareKey) -> None:
    key.origin = "http://localhost:1"


def in_a_frame(key: SoftwareKey) -> None:
    key.cross_origin = True


def for_another_domain(key: SoftwareKey) -> None:
    key.domain = "example.com"


def unverified(key: SoftwareKey) -> None:
    key.verified = False


BENT = [
    (on_another_page, "other_page"),
    (on_another_port, "other_page"),
    (in_a_frame, "other_page"),
    (for_another_domain, "other_page"),
    (unverified, "not_verified"),
]


@pytest.mark.parametrize(("bend", "reason"), BENT)
async def test_no_other_page_and_nobody_unverified_signs_in(
    funded: House, bend: Callable[[SoftwareKey], None], reason: str
) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone)
    bend(phone)
    bend(tablet)

    refused(await answered(funded.nobody, phone, SIGN_IN), 401, reason)
    refused(await add(funded.jonas, tablet), 422, reason)

    assert (await funded.jonas.get("/v1/passkeys")).body["passkeys"] == []


async def test_a_challenge_is_answered_once(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    options = await offered(funded.nobody, f"{SIGN_IN}/options")
    body = {"ceremony": options["ceremony"], "credential": phone.get(options)}

    first = await funded.nobody.post(SIGN_IN, body, key=None)
    again = await funded.nobody.post(SIGN_IN, body, key=None)
    body["credential"] = phone.get(options)  # a newer signature, of the old challenge
    newer = await funded.nobody.post(SIGN_IN, body, key=None)

    assert first.status == 200
    for late in (again, newer):
        assert (late.status, late.body["type"]) == (409, "/problems/ceremony-over")


async def test_what_was_refused_has_used_its_challenge_up(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    options = await offered(funded.nobody, f"{SIGN_IN}/options")
    phone.verified = False
    body = {"ceremony": options["ceremony"], "credential": phone.get(options)}
    refused(await funded.nobody.post(SIGN_IN, body, key=None), 401, "not_verified")

    phone.verified = True
    body["credential"] = phone.get(options)

    assert (await funded.nobody.post(SIGN_IN, body, key=None)).status == 409


async def test_a_challenge_ends_after_five_minutes(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    options = await offered(funded.nobody, f"{SIGN_IN}/options")
    body = {"ceremony": options["ceremony"], "credential": phone.get(options)}
    funded.clock.advance(LIFE_MS)

    assert (await funded.nobody.post(SIGN_IN, body, key=None)).status == 409


async def test_a_challenge_serves_who_and_what_it_was_made_for(funded: House) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    making = await offered(funded.jonas, REGISTER)
    asking = await offered(funded.nobody, f"{SIGN_IN}/options")
    own = await offered(here, REGISTER)
    to_make = phone.get({"challenge": own["challenge"], "rpId": own["rp"]["id"]})

    of_jonas = {"ceremony": making["ceremony"], "credential": tablet.create(making)}
    to_confirm = {"ceremony": asking["ceremony"], "credential": phone.get(asking)}
    made = "A" * 54 + asking["ceremony"][-1]
    answers = [
        await funded.mei.post("/v1/passkeys", of_jonas, key=None),
        await here.post("/v1/passkeys/confirm", to_confirm, key=None),
        await here.post(
            "/v1/passkeys/confirm",
            {"ceremony": own["ceremony"], "credential": to_make},
            key=None,
        ),
        await funded.nobody.post(SIGN_IN, to_confirm | {"ceremony": made}, key=None),
    ]

    assert [answer.status for answer in answers] == [409] * 4


async def test_another_challenge_than_the_one_of_the_ceremony_is_refused(
    funded: House,
) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    one, other = [await offered(funded.nobody, f"{SIGN_IN}/options") for _ in range(2)]
    body = {"ceremony": one["ceremony"], "credential": phone.get(other)}

    refused(await funded.nobody.post(SIGN_IN, body, key=None), 401, "not_sound")


async def test_a_count_that_goes_back_is_a_copys(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    await sign_in(funded, phone)
    phone.count -= 1  # a copy, taken before the last signature

    refused(await answered(funded.nobody, phone, SIGN_IN), 401, "counted_back")

    phone.count += 5
    assert (await answered(funded.nobody, phone, SIGN_IN)).status == 200


async def test_a_key_that_does_not_count_signs_in_again_and_again(funded: House) -> None:
    phone = key_of(funded, counts=False)
    await add(funded.amira, phone)

    for _ in range(2):
        await sign_in(funded, phone)


async def test_an_unknown_passkey_opens_nothing(funded: House) -> None:
    refused(await answered(funded.nobody, key_of(funded), SIGN_IN), 401, "unknown")


async def test_a_passkey_says_whose_it_is(funded: House) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone)
    await add(funded.jonas, tablet)

    phone.user = tablet.user

    refused(await answered(funded.nobody, phone, SIGN_IN), 401, "unknown")


async def test_another_persons_passkey_confirms_nothing(funded: House) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone)
    await add(funded.jonas, tablet)
    signed_in = await sign_in(funded, phone)

    refused(await confirm(signed_in, tablet), 422, "unknown")


async def test_another_key_signs_for_nobody(funded: House) -> None:
    phone, thief = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone)
    thief.id, thief.user, thief.count = phone.id, phone.user, 9

    refused(await answered(funded.nobody, thief, SIGN_IN), 401, "not_sound")


@pytest.mark.parametrize(
    "bent",
    [
        {"fmt": "tpm", "attStmt": {"ver": "2.0"}},
        {"fmt": "packed", "attStmt": {"alg": -7, "sig": b"0", "x5c": [b"0"]}},
        {"fmt": "none", "attStmt": {"sig": b"0"}},
        {"fmt": 7},
        {"authData": b"short"},
        {"authData": bytes(37)},
    ],
)
async def test_what_no_browser_of_ours_makes_is_refused(funded: House, bent: Json) -> None:
    reply = await add(funded.amira, key_of(funded), **bent)

    assert (reply.status, reply.body["type"]) == (422, "/problems/passkey-refused")


async def test_a_device_may_speak_for_itself_and_no_maker_for_it(funded: House) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    phone.attests, tablet.attests = "itself", "maker"

    refused(await add(funded.amira, tablet), 422, "not_sound")
    assert (await add(funded.amira, phone)).status == 201


async def test_bytes_that_are_nothing_are_refused_plainly(funded: House) -> None:
    options = await offered(funded.amira, REGISTER)
    credential = key_of(funded).create(options)
    for name in credential["response"]:
        if name != "transports":
            options = await offered(funded.amira, REGISTER)
            credential = key_of(funded).create(options)
            credential["response"][name] = "AAAAA"
            body = {"ceremony": options["ceremony"], "credential": credential}
            reply = await funded.amira.post("/v1/passkeys", body, key=None)
            refused(reply, 422, "not_sound")


async def test_a_removed_passkey_opens_nothing_and_ends_what_it_opened(
    funded: House,
) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    await add(funded.amira, phone, "Phone")
    here = await sign_in(funded, phone)
    added = await add(here, tablet, "Tablet")
    there = await sign_in(funded, tablet)

    removed = await here.delete(f"/v1/passkeys/{added.body['id']}")
    funded.gateway.forget()  # as each gateway does within half a second

    assert (removed.status, removed.body["name"]) == (200, "Tablet")
    assert (await there.get("/v1/me")).status == 401
    assert (await here.get("/v1/me")).status == 200
    refused(await answered(funded.nobody, tablet, SIGN_IN), 401, "unknown")
    assert (await here.delete(f"/v1/passkeys/{added.body['id']}")).status == 404


async def test_nobody_removes_anothers_passkey(funded: House) -> None:
    phone = key_of(funded)
    added = await add(funded.amira, phone)

    assert (await funded.jonas.delete(f"/v1/passkeys/{added.body['id']}")).status == 404

    await sign_in(funded, phone)


async def test_who_has_a_passkey_shows_it_before_adding_or_removing_one(
    funded: House,
) -> None:
    phone, tablet = key_of(funded), key_of(funded, 2)
    added = await add(funded.amira, phone)
    path = f"/v1/passkeys/{added.body['id']}"

    by_plain_key = [
        await funded.amira.post(REGISTER, key=None),
        await funded.amira.delete(path),
    ]
    signed_in = await sign_in(funded, phone)
    funded.clock.advance(300_000)
    late = [await signed_in.post(REGISTER, key=None), await signed_in.delete(path)]
    confirmed = await confirm(signed_in, phone)

    for reply in (*by_plain_key, *late):
        assert (reply.status, reply.body["type"]) == (403, "/problems/passkey-needed")
    assert confirmed.status == 200
    assert (await add(signed_in, tablet)).status == 201


async def test_a_person_has_so_many_passkeys_and_no_more(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.passkeys.PASSKEYS_MAX", 1)
    phone = key_of(funded)
    await add(funded.amira, phone)
    signed_in = await sign_in(funded, phone)

    reply = await add(signed_in, key_of(funded, 2))

    assert (reply.status, reply.body["type"]) == (409, "/problems/too-many-passkeys")
    assert PASSKEYS_MAX == 20


async def test_a_new_person_begins_with_a_code(funded: House) -> None:
    body = {"kind": "wallet", "currencies": ["QAR"], "label": "Zahra"}
    account = (await funded.operator.post("/v1/accounts", body)).body["id"]
    phone = key_of(funded)

    reply = await enrol(funded, phone, account, name="Zahra")

    assert (reply.status, reply.body["name"]) == (201, "Zahra")
    assert (reply.body["account"], reply.body["kind"]) == (account, "customer")
    assert reply.body["passkey"]["this_device"] is True
    here = Caller(funded, reply.body["api_key"])
    assert (await here.get(f"/v1/accounts/{account}")).body["label"] == "Zahra"
    again = await sign_in(funded, phone)
    assert (await again.get("/v1/me")).body["principal"] == reply.body["principal"]


async def test_a_code_is_used_once_replaced_by_a_newer_one_and_old_after_a_day(
    funded: House,
) -> None:
    path = f"/v1/accounts/{AMIRA}/enrolment"
    codes = [(await funded.operator.post(path, key=None)).body["code"] for _ in range(2)]
    replaced = await funded.nobody.post(ENROL, {"code": codes[0]}, key=None)
    written = codes[1].replace("-", "").lower()
    good = await funded.nobody.post(ENROL, {"code": written}, key=None)
    funded.clock.advance(ENROLMENT_MS)
    old = await funded.nobody.post(ENROL, {"code": codes[1]}, key=None)
    fresh = (await funded.operator.post(path, key=None)).body["code"]
    options = await offered(funded.nobody, ENROL, {"code": fresh})
    body = {
        "ceremony": options["ceremony"],
        "credential": key_of(funded).create(options),
        "code": fresh,
    }
    first = await funded.nobody.post(f"{ENROL}/complete", body, key=None)
    used = [
        await funded.nobody.post(f"{ENROL}/complete", body, key=None),
        await funded.nobody.post(ENROL, {"code": fresh}, key=None),
    ]

    assert (good.status, first.status) == (200, 201)
    for reply in (replaced, old, *used):
        assert (reply.status, reply.body["type"]) == (403, "/problems/enrolment-refused")


async def test_a_failed_attempt_leaves_the_code_good(funded: House) -> None:
    path = f"/v1/accounts/{AMIRA}/enrolment"
    code = {"code": (await funded.operator.post(path, key=None)).body["code"]}
    for verified, status in ((False, 422), (True, 201)):
        options = await offered(funded.nobody, ENROL, code)
        phone = key_of(funded)
        phone.verified = verified
        body = {"ceremony": options["ceremony"], "credential": phone.create(options)}
        reply = await funded.nobody.post(f"{ENROL}/complete", body | code, key=None)
        assert reply.status == status


async def test_who_lost_everything_begins_anew_and_the_lost_opens_nothing(
    funded: House,
) -> None:
    lost = key_of(funded)
    await add(funded.amira, lost)
    there = await sign_in(funded, lost)

    reply = await enrol(funded, key_of(funded, 2), anew=True)
    funded.gateway.forget()

    assert reply.status == 201
    assert (await there.get("/v1/me")).status == 401
    refused(await answered(funded.nobody, lost, SIGN_IN), 401, "unknown")


async def test_nobody_enrols_for_an_account_that_is_not_there(funded: House) -> None:
    path = "/v1/accounts/acc_" + "a" * 24 + "/enrolment"

    assert (await funded.operator.post(path, key=None)).status == 404
