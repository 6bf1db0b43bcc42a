"""Devices that are signed in, and ending that; and the code by which a person gets in at first."""

import asyncio

from channels.access import account_id
from channels.outcome import approved
from channels.passkey_wire import (
    EnrolBody,
    EnrolmentView,
    SessionsView,
    SessionView,
    SignedOutView,
)
from channels.problem import Problem, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from ledger.clock import Clock
from ledger.commands import ReadAccount
from ledger.replies import AccountReply
from ledger.time_text import time_text
from services.asking import Accounts
from services.enrolment import begin_enrolment
from services.mint import RandomBytes
from services.principals import HolderForgotten
from services.sessions import Session, UnknownSession, end_session, sessions_of
from services.store import Store


class SessionsApi:
    def __init__(
        self, store: Store, accounts: Accounts, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._random_bytes = random_bytes

    def routes(self) -> list[Route]:
        own = scopes("own")
        return [
            Route(
                method="GET", path="/v1/me/sessions", handler=self.all, scopes=own,
                summary="The devices that are signed in", answers={200: SessionsView},
            ),
            Route(
                method="DELETE", path="/v1/me/sessions/{id}", handler=self.end, scopes=own,
                summary="Sign a device out", answers={200: SessionView},
            ),
            Route(
                method="POST", path="/v1/me/sign-out", handler=self.sign_out, scopes=own,
                summary="Sign out here", body=NoBody, answers={200: SignedOutView},
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/enrolment", handler=self.enrol,
                scopes=scopes("accounts"), body=EnrolBody, problems=(409,),
                summary="A code by which the owner of this account makes a first passkey",
                answers={201: EnrolmentView},
            ),
        ]  # fmt: skip

    async def all(self, call: Call) -> Answer:
        sessions = await self._sessions(call)
        return Answer(200, SessionsView([_view(each, call) for each in sessions]))

    async def end(self, call: Call) -> Answer:
        wanted = call.path["id"]
        found = [each for each in await self._sessions(call) if each.id == wanted]
        if not found or not await self._end(call, wanted):
            raise not_found("session", wanted)
        return Answer(200, _view(found[0], call))

    async def sign_out(self, call: Call) -> Answer:
        session = call.caller.session
        ended = session is not None and await self._end(call, session)
        return Answer(200, SignedOutView(ended))

    async def enrol(self, call: Call) -> Answer:
        account = account_id(call.path["id"], "id")
        read = ReadAccount(account=account)
        approved(await self._accounts.read(read, call.caller.id), AccountReply, "id")
        try:
            made = await asyncio.to_thread(
                begin_enrolment,
                self._store,
                call.path["id"],
                call.body.name,
                anew=call.body.anew,
                random_bytes=self._random_bytes,
                now_ms=self._clock.now_ms(),
            )
        except HolderForgotten:
            detail = "Whoever held this account was forgotten."
            raise Problem(409, "holder-forgotten", detail, field="id") from None
        return Answer(201, EnrolmentView(made.code, time_text(made.expires_at_ms)))

    async def _sessions(self, call: Call) -> list[Session]:
        now_ms = self._clock.now_ms()
        return await asyncio.to_thread(sessions_of, self._store, call.caller, now_ms=now_ms)

    async def _end(self, call: Call, session: str) -> bool:
        """False when it has ended meanwhile."""
        try:
            await asyncio.to_thread(end_session, self._store, call.caller.id, session)
        except UnknownSession:
            return False
        return True


def _view(session: Session, call: Call) -> SessionView:
    return SessionView(
        id=session.id,
        name=session.name,
        created_at=time_text(session.created_at_ms),
        last_seen_at=time_text(session.last_seen_at_ms),
        current=session.id == call.caller.session,
    )
