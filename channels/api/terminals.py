"""The registry, for operators; and what a terminal asks about itself."""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from typing import TypeVar

from msgspec import UNSET

from channels.problem import Problem, not_found
from channels.query import number
from channels.route import PUBLIC, Answer, Call, NoBody, Route, scopes
from channels.terminal_views import TerminalViews, settings_view
from channels.terminal_wire import (
    BindBody,
    KeyView,
    MessageKeyView,
    NewTerminalBody,
    PairBody,
    PairedView,
    PairingCodeView,
    PingBody,
    PingView,
    RotateBody,
    SettingsBody,
    TerminalsView,
    TerminalView,
    TerminalWithKeysView,
)
from ledger.clock import SECOND_MS, Clock
from ledger.time_text import time_text
from services.keyring import Keyring
from services.merchants import UnknownMerchant
from services.mint import RandomBytes
from services.pairing import PairingRefused, draw_code, pair
from services.store import Store
from services.terminal_keys import KeyTaken, keys_of, rotate_key
from services.terminals import (
    PAGE_MAX,
    NewTerminal,
    Settings,
    SignOfLife,
    Terminal,
    TerminalExists,
    TerminalOwes,
    UnknownTerminal,
    bind_terminal,
    configure_terminal,
    find_terminal_of,
    get_terminal,
    list_terminals,
    move_terminal,
    next_mac_generation,
    note_sign_of_life,
    register_terminal,
    resume_terminal,
    revoke_keys,
    suspend_terminal,
)

T = TypeVar("T")

# In each minute, of each gateway process. An airport that opens pairs some hundred tills in an
# hour; who tries codes at random is stopped by the code itself (services/pairing.py), and here
# only from keeping the store busy.
PAIRINGS_PER_MINUTE_MAX = 60
MINUTE_MS = 60 * SECOND_MS

ADMIN = scopes("admin")
ONE = "/v1/terminals/{id}"
SHOWN = {200: TerminalView}


class TerminalsApi:
    """Operators' side."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        views: TerminalViews,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._views = views
        self._clock = clock
        self._random_bytes = random_bytes

    def routes(self) -> list[Route]:
        return [*self._of_keys(), *self._of_terminals()]

    def _of_terminals(self) -> list[Route]:
        return [
            Route(
                method="GET", path="/v1/terminals", handler=self.list, scopes=ADMIN,
                summary="The registry, oldest first", answers={200: TerminalsView},
                problems=(400,),
                query={"skip": "so many of them", "limit": f"at most {PAGE_MAX}"},
            ),
            Route(
                method="POST", path="/v1/terminals", handler=self.register, scopes=ADMIN,
                summary="Register a terminal for a merchant", body=NewTerminalBody,
                keyed=True, answers={201: TerminalView}, problems=(404,),
            ),
            Route(
                method="GET", path=ONE, handler=self.read, scopes=ADMIN,
                summary="A terminal with its keys", answers={200: TerminalWithKeysView},
            ),
            Route(
                method="POST", path=f"{ONE}/suspend", handler=self.suspend, scopes=ADMIN,
                summary="Refuse it everywhere, within a second", body=NoBody, answers=SHOWN,
            ),
            Route(
                method="POST", path=f"{ONE}/resume", handler=self.resume, scopes=ADMIN,
                summary="Let it sell again", body=NoBody, answers=SHOWN,
            ),
            Route(
                method="POST", path=f"{ONE}/bind", handler=self.bind, scopes=ADMIN,
                summary="Another name, place, merchant or channel", body=BindBody,
                answers=SHOWN, problems=(409,),
            ),
            Route(
                method="POST", path=f"{ONE}/settings", handler=self.configure, scopes=ADMIN,
                summary="What it fetches with its next sign of life", body=SettingsBody,
                answers=SHOWN,
            ),
        ]  # fmt: skip

    def _of_keys(self) -> list[Route]:
        return [
            Route(
                method="POST", path=f"{ONE}/pairing-codes", handler=self.draw_code,
                scopes=ADMIN, summary="A code that pairs one till, within ten minutes",
                body=NoBody, answers={201: PairingCodeView},
            ),
            Route(
                method="POST", path=f"{ONE}/revoke-keys", handler=self.revoke, scopes=ADMIN,
                summary="End all its keys; it must be paired again", body=NoBody,
                answers=SHOWN,
            ),
            Route(
                method="POST", path=f"{ONE}/message-key", handler=self.draw_message_key,
                scopes=ADMIN, summary="A new secret for the message codes of ISO 8583",
                body=NoBody, answers={201: MessageKeyView},
            ),
        ]  # fmt: skip

    async def list(self, call: Call) -> Answer:
        skip = number(call, "skip", default=0, most=2**31)
        limit = number(call, "limit", default=PAGE_MAX, most=PAGE_MAX)
        found = await asyncio.to_thread(
            list_terminals, self._store, skip=skip, limit=limit + 1
        )
        views = await self._views.many(found[:limit])
        return Answer(200, TerminalsView(views, len(found) > limit))

    async def register(self, call: Call) -> Answer:
        body: NewTerminalBody = call.body
        new = NewTerminal(
            merchant=body.merchant, channel=body.channel, name=body.name, place=body.place
        )
        terminal, replayed = await self._ask(lambda: self._register(new, call.cause.key))
        return Answer(201, await self._views.one(terminal), replayed)

    def _register(self, new: NewTerminal, key: bytes) -> tuple[Terminal, bool]:
        """The id derives from the key, so a retry finds the terminal that it made."""
        source = iter(hashlib.shake_256(b"terminal\x00" + key).digest(64))
        try:
            terminal = register_terminal(
                self._store,
                new,
                random_bytes=lambda count: bytes(next(source) for _ in range(count)),
                now_ms=self._clock.now_ms(),
            )
        except TerminalExists as error:
            terminal = get_terminal(self._store, error.terminal)
            same = (terminal.merchant, terminal.channel, terminal.name, terminal.place)
            if same != (new.merchant, new.channel, new.name, new.place):
                raise Problem(
                    422,
                    "idempotency-key-reused",
                    "This Idempotency-Key registered a terminal that is called, or stands,"
                    " otherwise. Use a new key.",
                    field="Idempotency-Key",
                ) from None
            return terminal, True
        return terminal, False

    async def read(self, call: Call) -> Answer:
        terminal = await self._ask(lambda: get_terminal(self._store, call.path["id"]))
        keys = await asyncio.to_thread(keys_of, self._store, terminal.id)
        return Answer(200, await self._views.with_keys(terminal, keys))

    async def draw_code(self, call: Call) -> Answer:
        drawn = await self._ask(
            lambda: draw_code(
                self._store,
                call.path["id"],
                random_bytes=self._random_bytes,
                now_ms=self._clock.now_ms(),
            )
        )
        view = PairingCodeView(drawn.code, time_text(drawn.expires_at_ms))
        return Answer(201, view)

    async def suspend(self, call: Call) -> Answer:
        now_ms = self._clock.now_ms()
        return await self._changed(
            lambda: suspend_terminal(self._store, call.path["id"], now_ms=now_ms)
        )

    async def resume(self, call: Call) -> Answer:
        return await self._changed(lambda: resume_terminal(self._store, call.path["id"]))

    async def bind(self, call: Call) -> Answer:
        return await self._changed(lambda: self._bind(call.path["id"], call.body))

    def _bind(self, terminal_id: str, body: BindBody) -> Terminal:
        terminal = get_terminal(self._store, terminal_id)
        bind_terminal(
            self._store,
            terminal_id,
            merchant=terminal.merchant if body.merchant is UNSET else body.merchant,
            channel=terminal.channel if body.channel is UNSET else body.channel,
            random_bytes=self._random_bytes,
            now_ms=self._clock.now_ms(),
        )
        return move_terminal(
            self._store,
            terminal_id,
            name=terminal.name if body.name is UNSET else body.name,
            place=terminal.place if body.place is UNSET else body.place,
        )

    async def configure(self, call: Call) -> Answer:
        body: SettingsBody = call.body
        settings = Settings(limits=body.limits, deny=tuple(body.deny), keys=body.keys)
        return await self._changed(
            lambda: configure_terminal(self._store, call.path["id"], settings)
        )

    async def revoke(self, call: Call) -> Answer:
        now_ms = self._clock.now_ms()
        return await self._changed(
            lambda: revoke_keys(self._store, call.path["id"], now_ms=now_ms)
        )

    async def draw_message_key(self, call: Call) -> Answer:
        terminal = await self._ask(
            lambda: next_mac_generation(self._store, call.path["id"])
        )
        generation = terminal.mac_generation
        secret = self._keyring.terminal_secret(terminal.id, generation)
        view = MessageKeyView(terminal.id, terminal.tid, generation, secret.hex())
        return Answer(201, view)

    async def _changed(self, change: Callable[[], Terminal]) -> Answer:
        return Answer(200, await self._views.one(await self._ask(change)))

    async def _ask(self, task: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(task)
        except UnknownTerminal as error:
            raise Problem(404, "not-found", f"{error}.".capitalize(), field="id") from None
        except UnknownMerchant as error:
            detail = f"{error}.".capitalize()
            raise Problem(404, "not-found", detail, field="$.merchant") from None
        except TerminalOwes as error:
            raise Problem(409, "terminal-owes", f"{error}.".capitalize()) from None


class OwnTerminalApi:
    """The terminal's side. It is known by its signature, so no path names it."""

    def __init__(self, store: Store, views: TerminalViews, clock: Clock) -> None:
        self._store = store
        self._views = views
        self._clock = clock
        self._minute = self._pairings = 0

    def routes(self) -> list[Route]:
        own = scopes("payments")
        return [
            Route(
                method="POST", path="/v1/terminals/pair", handler=self.pair,
                scopes=scopes(PUBLIC), summary="Become the terminal of a pairing code",
                body=PairBody, answers={201: PairedView}, problems=(403, 409, 429),
            ),
            Route(
                method="GET", path="/v1/terminals/me", handler=self.read, scopes=own,
                summary="What the registry says of the calling terminal",
                answers={200: TerminalView}, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/terminals/me/ping", handler=self.ping, scopes=own,
                summary="A sign of life; the answer holds its settings",
                body=PingBody, answers={200: PingView}, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/terminals/me/keys", handler=self.rotate,
                scopes=own, summary="Change its key; the old one is good for five minutes",
                body=RotateBody, answers={201: KeyView}, problems=(404, 409),
            ),
        ]  # fmt: skip

    async def pair(self, call: Call) -> Answer:
        body: PairBody = call.body
        self._count_pairing()
        try:
            paired = await asyncio.to_thread(
                pair,
                self._store,
                body.code,
                base64.b64decode(body.public_key),
                now_ms=self._clock.now_ms(),
            )
        except PairingRefused as error:
            detail = f"{error}.".capitalize()
            raise Problem(403, "pairing-refused", detail, field="$.code") from None
        except KeyTaken as error:
            raise _key_taken(error) from None
        view = PairedView(paired.key_id, await self._views.one(paired.terminal))
        return Answer(201, view)

    def _count_pairing(self) -> None:
        minute = self._clock.now_ms() // MINUTE_MS
        if minute != self._minute:
            self._minute, self._pairings = minute, 0
        self._pairings += 1
        if self._pairings > PAIRINGS_PER_MINUTE_MAX:
            raise Problem(
                429, "too-many-tries", "Too many tills are pairing: wait a minute."
            )

    async def read(self, call: Call) -> Answer:
        return Answer(200, await self._views.one(await self._own(call)))

    async def ping(self, call: Call) -> Answer:
        body: PingBody = call.body
        now_ms = self._clock.now_ms()
        sign = SignOfLife(
            software=body.software,
            backlog=body.backlog,
            last_sequence=body.last_sequence,
            clock_off_ms=body.now_ms - now_ms,
        )
        own = await self._own(call)
        terminal = await asyncio.to_thread(
            note_sign_of_life, self._store, own.id, sign, now_ms=now_ms
        )
        view = PingView(now_ms, terminal.status.value, settings_view(terminal))
        return Answer(200, view)

    async def rotate(self, call: Call) -> Answer:
        own = await self._own(call)
        public_key = base64.b64decode(call.body.public_key)
        now_ms = self._clock.now_ms()
        try:
            key_id = await asyncio.to_thread(
                rotate_key, self._store, own.id, public_key, now_ms=now_ms
            )
        except KeyTaken as error:
            raise _key_taken(error) from None
        return Answer(201, KeyView(key_id))

    async def _own(self, call: Call) -> Terminal:
        principal = call.caller.id
        terminal = await asyncio.to_thread(find_terminal_of, self._store, principal)
        if terminal is None:
            raise not_found("terminal of", principal, "Authorization")
        return terminal


def _key_taken(error: KeyTaken) -> Problem:
    detail = f"{error}.".capitalize()
    return Problem(409, "key-taken", detail, field="$.public_key")
