"""An OrderCreateRQ of NDC 21.3, as a seller writes one, and what is answered."""

from xml.etree import ElementTree as ET

from channels.agents.ndc_message import MESSAGE, TYPES
from gateway.world import AGENCY

OFFLINE = (
    "<cns:OfflinePayment><cns:PaymentTypeCode>CA</cns:PaymentTypeCode></cns:OfflinePayment>"
)


def easy_pay(digits: str, expiration: str = "") -> str:
    month = f"<cns:ExpirationDate>{expiration}</cns:ExpirationDate>" if expiration else ""
    return (
        f"<cns:IATA_EasyPay><cns:AccountNumber>{digits}</cns:AccountNumber>{month}"
        "</cns:IATA_EasyPay>"
    )


def order_create(
    method: str = OFFLINE,
    *,
    amount: str = "12300.00",
    currency: str = "QAR",
    offer: str = "DOH-LHR-FLEX",
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<IATA_OrderCreateRQ xmlns="{MESSAGE}" xmlns:cns="{TYPES}">
  <DistributionChain>
    <cns:DistributionChainLink>
      <cns:Ordinal>1</cns:Ordinal>
      <cns:OrgRole>Seller</cns:OrgRole>
      <cns:ParticipatingOrg><cns:OrgID>{AGENCY["iata_code"]}</cns:OrgID></cns:ParticipatingOrg>
    </cns:DistributionChainLink>
  </DistributionChain>
  <PayloadAttributes><cns:VersionNumber>21.3</cns:VersionNumber></PayloadAttributes>
  <Request>
    <cns:CreateOrder>
      <cns:AcceptSelectedQuotedOfferList>
        <cns:SelectedPricedOffer>
          <cns:OfferRefID>{offer}</cns:OfferRefID>
          <cns:OwnerCode>XX</cns:OwnerCode>
          <cns:SelectedOfferItem>
            <cns:OfferItemRefID>{offer}-1</cns:OfferItemRefID>
            <cns:PaxRefID>PAX1</cns:PaxRefID>
          </cns:SelectedOfferItem>
        </cns:SelectedPricedOffer>
      </cns:AcceptSelectedQuotedOfferList>
    </cns:CreateOrder>
    <cns:DataLists>
      <cns:PaxList>
        <cns:Pax>
          <cns:Individual>
            <cns:GivenName>AMIRA</cns:GivenName><cns:Surname>EXAMPLE</cns:Surname>
          </cns:Individual>
          <cns:PaxID>PAX1</cns:PaxID>
          <cns:PTC>ADT</cns:PTC>
        </cns:Pax>
      </cns:PaxList>
    </cns:DataLists>
    <cns:PaymentFunctions>
      <cns:PaymentProcessingDetails>
        <cns:Amount CurCode="{currency}">{amount}</cns:Amount>
        <cns:PaymentMethod>{method}</cns:PaymentMethod>
      </cns:PaymentProcessingDetails>
    </cns:PaymentFunctions>
  </Request>
</IATA_OrderCreateRQ>
""".encode()


def texts(answer: bytes) -> dict[str, str]:
    """The texts of an OrderViewRS, by the names of their elements."""
    root = ET.fromstring(answer)
    assert root.tag == f"{{{MESSAGE}}}IATA_OrderViewRS"
    return {
        element.tag.rpartition("}")[2]: element.text
        for element in root.iter()
        if element.text and element.text.strip()
    }
