"""Cards at the gateway: what proves us to a card, and what a card's answer proves to us.

Nothing is kept between the two. The nonce that a card signs was in the gateway's proof, which the
card had checked, so a good cryptogram says that the nonce was ours; it holds the time, so the
account can judge its age; and the counter makes it count once (ledger/guards.py).

All of it is synchronous: it reads the store, and a security module may take a millisecond.
"""

import hmac

import msgspec

from ledger.clock import Clock
from ledger.commands import PresentedCard, ScannedCode
from ledger.decline import DeclineReason
from ledger.events import CardUse
from ledger.ids import AccountId
from ledger.money import Money
from services.card_issuer import IssuerKeys, UnknownIssuerKey, card_key
from services.cards import (
    PREFIX,
    Card,
    CardForm,
    CardStatus,
    UnknownCard,
    card_text,
    find_by_number,
    get_card,
)
from services.keyring import Keyring
from services.mint import RandomBytes, raw_of
from services.store import Store
from terminals.card_format import (
    CHALLENGE_BYTES,
    NONCE_RANDOM_BYTES,
    TAP_PREFIX,
    Charge,
    Tap,
    TapUnreadable,
    cryptogram,
    gateway_proof,
    nonce_at,
    read_tap,
    terminal_digest,
)
from terminals.gift_number import is_number


class Sale(msgspec.Struct, frozen=True):
    """What a card is asked to pay for. terminal: as the till names itself."""

    amount: Money
    merchant: str
    terminal: str


class Presented(msgspec.Struct, frozen=True):
    """A card that was read at a till. tap: None for a stripe."""

    card: Card
    tap: Tap | None

    @property
    def account(self) -> AccountId:
        return self.card.payer

    @property
    def code(self) -> ScannedCode | None:
        """A stripe gives nothing that could be told from its copy."""
        return ScannedCode(self.tap.id, self.tap.issued_at_ms) if self.tap else None


class Invitation(msgspec.Struct, frozen=True):
    """What the till carries to the card: the charge, and our proof over it."""

    charge: bytes
    proof: bytes
    pin_needed: bool
    issued_at_ms: int


class CardDesk:
    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        issuer: IssuerKeys,
        *,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._issuer = issuer
        self._clock = clock
        self._random_bytes = random_bytes

    @property
    def newest_key_id(self) -> int:
        return self._issuer.newest

    def invite(self, card: str, challenge: bytes, sale: Sale) -> Invitation:
        """Prove to this card that the charge is ours. Raises UnknownCard.

        A blocked card is invited too: its payment is declined, and that is written down.
        """
        assert len(challenge) == CHALLENGE_BYTES, "the wire refuses other lengths"
        found = get_card(self._store, card)
        if found.form is not CardForm.CHIP:
            raise UnknownCard
        now_ms = self._clock.now_ms()
        nonce = nonce_at(now_ms, self._random_bytes(NONCE_RANDOM_BYTES))
        charge = _charge(nonce, sale)
        number = raw_of(card, PREFIX)
        proof = gateway_proof(self._key(found.key_id, number), number, challenge, charge)
        return Invitation(charge, proof, found.needs_pin(sale.amount), now_ms)

    def present(self, text: str) -> Presented:
        """Whose card it is: a tap's, or a stripe's number. Raises UnknownCard, TapUnreadable."""
        if text.startswith(TAP_PREFIX):
            tap = read_tap(text)
            card = get_card(self._store, card_text(tap.card))
            if card.form is not CardForm.CHIP:
                raise UnknownCard
            return Presented(card, tap)
        if not is_number(text):
            raise TapUnreadable
        return Presented(find_by_number(self._store, self._keyring.gift_digest(text)), None)

    def judge(self, presented: Presented, sale: Sale) -> PresentedCard:
        """For the account: which card, at which counter, and what is to be said against it."""
        card, tap = presented.card, presented.tap
        number = raw_of(card.id, PREFIX)
        use = CardUse(number, tap.counter if tap else 0)
        return PresentedCard(use, self._refusal(card, tap, sale))

    def _refusal(self, card: Card, tap: Tap | None, sale: Sale) -> DeclineReason | None:
        if tap is not None and not self._is_genuine(card, tap, sale):
            return DeclineReason.CARD_NOT_AUTHENTIC
        match card.status:
            case CardStatus.LOST:
                return DeclineReason.CARD_LOST
            case CardStatus.BLOCKED:
                return DeclineReason.CARD_BLOCKED
            case CardStatus.ACTIVE:
                pass
        if card.needs_pin(sale.amount) and not (tap and tap.pin_was_right):
            return DeclineReason.CARD_PIN_NEEDED
        return None

    def _is_genuine(self, card: Card, tap: Tap, sale: Sale) -> bool:
        """A counter of 0 would be taken for a stripe's; no card ever shows it."""
        if tap.key_id != card.key_id or not tap.counter:
            return False
        wanted = cryptogram(
            self._key(card.key_id, tap.card),
            tap.card,
            _charge(tap.nonce, sale),
            counter=tap.counter,
            flags=tap.flags,
        )
        return hmac.compare_digest(wanted, tap.cryptogram)

    def _key(self, key_id: int, card: bytes) -> bytes:
        """Without its issuer key a card is none of ours. Raises UnknownCard."""
        try:
            return card_key(self._issuer, key_id, card)
        except UnknownIssuerKey:
            raise UnknownCard from None


def _charge(nonce: bytes, sale: Sale) -> bytes:
    terminal = terminal_digest(sale.merchant, sale.terminal)
    return Charge(nonce, sale.amount, terminal).packed()
