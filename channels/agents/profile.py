"""What an agency has, whether it may buy, and when it wants to be warned."""

import asyncio

from channels.agents.access import AgencyFinder
from channels.agents.wire import (
    AgencyPotView,
    AgencyView,
    AlertBody,
    ReasonView,
    ValidationBody,
    ValidationView,
)
from channels.outcome import approved
from channels.problem import bad_field
from channels.route import Answer, Call, Route, scopes
from channels.wire import AmountView
from ledger.account import AccountStatus, Credit
from ledger.clock import Clock
from ledger.commands import ReadAccount
from ledger.credit import left_of
from ledger.ids import parse_account
from ledger.money import Money
from ledger.replies import AccountReply
from ledger.time_text import time_text
from services.agencies import Agency, Alert, find_alerts, judge_alert, set_alert
from services.asking import Accounts
from services.store import Store


class Profiles:
    """An agency with its balances, for its own page and for operators."""

    def __init__(self, accounts: Accounts, store: Store, clock: Clock) -> None:
        self._accounts = accounts
        self._store = store
        self._clock = clock

    async def account(self, agency: Agency, caller: str) -> AccountReply:
        command = ReadAccount(account=parse_account(agency.account))
        return approved(await self._accounts.read(command, caller), AccountReply)

    async def view(self, agency: Agency, caller: str) -> AgencyView:
        account = await self.account(agency, caller)
        alerts = await asyncio.to_thread(self._judged, agency, account)
        return AgencyView(
            id=agency.id,
            name=agency.name,
            iata_code=agency.iata_code,
            account=agency.account,
            status=account.status.value,
            utc_offset_min=agency.utc_offset_min,
            pots=[self._pot(account, pot, alerts.get(pot)) for pot in account.pots],
        )

    async def newly_low(self, agency: Agency) -> list[str]:
        """The currencies that have fallen below since somebody looked last."""
        before = await asyncio.to_thread(find_alerts, self._store, agency.id)
        account = await self.account(agency, agency.id)
        now = await asyncio.to_thread(self._judged, agency, account)
        return [
            currency
            for currency, alert in now.items()
            if alert.raised_at_ms and not before[currency].raised_at_ms
        ]

    def spendable_minor(self, account: AccountReply, currency: str) -> int:
        return spendable_minor(account, currency, self._clock.now_ms())

    def _pot(
        self, account: AccountReply, currency: str, alert: Alert | None
    ) -> AgencyPotView:
        balance = account.pots[currency]
        raised_at_ms = alert.raised_at_ms if alert else None
        return AgencyPotView(
            currency=currency,
            available_minor=balance.available_minor,
            held_minor=balance.held_minor,
            spendable_minor=self.spendable_minor(account, currency),
            credit_limit_minor=balance.credit_minor,
            credit_drawn_minor=balance.drawn_minor,
            credit_until=time_text(balance.until_ms) if balance.until_ms else None,
            alert_below_minor=alert.below_minor if alert else 0,
            low=raised_at_ms is not None,
            low_since=time_text(raised_at_ms) if raised_at_ms else None,
        )

    def _judged(self, agency: Agency, account: AccountReply) -> dict[str, Alert]:
        """Judged every few seconds, and with each balance that is shown."""
        now_ms = self._clock.now_ms()
        return {
            currency: judge_alert(
                self._store,
                alert,
                spendable_minor(account, currency, now_ms),
                now_ms=now_ms,
            )
            for currency, alert in find_alerts(self._store, agency.id).items()
        }


class ProfileApi:
    def __init__(self, profiles: Profiles, finder: AgencyFinder, store: Store) -> None:
        self._profiles = profiles
        self._finder = finder
        self._store = store

    def routes(self) -> list[Route]:
        agent = scopes("agency")
        return [
            Route(
                method="GET", path="/v1/agency", handler=self.read, scopes=agent,
                summary="The caller's agency: balances, and whether they are low",
                answers={200: AgencyView}, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/agency/validations", handler=self.validate,
                scopes=agent, summary="May this agency pay this amount now?",
                body=ValidationBody, answers={200: ValidationView}, problems=(404,),
            ),
            Route(
                method="POST", path="/v1/agency/alerts", handler=self.alert, scopes=agent,
                summary="Warn when less than this may be spent", body=AlertBody,
                answers={200: AgencyView}, problems=(404,),
            ),
        ]  # fmt: skip

    async def read(self, call: Call) -> Answer:
        return Answer(
            200, await self._profiles.view(await self._finder.own(call), call.caller.id)
        )

    async def validate(self, call: Call) -> Answer:
        body: ValidationBody = call.body
        account = await self._profiles.account(await self._finder.own(call), call.caller.id)
        amount = Money(body.amount.amount_minor, body.amount.currency)
        spendable = self._profiles.spendable_minor(account, amount.commodity)
        reasons = _reasons(account, amount, spendable)
        return Answer(
            200,
            ValidationView(
                allowed=not reasons,
                amount=AmountView(amount.amount_minor, amount.commodity),
                spendable_minor=spendable,
                reasons=reasons,
            ),
        )

    async def alert(self, call: Call) -> Answer:
        body: AlertBody = call.body
        agency = await self._finder.own(call)
        account = await self._profiles.account(agency, call.caller.id)
        if body.currency not in account.pots:
            raise bad_field("$.currency", f"The agency has no pot in {body.currency!r}.")
        await asyncio.to_thread(
            set_alert, self._store, agency.id, body.currency, body.below_minor
        )
        return Answer(200, await self._profiles.view(agency, call.caller.id))


def spendable_minor(account: AccountReply, currency: str, now_ms: int) -> int:
    """What the next ticket may cost, in minor units: prepaid, and on credit."""
    pot = account.pots.get(currency)
    if pot is None:
        return 0
    credit = Credit(pot.credit_minor, pot.until_ms, pot.drawn_minor)
    return pot.available_minor + left_of(credit, now_ms)


def _reasons(account: AccountReply, amount: Money, spendable: int) -> list[ReasonView]:
    """Everything that speaks against it; the account's own actor decides when it is asked."""
    reasons = []
    if account.status is not AccountStatus.OPEN:
        text = f"The agency's account is {account.status}."
        reasons.append(ReasonView(f"account_{account.status}", text))
    if amount.commodity not in account.pots:
        text = f"The agency has no pot in {amount.commodity}."
        reasons.append(ReasonView("wrong_currency", text))
    elif spendable < amount.amount_minor:
        reasons.append(
            ReasonView("insufficient_funds", "The account does not hold enough.")
        )
    return reasons
