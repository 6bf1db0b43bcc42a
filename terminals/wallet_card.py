"""The till's half of a dialogue with a wallet card; what is said stands in card_format.py.

    CardFault
        NotOurCard          another card, or of a version that is not read here
        CardIsWritten       it was to be written, and is not empty
        GatewayNotProved    the card does not believe that the charge is the gateway's
        PinWrong            tries are left
        PinBlocked          none are left: the issuer must give out a new card

A card that goes away in the middle is terminals/card_reader.py's CardTorn.
"""

import base64

import msgspec

from terminals.apdu import (
    DONE,
    CardFault,
    CardLink,
    CardNonsense,
    CardRefused,
    ask,
    command,
    demand,
    select,
)
from terminals.card_format import (
    AID,
    AUTHENTICATE,
    CARD_BYTES,
    CHALLENGE_BYTES,
    CLA_OWN,
    GET_CHALLENGE,
    HAS_PIN,
    KEY_BYTES,
    NONCE_BYTES,
    PAID,
    PAY,
    PERSONALISE,
    PIN_REFERENCE,
    PIN_WAS_RIGHT,
    SW_NOT_PROVED,
    SW_PIN_BLOCKED,
    SW_PIN_WRONG,
    TAG_CARD,
    TAG_FLAGS,
    TAG_KEY_ID,
    TAG_VERSION,
    VERIFY,
    VERSION,
    Tap,
    pin_block,
)
from terminals.tlv import TlvError, decode, find

NO_PIN = b"\xff" * 8


class NotOurCard(CardFault):
    def __init__(self) -> None:
        super().__init__("this is not a wallet card of ours")


class CardIsWritten(CardFault):
    def __init__(self) -> None:
        super().__init__("this card is written already, and a card is written once")


class GatewayNotProved(CardFault):
    def __init__(self) -> None:
        super().__init__("the card does not accept this gateway: is it another airline's?")


class PinWrong(CardFault):
    def __init__(self, left: int) -> None:
        super().__init__(f"the PIN is wrong; tries left: {left}")
        self.left = left


class PinBlocked(CardFault):
    def __init__(self) -> None:
        super().__init__("the card's PIN is blocked: the wallet must give out a new card")


class Greeting(msgspec.Struct, frozen=True):
    """What the card says of itself. An empty one has no number."""

    card: bytes
    key_id: int
    has_pin: bool

    @property
    def name(self) -> str:
        """As the gateway calls it."""
        return "crd_" + base64.b32encode(self.card).decode().lower()

    @property
    def is_empty(self) -> bool:
        return not any(self.card)


def greet(link: CardLink) -> Greeting:
    """Raises NotOurCard, CardTorn."""
    response = ask(link, select(AID))
    if response.status != DONE:
        raise NotOurCard
    try:
        objects = decode(response.data, {0x6F, 0xA5})
    except TlvError:
        raise NotOurCard from None
    version, card, key_id, flags = (
        find(objects, 0x6F, 0xA5, tag)
        for tag in (TAG_VERSION, TAG_CARD, TAG_KEY_ID, TAG_FLAGS)
    )
    if (
        version != bytes([VERSION])
        or len(card or b"") != CARD_BYTES
        or not key_id
        or not flags
    ):
        raise NotOurCard
    assert card is not None
    return Greeting(card, key_id[0], bool(flags[0] & HAS_PIN))


def challenge(link: CardLink) -> bytes:
    fresh = demand(link, command(GET_CHALLENGE))
    if len(fresh) != CHALLENGE_BYTES:
        raise CardNonsense("the challenge has another length")
    return fresh


def authenticate(link: CardLink, charge_and_proof: bytes) -> None:
    """Raises GatewayNotProved."""
    question = command(AUTHENTICATE, cla=CLA_OWN, data=charge_and_proof)
    response = ask(link, question)
    if response.status == SW_NOT_PROVED:
        raise GatewayNotProved
    if response.status != DONE:
        raise CardRefused(response.status)


def verify_pin(link: CardLink, pin: str) -> None:
    """Raises PinWrong, PinBlocked."""
    status = ask(link, command(VERIFY, p2=PIN_REFERENCE, data=pin_block(pin))).status
    if status & 0xFFF0 == SW_PIN_WRONG:
        raise PinWrong(status & 0xF)
    if status == SW_PIN_BLOCKED:
        raise PinBlocked
    if status != DONE:
        raise CardRefused(status)


def pay(link: CardLink, greeting: Greeting, charge: bytes) -> Tap:
    """The card's answer to the charge that it was shown; its counter has gone up."""
    answer = demand(link, command(PAY, cla=CLA_OWN))
    if len(answer) != PAID.size:
        raise CardNonsense("the cryptogram has another length")
    counter, flags, cryptogram = PAID.unpack(answer)
    return Tap(
        greeting.card,
        greeting.key_id,
        counter,
        bool(flags & PIN_WAS_RIGHT),
        charge[:NONCE_BYTES],
        cryptogram,
    )


def personalise(
    link: CardLink, *, card: bytes, key_id: int, key: bytes, pin: str = ""
) -> None:
    """Write an empty card, once, at the issuer's desk: its key goes over this reader in plain."""
    assert len(card) == CARD_BYTES
    assert len(key) == KEY_BYTES
    block = pin_block(pin) if pin else NO_PIN
    data = card + bytes([key_id]) + key + block
    demand(link, command(PERSONALISE, cla=CLA_OWN, data=data))
