"""APDUs: the questions and answers of ISO/IEC 7816-4, short form, and who carries them.

A command is class, instruction, two parameters, and perhaps data and the length expected back; a
response is data and a status word, 9000 when all is well. No message here shows data: it may be a
PIN, or what stands on a bank card.
"""

from typing import Protocol

import msgspec

DONE = 0x9000
FILE_NOT_FOUND = 0x6A82
DATA_MAX = 255  # of a short command
_ALL = 256  # Le = 00: as much as there is

_MORE = 0x61  # SW1: so many bytes wait for a GET RESPONSE
_WRONG_LENGTH = 0x6C  # SW1: ask again with this length
_GET_RESPONSE = bytes.fromhex("00C00000")
# A card that always has more would keep the till for ever. An EMV record has 254 bytes at most.
_PARTS_MAX = 16


class CardFault(Exception):
    """The card answers what it should not; another card, or the same once more, may do better."""


class CardNonsense(CardFault):
    def __init__(self, what: str) -> None:
        super().__init__(f"the card's answer is not understood: {what}")


class CardRefused(CardFault):
    """The status word says no."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the card refused (status {status:04X})")
        self.status = status


class CardLink(Protocol):
    """A card that is in a reader, or in a test."""

    def transmit(self, command: bytes) -> bytes:
        """The response with its status word. Raises CardTorn (terminals/card_reader.py)."""


class Response(msgspec.Struct, frozen=True):
    data: bytes
    status: int

    def __repr__(self) -> str:
        return f"<Response {self.status:04X}, {len(self.data)} bytes>"


def command(
    instruction: int, *, cla: int = 0, p1: int = 0, p2: int = 0, data: bytes = b""
) -> bytes:
    """With Le = 00: whatever the card has to say."""
    assert len(data) <= DATA_MAX, "a short command"
    head = bytes([cla, instruction, p1, p2])
    return head + (bytes([len(data)]) + data if data else b"") + b"\x00"


def select(aid: bytes) -> bytes:
    return command(0xA4, p1=4, data=aid)


def ask(link: CardLink, question: bytes) -> Response:
    """Also where the card answers in parts, or wants the length to be said. Raises CardNonsense."""
    response = _once(link, question)
    if response.status >> 8 == _WRONG_LENGTH:
        response = _once(link, question[:-1] + bytes([response.status & 0xFF]))
    data = response.data
    for _ in range(_PARTS_MAX):
        if response.status >> 8 != _MORE:
            return Response(data, response.status)
        response = _once(link, _GET_RESPONSE + bytes([response.status & 0xFF]))
        data += response.data
    raise CardNonsense("it has no end")


def demand(link: CardLink, question: bytes) -> bytes:
    """The data of an answer that must be good. Raises CardRefused, CardNonsense."""
    response = ask(link, question)
    if response.status != DONE:
        raise CardRefused(response.status)
    return response.data


def _once(link: CardLink, question: bytes) -> Response:
    raw = link.transmit(question)
    if not 2 <= len(raw) <= _ALL + 2:
        raise CardNonsense(f"{len(raw)} bytes")
    return Response(raw[:-2], int.from_bytes(raw[-2:], "big"))
