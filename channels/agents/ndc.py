"""NDC 21.3 over HTTP: OrderCreateRQ in, OrderViewRS out.

As NDC does it, an answer in XML has the status 200, be it an order or an Error; what never got as
far as the message (no key, no principal, a body too large) is a problem in JSON, as everywhere.
"""

from channels.agents.access import AgencyFinder
from channels.agents.ndc_message import (
    CONTENT_TYPE,
    METHOD,
    ROOT,
    OrderCreate,
    error_view,
    order_view,
    read_order_create,
)
from channels.agents.ndc_xml import XmlRefused
from channels.agents.ticket_desk import TicketDesk, Wanted, decline_of
from channels.problem import Problem
from channels.route import Answer, Call, Document, Route, scopes
from services.agencies import Agency
from services.ticketing import Ticketing

CHANNEL = "ndc"


class NdcApi:
    def __init__(
        self, finder: AgencyFinder, desk: TicketDesk, ticketing: Ticketing
    ) -> None:
        self._finder = finder
        self._desk = desk
        self._ticketing = ticketing

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/ndc/21.3/order-create", handler=self.create,
                scopes=scopes("agency"), summary="NDC 21.3: OrderCreateRQ, paid at once",
                body=Document, takes=CONTENT_TYPE, gives=CONTENT_TYPE, keyed=True,
                answers={200: Document}, problems=(404,),
            )
        ]  # fmt: skip

    async def create(self, call: Call) -> Answer:
        body: Document = call.body
        agency = await self._finder.own(call)
        try:
            asked = read_order_create(body.content)
            _require_own(asked, agency, self._ticketing.designator)
        except XmlRefused as error:
            return _answer(error_view(error.code, str(error), error.path))
        try:
            return await self._issue(call, agency, asked)
        except Problem as problem:
            if problem.status == 503 or problem.name == "idempotency-key-reused":
                raise  # about the call, not about what the message says
            code = str(problem.extra.get("reason", problem.name.replace("-", "_")))
            return _answer(error_view(code, problem.detail, problem.field or ROOT))

    async def _issue(self, call: Call, agency: Agency, asked: OrderCreate) -> Answer:
        wanted = Wanted(
            channel=CHANNEL,
            offer=asked.offer,
            order=asked.order,
            amount=asked.amount,
            passengers=asked.passengers,
            digits=asked.digits,
            expiration=asked.expiration,
            number_field=f"{ROOT}/{METHOD}/IATA_EasyPay/AccountNumber",
            amount_field=f"{ROOT}/PaymentFunctions/PaymentProcessingDetails/Amount",
            offer_field=f"{ROOT}/CreateOrder/AcceptSelectedQuotedOfferList",
        )
        ticket, replayed = await self._desk.issue(call, agency, wanted)
        declined = decline_of(ticket)
        if declined is not None:
            path = f"{ROOT}/PaymentFunctions"
            return _answer(
                error_view(declined.value, declined.text, path), replayed=replayed
            )
        if not ticket.ticket_numbers:
            text = (
                "The airline has not answered yet. Ask again with the same Idempotency-Key."
            )
            return _answer(error_view("outcome_unknown", text, ROOT), replayed=replayed)
        by_number = asked.digits is not None
        return _answer(
            order_view(ticket, asked.owner, by_number=by_number), replayed=replayed
        )


def _require_own(asked: OrderCreate, agency: Agency, designator: str) -> None:
    """The message must be of the agency whose key signed it, and to the airline that is here."""
    if asked.seller != agency.iata_code:
        raise XmlRefused(
            "wrong_seller",
            "The Seller of the message is not the agency of this key.",
            "/IATA_OrderCreateRQ/DistributionChain",
        )
    if asked.owner != designator:
        raise XmlRefused(
            "offer_unknown",
            f"Only offers of {designator} are sold here.",
            f"{ROOT}/CreateOrder/AcceptSelectedQuotedOfferList",
        )


def _answer(content: bytes, *, replayed: bool = False) -> Answer:
    return Answer(200, Document(content, CONTENT_TYPE), replayed)
