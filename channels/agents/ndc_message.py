"""NDC 21.3: what of an IATA_OrderCreateRQ is understood, and the IATA_OrderViewRS that answers it.

Understood is what a ticket and its payment need. Everything else is refused by name, as is a
message of another version. An amount is written with the decimals of its currency and read as an
integer; what it does not have to the last digit is not rounded, it is refused.

Two ways to pay, of those that 21.3 has: IATA_EasyPay, whose AccountNumber is one of our payment
numbers, and OfflinePayment, "by use of an airline payment gateway", which debits the account. 21.3
has no method for wallets.
"""

import re
from xml.sax.saxutils import escape, quoteattr

import msgspec

from channels.agents.ndc_xml import Element, XmlRefused, read_xml
from ledger.money import AMOUNT_MINOR_MAX, Money, UnknownCommodity, exponent, format_minor
from services.airline import Passenger
from services.tickets import Ticket
from terminals.card_numbers import holds_card_number

VERSION = "21.3"
MESSAGE = "http://www.iata.org/IATA/2015/EASD/00/IATA_OffersAndOrdersMessage"
TYPES = "http://www.iata.org/IATA/2015/EASD/00/IATA_OffersAndOrdersCommonTypes"
CONTENT_TYPE = "application/xml"
CASH = "CA"  # PaymentTypeCode of what is debited at once
PASSENGERS_MAX = 9
_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,4}))?")
_OFFER = re.compile(r"[A-Za-z0-9._:-]{1,64}")

METHOD = "PaymentFunctions/PaymentProcessingDetails/PaymentMethod"
ROOT = "/IATA_OrderCreateRQ/Request"


class OrderCreate(msgspec.Struct, frozen=True, kw_only=True):
    """digits, expiration: of the payment number, if one pays. seller: an IATA agency code."""

    seller: str
    offer: str
    owner: str
    order: str
    amount: Money
    passengers: tuple[Passenger, ...]
    digits: str | None
    expiration: str | None


def read_order_create(raw: bytes) -> OrderCreate:
    """Raises XmlRefused."""
    root = read_xml(raw)
    _require_no_card(root)
    if (root.name, root.namespace) != ("IATA_OrderCreateRQ", MESSAGE):
        raise XmlRefused(
            "version_not_supported",
            f"Only IATA_OrderCreateRQ of NDC {VERSION} is understood.",
            root.path,
        )
    _require_version(root.take("PayloadAttributes"))
    seller = _seller(root.need("DistributionChain"))
    request = root.need("Request")
    root.require_used_up()
    offer, owner, total = _offer(request.need("CreateOrder"))
    passengers = _passengers(request.need("DataLists"))
    amount, digits, expiration = _payment(request.need("PaymentFunctions"))
    reference = request.take("BookingRef")
    request.require_used_up()
    if total is not None and total != amount:
        raise XmlRefused(
            "wrong_amount", f"The offer's total is {total}, and {amount} is paid.", ROOT
        )
    return OrderCreate(
        seller=seller,
        offer=offer,
        owner=owner,
        order=_booking(reference) if reference else offer,
        amount=amount,
        passengers=passengers,
        digits=digits,
        expiration=expiration,
    )


def _require_no_card(element: Element) -> None:
    """At the door, before anything of it is kept. The answer does not repeat it."""
    texts = [element.text, *element.attributes.values()]
    if any(holds_card_number(text) for text in texts):
        raise XmlRefused(
            "card_number_refused",
            "This holds what looks like a payment card number. Never send one here.",
            element.path,
        )
    for child in element.children:
        _require_no_card(child)


def _require_version(attributes: Element | None) -> None:
    """The rest of them names the message, and changes nothing of what it asks."""
    version = attributes.take("VersionNumber") if attributes else None
    if version is not None and version.value() != VERSION:
        raise XmlRefused(
            "version_not_supported", f"Only NDC {VERSION} is understood.", version.path
        )


def _seller(chain: Element) -> str:
    for link in chain.take_all("DistributionChainLink"):
        if link.need("OrgRole").value() == "Seller":
            return link.need("ParticipatingOrg").need("OrgID").value()
    raise XmlRefused("missing", "No link of the chain is the Seller.", chain.path)


def _offer(create: Element) -> tuple[str, str, Money | None]:
    accepted = create.need("AcceptSelectedQuotedOfferList")
    create.require_used_up()
    offer = accepted.need("SelectedPricedOffer")
    accepted.require_used_up()
    name = offer.need("OfferRefID")
    owner = offer.need("OwnerCode").value()
    total = offer.take("TotalOfferPriceAmount")
    offer.take("ShoppingResponseRefID")
    for item in offer.take_all("SelectedOfferItem"):
        item.need("OfferItemRefID").value()
        item.take_all("PaxRefID")
        item.require_used_up()
    offer.require_used_up()
    if not _OFFER.fullmatch(name.value()):
        raise XmlRefused("malformed", "This is not the id of an offer.", name.path)
    return name.value(), owner, _money(total) if total else None


def _passengers(lists: Element) -> tuple[Passenger, ...]:
    listed = lists.need("PaxList")
    lists.require_used_up()
    passengers = []
    for pax in listed.take_all("Pax"):
        person = pax.need("Individual")
        pax.take("PaxID")
        pax.take("PTC")
        pax.require_used_up()
        passengers.append(Passenger(_name(person, "GivenName"), _name(person, "Surname")))
        person.require_used_up()
    listed.require_used_up()
    if not 1 <= len(passengers) <= PASSENGERS_MAX:
        text = f"One to {PASSENGERS_MAX} passengers are ticketed at once."
        raise XmlRefused("not_supported", text, listed.path)
    return tuple(passengers)


def _name(person: Element, which: str) -> str:
    element = person.need(which)
    if len(element.value()) > 64:
        raise XmlRefused("malformed", "A name has 64 characters at most.", element.path)
    return element.value()


def _payment(functions: Element) -> tuple[Money, str | None, str | None]:
    """Amount; digits and expiration of a payment number, or neither for a direct debit."""
    details = functions.need("PaymentProcessingDetails")
    functions.require_used_up()
    amount, method = _money(details.need("Amount")), details.need("PaymentMethod")
    details.require_used_up()
    easy_pay, offline = method.take("IATA_EasyPay"), method.take("OfflinePayment")
    method.require_used_up()
    if (easy_pay is None) == (offline is None):
        text = "Pay by exactly one of IATA_EasyPay and OfflinePayment."
        raise XmlRefused("not_supported", text, method.path)
    if easy_pay is not None:
        digits, expiration = easy_pay.need("AccountNumber"), easy_pay.take("ExpirationDate")
        easy_pay.require_used_up()
        return amount, digits.value(), expiration.value() if expiration else None
    assert offline is not None, "one of the two is there"
    kind = offline.need("PaymentTypeCode")
    offline.require_used_up()
    if kind.value() != CASH:
        text = (
            f"OfflinePayment pays as {CASH}, from the account of the agency, or not at all."
        )
        raise XmlRefused("not_supported", text, kind.path)
    return amount, None, None


def _booking(reference: Element) -> str:
    text = reference.need("BookingID")
    reference.take("BookingRefTypeCode")
    reference.take("BookingEntity")
    reference.require_used_up()
    if len(text.value()) > 64:
        raise XmlRefused("malformed", "A booking id has 64 characters at most.", text.path)
    return text.value()


def _money(element: Element) -> Money:
    """12300.00 with CurCode="QAR": not one digit more or less than the currency can have."""
    currency = element.attributes.get("CurCode", "")
    found = _AMOUNT.fullmatch(element.value())
    try:
        places = exponent(currency)
    except UnknownCommodity as error:
        raise XmlRefused("wrong_currency", f"{error}.", element.path) from None
    if found is None or len(found[2] or "") > places:
        text = f"An amount in {currency} has at most {places} decimals, and no sign."
        raise XmlRefused("wrong_amount", text, element.path)
    minor = int(found[1]) * 10**places + int((found[2] or "").ljust(places, "0") or "0")
    if not 1 <= minor <= AMOUNT_MINOR_MAX:
        raise XmlRefused(
            "wrong_amount", "The amount is nothing, or too much.", element.path
        )
    return Money(minor, currency)


# Answers


def order_view(ticket: Ticket, owner: str, *, by_number: bool) -> bytes:
    """The order that was made: its id, its tickets, and what cleared its payment."""
    amount = _amount("Amount", ticket.amount)
    method = "IATA_EasyPay" if by_number else "OfflinePayment"
    documents = "".join(
        f"<cns:TicketDocInfo><cns:Ticket><cns:TicketNumber>{escape(number)}"
        "</cns:TicketNumber></cns:Ticket></cns:TicketDocInfo>"
        for number in ticket.ticket_numbers
    )
    return _message(
        "<Response><cns:Order>"
        f"<cns:OrderID>{ticket.id}</cns:OrderID>"
        f"<cns:OrderItem><cns:OrderItemID>{ticket.id}-1</cns:OrderItemID>"
        f"<cns:OwnerCode>{escape(owner)}</cns:OwnerCode></cns:OrderItem>"
        f"<cns:OwnerCode>{escape(owner)}</cns:OwnerCode>"
        "<cns:StatusCode>OPENED</cns:StatusCode>"
        f"<cns:TotalPrice>{_amount('TotalAmount', ticket.amount)}</cns:TotalPrice>"
        f"</cns:Order>{documents}</Response>",
        "<PaymentFunctions><cns:PaymentProcessingSummary>"
        f"{amount}<cns:PaymentID>{ticket.payment}</cns:PaymentID>"
        f"<cns:PaymentMethod><cns:{method}/></cns:PaymentMethod>"
        "<cns:PaymentProcessingClearanceData>"
        f"<cns:ClearanceID>{ticket.payment}</cns:ClearanceID>"
        "</cns:PaymentProcessingClearanceData>"
        "<cns:PaymentStatusCode>ACCEPTED</cns:PaymentStatusCode>"
        "</cns:PaymentProcessingSummary></PaymentFunctions>",
    )


def error_view(code: str, text: str, path: str) -> bytes:
    """An Error: our name for it, a sentence, and where in the message it stands."""
    return _message(
        f"<Error><cns:Code>{escape(code)}</cns:Code>"
        f"<cns:DescText>{escape(text)}</cns:DescText>"
        "<cns:LangCode>EN</cns:LangCode>"
        f"<cns:TagText>{escape(path)}</cns:TagText></Error>"
    )


def _amount(name: str, money: Money) -> str:
    plain = format_minor(money.amount_minor, money.commodity).replace(",", "")
    return f"<cns:{name} CurCode={quoteattr(money.commodity)}>{plain}</cns:{name}>"


def _message(before: str, after: str = "") -> bytes:
    """Elements stand in the schema's order: the attributes come before the payment."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<IATA_OrderViewRS xmlns="{MESSAGE}" xmlns:cns="{TYPES}">{before}'
        f"<PayloadAttributes><cns:VersionNumber>{VERSION}</cns:VersionNumber>"
        f"</PayloadAttributes>{after}</IATA_OrderViewRS>\n"
    ).encode()
