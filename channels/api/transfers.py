"""Money in, and money between accounts."""

from channels.access import account_id, is_operator, own_account
from channels.outcome import approved, declined
from channels.problem import bad_field
from channels.route import Answer, Call, Route, scopes
from channels.views import transfer_view
from channels.wire import Amount, TopUpBody, TransferBody, TransferView
from ledger.account import TransferStatus
from ledger.commands import ReadAccount
from ledger.decline import DeclineReason
from ledger.ids import AccountId, MalformedId, account_text, parse_transfer
from ledger.money import Money
from ledger.replies import AccountReply, DeclinedReply, TransferReply
from services.asking import Accounts
from services.principals import Principal
from services.transfers import Transfers, evidence_account

TRANSFERS = {201: TransferView, 202: TransferView}


class TransfersApi:
    def __init__(self, accounts: Accounts, transfers: Transfers) -> None:
        self._accounts = accounts
        self._transfers = transfers

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/accounts/{id}/top-ups", handler=self.top_up,
                scopes=scopes("funding"), summary="Money in, on evidence that counts once",
                body=TopUpBody, keyed=True, answers=TRANSFERS, problems=(409,),
            ),
            Route(
                method="POST", path="/v1/transfers", handler=self.send,
                scopes=scopes("accounts", "own"), summary="Between two accounts",
                body=TransferBody, keyed=True, answers=TRANSFERS, problems=(402, 404, 409),
            ),
            Route(
                method="GET", path="/v1/transfers/{id}", handler=self.read,
                scopes=scopes("accounts", "own"), summary="How far a transfer is",
                answers={200: TransferView}, problems=(400,),
            ),
        ]  # fmt: skip

    async def top_up(self, call: Call) -> Answer:
        body: TopUpBody = call.body
        target = account_id(call.path["id"], "id")
        await self._require_pot(target, body.amount, call.caller.id)
        evidence = evidence_account(body.evidence.source, body.evidence.reference)
        amount = Money(body.amount.amount_minor, body.amount.currency)
        reply = await self._transfers.fund(evidence, target, amount, call.cause)
        return _answer(approved(reply, TransferReply, "$.evidence.reference"))

    async def send(self, call: Call) -> Answer:
        body: TransferBody = call.body
        source = own_account(call.caller, body.source, "$.from")
        target = account_id(body.target, "$.to")
        amount = Money(body.amount.amount_minor, body.amount.currency)
        reply = await self._transfers.send(source, target, amount, call.cause)
        return _answer(approved(reply, TransferReply, "$.amount"))

    async def read(self, call: Call) -> Answer:
        try:
            ref = parse_transfer(call.path["id"])
        except MalformedId as error:
            raise bad_field("id", f"{error}.") from None
        reply = approved(
            await self._transfers.read(ref, call.caller.id), TransferReply, "id"
        )
        if not _may_see(call.caller, reply):
            # In the same words as if it were not there, so that ids cannot be probed.
            raise declined(DeclinedReply(DeclineReason.TRANSFER_NOT_FOUND), "id")
        return Answer(200, transfer_view(reply))

    async def _require_pot(self, target: AccountId, amount: Amount, caller: str) -> None:
        """A courtesy: money that could only come back to *unclaimed* is not taken in."""
        command = ReadAccount(account=target)
        account = approved(await self._accounts.read(command, caller), AccountReply, "id")
        if amount.currency not in account.pots:
            raise bad_field(
                "$.amount.currency",
                f"The account has no pot in {amount.currency!r}; it has {_listed(account)}.",
            )


def _listed(account: AccountReply) -> str:
    return ", ".join(account.pots) or "none"


def _may_see(principal: Principal, reply: TransferReply) -> bool:
    ends = {account_text(reply.ref.account), account_text(reply.target)}
    return is_operator(principal) or principal.account in ends


def _answer(reply: TransferReply) -> Answer:
    """201 once it has ended, delivered or returned; 202 while it is on its way."""
    status = 202 if reply.status is TransferStatus.SENT else 201
    return Answer(status, transfer_view(reply), reply.replayed)
