"""Accounts: open, read, freeze, close; what happened on them; codes that pay from them."""

import asyncio
import base64

import msgspec

from channels.access import own_account, require_left
from channels.outcome import approved
from channels.problem import bad_field
from channels.proof import Proof
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.views import Views, account_view
from channels.wire import (
    AccountView,
    CodeView,
    OfflineCodesBody,
    OfflineCodesView,
    OfflineCodeView,
    OpenAccountBody,
)
from ledger.account import CODE_LIFE_MS
from ledger.clock import SECOND_MS
from ledger.commands import (
    CloseAccount,
    FreezeAccount,
    OpenAccount,
    ReadAccount,
    UnfreezeAccount,
)
from ledger.events import AccountKind
from ledger.ids import AccountId, account_text, derive_account
from ledger.money import Money, UnknownCommodity, exponent
from ledger.replies import AccountReply
from ledger.time_text import time_text
from services.asking import Accounts
from services.labels import AccountLabel, find_labels, set_label
from services.limits import Limit
from services.offline_codes import CODES_MAX, OfflineCodes
from services.payments import Payments
from services.store import Store
from terminals.qr_image import draw_png, draw_svg


class Guards(msgspec.Struct, frozen=True, kw_only=True):
    """codes: how many somebody may draw. proof: what only the owner should do. offline: the codes
    that a freeze makes an end of.
    """

    codes: Limit
    proof: Proof
    offline: OfflineCodes


class AccountsApi:
    def __init__(
        self,
        accounts: Accounts,
        payments: Payments,
        store: Store,
        views: Views,
        guards: Guards,
    ) -> None:
        self._codes = guards.codes
        self._proof = guards.proof
        self._offline = guards.offline
        self._accounts = accounts
        self._payments = payments
        self._store = store
        self._views = views

    def routes(self) -> list[Route]:
        operator, holder = scopes("accounts"), scopes("accounts", "own")
        account = {200: AccountView}
        return [
            Route(
                method="POST", path="/v1/accounts", handler=self.open, scopes=operator,
                summary="Open an account", body=OpenAccountBody, keyed=True,
                answers={201: AccountView},
            ),
            Route(
                method="GET", path="/v1/accounts/{id}", handler=self.read, scopes=holder,
                summary="Balances: posted, held and available for each pot", answers=account,
                problems=(400,),
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/close", handler=self.close,
                scopes=operator, summary="Close: no new payments; ends when it is empty",
                body=NoBody, keyed=True, answers=account, problems=(409,),
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/freeze", handler=self.freeze,
                scopes=holder, summary="Freeze: no new payments until it is unfrozen",
                body=NoBody, keyed=True, answers=account, problems=(409,),
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/unfreeze", handler=self.unfreeze,
                scopes=holder, summary="Unfreeze", body=NoBody, keyed=True, answers=account,
                problems=(409,),
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/codes", handler=self.code,
                scopes=scopes("own", "accounts"), summary="A payment code: pays once, for 60 s",
                body=NoBody, answers={201: CodeView},
            ),
            Route(
                method="POST", path="/v1/accounts/{id}/codes/offline", handler=self.offline,
                scopes=scopes("own"), body=OfflineCodesBody, answers={201: OfflineCodesView},
                summary="Ten codes for a phone without a network; the last ten pay no more",
            ),
        ]  # fmt: skip

    async def open(self, call: Call) -> Answer:
        body: OpenAccountBody = call.body
        for index, currency in enumerate(body.currencies):
            try:
                exponent(currency)
            except UnknownCommodity as error:
                raise bad_field(f"$.currencies[{index}]", f"{error}.") from None
        account = derive_account(call.caller.id, call.cause.key.hex())
        command = OpenAccount(
            account=account,
            kind=AccountKind(body.kind),
            pots=tuple(dict.fromkeys(body.currencies)),
        )
        reply = approved(await self._accounts.change(command, call.cause), AccountReply)
        label = AccountLabel(account=account_text(account), label=body.label, owner=None)
        await asyncio.to_thread(set_label, self._store, label)
        return Answer(201, account_view(reply, body.label), reply.replayed)

    async def read(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        command = ReadAccount(account=account)
        reply = approved(
            await self._accounts.read(command, call.caller.id), AccountReply, "id"
        )
        return Answer(200, await self._view(reply))

    async def close(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        return await self._change(CloseAccount(account=account), call)

    async def freeze(self, call: Call) -> Answer:
        """At once, for whoever holds the key: nobody should have to find a passkey first."""
        account = own_account(call.caller, call.path["id"])
        answer = await self._change(FreezeAccount(account=account), call)
        # They would pay again after an unfreeze, and the phone that has them may be lost.
        await asyncio.to_thread(self._offline.drop, account)
        return answer

    async def unfreeze(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        await self._proof.require(call.caller)
        return await self._change(UnfreezeAccount(account=account), call)

    async def _change(
        self, command: CloseAccount | FreezeAccount | UnfreezeAccount, call: Call
    ) -> Answer:
        changed = await self._accounts.change(command, call.cause)
        reply = approved(changed, AccountReply, "id")
        return Answer(200, await self._view(reply), reply.replayed)

    async def _view(self, reply: AccountReply) -> AccountView:
        text = account_text(reply.account)
        labels = await asyncio.to_thread(find_labels, self._store, [text])
        return account_view(reply, labels[text].label if text in labels else "")

    async def code(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        require_left(self._codes, call.caller, "Too many codes were drawn.")
        self._codes.spend(call.caller.id)
        command = ReadAccount(account=account)
        approved(await self._accounts.read(command, call.caller.id), AccountReply, "id")
        return Answer(201, await asyncio.to_thread(self._draw, account))

    async def offline(self, call: Call) -> Answer:
        account = own_account(call.caller, call.path["id"])
        require_left(self._codes, call.caller, "Too many codes were drawn.")
        for _ in range(CODES_MAX):
            self._codes.spend(call.caller.id)
        given = call.body.largest
        largest = Money(given.amount_minor, given.currency) if given else None
        command = ReadAccount(account=account)
        approved(await self._accounts.read(command, call.caller.id), AccountReply, "id")
        session = call.caller.session
        view = await asyncio.to_thread(self._draw_offline, account, session, largest)
        return Answer(201, view)

    def _draw_offline(
        self, account: AccountId, session: str | None, largest: Money | None
    ) -> OfflineCodesView:
        issued = self._payments.draw_offline(account, session, largest)
        until = time_text(issued[0].expires_at_ms)
        codes = [
            OfflineCodeView(one.payload, draw_svg(one.payload), until) for one in issued
        ]
        return OfflineCodesView(codes, until)

    def _draw(self, account: AccountId) -> CodeView:
        """In a thread: drawing takes some milliseconds of plain Python."""
        issued = self._payments.issue_code(account)
        png = base64.b64encode(draw_png(issued.payload)).decode()
        return CodeView(
            payload=issued.payload,
            issued_at=time_text(issued.issued_at_ms),
            expires_at=time_text(issued.expires_at_ms),
            valid_s=CODE_LIFE_MS // SECOND_MS,
            png=f"data:image/png;base64,{png}",
            svg=draw_svg(issued.payload),
        )
