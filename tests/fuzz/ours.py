"""What we wrote ourselves and read again: payment codes, frames to a partition, journal entries;
each with a few bytes of it changed, cut off or doubled.
"""

from random import Random

import msgspec

from actors.frame import Commands, Heartbeat, decode_request, encode
from ledger.commands import Authorise, CaptureMode, Envelope, ReadAccount, ReadEntries
from ledger.entry import Place, build, seal, unseal
from ledger.events import AccountKind, AccountOpened, PartitionOpened, Sale
from ledger.ids import derive_account
from ledger.money import Money
from terminals.payment_code import CodeKeys, CodeUnreadable, PaymentCode

AMIRA = derive_account("prn_fuzz", "amira")
KEYS = CodeKeys([(1, bytes(range(32)))], Random(1).randbytes)
_MEANT = [PaymentCode(AMIRA, 1, number, 1_767_225_600_000) for number in range(8)]
_CODES = [KEYS.seal(code) for code in _MEANT]
_SALE = Sale("mer_a", bytes(16), "terminal", "DOH-T1-B12", "till_b12")
_FRAMES = [
    encode(Heartbeat()),
    encode(Commands([Envelope(ReadAccount(account=AMIRA), "prn_a")])),
    encode(Commands([Envelope(ReadEntries(account=AMIRA, before=7, limit=50))] * 3)),
    encode(
        Commands(
            [
                Envelope(
                    Authorise(
                        account=AMIRA,
                        amount=Money(240, "QAR"),
                        sale=_SALE,
                        capture=CaptureMode.MANUAL,
                        hold_ms=1,
                    ),
                    "prn_a",
                    bytes(16),
                    bytes(16),
                    1,
                )
            ]
        )
    ),
]
_ENTRIES = [
    seal(
        build(AMIRA, AccountOpened(AccountKind.WALLET, ("QAR", "AVIOS")), Place(2, 1)),
        bytes(32),
    ),
    seal(build(AMIRA, PartitionOpened(0, b"token", 1, 1), Place(1, 1)), bytes(32)),
]


def code(source: Random) -> str:
    raw = _damaged(source, source.choice(_CODES).encode())
    return raw.decode(errors="replace")


def judge_code(drawn: str) -> bool:
    try:
        opened = KEYS.open(drawn)
    except CodeUnreadable:
        return False
    assert opened.code in _MEANT, "a code that nobody sealed was opened"
    return True


def request(source: Random) -> bytes:
    return _damaged(source, source.choice(_FRAMES))


def judge_request(drawn: bytes) -> bool:
    try:
        decode_request(drawn)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # as the partition's socket takes it: that peer loses its connection
    return True


def entry(source: Random) -> bytes:
    return _damaged(source, source.choice(_ENTRIES).body)


def judge_entry(drawn: bytes) -> bool:
    try:
        unseal(drawn)
    except msgspec.DecodeError:
        return False
    return True


def _damaged(source: Random, raw: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(source.choice((0, 1, 1, 2, 4))):
        at = source.randrange(len(damaged)) if damaged else 0
        match source.randrange(4):
            case 0 if damaged:
                damaged[at] ^= 1 << source.randrange(8)
            case 1 if damaged:
                damaged[at] = source.randrange(256)
            case 2:
                del damaged[at : at + source.randrange(9)]
            case _:
                damaged[at:at] = source.randbytes(source.randrange(9))
    return bytes(damaged)
