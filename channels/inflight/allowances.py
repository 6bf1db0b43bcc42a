"""What a passenger asks: which flights, to set money aside for one, and the code to carry."""

import asyncio
import base64

from channels.access import own_account
from channels.inflight.access import FlightFinder, wrong_moment
from channels.inflight.wire import AllowancesView, AllowanceView, SetAsideBody
from channels.problem import Problem, bad_field, key_reused, not_found
from channels.route import Answer, Call, Route, scopes
from channels.wire import AmountView
from ledger.clock import SECOND_MS
from ledger.ids import account_text
from ledger.money import Money
from ledger.time_text import time_text
from services.allowances import (
    AllowanceKeyReused,
    Allowances,
    AllowanceStatus,
    KeptAllowance,
    NoTills,
    UnknownAllowance,
    WalletBlocked,
    Wanted,
    get_allowance,
    own_allowances,
)
from services.flights import Flight, WrongMoment, get_flight
from services.store import Store


class AllowancesApi:
    def __init__(self, allowances: Allowances, store: Store, finder: FlightFinder) -> None:
        self._allowances = allowances
        self._store = store
        self._finder = finder

    def routes(self) -> list[Route]:
        own = scopes("own")
        return [
            Route(
                method="POST", path="/v1/flights/{id}/allowances", handler=self.set_aside,
                scopes=own, summary="Set money aside for a flight", body=SetAsideBody,
                keyed=True, answers={201: AllowanceView, 402: AllowanceView},
                problems=(409,),
            ),
            Route(
                method="GET", path="/v1/allowances", handler=self.listed, scopes=own,
                summary="What this wallet set aside for flights, newest first",
                answers={200: AllowancesView},
            ),
            Route(
                method="GET", path="/v1/allowances/{id}", handler=self.read, scopes=own,
                summary="An allowance, with the code that the phone carries",
                answers={200: AllowanceView},
            ),
        ]  # fmt: skip

    async def set_aside(self, call: Call) -> Answer:
        flight = await self._finder.any(call)
        body: SetAsideBody = call.body
        if body.amount.currency != flight.currency:
            raise bad_field(
                "$.amount.currency", f"On this flight money is in {flight.currency}."
            )
        wanted = Wanted(
            flight=flight.id,
            account=self._account(call),
            amount=Money(body.amount.amount_minor, body.amount.currency),
            phone_key=base64.b64decode(body.public_key),
            caller=call.caller.id,
        )
        try:
            kept, replayed = await self._allowances.set_aside(wanted, call.cause.key)
        except WrongMoment as error:
            raise wrong_moment(error) from None
        except (NoTills, WalletBlocked) as error:
            text = str(error)
            name = "no-tills" if isinstance(error, NoTills) else "wallet-blocked"
            raise Problem(409, name, f"{text[:1].upper()}{text[1:]}.") from None
        except AllowanceKeyReused:
            raise key_reused("allowance") from None
        status = 402 if kept.status is AllowanceStatus.DECLINED else 201
        return Answer(status, self._view(kept, flight), replayed)

    async def listed(self, call: Call) -> Answer:
        views = await asyncio.to_thread(self._listed, self._account(call))
        return Answer(200, AllowancesView(views))

    def _listed(self, account: str) -> list[AllowanceView]:
        return [
            self._view(kept, get_flight(self._store, kept.flight))
            for kept in own_allowances(self._store, account)
        ]

    async def read(self, call: Call) -> Answer:
        return Answer(200, await asyncio.to_thread(self._read, call))

    def _read(self, call: Call) -> AllowanceView:
        wanted = call.path["id"]
        try:
            kept = get_allowance(self._store, wanted)
        except UnknownAllowance:
            raise not_found("allowance", wanted) from None
        if kept.account != self._account(call):
            raise not_found("allowance", wanted)
        return self._view(kept, get_flight(self._store, kept.flight))

    def _account(self, call: Call) -> str:
        account = call.caller.account
        assert account is not None, "who has a wallet of its own is bound to it"
        return account_text(own_account(call.caller, account))

    def _view(self, kept: KeptAllowance, flight: Flight) -> AllowanceView:
        code = None
        if kept.status is AllowanceStatus.OPEN:
            sealed = self._allowances.sealed(kept, flight.currency)
            code = base64.b64encode(sealed).decode()
        return AllowanceView(
            id=kept.id,
            flight=kept.flight,
            flight_number=flight.number,
            status=kept.status.value,
            amount=AmountView(kept.amount_minor, flight.currency),
            valid_until=time_text(kept.not_after_s * SECOND_MS),
            payment=kept.payment,
            code=code,
            decline=kept.reason,
            at=time_text(kept.created_at_ms),
        )
