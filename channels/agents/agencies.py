"""Agencies, as operators see them: open one, its users, all balances on one page."""

import asyncio
import hashlib
import secrets

import msgspec
from msgspec import UNSET

from channels.agents.access import AgencyFinder
from channels.agents.profile import Profiles
from channels.agents.wire import (
    AgenciesView,
    AgencyBody,
    AgencyDetailView,
    AgencyView,
    CreditBody,
    DisableUserBody,
    NewUserView,
    UserBody,
    UserView,
)
from channels.outcome import approved
from channels.problem import Problem, bad_field, key_reused, not_found
from channels.route import Answer, Call, Route, scopes
from ledger.clock import SECOND_MS, Clock
from ledger.commands import GrantCredit, OpenAccount
from ledger.events import AccountKind
from ledger.ids import account_text, derive_account, parse_account
from ledger.money import Money, UnknownCommodity, exponent
from ledger.replies import AccountReply
from services.agencies import (
    Agency,
    AgencyExists,
    MalformedIataCode,
    NewAgency,
    create_agency,
    list_agencies,
    list_users,
    require_iata_code,
)
from services.asking import Accounts
from services.labels import AccountLabel, set_label
from services.mint import RandomBytes
from services.principals import (
    NewPrincipal,
    Principal,
    PrincipalKind,
    create_principal,
    disable,
    issue_key,
)
from services.store import Store

CHANNEL = "agent"


class AgenciesApi:
    def __init__(
        self,
        accounts: Accounts,
        store: Store,
        clock: Clock,
        *,
        finder: AgencyFinder,
        profiles: Profiles,
        random_bytes: RandomBytes = secrets.token_bytes,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock
        self._finder = finder
        self._profiles = profiles
        self._random_bytes = random_bytes

    def routes(self) -> list[Route]:
        operator = scopes("accounts")
        one = "/v1/agencies/{id}"
        return [
            Route(
                method="POST", path="/v1/agencies", handler=self.open, scopes=operator,
                summary="Open an agency, with a prepaid account", body=AgencyBody, keyed=True,
                answers={201: AgencyView}, problems=(409,),
            ),
            Route(
                method="GET", path="/v1/agencies", handler=self.listed, scopes=operator,
                summary="All agencies, with their balances", answers={200: AgenciesView},
            ),
            Route(
                method="GET", path=one, handler=self.read, scopes=operator,
                summary="An agency, its balances and its users",
                answers={200: AgencyDetailView},
            ),
            Route(
                method="POST", path=f"{one}/credit", handler=self.lend, scopes=operator,
                summary="Credit: how much may be owed, drawn and repaid by itself",
                body=CreditBody, keyed=True, answers={200: AgencyView},
            ),
            Route(
                method="POST", path=f"{one}/users", handler=self.add_user, scopes=operator,
                summary="A user of an agency, with a key that is shown once", body=UserBody,
                answers={201: NewUserView},
            ),
            Route(
                method="POST", path=f"{one}/users/disable", handler=self.disable_user,
                scopes=operator, summary="No key of this user opens anything any more",
                body=DisableUserBody, answers={200: UserView},
            ),
        ]  # fmt: skip

    async def open(self, call: Call) -> Answer:
        body: AgencyBody = call.body
        _require_sound(body)
        account = derive_account(call.caller.id, call.cause.key.hex())
        command = OpenAccount(
            account=account,
            kind=AccountKind.AGENT,
            pots=tuple(dict.fromkeys(body.currencies)),
        )
        reply = approved(await self._accounts.change(command, call.cause), AccountReply)
        new = NewAgency(
            name=body.name,
            iata_code=body.iata_code,
            account=account_text(account),
            utc_offset_min=body.utc_offset_min,
        )
        agency = await asyncio.to_thread(self._create, new, call.cause.key)
        return Answer(
            201, await self._profiles.view(agency, call.caller.id), reply.replayed
        )

    def _create(self, new: NewAgency, key: bytes) -> Agency:
        seed = hashlib.sha256(b"agency\x00" + key).digest()
        label = AccountLabel(account=new.account, label=new.name)
        try:
            agency = create_agency(
                self._store,
                new,
                random_bytes=lambda count: seed[:count],
                now_ms=self._clock.now_ms(),
            )
        except AgencyExists as error:
            agency = error.agency
            if agency.account != new.account:
                raise Problem(
                    409,
                    "agency-exists",
                    f"The agency {agency.id} has this IATA code.",
                    field="$.iata_code",
                ) from None
            kept = msgspec.structs.asdict(agency)
            if any(
                kept[name] != value for name, value in msgspec.structs.asdict(new).items()
            ):
                raise key_reused("agency") from None
        set_label(self._store, label)
        return agency

    async def lend(self, call: Call) -> Answer:
        body: CreditBody = call.body
        agency = await self._finder.named(call)
        until_ms = 0
        if body.valid_s is not UNSET:
            until_ms = self._clock.now_ms() + body.valid_s * SECOND_MS
        command = GrantCredit(
            account=parse_account(agency.account),
            limit=Money(body.limit_minor, body.currency),
            until_ms=until_ms,
        )
        changed = await self._accounts.change(command, call.cause)
        reply = approved(changed, AccountReply, "$.currency")
        view = await self._profiles.view(agency, call.caller.id)
        return Answer(200, view, reply.replayed)

    async def listed(self, call: Call) -> Answer:
        agencies = await asyncio.to_thread(list_agencies, self._store)
        views = [await self._profiles.view(agency, call.caller.id) for agency in agencies]
        return Answer(200, AgenciesView(views))

    async def read(self, call: Call) -> Answer:
        agency = await self._finder.named(call)
        view = await self._profiles.view(agency, call.caller.id)
        users = await asyncio.to_thread(list_users, self._store, agency)
        detail = AgencyDetailView(
            **msgspec.structs.asdict(view), users=[_user(user) for user in users]
        )
        return Answer(200, detail)

    async def add_user(self, call: Call) -> Answer:
        """Not keyed: an answer that was lost is a key that nobody has, and is disabled."""
        agency = await self._finder.named(call)
        principal, key = await asyncio.to_thread(self._add_user, agency, call.body.name)
        shown = msgspec.structs.asdict(_user(principal))
        return Answer(201, NewUserView(**shown, api_key=key))

    def _add_user(self, agency: Agency, name: str) -> tuple[Principal, str]:
        now_ms = self._clock.now_ms()
        new = NewPrincipal(
            kind=PrincipalKind.AGENT, name=name, channel=CHANNEL, account=agency.account
        )
        made = create_principal(
            self._store, new, random_bytes=self._random_bytes, now_ms=now_ms
        )
        key = issue_key(
            self._store, made.id, random_bytes=self._random_bytes, now_ms=now_ms
        )
        return made, key

    async def disable_user(self, call: Call) -> Answer:
        agency = await self._finder.named(call)
        body: DisableUserBody = call.body
        users = await asyncio.to_thread(list_users, self._store, agency)
        if body.user not in {user.id for user in users}:
            raise not_found("user of this agency", body.user, "$.user")
        await asyncio.to_thread(
            disable, self._store, body.user, now_ms=self._clock.now_ms()
        )
        users = await asyncio.to_thread(list_users, self._store, agency)
        return Answer(200, next(_user(user) for user in users if user.id == body.user))


def _require_sound(body: AgencyBody) -> None:
    """Raises Problem 400 before anything is opened."""
    try:
        require_iata_code(body.iata_code)
    except MalformedIataCode as error:
        raise bad_field("$.iata_code", f"{error}.") from None
    for index, currency in enumerate(body.currencies):
        try:
            exponent(currency)
        except UnknownCommodity as error:
            raise bad_field(f"$.currencies[{index}]", f"{error}.") from None


def _user(principal: Principal) -> UserView:
    return UserView(principal.id, principal.name, principal.disabled_at_ms is not None)
