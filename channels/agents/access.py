"""Whose agency: an agent's own, or the one that an operator names in the path."""

import asyncio

from channels.problem import not_found
from channels.route import Call
from services.agencies import Agency, UnknownAgency, agency_of_account, get_agency
from services.principals import PrincipalKind
from services.store import Store


class AgencyFinder:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def own(self, call: Call) -> Agency:
        """The caller's. Raises Problem 404 for an account that is no agency's."""
        account = call.caller.account
        assert call.caller.kind is PrincipalKind.AGENT, "only agents have the scope"
        assert account is not None, "an agent is bound to an account"
        try:
            return await asyncio.to_thread(agency_of_account, self._store, account)
        except UnknownAgency:
            raise not_found("agency of account", account, "Authorization") from None

    async def named(self, call: Call) -> Agency:
        """The one of the path. Raises Problem 404."""
        try:
            return await asyncio.to_thread(get_agency, self._store, call.path["id"])
        except UnknownAgency:
            raise not_found("agency", call.path["id"]) from None
