"""What the counter asks of departure control: the adapter that a host system is put behind.

Departure control knows who flies and which bags are theirs; the counter asks it for a booking,
tells it which bags it takes, and takes them back when they are not paid for. As with ticketing
(services/airline.py) there is one promise, because it must be kept whatever breaks: **the first
answer about a reference is its answer for ever.** Bags that are told again, at once or a day later,
are not counted twice, and what was refused stays refused. A reference that was taken back before
it was ever heard is barred: a late `check_in` of it is refused.

An adapter that cannot tell what happened raises DeparturesSilent, never a guess; it waits no longer
than some seconds for its host. tests/counter/departures_contract.py is what any adapter must pass.
"""

from typing import Protocol

import msgspec

BAG = "bag"


class DeparturesSilent(Exception):
    """No answer in time, or none that can be understood. Whatever was asked may have happened."""

    def __init__(self) -> None:
        super().__init__("departure control did not answer")


class PieceAllowance(msgspec.Struct, frozen=True, tag="piece"):
    """So many pieces, each up to so many kilograms."""

    pieces: int
    each_kg: int


class WeightAllowance(msgspec.Struct, frozen=True, tag="weight"):
    """Any number of pieces, together up to so many kilograms."""

    kg: int


Allowance = PieceAllowance | WeightAllowance


class Bag(msgspec.Struct, frozen=True):
    """weight_g: as the scale says. item: BAG, or a kind of the tariff's, such as a ski."""

    weight_g: int
    item: str = BAG


class Traveller(msgspec.Struct, frozen=True, kw_only=True):
    """ticket: 13 digits. tier: of the frequent flyer; empty for none. checked: accepted before."""

    ticket: str
    given_name: str
    tier: str
    allowance: Allowance
    checked: tuple[Bag, ...]


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """locator: the PNR. date: of departure, 2026-11-22. Airports by IATA code."""

    locator: str
    flight: str
    date: str
    origin: str
    destination: str
    travellers: tuple[Traveller, ...]

    def traveller(self, ticket: str) -> Traveller | None:
        return next((one for one in self.travellers if one.ticket == ticket), None)


class Accepted(msgspec.Struct, frozen=True):
    """The bags are with departure control; or are no longer."""


class DepartureRefused(msgspec.Struct, frozen=True):
    """Departure control's no: a name for machines and a sentence for people."""

    code: str
    text: str


class DepartureControl(Protocol):
    async def find(self, name: str) -> Booking | None:
        """By record locator or ticket number, as it stands now. Raises DeparturesSilent."""

    async def check_in(
        self, reference: str, ticket: str, bags: tuple[Bag, ...]
    ) -> Accepted | DepartureRefused:
        """Take these bags for this ticket. reference: ours, one for each charge.

        Raises DeparturesSilent.
        """

    async def take_back(self, reference: str) -> Accepted | DepartureRefused:
        """As if they had not been taken. Raises DeparturesSilent."""
