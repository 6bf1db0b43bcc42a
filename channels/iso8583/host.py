"""The host that tills speak to in ISO 8583: a message in, its answer out, or silence.

No second way to pay: a message becomes the same command on the same account as a request over
HTTP, under a key that is made of terminal, trace number and day. So a message that comes again,
for whatever reason, is answered from the journal.

Silence is an answer too. Where it is not known whether money moved, every code of the standard
would say more than we know, and tills take all of them for "declined". A till that hears nothing
reverses, and then knows.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from actors.batcher import MailboxFull
from channels.iso8583 import answers
from channels.iso8583.counting import Counting
from channels.iso8583.reading import (
    APPROVED,
    INVALID,
    NO_SUCH_CARD,
    NOT_FOUND,
    NOT_PERMITTED,
    PURCHASE,
    SECURITY,
    TOO_OFTEN,
    UNAVAILABLE,
    MessageRefused,
    Trace,
    clock_off_ms,
    kind_of,
    money_of,
    order_of,
    original_of,
    payment_of,
    refuse_card_data,
    require,
    trace_of,
)
from channels.payers import CODE_FAILED
from ledger.clock import Clock
from ledger.commands import Capture, CaptureMode, LookUp, Refund, Reverse
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.ids import Ref
from ledger.keys import key_digest, request_digest
from ledger.payment import PaymentState
from ledger.replies import PaymentReply, Reply
from services.asking import Accounts, Refused, Unanswered
from services.cards import UnknownCard
from services.keyring import Keyring
from services.limits import Limit
from services.payments import Payer, PaymentRequest, Payments
from services.store import Store, StoreUnavailable
from services.terminals import (
    SignOfLife,
    Terminal,
    TerminalStatus,
    find_terminal_by_tid,
    note_sign_of_life,
)
from terminals.card_format import TapUnreadable
from terminals.emv_cpm import PAYLOAD_PREFIX
from terminals.iso8583 import mac, profile
from terminals.iso8583.message import Message, decode, encode
from terminals.payment_code import CodeKeyUnknown, CodeUnreadable

SIGN_ON, SIGN_OFF, ECHO = "001", "002", "301"
SOFTWARE = "iso8583"

# What makes two messages the same request: all that they say about money.
_SAYS = (
    profile.PROCESSING_CODE,
    profile.AMOUNT,
    profile.ORDER,
    profile.CURRENCY,
    profile.WALLET_CODE,
    profile.PAYMENT,
    profile.ORIGINAL,
)
# The last digit of a type: asked by an acquirer, and asked again.
_FROM_A_TILL = frozenset("01")
_canonical = msgspec.msgpack.Encoder().encode


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a host stands on. counting: of what terminals did. failed_codes: the same as HTTP's."""

    accounts: Accounts
    payments: Payments
    store: Store
    keyring: Keyring
    counting: Counting
    failed_codes: Limit
    clock: Clock


class Link(msgspec.Struct):
    """What is known of one connection. certified: the terminal that its certificate names.
    signed_off: those that said goodbye on it.
    """

    certified: str | None = None
    signed_off: set[str] = msgspec.field(default_factory=set)


class Outcome(msgspec.Struct, frozen=True):
    """answer: the message to send, or None for silence. close: the connection is of no use any
    more. code: element 39, for those who count.
    """

    answer: bytes | None
    code: str = ""
    close: bool = False


class Asked(msgspec.Struct, frozen=True):
    """A message whose terminal is known to have sent it."""

    terminal: Terminal
    message: Message
    trace: Trace
    now_ms: int
    link: Link

    def cause(self, family: str) -> Cause:
        """family: `` for what pays and follows, `reversal.` for what undoes: a till may give a
        reversal the number of what it reverses.
        """
        caller = self.terminal.principal
        said = [self.message.get(element) for element in _SAYS]
        request = request_digest(_canonical([self.message.mti[1], said]))
        return Cause(key_digest(caller, family + self.trace.key), request, caller)


Handler = Callable[[Asked], Awaitable[answers.Elements]]


class Host:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._handlers: dict[str, Handler] = {
            "010": self._authorise,
            "020": self._purchase,
            "022": self._purchase,
            "040": self._reverse,
            "042": self._reverse,
            "050": self._reconcile,
            "080": self._manage,
        }

    async def handle(self, raw: bytes, link: Link) -> Outcome:
        """Raises MessageMalformed, and StoreUnavailable before anything happened."""
        message = decode(raw)
        handler = self._handlers.get(message.mti[:3])
        if handler is None or message.mti[3] not in _FROM_A_TILL:
            return Outcome(None)  # an answer to nothing we asked, or of another protocol
        terminal = await self._terminal(raw, message, link.certified)
        if terminal is None:
            refused = MessageRefused(SECURITY, "not_authenticated")
            answer = answers.answer_to(message, answers.of_refusal(refused))
            return Outcome(encode(answer), SECURITY, close=True)
        elements = await self._answered(handler, terminal, message, link)
        if elements is None:
            return Outcome(None, "unknown")
        answer = answers.answer_to(message, elements)
        return Outcome(self._sealed(terminal, answer), elements[profile.RESPONSE])

    async def _terminal(
        self, raw: bytes, message: Message, certified: str | None
    ) -> Terminal | None:
        """Who sent it, if that is proved: by the connection, or by the message's own code."""
        tid = message.get(profile.TERMINAL)
        terminal = await asyncio.to_thread(find_terminal_by_tid, self._parts.store, tid)
        if terminal is None:
            return None
        if not mac.is_signed(message):
            has_keys = terminal.status is not TerminalStatus.WAITING
            return terminal if certified == tid and has_keys else None
        if terminal.mac_generation <= 0 or not mac.verify(
            raw, message, self._key(terminal)
        ):
            return None
        return terminal

    def _key(self, terminal: Terminal) -> bytes:
        return self._parts.keyring.terminal_secret(terminal.id, terminal.mac_generation)

    def _sealed(self, terminal: Terminal, answer: Message) -> bytes:
        if terminal.mac_generation <= 0:
            return encode(answer)  # known by its certificate, and shares no key
        return mac.sign(answer, self._key(terminal))

    async def _answered(
        self, handler: Handler, terminal: Terminal, message: Message, link: Link
    ) -> answers.Elements | None:
        """None: it is not known what became of it."""
        try:
            return await handler(self._admitted(terminal, message, link))
        except MessageRefused as refused:
            return answers.of_refusal(refused)
        except Refused as error:
            return answers.of_refusal(answers.of_machine(error.kind))
        except (MailboxFull, StoreUnavailable):
            return answers.of_refusal(MessageRefused(UNAVAILABLE, "unavailable"))
        except Unanswered as error:
            if error.happened is not Happened.NO:
                return None
            return answers.of_refusal(MessageRefused(UNAVAILABLE, "unavailable"))

    def _admitted(self, terminal: Terminal, message: Message, link: Link) -> Asked:
        refuse_card_data(message)
        if terminal.status is TerminalStatus.SUSPENDED:
            raise MessageRefused(NOT_PERMITTED, "terminal_suspended")
        now_ms = self._parts.clock.now_ms()
        return Asked(terminal, message, trace_of(message, now_ms), now_ms, link)

    async def _authorise(self, asked: Asked) -> answers.Elements:
        """0100: a hold."""
        self._require_signed_on(asked)
        if kind_of(asked.message) != PURCHASE:
            raise MessageRefused(INVALID, "element_3_unknown")
        return await self._pay(asked, CaptureMode.MANUAL)

    async def _purchase(self, asked: Asked) -> answers.Elements:
        """0200 and 0220: a purchase, the completion of a hold, or a refund."""
        self._require_signed_on(asked)
        message = asked.message
        if kind_of(message) != PURCHASE:
            return await self._follow(asked, Refund)
        is_completion = profile.PAYMENT in message.elements or (
            profile.ORIGINAL in message.elements
        )
        if is_completion:
            return await self._follow(asked, Capture)
        return await self._pay(asked, CaptureMode.AUTOMATIC)

    async def _pay(self, asked: Asked, capture: CaptureMode) -> answers.Elements:
        terminal, message = asked.terminal, asked.message
        failed = self._parts.failed_codes
        if failed.wait_ms(terminal.principal):
            raise MessageRefused(TOO_OFTEN, "too_many_failed_codes")
        request = PaymentRequest(
            payer=await self._payer(asked),
            amount=money_of(message),
            merchant=terminal.merchant,
            order=order_of(message, asked.trace),
            channel=terminal.channel,
            place=terminal.place,
            terminal=terminal.tid,
            capture=capture,
        )
        reply = await self._parts.payments.authorise(request, asked.cause(""))
        if (
            isinstance(reply, PaymentReply)
            and not reply.replayed
            and reply.decline in CODE_FAILED
        ):
            failed.spend(terminal.principal)
        return answers.of_reply(reply)

    async def _follow(
        self, asked: Asked, kind: type[Capture] | type[Refund]
    ) -> answers.Elements:
        amount = money_of(asked.message)
        ref = await self._ref(asked)
        command = kind(
            account=ref.account,
            ordinal=ref.ordinal,
            merchant=asked.terminal.merchant,
            amount=amount,
        )
        return answers.of_reply(await self._change(command, asked.cause("")))

    async def _ref(self, asked: Asked) -> Ref:
        """The payment that is meant: by its id, or by the message that made it and its code."""
        ref = payment_of(asked.message)
        if ref is not None:
            return ref
        found = await self._attempt(asked, await self._payer(asked), self._original(asked))
        if found is None:
            raise MessageRefused(NOT_FOUND, "payment_not_found")
        return found.ref

    async def _reverse(self, asked: Asked) -> answers.Elements:
        """0400 and 0420, also of a terminal that signed off: what is owed must be settled."""
        payer = await self._payer(asked)
        original = self._original(asked)
        await self._require_its_day(asked, payer, original)
        command = Reverse(
            account=payer.account,
            original=original,
            merchant=asked.terminal.merchant,
        )
        return answers.of_reply(await self._change(command, asked.cause("reversal.")))

    def _original(self, asked: Asked) -> bytes:
        mti, trace = original_of(asked.message, asked.now_ms)
        if mti[:3] not in {"010", "020", "022"}:
            raise MessageRefused(INVALID, "element_90_unknown")
        return key_digest(asked.terminal.principal, trace.key)

    async def _require_its_day(self, asked: Asked, payer: Payer, original: bytes) -> None:
        """A till that says the wrong day would be told that nothing happened. Its neighbour of the
        same wallet and amount is not undone either: the number may have come round again.
        """
        if await self._attempt(asked, payer, original) is not None:
            return
        _, trace = original_of(asked.message, asked.now_ms)
        for beside in trace.days_beside():
            key = key_digest(asked.terminal.principal, beside.key)
            found = await self._attempt(asked, payer, key)
            if found and _can_be_meant(found, asked.message):
                raise MessageRefused(NOT_FOUND, "original_on_another_day")

    async def _attempt(
        self, asked: Asked, payer: Payer, original: bytes
    ) -> PaymentReply | None:
        reply = await self._parts.accounts.read(
            LookUp(
                account=payer.account,
                original=original,
                merchant=asked.terminal.merchant,
            ),
            asked.terminal.principal,
        )
        return reply if isinstance(reply, PaymentReply) else None

    async def _change(self, command: Capture | Refund | Reverse, cause: Cause) -> Reply:
        return await self._parts.accounts.change(command, cause)

    async def _reconcile(self, asked: Asked) -> answers.Elements:
        """0500: the till's figures against ours."""
        return await self._parts.counting.close(asked.terminal, asked.message, asked.trace)

    async def _manage(self, asked: Asked) -> answers.Elements:
        """0800: sign-on, sign-off, echo; also how the registry knows that a till lives."""
        require(asked.message, profile.NETWORK_CODE)
        code = asked.message.get(profile.NETWORK_CODE)
        if code not in {SIGN_ON, SIGN_OFF, ECHO}:
            raise MessageRefused(INVALID, "element_70_unknown")
        terminal = asked.terminal
        if code == SIGN_OFF:
            asked.link.signed_off.add(terminal.id)
        elif code == SIGN_ON:
            asked.link.signed_off.discard(terminal.id)
        sign = SignOfLife(
            software=SOFTWARE,
            backlog=0,
            last_sequence=int(asked.trace.stan),
            clock_off_ms=clock_off_ms(asked.message, asked.now_ms),
        )
        await asyncio.to_thread(
            note_sign_of_life, self._parts.store, terminal.id, sign, now_ms=asked.now_ms
        )
        return {profile.RESPONSE: APPROVED}

    def _require_signed_on(self, asked: Asked) -> None:
        if asked.terminal.id in asked.link.signed_off:
            raise MessageRefused(NOT_PERMITTED, "signed_off")

    async def _payer(self, asked: Asked) -> Payer:
        """By a wallet's code, or by the number of a gift card as it was swiped."""
        require(asked.message, profile.WALLET_CODE)
        text = asked.message.get(profile.WALLET_CODE)
        try:
            if text.startswith(PAYLOAD_PREFIX):
                return self._parts.payments.open_code(text)
            return await self._parts.payments.open_card(text)
        except CodeKeyUnknown:
            if asked.message.mti.startswith("04"):  # the sale may have known the key
                raise MessageRefused(UNAVAILABLE, "code_key_unknown") from None
            reason = "code_unreadable"
        except (CodeUnreadable, TapUnreadable):
            reason = "code_unreadable"
        except UnknownCard:
            reason = "card_unknown"
        self._parts.failed_codes.spend(asked.terminal.principal)
        raise MessageRefused(NO_SUCH_CARD, reason)


def _can_be_meant(found: PaymentReply, message: Message) -> bool:
    """Whether it took what the reversal says, and still holds it. What it leaves out may be so."""
    said = message.get(profile.AMOUNT)
    ended = found.state in {PaymentState.DECLINED, PaymentState.REVERSED}
    return not ended and (not said or int(said) == sum(found.authorised.values()))
