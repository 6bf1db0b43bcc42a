"""Card readers through PC/SC. The only importer of pyscard.

    reader = CardReader(reader_names()[0])
    card = reader.next_card()        waits
    card.transmit(command)

The same code drives a reader of metal (pcscd with libccid) and those of the bench. A context of
PC/SC belongs to one thread and one process, so a reader is opened where it is used and never
carried across a fork.

A card that is pulled out during an exchange leaves it *unknown* what it did: that is CardTorn, and
whoever gets it must ask, never guess.

    ReaderTrouble
        PcscExtraMissing    pyscard is not installed
        NoCardService       no pcscd answers
        NoSuchReader        it is not plugged in, or has another name
        CardTorn            the card went away before it had answered
"""

import resource
from collections.abc import Callable, Iterator
from types import ModuleType, TracebackType
from typing import Any, Self

# Waiting for a card ends so often to let Ctrl-C through.
LOOK_MS = 200
# The upper half of a reader's state counts how often a card has come or gone.
_TURNS_SHIFT = 16


class ReaderTrouble(Exception):
    """Base: no card can be read just now; the message says what to do."""


class PcscExtraMissing(ReaderTrouble):
    def __init__(self) -> None:
        super().__init__(
            "card readers need: sudo apt-get install pcscd libpcsclite-dev gcc pkg-config,"
            ' then pip install "airside[pcsc]"'
        )


class NoCardService(ReaderTrouble):
    def __init__(self) -> None:
        super().__init__(
            "the smart card service does not answer: sudo systemctl start pcscd.socket"
        )


class NoSuchReader(ReaderTrouble):
    def __init__(self, wanted: str, names: list[str]) -> None:
        there = ", ".join(names) or "none"
        super().__init__(f"there is no card reader {wanted!r}; plugged in: {there}")


class CardTorn(ReaderTrouble):
    def __init__(self) -> None:
        super().__init__(
            "the card was taken away too early: hold it still until the till speaks"
        )


class Card:
    """In the reader, with power. Use as `with`; leaving resets it, so that no session stays."""

    def __init__(self, scard: ModuleType, handle: Any, protocol: int) -> None:
        self._scard = scard
        self._handle = handle
        self._protocol = protocol

    def transmit(self, command: bytes) -> bytes:
        """Raises CardTorn."""
        code, answer = self._scard.SCardTransmit(
            self._handle, self._protocol, list(command)
        )
        if code != self._scard.SCARD_S_SUCCESS:
            raise CardTorn
        return bytes(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._scard.SCardDisconnect(self._handle, self._scard.SCARD_RESET_CARD)


class CardReader:
    """One reader, from one thread. Use as `with`. Raises NoCardService, NoSuchReader."""

    def __init__(self, wanted: str) -> None:
        """wanted: the name, or how it begins; a service adds numbers to names."""
        self._scard = _pyscard()
        _leave_no_core()
        self._context = _context(self._scard)
        names = _names(self._scard, self._context)
        fitting = [name for name in names if name.startswith(wanted)]
        if not fitting:
            self.close()
            raise NoSuchReader(wanted, names)
        self.name = fitting[0]
        self._turn: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._scard.SCardReleaseContext(self._context)

    def next_card(self) -> Card:
        """Wait for one, and switch it on. Raises NoSuchReader once the reader is unplugged."""
        card = self.card_unless(lambda: False)
        assert card is not None, "it is never enough"
        return card

    def card_unless(self, enough: Callable[[], bool]) -> Card | None:
        """The same; None once it is said to be enough.

        Raises NoSuchReader once the reader is unplugged.
        """
        scard = self._scard
        for state in self._states(enough):
            if not state & scard.SCARD_STATE_PRESENT:
                continue
            self._turn = state >> _TURNS_SHIFT
            code, handle, protocol = scard.SCardConnect(
                self._context,
                self.name,
                scard.SCARD_SHARE_EXCLUSIVE,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            )
            if code == scard.SCARD_S_SUCCESS:
                return Card(scard, handle, protocol)
            # Pulled out again, or it does not start up yet: the next look tries once more.
        return None

    def gone_unless(self, enough: Callable[[], bool]) -> bool:
        """Wait until the card that was read last is gone, so that it does not pay for the next
        customer; False once it is said to be enough. Raises NoSuchReader, as above.

        The service counts comings and goings: a card that went and came back meanwhile has gone.
        A reader that has read none takes the one that is in it for that.
        """
        for state in self._states(enough):
            turn = state >> _TURNS_SHIFT
            self._turn = turn if self._turn is None else self._turn
            if turn != self._turn or not state & self._scard.SCARD_STATE_PRESENT:
                return True
        return False

    def _states(self, enough: Callable[[], bool]) -> Iterator[int]:
        """The reader's state now, whenever it has changed, and at each look, until it is enough."""
        scard = self._scard
        state = scard.SCARD_STATE_UNAWARE
        while not enough():
            code, states = scard.SCardGetStatusChange(
                self._context, LOOK_MS, [(self.name, state)]
            )
            if code == scard.SCARD_E_TIMEOUT:
                yield state
                continue
            if code != scard.SCARD_S_SUCCESS:
                raise NoCardService
            state = states[0][1] & ~scard.SCARD_STATE_CHANGED
            if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                raise NoSuchReader(self.name, _names(scard, self._context))
            yield state


def reader_names() -> list[str]:
    """Raises PcscExtraMissing, NoCardService."""
    scard = _pyscard()
    context = _context(scard)
    try:
        return _names(scard, context)
    finally:
        scard.SCardReleaseContext(context)


def _leave_no_core() -> None:
    """While a bank card lies on the reader its number is in memory, and a crash would write that to
    the disk. A limit of one byte also ends a dump that is piped to a program, where 0 does not
    (Linux, fs/coredump.c).
    """
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (1 if hard else 0, hard))


def _context(scard: ModuleType) -> Any:
    code, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if code != scard.SCARD_S_SUCCESS:
        raise NoCardService
    return context


def _names(scard: ModuleType, context: Any) -> list[str]:
    code, names = scard.SCardListReaders(context, [])
    return list(names) if code == scard.SCARD_S_SUCCESS else []


def _pyscard() -> ModuleType:
    try:
        # Optional: only who reads cards has it. It comes without types.
        from smartcard import scard  # type: ignore[import-untyped] # noqa: PLC0415
    except ImportError:
        raise PcscExtraMissing from None
    module: ModuleType = scard
    return module
