"""Payments: from what a channel asks to a command on the payer's account.

The payer is named by an account, or by a payment code whose seal is opened here: nothing is
looked up, and whether the code is fresh and unused is judged by the account itself.
"""

import asyncio
from collections.abc import Callable

import msgspec

from actors.batcher import MailboxFull
from ledger.account import CODE_LIFE_MS
from ledger.clock import DAY_MS, Clock
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Increase,
    LookUp,
    PresentedCard,
    ReadPayment,
    Refund,
    Reverse,
    ScannedCode,
    Void,
)
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.events import Sale
from ledger.ids import AccountId, Ref
from ledger.money import Money
from ledger.replies import PaymentReply, Reply
from services.asking import Accounts, Refused, Unanswered
from services.card_desk import CardDesk, Presented
from services.card_desk import Sale as CardSale
from services.channel_rules import ChannelRules
from services.keyring import Keyring
from services.offline_codes import CODES_MAX, CodeSet, OfflineCodes
from services.order_texts import OrderTexts
from services.own_limits import UNLIMITED, Allowed, OwnLimits
from terminals.payment_code import CodeKeys, PaymentCode

# A hold that nobody captures comes back by itself. A week is what card schemes give most
# merchants; a hotel or a flight may ask for a month.
HOLD_MS = 7 * DAY_MS
HOLD_MS_MAX = 31 * DAY_MS
# Every way in which an account may give no answer. What was asked may have happened.
NO_ANSWER = (Unanswered, Refused, MailboxFull)
WEB_DEVICE = 1  # codes drawn by the server for a signed-in page
OFFLINE_DEVICE = 2  # and those that it draws for later (services/offline_codes.py)


class Payer(msgspec.Struct, frozen=True):
    """card: the code is then its tap, and what it proves is judged with the sale. offline: the code
    was drawn long ago, for a phone without a network.
    """

    account: AccountId
    code: ScannedCode | None = None
    card: Presented | None = None
    offline: bool = False


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    payer: Payer
    amount: Money
    merchant: str
    order: str
    channel: str
    place: str = ""
    terminal: str = ""
    capture: CaptureMode = CaptureMode.AUTOMATIC
    hold_ms: int = HOLD_MS


class IssuedCode(msgspec.Struct, frozen=True):
    payload: str
    issued_at_ms: int
    expires_at_ms: int


class Judges(msgspec.Struct, frozen=True):
    """What is judged here, before the account is asked."""

    cards: CardDesk
    rules: ChannelRules
    own: OwnLimits
    offline: OfflineCodes


class Payments:
    def __init__(
        self,
        accounts: Accounts,
        keyring: Keyring,
        order_texts: OrderTexts,
        judges: Judges,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._accounts = accounts
        self._keyring = keyring
        self._order_texts = order_texts
        self._cards = judges.cards
        self._rules = judges.rules
        self._own = judges.own
        self._offline = judges.offline
        self._clock = clock
        self._random_bytes = random_bytes
        ring = sorted(keyring.payment_code_keys().items())
        self._codes = CodeKeys(ring, random_bytes)

    def open_code(self, text: str) -> Payer:
        """Whose code it is. Raises CodeUnreadable."""
        opened = self._codes.open(text)
        scanned = ScannedCode(opened.code_id, opened.code.issued_at_ms)
        offline = opened.code.device == OFFLINE_DEVICE
        return Payer(opened.code.account, scanned, offline=offline)

    async def open_card(self, text: str) -> Payer:
        """Whose card it is. Raises UnknownCard, TapUnreadable, StoreUnavailable."""
        presented = await asyncio.to_thread(self._cards.present, text)
        return Payer(presented.account, presented.code, presented)

    def issue_code(self, account: AccountId) -> IssuedCode:
        """A code that pays from this account once, within a minute."""
        issued_at_ms = self._clock.now_ms()
        counter = int.from_bytes(self._random_bytes(4), "big")
        code = PaymentCode(account, WEB_DEVICE, counter, issued_at_ms)
        expires_at_ms = issued_at_ms + CODE_LIFE_MS
        return IssuedCode(self._codes.seal(code), issued_at_ms, expires_at_ms)

    def draw_offline(
        self, account: AccountId, session: str | None, largest: Money | None
    ) -> list[IssuedCode]:
        """Codes for a phone that will have no network, instead of those it has. Reads and writes
        the store.
        """
        now_ms = self._clock.now_ms()
        counters = [int.from_bytes(self._random_bytes(4), "big") for _ in range(CODES_MAX)]
        codes = [
            self._codes.seal(PaymentCode(account, OFFLINE_DEVICE, counter, now_ms))
            for counter in counters
        ]
        drawn = CodeSet(
            account=account,
            code_ids=[self._codes.open(code).code_id for code in codes],
            session=session,
            largest=largest,
        )
        expires_at_ms = self._offline.replace(drawn)
        return [IssuedCode(code, now_ms, expires_at_ms) for code in codes]

    async def authorise(self, request: PaymentRequest, cause: Cause) -> Reply:
        refusal = await self._rules.refusal(
            request.channel, request.merchant, request.amount
        )
        allowed: Allowed | DeclineReason = UNLIMITED
        if refusal is None:
            allowed = await self._own.allow(request.payer.account, request.amount, cause)
        if isinstance(allowed, DeclineReason):
            return await self._ask(request, cause, allowed)
        return await self._own.asked(allowed, self._ask(request, cause, refusal))

    async def collect(self, request: PaymentRequest, cause: Cause) -> Reply:
        """For what was sold and handed over already: no rule of a channel can undo that."""
        return await self._ask(request, cause, None)

    async def was_tried(self, account: AccountId, cause: Cause) -> bool:
        """Whether this key has asked for a payment before, of this account."""
        command = LookUp(account=account, original=cause.key)
        reply = await self._accounts.read(command, cause.caller)
        return isinstance(reply, PaymentReply)

    async def increase(self, increase: Increase, channel: str, cause: Cause) -> Reply:
        """channel: of who asks. A hold does not grow beyond what could be held at once."""
        allowed = await self._own.allow(increase.account, increase.amount, cause)
        if isinstance(allowed, DeclineReason):
            command = msgspec.structs.replace(increase, ceiling_minor=0)
            return await self._accounts.change(command, cause)
        of_channel = self._rules.ceiling_minor(channel, increase.amount.commodity)
        ceilings = [
            minor for minor in (of_channel, allowed.payment_minor) if minor is not None
        ]
        command = msgspec.structs.replace(
            increase, ceiling_minor=min(ceilings, default=None)
        )
        return await self._own.asked(allowed, self._accounts.change(command, cause))

    async def _ask(
        self, request: PaymentRequest, cause: Cause, refusal: DeclineReason | None
    ) -> Reply:
        digest = self._keyring.order_digest(request.merchant, request.order)
        self._order_texts.remember(request.payer.account, digest, request.order)
        sale = Sale(
            request.merchant, digest, request.channel, request.place, request.terminal
        )
        code = request.payer.code
        if code and request.payer.offline and refusal is None:
            begun = await asyncio.to_thread(self._offline.begin, code, request.amount)
            if isinstance(begun, DeclineReason):
                refusal = begun
            else:
                code = begun
        command = Authorise(
            account=request.payer.account,
            amount=request.amount,
            sale=sale,
            capture=request.capture,
            hold_ms=request.hold_ms,
            code=code,
            card=await self._judged(request),
            refusal=refusal,
        )
        return await self._accounts.change(command, cause)

    async def _judged(self, request: PaymentRequest) -> PresentedCard | None:
        presented = request.payer.card
        if presented is None:
            return None
        sale = CardSale(request.amount, request.merchant, request.terminal)
        return await asyncio.to_thread(self._cards.judge, presented, sale)

    async def hold(self, request: PaymentRequest, cause: Cause) -> Reply:
        """Authorise, and leave it to a capture to take it."""
        manual = msgspec.structs.replace(request, capture=CaptureMode.MANUAL)
        return await self.authorise(manual, cause)

    async def capture(self, ref: Ref, cause: Cause) -> Reply:
        """All that is held."""
        return await self._accounts.change(
            Capture(account=ref.account, ordinal=ref.ordinal), cause
        )

    async def refund(self, ref: Ref, amount: Money, cause: Cause) -> Reply:
        return await self._accounts.change(
            Refund(account=ref.account, ordinal=ref.ordinal, amount=amount), cause
        )

    async def read(self, ref: Ref, caller: str) -> Reply:
        """The payment as it stands."""
        return await self._accounts.read(
            ReadPayment(account=ref.account, ordinal=ref.ordinal), caller
        )

    async def look_up(self, account: AccountId, original: bytes, caller: str) -> Reply:
        """What became of the attempt under this key. *Not found* proves nothing: it may be late."""
        return await self._accounts.read(LookUp(account=account, original=original), caller)

    async def reverse(self, account: AccountId, original: bytes, cause: Cause) -> Reply:
        """Undo the attempt under this key, or bar it from ever happening."""
        return await self._accounts.change(
            Reverse(account=account, original=original), cause
        )

    async def give_back(self, ref: Ref, cause: Cause) -> Reply:
        """The whole payment, whatever of it was captured."""
        return await self._accounts.change(
            Void(account=ref.account, ordinal=ref.ordinal), cause
        )
