"""The program of a wallet card (terminals/card_format.py), for the bench's readers.

What a card must not forget (number, key, counter, PIN, tries) is written down before it answers,
as a chip writes its EEPROM: a counter that went back after a power loss would make two taps alike.
What it may forget, it forgets at each power-up: the challenge, the charge, that the PIN was right.
"""

import hmac
import os
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

from terminals.apdu import DONE, FILE_NOT_FOUND
from terminals.card_format import (
    AID,
    CARD_BYTES,
    CHALLENGE_BYTES,
    CHARGE_BYTES,
    COUNTER_MAX,
    HAS_PIN,
    KEY_BYTES,
    PAID,
    PIN_WAS_RIGHT,
    PROOF_BYTES,
    SW_NOT_ALLOWED,
    SW_NOT_PROVED,
    SW_PIN_BLOCKED,
    SW_PIN_WRONG,
    TAG_CARD,
    TAG_FLAGS,
    TAG_KEY_ID,
    TAG_VERSION,
    VERSION,
    cryptogram,
    gateway_proof,
)
from terminals.till_journal import sync_folder
from terminals.tlv import Primitive, Template, encode
from terminals.wallet_card import NO_PIN

SELECT = 0xA4
SW_WRONG_LENGTH, SW_UNKNOWN = 0x6700, 0x6D00
PIN_TRIES = 3
# T=1, and five historical bytes for people who look at it (ISO/IEC 7816-3).
ATR = bytes.fromhex("3B858001") + b"ASIDE" + b"\x10"

_PERSONAL = struct.Struct(f">{CARD_BYTES}sB{KEY_BYTES}s8s")


class Memory(msgspec.Struct):
    """What stays without power. An empty card has no key."""

    card: bytes = bytes(CARD_BYTES)
    key_id: int = 0
    key: bytes = b""
    counter: int = 0
    pin_block: bytes = NO_PIN
    tries: int = PIN_TRIES

    def __repr__(self) -> str:
        return f"<Memory of a wallet card at counter {self.counter}>"


class WalletProgram:
    """file: where the memory stands, for its owner only; without one it is lost with the object."""

    atr = ATR

    def __init__(
        self, random_bytes: Callable[[int], bytes], file: Path | None = None
    ) -> None:
        self._random_bytes = random_bytes
        self._file = file
        self.memory = _read(file) if file and file.exists() else Memory()
        self.power()

    def power(self) -> None:
        self._selected = False
        self._challenge = b""
        self._charge = b""
        self._flags = 0

    def process(self, command: bytes) -> bytes:
        data = command[5 : 5 + command[4]] if len(command) > 5 else b""
        answer, status = self._answer(command[0], command[1], data)
        return answer + status.to_bytes(2, "big")

    def _answer(self, cla: int, instruction: int, data: bytes) -> tuple[bytes, int]:
        if (cla, instruction) == (0, SELECT):
            return self._select(data)
        if not self._selected:
            return b"", SW_NOT_ALLOWED
        match cla, instruction:
            case 0, 0x84:  # GET_CHALLENGE
                self._challenge = self._random_bytes(CHALLENGE_BYTES)
                return self._challenge, DONE
            case 0x80, 0x82:  # AUTHENTICATE
                return b"", self._authenticate(data)
            case 0, 0x20:  # VERIFY
                return b"", self._verify(data)
            case 0x80, 0xAE:  # PAY
                return self._pay()
            case 0x80, 0xE2:  # PERSONALISE
                return b"", self._personalise(data)
            case _:
                return b"", SW_UNKNOWN

    def _select(self, aid: bytes) -> tuple[bytes, int]:
        self.power()
        if aid != AID:
            return b"", FILE_NOT_FOUND
        self._selected = True
        memory = self.memory
        flags = HAS_PIN if memory.pin_block != NO_PIN else 0
        own = (
            Primitive(TAG_VERSION, bytes([VERSION])),
            Primitive(TAG_CARD, memory.card),
            Primitive(TAG_KEY_ID, bytes([memory.key_id])),
            Primitive(TAG_FLAGS, bytes([flags])),
        )
        return encode([Template(0x6F, (Primitive(0x84, AID), Template(0xA5, own)))]), DONE

    def _authenticate(self, data: bytes) -> int:
        """A challenge is good for one attempt, whatever becomes of it."""
        challenge, self._challenge = self._challenge, b""
        self._charge, self._flags = b"", 0
        if len(data) != CHARGE_BYTES + PROOF_BYTES:
            return SW_WRONG_LENGTH
        if not self.memory.key or not challenge:
            return SW_NOT_ALLOWED
        charge, proof = data[:CHARGE_BYTES], data[CHARGE_BYTES:]
        wanted = gateway_proof(self.memory.key, self.memory.card, challenge, charge)
        if not hmac.compare_digest(wanted, proof):
            return SW_NOT_PROVED
        self._charge = charge
        return DONE

    def _verify(self, block: bytes) -> int:
        """Only where the gateway has proved itself: no reader in a crowd uses up the tries."""
        memory = self.memory
        if not self._charge or memory.pin_block == NO_PIN:
            return SW_NOT_ALLOWED
        if not memory.tries:
            return SW_PIN_BLOCKED
        memory.tries -= (
            1  # written down before it is compared: pulling the card out is no way
        )
        self._keep()  # round it
        if not hmac.compare_digest(block, memory.pin_block):
            return SW_PIN_WRONG | memory.tries
        memory.tries = PIN_TRIES
        self._keep()
        self._flags |= PIN_WAS_RIGHT
        return DONE

    def _pay(self) -> tuple[bytes, int]:
        charge, self._charge = self._charge, b""
        memory = self.memory
        if not charge or memory.counter >= COUNTER_MAX:
            return b"", SW_NOT_ALLOWED
        memory.counter += 1
        self._keep()
        proof = cryptogram(
            memory.key, memory.card, charge, counter=memory.counter, flags=self._flags
        )
        return PAID.pack(memory.counter, self._flags, proof), DONE

    def _personalise(self, data: bytes) -> int:
        if self.memory.key:
            return SW_NOT_ALLOWED
        if len(data) != _PERSONAL.size:
            return SW_WRONG_LENGTH
        card, key_id, key, block = _PERSONAL.unpack(data)
        self.memory = Memory(card=card, key_id=key_id, key=key, pin_block=block)
        self._keep()
        return DONE

    def _keep(self) -> None:
        if self._file is None:
            return
        aside = self._file.with_suffix(".new")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 — the mode is set at birth
            file.write(msgspec.json.encode(self.memory))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._file)
        sync_folder(self._file.parent)


def _read(file: Path) -> Memory:
    return msgspec.json.decode(file.read_bytes(), type=Memory)
