"""A bank card for the bench: what EMV needs to be read, and no more. It pays for nothing.

Its number is whatever it is given, so tests plant one and look where it turns up.
"""

from terminals.apdu import DONE, FILE_NOT_FOUND
from terminals.tlv import Primitive, Template, encode

AID = bytes.fromhex("A0000000031010")
PDOL = bytes.fromhex("9F66049F02069F3704")
ATR = bytes.fromhex("3B800101")
RECORD_NOT_FOUND, NOT_SATISFIED, UNKNOWN = 0x6A83, 0x6985, 0x6D00


class EmvProgram:
    """directory: 2PAY.SYS.DDF01, 1PAY.SYS.DDF01, or empty for a card that has none.

    refusing: the name of an application that comes first and answers no question. pdol: what the
    other one wants to know of a terminal.
    """

    atr = ATR

    def __init__(
        self,
        pan: str,
        expiry: str,
        *,
        par: str = "",
        directory: str = "2PAY.SYS.DDF01",
        refusing: str = "",
        pdol: bytes = PDOL,
    ) -> None:
        self._refusing = bytes.fromhex(refusing)
        self._refuses = False
        self._pdol = pdol
        self.options_asked: list[bytes] = []
        self._directory = directory.encode()
        number = Primitive(0x5A, bytes.fromhex(pan + "F" * (len(pan) % 2)))
        until = Primitive(0x5F24, bytes.fromhex(f"{expiry}31"))
        track = f"{pan}D{expiry}2010000000000"
        track_2 = Primitive(0x57, bytes.fromhex(track + "F" * (len(track) % 2)))
        reference = (Primitive(0x9F24, par.encode()),) if par else ()
        self._records = {
            (1, 1): encode([Template(0x70, (track_2,))]),
            (2, 1): encode([Template(0x70, (number, until, *reference))]),
        }
        self.asked: list[int] = []

    def power(self) -> None:
        """It has nothing to forget."""

    def process(self, command: bytes) -> bytes:
        self.asked.append(command[1])
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        answer, status = self._answer(command, data)
        return answer + status.to_bytes(2, "big")

    def _answer(self, command: bytes, data: bytes) -> tuple[bytes, int]:
        match command[1]:
            case 0xA4:
                return self._select(data)
            case 0xA8 if self._refuses:
                return b"", NOT_SATISFIED
            case 0xA8:
                self.options_asked.append(data)
                # Format 1: interchange profile, then the places of both records.
                places = bytes.fromhex("08010100 10010101")
                return encode([Primitive(0x80, b"\x19\x80" + places)]), DONE
            case 0xB2:
                record = self._records.get((command[3] >> 3, command[2]))
                return (record, DONE) if record else (b"", RECORD_NOT_FOUND)
            case _:
                return b"", UNKNOWN

    def _select(self, name: bytes) -> tuple[bytes, int]:
        entry = Template(0x61, (Primitive(0x4F, AID), Primitive(0x87, b"\x02")))
        first = Template(0x61, (Primitive(0x4F, self._refusing), Primitive(0x87, b"\x01")))
        entries = (entry, first) if self._refusing else (entry,)
        if name and name == self._directory:
            if name.startswith(b"1"):
                self._records[1, 1] = encode([Template(0x70, entries)])
                return _fci(name, Primitive(0x88, b"\x01")), DONE
            return _fci(name, Template(0xBF0C, entries)), DONE
        self._refuses = bool(name) and name == self._refusing
        if name and (AID.startswith(name) or self._refuses):
            return _fci(name if self._refuses else AID, Primitive(0x9F38, self._pdol)), DONE
        return b"", FILE_NOT_FOUND


def _fci(name: bytes, own: Primitive | Template) -> bytes:
    return encode([Template(0x6F, (Primitive(0x84, name), Template(0xA5, (own,))))])
