"""A wallet card at a till: from the card in the reader to a tap that the gateway takes.

The till holds no key: it carries the card's challenge to the gateway, the gateway's proof to the
card, and the card's answer back. Nothing has happened until the payment itself is asked for, so a
card that goes away in the middle is asked for again, and pays once.

A card that stays in the reader does not pay for the next customer: it must be taken out first.
A reader that is in trouble keeps nobody from paying by code; each sale looks for it again.
"""

import base64
import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec

from ledger.money import Money
from terminals.apdu import CardFault, CardLink
from terminals.card_format import CHARGE_BYTES, PROOF_BYTES, is_pin
from terminals.card_reader import CardReader, CardTorn, ReaderTrouble
from terminals.emv_card import read_bank_card
from terminals.gateway_answer import Answer, NoAnswer, Refused, read_refusal
from terminals.pan import NotAPoint
from terminals.wallet_card import (
    NotOurCard,
    PinWrong,
    authenticate,
    challenge,
    greet,
    pay,
    verify_pin,
)

PATH = "/v1/cards/invitations"
EXCHANGE, RECOGNISE = "/v1/linked-cards/exchange", "/v1/linked-cards/recognise"


class Cashier(msgspec.Struct, frozen=True):
    """tell: a line on the screen. pin: what the customer types, None for no. typed: somebody has
    typed instead of tapping.
    """

    tell: Callable[[str], None]
    pin: Callable[[], str | None]
    typed: Callable[[], bool]


class Invitation(msgspec.Struct, frozen=True):
    charge: Annotated[bytes, msgspec.Meta(min_length=CHARGE_BYTES, max_length=CHARGE_BYTES)]
    proof: Annotated[bytes, msgspec.Meta(min_length=PROOF_BYTES, max_length=PROOF_BYTES)]
    pin_needed: bool


class _Recognised(msgspec.Struct, frozen=True):
    wallets: int


class _Exchanged(msgspec.Struct, frozen=True):
    point: bytes


class NotInvited(Exception):
    """The gateway does not take this card, or does not answer: no other try helps just now."""


class CardTaps:
    """reader: how its name begins. ask: the gateway, by path and body; raises NoAnswer."""

    def __init__(
        self, reader: str, ask: Callable[[str, object], Answer], cashier: Cashier
    ) -> None:
        self._wanted = reader
        self._opened: CardReader | None = None
        self._ask = ask
        self._cashier = cashier
        self._used = False

    def open(self) -> CardReader:
        """Raises ReaderTrouble."""
        if self._opened is None:
            self._opened = CardReader(self._wanted)
        return self._opened

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None

    def next(self, amount: Money, terminal: str) -> str | None:
        """A tap; None if somebody types instead, or the gateway does not take the card.

        Raises ReaderTrouble, but for a torn card, which is asked for again.
        """
        try:
            return self._next(self.open(), amount, terminal)
        except ReaderTrouble:
            self.close()
            raise

    def _next(self, reader: CardReader, amount: Money, terminal: str) -> str | None:
        while True:
            if self._used:
                self._cashier.tell("Take the card away.")
                if not reader.gone_unless(self._cashier.typed):
                    return None
                self._used = False
            card = reader.card_unless(self._cashier.typed)
            if card is None:
                return None
            self._used = True
            try:
                with card:
                    return self._tapped(card, amount, terminal)
            except (CardTorn, CardFault) as error:
                self._cashier.tell(f"{str(error).capitalize()}.")
            except NotInvited as refusal:
                self._cashier.tell(str(refusal))
                return None

    def _tapped(self, card: CardLink, amount: Money, terminal: str) -> str:
        try:
            greeting = greet(card)
        except NotOurCard:
            self._recognise(card)
            raise
        if greeting.is_empty:
            raise NotOurCard
        body = {
            "card": greeting.name,
            "challenge": base64.b64encode(challenge(card)).decode(),
            "amount": {"amount_minor": amount.amount_minor, "currency": amount.commodity},
            "terminal": terminal,
        }
        invitation = self._invited(body)
        authenticate(card, invitation.charge + invitation.proof)
        if invitation.pin_needed and greeting.has_pin:
            self._enter_pin(card)
        return pay(card, greeting, invitation.charge).text()

    def _invited(self, body: object) -> Invitation:
        try:
            answer = self._ask(PATH, body)
        except NoAnswer:
            raise NotInvited("The gateway does not answer.") from None
        if answer.status == 200:
            try:
                return msgspec.json.decode(answer.body, type=Invitation)
            except msgspec.MsgspecError:
                raise NotInvited("The gateway's answer is not understood.") from None
        match read_refusal(answer):
            case Refused() as refusal:
                raise NotInvited(refusal.detail)
            case _:
                raise NotInvited("The gateway cannot say anything about cards just now.")

    def _recognise(self, card: CardLink) -> None:
        """A bank card is charged nowhere here, but its holder may have a wallet."""
        try:
            bank = read_bank_card(card)
            token = bank.token(self._exchanged, secrets.token_bytes)
            answer = self._ask(RECOGNISE, {"token": token})
            wallets = msgspec.json.decode(answer.body, type=_Recognised).wallets
        except (CardFault, NoAnswer, NotAPoint, msgspec.MsgspecError):
            return
        known = (
            "its holder has a wallet here, so ask for the code" if wallets else "unknown"
        )
        self._cashier.tell(f"A bank card, {bank.pan.masked}: {known}.")

    def _exchanged(self, point: bytes) -> bytes:
        body = {"point": base64.b64encode(point).decode()}
        return msgspec.json.decode(self._ask(EXCHANGE, body).body, type=_Exchanged).point

    def _enter_pin(self, card: CardLink) -> None:
        """Without a PIN the card goes on: the gateway declines, and says why."""
        while (pin := self._cashier.pin()) is not None:
            if not is_pin(pin):
                self._cashier.tell("A PIN has 4 to 8 digits.")
                continue
            try:
                return verify_pin(card, pin)
            except PinWrong as error:
                self._cashier.tell(f"{str(error).capitalize()}.")
        return None
