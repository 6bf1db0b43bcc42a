"""The door that passkeys open: offers challenges, and lets in whoever answers one.

    offer_…  ──> the page asks the device ──> register, sign_in, confirm, end_enrolment

Each answer uses its challenge up before anything in it is looked at. Looking takes a thread: it
is arithmetic, and a read or a write of the store.
"""

import asyncio
import hmac

import msgspec

from ledger.clock import Clock
from services.ceremonies import Ceremonies, Ceremony, Purpose
from services.enrolment import Enrolled, end_enrolment, find_enrolled
from services.keyring import Keyring
from services.mint import RandomBytes
from services.passkey_proof import (
    Asserted,
    Credential,
    PasskeyRefused,
    Refusal,
    Registered,
    RelyingParty,
    prove_asserted,
    prove_registered,
)
from services.passkeys import (
    Known,
    Passkey,
    add_passkey,
    adopt,
    find_credential,
    passkeys_of,
    sign_in,
    use_passkey,
)
from services.principals import Principal
from services.sessions import PROOF_MS, NewSession, note_proof
from services.store import Store

# What a session is called whose page did not say.
NAMELESS = "Browser"


class Offer(msgspec.Struct, frozen=True):
    """What a device is asked for. user: the handle that a new passkey keeps. known: the credentials
    that this person has: not to be made again, or to choose among.
    """

    ceremony: Ceremony
    user: bytes
    known: list[bytes]


class SignedIn(msgspec.Struct, frozen=True):
    principal: Principal
    key: str

    def __repr__(self) -> str:
        return f"<SignedIn {self.principal.id}>"


class DoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """us: as browsers see us. session_ms: how long a session lasts."""

    store: Store
    keyring: Keyring
    ceremonies: Ceremonies
    us: RelyingParty
    session_ms: int
    clock: Clock
    random_bytes: RandomBytes


class PasskeyDoor:
    def __init__(self, parts: DoorParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._ceremonies = parts.ceremonies

    @property
    def us(self) -> RelyingParty:
        return self._parts.us

    async def offer_registration(self, person: Principal) -> Offer:
        return await self._offer(Purpose.REGISTER, person)

    async def register(
        self, person: Principal, ceremony: str, given: Registered, name: str
    ) -> Passkey:
        """Raises CeremonyOver, PasskeyRefused, TooManyPasskeys, PasskeyTaken, HolderForgotten."""
        challenge = await self._ceremonies.end(ceremony, Purpose.REGISTER, person.id)

        def add() -> Passkey:
            made = prove_registered(self.us, challenge, given)
            now_ms, random_bytes = self._now_and_dice()
            with self._store.write() as connection:
                passkey = add_passkey(
                    connection, person, name, made, random_bytes=random_bytes, now_ms=now_ms
                )
                if person.session:
                    adopt(connection, person.session, passkey.id, now_ms=now_ms)
            return passkey

        return await asyncio.to_thread(add)

    def offer_sign_in(self) -> Ceremony:
        """To whoever it is: the device knows whose passkeys it has."""
        return self._ceremonies.begin(Purpose.SIGN_IN, "")

    async def sign_in(self, ceremony: str, given: Asserted, device: str) -> SignedIn:
        """Raises CeremonyOver, PasskeyRefused, HolderForgotten."""
        challenge = await self._ceremonies.end(ceremony, Purpose.SIGN_IN, "")

        def open_one() -> SignedIn:
            known, now = self._proved(challenge, given)
            now_ms, random_bytes = self._now_and_dice()
            new = self._session(device or known.name, known.passkey)
            key = sign_in(
                self._store, known, now, new, random_bytes=random_bytes, now_ms=now_ms
            )
            return SignedIn(known.principal, key)

        return await asyncio.to_thread(open_one)

    async def offer_confirmation(self, person: Principal) -> Offer:
        return await self._offer(Purpose.CONFIRM, person)

    async def confirm(self, person: Principal, ceremony: str, given: Asserted) -> int:
        """Until when the owner of this session has proved who they are.

        Raises CeremonyOver, PasskeyRefused.
        """
        challenge = await self._ceremonies.end(ceremony, Purpose.CONFIRM, person.id)

        def note() -> int:
            known, now = self._proved(challenge, given)
            if known.principal.id != person.id:
                raise PasskeyRefused(Refusal.UNKNOWN)
            now_ms = self._parts.clock.now_ms()
            use_passkey(self._store, known, now, now_ms=now_ms)
            if person.session:
                note_proof(self._store, person.session, now_ms=now_ms)
            return now_ms + PROOF_MS

        return await asyncio.to_thread(note)

    async def offer_enrolment(self, code: str) -> tuple[Principal, Offer]:
        """Raises EnrolmentRefused."""
        now_ms = self._parts.clock.now_ms()
        person = await asyncio.to_thread(find_enrolled, self._store, code, now_ms=now_ms)
        return person, await self._offer(Purpose.REGISTER, person)

    async def end_enrolment(
        self, code: str, ceremony: str, given: Registered, *, name: str, device: str
    ) -> tuple[Principal, Enrolled]:
        """Raises EnrolmentRefused, CeremonyOver, PasskeyRefused, TooManyPasskeys, PasskeyTaken,
        HolderForgotten.
        """
        now_ms, random_bytes = self._now_and_dice()
        person = await asyncio.to_thread(find_enrolled, self._store, code, now_ms=now_ms)
        challenge = await self._ceremonies.end(ceremony, Purpose.REGISTER, person.id)

        def enrol() -> Enrolled:
            first = (name, prove_registered(self.us, challenge, given))
            new = self._session(device or name, None)
            return end_enrolment(
                self._store, code, first, new, random_bytes=random_bytes, now_ms=now_ms
            )

        return person, await asyncio.to_thread(enrol)

    async def _offer(self, purpose: Purpose, person: Principal) -> Offer:
        known = await asyncio.to_thread(passkeys_of, self._store, person)
        return Offer(
            self._ceremonies.begin(purpose, person.id),
            self._parts.keyring.user_handle(person.id),
            [passkey.credential.id for passkey in known],
        )

    def _proved(self, challenge: bytes, given: Asserted) -> tuple[Known, Credential]:
        """Whose passkey it is, and its new count. Raises PasskeyRefused."""
        known = find_credential(self._store, given.credential)
        handle = self._parts.keyring.user_handle(known.principal.id)
        if given.user and not hmac.compare_digest(given.user, handle):
            raise PasskeyRefused(Refusal.UNKNOWN)
        return known, prove_asserted(self.us, challenge, given, known.credential)

    def _session(self, name: str, passkey: str | None) -> NewSession:
        return NewSession(
            name=name or NAMELESS, life_ms=self._parts.session_ms, passkey=passkey
        )

    def _now_and_dice(self) -> tuple[int, RandomBytes]:
        return self._parts.clock.now_ms(), self._parts.random_bytes
