"""A till that speaks ISO 8583: to try a host with, to test ours, and to read how one behaves.

It survives being cut off and being killed at any step, by one rule: what is owed is settled before
anything new is asked. A purchase or a hold without an answer is reversed (0420, and 0421 until it
is answered); a completion or a refund is sent again as an advice (0221), which asks for the same
thing under the same number, until it is answered; so is the count of a day (0501).

What settles something must have judged it. A refusal at the host's door (suspended, signed off, a
key that is not known, too often) says nothing about what an earlier message did, so it ends what is
asked for the first time only: a repeat ends when it is approved, or declined by the account.
"""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime

import msgspec

from ledger.clock import SECOND_MS, Clock
from ledger.currency_numbers import currency_number
from ledger.decline import DeclineReason
from ledger.money import Money
from terminals.iso8583 import mac, profile
from terminals.iso8583.frames import FrameReader, FrameTooLong, frame
from terminals.iso8583.message import Message, MessageMalformed, decode, encode
from terminals.iso8583.till_book import Book, Count, End, Ended, Exchange, Kind

APPROVED = "00"
# Nothing was judged: the same again, later.
_LATER = frozenset({"91", "96"})
_NO_SUCH_CODE = "14"
_DIFFERENCE = "95"
# In element 44: these words come from the account, every other one from the door.
_JUDGED = frozenset(reason.value for reason in DeclineReason)
# What an answer repeats of what was asked; one that does not answers something else.
_ECHOED = (
    profile.PROCESSING_CODE,
    profile.AMOUNT,
    profile.SENT_AT,
    profile.STAN,
    profile.LOCAL_TIME,
    profile.LOCAL_DATE,
    profile.TERMINAL,
    profile.CURRENCY,
)
READ_BYTES = 4_096
SIGN_ON, SIGN_OFF, ECHO = "001", "002", "301"

_MTIS = {
    Kind.PURCHASE: "0200",
    Kind.HOLD: "0100",
    Kind.COMPLETION: "0220",
    Kind.REFUND: "0200",
}
_PROCESSING = {kind: "200000" if kind is Kind.REFUND else "000000" for kind in Kind}
# What is undone when its answer is lost; the others are asked again instead.
_REVERSIBLE = frozenset({Kind.PURCHASE, Kind.HOLD})


class NoAnswer(Exception):
    """Cut off, or nothing came in time, or what came is no answer. The outcome is not known."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """terminal: its eight characters. key: shared for message codes; None with mutual TLS."""

    host: str
    port: int
    terminal: str
    key: bytes | None
    answer_s: float = 10.0
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Setup({self.host}:{self.port}, {self.terminal})"


class Iso8583Till:
    def __init__(self, setup: Setup, book: Book, clock: Clock) -> None:
        self._setup = setup
        self._book = book
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None
        self._frames = FrameReader()
        self._waiting: list[bytes] = []

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def manage(self, code: str) -> Message:
        """SIGN_ON, SIGN_OFF or ECHO. Raises NoAnswer."""
        stan = self._book.next_stan()
        elements = self._moment() | {profile.NETWORK_CODE: code}
        return await self._ask("0800", stan, elements)

    async def purchase(self, code: str, amount: Money, order: str = "") -> Ended:
        """Raises NoAnswer; then it is owed, and the next call settles it first."""
        return await self._begin(Kind.PURCHASE, amount, {profile.WALLET_CODE: code}, order)

    async def hold(self, code: str, amount: Money, order: str = "") -> Ended:
        return await self._begin(Kind.HOLD, amount, {profile.WALLET_CODE: code}, order)

    async def complete(self, payment: str, amount: Money) -> Ended:
        return await self._begin(Kind.COMPLETION, amount, {profile.PAYMENT: payment})

    async def refund(self, payment: str, amount: Money) -> Ended:
        return await self._begin(Kind.REFUND, amount, {profile.PAYMENT: payment})

    async def settle(self) -> None:
        """Whatever is owed. Raises NoAnswer; the rest stays owed."""
        for exchange in self._book.owed:
            if exchange.kind in _REVERSIBLE:
                await self._reverse(exchange)
            else:
                await self._exchange(exchange, "0221")
        if self._book.count:
            await self._count(self._book.count, "0501")

    async def reconcile(self, currency: str) -> Message:
        """0500 for the open batch; 66 is 1 when the host's figures are ours. Raises NoAnswer.

        One that is owed is answered first, and is the answer when it was of this currency: nothing
        was sold since.
        """
        owed = self._book.count
        if owed and owed.currency == currency:
            return await self._count(owed, "0501")
        await self.settle()
        elements = self._moment() | self.figures(currency)
        elements[profile.SETTLEMENT_CURRENCY] = currency_number(currency)
        count = Count(stan=self._book.next_stan(), currency=currency, elements=elements)
        self._book.begin_count(count)
        return await self._count(count, "0500")

    def figures(self, currency: str) -> dict[str, str]:
        """Elements 74 to 89 of the open batch, by this till's own book."""
        sums = dict.fromkeys(("74", "75", "76", "77", "86", "87", "88", "89"), 0)

        def add(count: str, sum_: str, amount_minor: int) -> None:
            sums[count] += 1
            sums[sum_] += amount_minor

        for stan, exchange in self._book.exchanges.items():
            ended = self._book.ends.get(stan)
            if exchange.amount.commodity != currency or exchange.kind is Kind.HOLD:
                continue
            if ended is None or exchange.batch != self._book.batch_of(currency):
                continue
            minor = exchange.amount.amount_minor
            happened = ended.end in {End.APPROVED, End.REVERSED}
            if happened and exchange.kind is Kind.REFUND:
                add("74", "86", minor)
            elif happened:
                add("76", "88", minor)
            if ended.end is End.REVERSED:
                add("77", "89", minor)
        return {
            name: f"{figure:0{10 if name < '80' else 16}d}" for name, figure in sums.items()
        }

    async def _begin(
        self, kind: Kind, amount: Money, names: dict[str, str], order: str = ""
    ) -> Ended:
        await self.settle()
        moment = self._moment()
        elements = moment | names
        elements[profile.PROCESSING_CODE] = _PROCESSING[kind]
        elements[profile.AMOUNT] = f"{amount.amount_minor:012d}"
        elements[profile.CURRENCY] = currency_number(amount.commodity)
        elements[profile.ENTRY_MODE] = "030"
        if order:
            elements[profile.ORDER] = order
        exchange = Exchange(
            stan=self._book.next_stan(),
            kind=kind,
            amount=amount,
            day=moment[profile.LOCAL_DATE],
            time=moment[profile.LOCAL_TIME],
            elements=elements,
            batch=self._book.batch_of(amount.commodity),
        )
        self._book.begin(exchange)
        return await self._exchange(exchange, _MTIS[kind])

    async def _count(self, count: Count, mti: str) -> Message:
        """Raises NoAnswer; then it is not known whether the batch is closed."""
        answer = await self._ask(mti, count.stan, count.elements)
        response = answer.get(profile.RESPONSE)
        agreed = response == APPROVED and answer.get(profile.SETTLEMENT_CODE) == "1"
        refused_at_once = mti == "0500" and response not in _LATER
        if not (agreed or response == _DIFFERENCE or refused_at_once):
            raise NoAnswer
        self._book.end_count(agreed=agreed)
        return answer

    async def _exchange(self, exchange: Exchange, mti: str) -> Ended:
        answer = await self._ask(mti, exchange.stan, exchange.elements)
        response = answer.get(profile.RESPONSE)
        if response in _LATER and exchange.kind not in _REVERSIBLE:
            raise NoAnswer
        judged = response == APPROVED or answer.get(profile.REASON) in _JUDGED
        if mti == "0221" and not judged:
            raise NoAnswer  # the first one may have been approved
        ended = Ended(
            stan=exchange.stan,
            end=End.APPROVED if response == APPROVED else End.DECLINED,
            response=response,
            payment=answer.get(profile.PAYMENT),
        )
        self._book.end(ended)
        return ended

    async def _reverse(self, exchange: Exchange) -> None:
        original = f"{_MTIS[exchange.kind]}{exchange.stan:06d}{exchange.day}{exchange.time}"
        elements = (
            exchange.elements | self._moment() | {profile.ORIGINAL: f"{original:0<42}"}
        )
        answer = await self._ask("0420", self._book.next_stan(), elements)
        response = answer.get(profile.RESPONSE)
        if response == _NO_SUCH_CODE:
            await self._ask_again(exchange)
        elif response != APPROVED:
            raise NoAnswer  # a suspended till still owes; so does one that came too early
        undone = answer.get(profile.REASON) == "reversed"
        self._book.end(
            Ended(
                stan=exchange.stan,
                end=End.REVERSED if undone else End.NEVER,
                response=response,
                payment=answer.get(profile.PAYMENT),
            )
        )

    async def _ask_again(self, exchange: Exchange) -> None:
        """Nobody's code, says the host of a reversal: it took nothing if it says so of the purchase
        too. If not, that has happened now at the latest, and is still owed. Raises NoAnswer.
        """
        mti = _MTIS[exchange.kind][:3] + "1"
        answer = await self._ask(mti, exchange.stan, exchange.elements)
        nobody = answer.get(profile.RESPONSE) == _NO_SUCH_CODE
        if not nobody or answer.get(profile.REASON) in _JUDGED:
            raise NoAnswer

    async def _ask(self, mti: str, stan: int, elements: dict[str, str]) -> Message:
        """Raises NoAnswer, and then the connection is closed: what comes late meets nobody."""
        named = {profile.STAN: f"{stan:06d}", profile.TERMINAL: self._setup.terminal}
        message = Message(mti, elements | named)
        try:
            async with asyncio.timeout(self._setup.answer_s):
                await self._send(message)
                return await self._answer_to(message)
        except (
            OSError,
            ssl.SSLError,
            TimeoutError,
            FrameTooLong,
            MessageMalformed,
        ) as error:
            await self.close()
            raise NoAnswer from error

    async def _send(self, message: Message) -> None:
        setup = self._setup
        if self._writer is None:
            self._frames, self._waiting = FrameReader(), []
            self._reader, self._writer = await asyncio.open_connection(
                setup.host, setup.port, ssl=setup.tls
            )
        raw = mac.sign(message, setup.key) if setup.key else encode(message)
        self._writer.write(frame(raw))
        await self._writer.drain()

    async def _answer_to(self, asked: Message) -> Message:
        """Whatever answers something else, or is no answer, came late, and is passed over."""
        mti = f"{asked.mti[:2]}{int(asked.mti[2]) + 1}0"
        while True:
            raw = await self._next()
            answer = decode(raw)
            if self._setup.key and not mac.verify(raw, answer, self._setup.key):
                raise MessageMalformed("64", "its code is not the host's")
            same = all(answer.get(name) == asked.get(name) for name in _ECHOED)
            if same and answer.mti == mti and profile.RESPONSE in answer.elements:
                return answer

    async def _next(self) -> bytes:
        assert self._reader is not None, "something was sent before"
        while not self._waiting:
            raw = await self._reader.read(READ_BYTES)
            if not raw:
                raise ConnectionResetError
            self._waiting += self._frames.feed(raw)
        return self._waiting.pop(0)

    def _moment(self) -> dict[str, str]:
        """Elements 7, 12 and 13: this till's clock is UTC."""
        now = datetime.fromtimestamp(self._clock.now_ms() // SECOND_MS, UTC)
        return {
            profile.SENT_AT: f"{now:%m%d%H%M%S}",
            profile.LOCAL_TIME: f"{now:%H%M%S}",
            profile.LOCAL_DATE: f"{now:%m%d}",
        }
