"""Whose flight it is: its merchant's, with the tills of that merchant, and operators'."""

import asyncio

from channels.access import is_operator
from channels.problem import Problem, not_found
from channels.route import Call
from services.flights import Flight, UnknownFlight, WrongMoment, get_flight
from services.store import Store


class FlightFinder:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def own(self, call: Call) -> Flight:
        """The flight of the path, if the caller may see its tills. Raises Problem 404."""
        flight = await self.any(call)
        caller = call.caller
        if not is_operator(caller) and caller.merchant != flight.merchant:
            raise not_found("flight", flight.id)
        return flight

    async def any(self, call: Call) -> Flight:
        """For passengers, who may see each flight's number. Raises Problem 404."""
        wanted = call.path["id"]
        try:
            return await asyncio.to_thread(get_flight, self._store, wanted)
        except UnknownFlight:
            raise not_found("flight", wanted) from None


def wrong_moment(error: WrongMoment) -> Problem:
    return Problem(409, "wrong-moment", f"{str(error)[:1].upper()}{str(error)[1:]}")
