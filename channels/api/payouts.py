"""Payouts: asked for by one person, approved by another, paid against the bank's own word."""

import asyncio

from channels.access import merchant_of, merchant_scope
from channels.outcome import approved
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.settlement_wire import PaidBody, PayoutBody, PayoutsView, PayoutView
from channels.views import Views
from channels.wire import AmountView
from ledger.commands import ApprovePayout, CancelPayout, PayOut, RequestPayout
from ledger.ids import (
    MalformedId,
    Ref,
    account_text,
    parse_transfer,
    transfer_text,
)
from ledger.money import Money
from ledger.posting import commodity_of
from ledger.replies import TransferReply
from ledger.time_text import time_text
from services.asking import Accounts
from services.merchants import list_merchants
from services.payouts import EvidenceUsed, Payout, claim_evidence, list_payouts
from services.settlements import account_of_merchant
from services.store import Store


class PayoutsApi:
    def __init__(self, accounts: Accounts, store: Store, views: Views) -> None:
        self._accounts = accounts
        self._store = store
        self._views = views

    def routes(self) -> list[Route]:
        money, one = scopes("funding"), "/v1/payouts/{id}"
        decided = {200: PayoutView}
        return [
            Route(
                method="POST", path="/v1/payouts", handler=self.ask,
                scopes=scopes("business", "funding"),
                summary="Set money of a merchant aside, to be paid out", body=PayoutBody,
                keyed=True, answers={201: PayoutView}, problems=(402, 404, 409),
            ),
            Route(
                method="GET", path="/v1/payouts", handler=self.show_all,
                scopes=scopes("business", "funding"), summary="Payouts, newest first",
                answers={200: PayoutsView}, texts=frozenset({"merchant"}),
                query={"merchant": "whose; for operators, who see all otherwise"},
            ),
            Route(
                method="POST", path=f"{one}/approve", handler=self.approve, scopes=money,
                summary="Let it be paid: by another person than who asked", body=NoBody,
                keyed=True, answers=decided, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/cancel", handler=self.cancel, scopes=money,
                summary="Give it back to the merchant", body=NoBody, keyed=True,
                answers=decided, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/paid", handler=self.pay, scopes=money,
                summary="The bank has paid it: its reference counts once", body=PaidBody,
                keyed=True, answers=decided, problems=(409,),
            ),
        ]  # fmt: skip

    async def ask(self, call: Call) -> Answer:
        body: PayoutBody = call.body
        merchant = merchant_of(call.caller, body.merchant or None)
        amount = Money(body.amount.amount_minor, body.amount.currency)
        account = account_of_merchant(merchant)
        command = RequestPayout(account=account, amount=amount, by=call.caller.id)
        reply = await self._accounts.change(command, call.cause)
        payout = approved(reply, TransferReply, "$.amount")
        return Answer(201, await self._view(payout), payout.replayed)

    async def show_all(self, call: Call) -> Answer:
        merchant = merchant_scope(call.caller) or call.query.get("merchant", "")
        account = account_text(account_of_merchant(merchant)) if merchant else ""
        found = await asyncio.to_thread(list_payouts, self._store, account)
        names = await self._names()
        return Answer(200, PayoutsView([_row_view(row, names) for row in found]))

    async def approve(self, call: Call) -> Answer:
        ref = _payout(call)
        command = ApprovePayout(account=ref.account, ordinal=ref.ordinal, by=call.caller.id)
        return await self._decide(call, command)

    async def cancel(self, call: Call) -> Answer:
        ref = _payout(call)
        command = CancelPayout(account=ref.account, ordinal=ref.ordinal, by=call.caller.id)
        return await self._decide(call, command)

    async def pay(self, call: Call) -> Answer:
        ref, evidence = _payout(call), call.body.evidence
        try:
            digest = await asyncio.to_thread(
                claim_evidence,
                self._store,
                evidence.source,
                evidence.reference,
                transfer_text(ref),
            )
        except EvidenceUsed:
            raise Problem(
                409,
                "evidence-used",
                "This reference has proved another payout.",
                field="$.evidence.reference",
            ) from None
        command = PayOut(account=ref.account, ordinal=ref.ordinal, evidence=digest)
        return await self._decide(call, command)

    async def _decide(
        self, call: Call, command: ApprovePayout | CancelPayout | PayOut
    ) -> Answer:
        reply = await self._accounts.change(command, call.cause)
        payout = approved(reply, TransferReply, "id")
        return Answer(200, await self._view(payout), payout.replayed)

    async def _view(self, reply: TransferReply) -> PayoutView:
        names = await self._names()
        merchant = names.get(account_text(reply.ref.account))
        return PayoutView(
            id=transfer_text(reply.ref),
            merchant=merchant[0] if merchant else None,
            merchant_name=merchant[1] if merchant else None,
            amount=AmountView(reply.amount_minor, commodity_of(reply.pot)),
            status=reply.status.value,
            asked_by=reply.by,
            decided_by=reply.approved_by or None,
            at=time_text(reply.at_ms),
        )

    async def _names(self) -> dict[str, tuple[str, str]]:
        """Of merchants, by their own account."""
        merchants = await asyncio.to_thread(list_merchants, self._store)
        return {
            account_text(account_of_merchant(one.id)): (one.id, one.name)
            for one in merchants
        }


def _payout(call: Call) -> Ref:
    try:
        return parse_transfer(call.path["id"])
    except MalformedId as error:
        raise bad_field("id", f"{error}.") from None


def _row_view(row: Payout, names: dict[str, tuple[str, str]]) -> PayoutView:
    merchant = names.get(row.account)
    return PayoutView(
        id=row.id,
        merchant=merchant[0] if merchant else None,
        merchant_name=merchant[1] if merchant else None,
        amount=AmountView(row.amount_minor, commodity_of(row.pot)),
        status=row.status,
        asked_by=row.asked_by,
        decided_by=row.decided_by or None,
        at=time_text(row.at_ms),
    )
