"""Passkeys: make one, sign in with one, show one again before what only its owner should do.

Each is two calls: options with a challenge, which the page hands to the browser, and what the
browser made of it. Nothing is kept between the two but in the challenge itself, so any gateway
may answer the second (services/passkey_door.py).

A person who has none begins with a code that an operator hands out, or adds one while signed in.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from channels.me import me_view
from channels.passkey_options import (
    asserted,
    creation_options,
    registered,
    request_options,
)
from channels.passkey_wire import (
    ConfirmedView,
    CreationOptionsView,
    EnrolledView,
    EnrolmentBody,
    FirstPasskeyBody,
    NewPasskeyBody,
    PasskeySignInBody,
    PasskeysView,
    PasskeyView,
    ProofBody,
    RequestOptionsView,
)
from channels.problem import Problem, not_found
from channels.proof import Proof
from channels.route import PUBLIC, Answer, Call, NoBody, Route, scopes
from channels.views import Names
from channels.wire import SignedInView
from ledger.time_text import time_text
from services.ceremonies import CeremonyOver
from services.enrolment import EnrolmentRefused
from services.passkey_door import PasskeyDoor
from services.passkey_proof import PasskeyRefused
from services.passkeys import (
    Passkey,
    PasskeyTaken,
    TooManyPasskeys,
    UnknownPasskey,
    passkeys_of,
    remove_passkey,
)
from services.principals import HolderForgotten
from services.sessions import passkey_of
from services.store import Store

Handler = Callable[[Call], Coroutine[Any, Any, Answer]]


class PasskeysApi:
    """party: what devices call the wallet."""

    def __init__(
        self,
        door: PasskeyDoor,
        store: Store,
        names: Names,
        proof: Proof,
        *,
        party: str,
        demo: bool,
    ) -> None:
        self._door = door
        self._store = store
        self._names = names
        self._proof = proof
        self._party = party
        self._demo = demo

    def routes(self) -> list[Route]:
        return [*self._own_routes(), *self._public_routes()]

    def _own_routes(self) -> list[Route]:
        own = scopes("own")
        return [
            Route(
                method="POST", path="/v1/passkeys/registration", handler=self.offer,
                scopes=own, summary="What a device needs to make a passkey", body=NoBody,
                answers={200: CreationOptionsView}, problems=(403,),
            ),
            Route(
                method="POST", path="/v1/passkeys", handler=_plainly(self.add), scopes=own,
                summary="Add the passkey that a device has made", body=NewPasskeyBody,
                answers={201: PasskeyView}, problems=(403, 409, 422),
            ),
            Route(
                method="GET", path="/v1/passkeys", handler=self.all, scopes=own,
                summary="One's own passkeys", answers={200: PasskeysView},
            ),
            Route(
                method="DELETE", path="/v1/passkeys/{id}", handler=self.remove, scopes=own,
                summary="Remove one, and end the sessions that it opened",
                answers={200: PasskeyView},
            ),
            Route(
                method="POST", path="/v1/passkeys/confirm/options",
                handler=self.offer_confirmation, scopes=own, body=NoBody,
                summary="What a device needs to prove that its owner is there",
                answers={200: RequestOptionsView},
            ),
            Route(
                method="POST", path="/v1/passkeys/confirm", handler=_plainly(self.confirm),
                scopes=own, summary="Prove that the owner is there, for some minutes",
                body=ProofBody, answers={200: ConfirmedView}, problems=(409, 422),
            ),
        ]  # fmt: skip

    def _public_routes(self) -> list[Route]:
        public = scopes(PUBLIC)
        return [
            Route(
                method="POST", path="/v1/passkeys/sign-in/options",
                handler=self.offer_sign_in, scopes=public, body=NoBody,
                summary="What a device needs to sign in with a passkey",
                answers={200: RequestOptionsView},
            ),
            Route(
                method="POST", path="/v1/passkeys/sign-in", handler=_plainly(self.sign_in),
                scopes=public, summary="Sign in with a passkey: opens a session",
                body=PasskeySignInBody, answers={200: SignedInView}, problems=(401, 409),
            ),
            Route(
                method="POST", path="/v1/passkeys/enrolment",
                handler=_plainly(self.offer_enrolment), scopes=public, body=EnrolmentBody,
                summary="What a device needs to make the first passkey, by a code",
                answers={200: CreationOptionsView}, problems=(403,),
            ),
            Route(
                method="POST", path="/v1/passkeys/enrolment/complete",
                handler=_plainly(self.end_enrolment), scopes=public, body=FirstPasskeyBody,
                summary="Add the first passkey, and sign in with it",
                answers={201: EnrolledView}, problems=(403, 409, 422),
            ),
        ]  # fmt: skip

    async def offer(self, call: Call) -> Answer:
        await self._proof.require(call.caller)
        offer = await self._door.offer_registration(call.caller)
        name = call.caller.name
        view = creation_options(self._door.us, offer, party=self._party, person=name)
        return Answer(200, view)

    async def add(self, call: Call) -> Answer:
        """The proof again: between the two calls a thief may have begun the first."""
        await self._proof.require(call.caller)
        body: NewPasskeyBody = call.body
        passkey = await self._door.register(
            call.caller, body.ceremony, registered(body.credential), body.name
        )
        return Answer(201, _view(passkey, passkey.id))

    async def all(self, call: Call) -> Answer:
        return Answer(200, await asyncio.to_thread(self._listed, call))

    def _listed(self, call: Call) -> PasskeysView:
        here = passkey_of(self._store, call.caller)
        found = passkeys_of(self._store, call.caller)
        return PasskeysView([_view(each, here) for each in found])

    async def remove(self, call: Call) -> Answer:
        await self._proof.require(call.caller)
        passkey = call.path["id"]
        here = await asyncio.to_thread(passkey_of, self._store, call.caller)
        try:
            removed = await asyncio.to_thread(
                remove_passkey, self._store, call.caller, passkey
            )
        except UnknownPasskey:
            raise not_found("passkey", passkey) from None
        return Answer(200, _view(removed, here))

    async def offer_confirmation(self, call: Call) -> Answer:
        offer = await self._door.offer_confirmation(call.caller)
        return Answer(200, request_options(self._door.us, offer.ceremony, offer.known))

    async def confirm(self, call: Call) -> Answer:
        body: ProofBody = call.body
        given = asserted(body.credential)
        until_ms = await self._door.confirm(call.caller, body.ceremony, given)
        return Answer(200, ConfirmedView(time_text(until_ms)))

    async def offer_sign_in(self, _call: Call) -> Answer:
        return Answer(200, request_options(self._door.us, self._door.offer_sign_in(), []))

    async def sign_in(self, call: Call) -> Answer:
        body: PasskeySignInBody = call.body
        try:
            signed_in = await self._door.sign_in(
                body.ceremony, asserted(body.credential), body.device
            )
        except PasskeyRefused as error:
            raise _refused(401, error) from None
        me = await me_view(signed_in.principal, self._names, demo=self._demo)
        view = SignedInView(**msgspec.structs.asdict(me), api_key=signed_in.key)
        return Answer(200, view)

    async def offer_enrolment(self, call: Call) -> Answer:
        person, offer = await self._door.offer_enrolment(call.body.code)
        view = creation_options(self._door.us, offer, party=self._party, person=person.name)
        return Answer(200, view)

    async def end_enrolment(self, call: Call) -> Answer:
        body: FirstPasskeyBody = call.body
        person, enrolled = await self._door.end_enrolment(
            body.code,
            body.ceremony,
            registered(body.credential),
            name=body.name,
            device=body.device,
        )
        me = await me_view(person, self._names, demo=self._demo)
        passkey = _view(enrolled.passkey, enrolled.passkey.id)
        fields = msgspec.structs.asdict(me)
        return Answer(201, EnrolledView(**fields, api_key=enrolled.key, passkey=passkey))


def _plainly(handler: Handler) -> Handler:
    """With what the door says as a problem."""

    async def handle(call: Call) -> Answer:
        try:
            return await handler(call)
        except CeremonyOver as error:
            raise _problem(409, "ceremony-over", error, "$.ceremony") from None
        except PasskeyRefused as error:
            raise _refused(422, error) from None
        except TooManyPasskeys as error:
            raise _problem(409, "too-many-passkeys", error) from None
        except PasskeyTaken as error:
            raise _problem(409, "passkey-taken", error, "$.credential") from None
        except EnrolmentRefused as error:
            raise _problem(403, "enrolment-refused", error, "$.code") from None
        except HolderForgotten:
            detail = "Whoever held this account was forgotten."
            raise Problem(409, "holder-forgotten", detail) from None

    return handle


def _refused(status: int, error: PasskeyRefused) -> Problem:
    extra: dict[str, object] = {"reason": error.refusal.name.lower()}
    detail = error.refusal.value
    return Problem(status, "passkey-refused", detail, field="$.credential", extra=extra)


def _problem(status: int, name: str, error: Exception, field: str | None = None) -> Problem:
    detail = f"{error}."
    return Problem(status, name, detail[0].upper() + detail[1:], field=field)


def _view(passkey: Passkey, here: str | None) -> PasskeyView:
    used = passkey.last_used_at_ms
    return PasskeyView(
        id=passkey.id,
        name=passkey.name,
        created_at=time_text(passkey.created_at_ms),
        last_used_at=None if used is None else time_text(used),
        this_device=passkey.id == here,
    )
