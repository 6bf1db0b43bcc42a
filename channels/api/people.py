"""Forgetting the person behind an account: POST /v1/accounts/{id}/forget."""

import asyncio
from collections.abc import Callable, Collection

from channels.access import account_id
from channels.problem import Problem, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.wire import ForgottenView
from ledger.clock import DAY_MS, Clock
from ledger.ids import AccountId
from ledger.journal import Store as Journals
from ledger.time_text import time_text
from services.asking import Accounts
from services.forgetting import (
    AccountInUse,
    AccountUnknown,
    Forgotten,
    StillRetained,
    forget,
    trace_of,
)
from services.store import Store


class PeopleApi:
    """let_go: is told whose data must leave this process's memory."""

    def __init__(
        self,
        store: Store,
        journals: Journals,
        clock: Clock,
        *,
        accounts: Accounts,
        retention_days: int,
        let_go: Callable[[Collection[AccountId]], None],
    ) -> None:
        self._store = store
        self._journals = journals
        self._clock = clock
        self._accounts = accounts
        self._retention_ms = retention_days * DAY_MS
        self._let_go = let_go

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/accounts/{id}/forget", handler=self.forget,
                scopes=scopes("admin"), body=NoBody, answers={200: ForgottenView},
                summary="Forget who held a closed account; its payments stay",
                problems=(409,),
            )
        ]  # fmt: skip

    async def forget(self, call: Call) -> Answer:
        account = account_id(call.path["id"], "id")
        try:
            done = await asyncio.to_thread(self._forget, account)
        except AccountUnknown:
            raise not_found("account", call.path["id"]) from None
        except AccountInUse:
            detail = "The account is not closed: somebody owns what is in it."
            raise Problem(409, "account-in-use", detail, field="id") from None
        except StillRetained as error:
            detail = f"The records must be kept until {time_text(error.until_ms)}."
            raise Problem(409, "still-retained", detail, field="id") from None
        self._let_go([account])
        return Answer(200, ForgottenView(done.account, time_text(done.at_ms), done.swept))

    def _forget(self, account: AccountId) -> Forgotten:
        """In a thread: it reads the account's whole line of entries."""
        partition = self._accounts.partition_of(account)
        trace = trace_of(self._journals, partition, account)
        return forget(
            self._store,
            account,
            trace,
            retention_ms=self._retention_ms,
            now_ms=self._clock.now_ms(),
        )
