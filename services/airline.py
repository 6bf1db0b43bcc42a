"""What Airside asks of an airline's ticketing: the adapter that a host system is put behind.

The protocol is small because it must be kept whatever breaks. Its one promise is this: **the first
answer to a reference is its answer for ever.** A request that is asked again, at once or a day
later, whatever happened to the first answer on its way, is answered as it was then; nothing is
issued, voided or refunded twice, and what was refused stays refused. With that, a ticket and its
payment happen both or not at all (services/ticketing.py): whoever resumes a ticket asks again.

An adapter that cannot tell what happened raises AirlineSilent, never a guess.
"""

from typing import Protocol

import msgspec

from ledger.money import Money


class AirlineSilent(Exception):
    """No answer in time, or none that can be understood. Whatever was asked may have happened."""

    def __init__(self) -> None:
        super().__init__("the airline did not answer")


class Passenger(msgspec.Struct, frozen=True):
    given_name: str
    surname: str


class TicketRequest(msgspec.Struct, frozen=True, kw_only=True):
    """reference: ours, of 28 characters, one for each order."""

    reference: str
    offer: str
    amount: Money
    passengers: tuple[Passenger, ...]


class Issued(msgspec.Struct, frozen=True):
    """One ticket number for each passenger, in their order."""

    numbers: tuple[str, ...]


class AirlineRefused(msgspec.Struct, frozen=True):
    """The airline's no: a name for machines and a sentence for people."""

    code: str
    text: str


class Done(msgspec.Struct, frozen=True):
    """A void, or a refund, is agreed."""


class Airline(Protocol):
    """merchant: who earns the money of its tickets. designator: its code of two characters."""

    merchant: str
    designator: str

    async def price(self, offer: str) -> Money | None:
        """What the offer costs now; None if there is no such offer. Promises nothing."""

    async def issue(self, request: TicketRequest) -> Issued | AirlineRefused:
        """Raises AirlineSilent."""

    async def void(self, reference: str) -> Done | AirlineRefused:
        """As if it had not been issued. Raises AirlineSilent."""

    async def refund(
        self, reference: str, refund: str, amount: Money
    ) -> Done | AirlineRefused:
        """refund: the reference of this refund. Raises AirlineSilent."""
