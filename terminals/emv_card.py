"""Bank cards, read as far as it takes to recognise them (EMV Book 1 section 12, Book 3 section 10).

    SELECT 2PAY.SYS.DDF01 (contactless) or 1PAY.SYS.DDF01 (contact): which applications there are
    SELECT the one of highest priority           GET PROCESSING OPTIONS: where its records are
    READ RECORD, each                            the number (5A, or in 57), expiry, PAR

Nothing is charged, and no cryptogram is asked for. Of what a card tells, all but number, expiry and
PAR is dropped at once; the number stays in a Pan (terminals/pan.py). What is read is hostile: every
loop is bounded, and no message shows data.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import msgspec

from terminals.apdu import (
    DONE,
    CardFault,
    CardLink,
    CardNonsense,
    CardRefused,
    ask,
    command,
    demand,
    select,
)
from terminals.pan import PAN_DIGITS_MAX, PAN_DIGITS_MIN, Pan, par_token
from terminals.tlv import DataObject, Primitive, Template, TlvError, decode, encode, find

PPSE, PSE = b"2PAY.SYS.DDF01", b"1PAY.SYS.DDF01"
# For cards without a directory: the schemes' registered names, of which a card has a longer form.
SCHEMES = tuple(
    bytes.fromhex(aid)
    for aid in (
        "A000000003",  # Visa
        "A000000004",  # Mastercard
        "A000000025",  # American Express
        "A000000065",  # JCB
        "A000000152",  # Discover
        "A000000333",  # UnionPay
    )
)
_TEMPLATES = frozenset({0x6F, 0xA5, 0xBF0C, 0x61, 0x70, 0x77})
_AID, _PRIORITY, _SFI, _PDOL, _AFL = 0x4F, 0x87, 0x88, 0x9F38, 0x94
_NUMBER, _TRACK_2, _EXPIRY, _PAR = 0x5A, 0x57, 0x5F24, 0x9F24
_FORMAT_1, _COMMAND_TEMPLATE = 0x80, 0x83

APPLICATIONS_MAX = 8
DIRECTORY_RECORDS_MAX = 10  # Book 1, section 12.2.3
RECORDS_MAX = 32
_GET_OPTIONS, _READ_RECORD = 0xA8, 0xB2

# What a reader says of itself where a card asks (PDOL). All else is zeros: nothing is paid.
_TERMINAL = {
    0x9F66: bytes.fromhex("36000000"),  # EMV mode, online capable, contact and contactless
    0x9F1A: bytes.fromhex("0634"),
    0x5F2A: bytes.fromhex("0634"),
}

_TRACK = re.compile(r"([0-9]{12,19})D([0-9]{4})")


class NotABankCard(CardFault):
    def __init__(self) -> None:
        super().__init__("this is no bank card that can be read")


class BankCard(msgspec.Struct, frozen=True):
    """expiry: as YYYY-MM. par: empty where the card has none."""

    pan: Pan
    expiry: str
    par: str

    def __repr__(self) -> str:
        return f"<BankCard {self.pan.masked}>"

    def token(
        self, exchange: Callable[[bytes], bytes], random_bytes: Callable[[int], bytes]
    ) -> str:
        """By which the gateway knows it again. exchange: asks it, for a card without PAR."""
        if self.par:
            return par_token(self.par)
        blinded = self.pan.blinded(random_bytes)
        return blinded.token(exchange(blinded.point))


def read_bank_card(link: CardLink) -> BankCard:
    """Raises NotABankCard, CardNonsense, CardTorn."""
    try:
        for aid in _applications(link):
            response = ask(link, select(aid))
            if response.status == DONE:
                # An application may not want this terminal: then the next one is asked.
                with suppress(CardRefused):
                    return _read(link, _decoded(response.data))
    except TlvError:
        raise CardNonsense("it is no BER-TLV") from None
    raise NotABankCard


def _applications(link: CardLink) -> list[bytes]:
    """Names, best first."""
    response = ask(link, select(PPSE))
    if response.status == DONE:
        entries = list(_entries(_decoded(response.data)))
    else:
        entries = _directory(link)
    found = sorted(entries, key=lambda entry: entry[0])
    names = [aid for _, aid in found if aid][:APPLICATIONS_MAX]
    return names or list(SCHEMES)


def _directory(link: CardLink) -> list[tuple[int, bytes]]:
    response = ask(link, select(PSE))
    if response.status != DONE:
        return []
    sfi = find(_decoded(response.data), 0x6F, 0xA5, _SFI) or b"\x01"
    entries: list[tuple[int, bytes]] = []
    for number in range(1, DIRECTORY_RECORDS_MAX + 1):
        record = ask(link, _record(sfi[0], number))
        if record.status != DONE:
            break
        entries += _entries(_decoded(record.data))
    return entries


def _entries(objects: Iterable[DataObject]) -> Iterator[tuple[int, bytes]]:
    """Priority (1 is the highest, 0 is none: the last) and name of each application."""
    for item in objects:
        if isinstance(item, Template) and item.tag == 0x61:
            priority = (find(item.parts, _PRIORITY) or b"\x00")[0] & 0x0F
            yield priority or 16, find(item.parts, _AID) or b""
        elif isinstance(item, Template):
            yield from _entries(item.parts)


def _read(link: CardLink, fci: tuple[DataObject, ...]) -> BankCard:
    pdol = find(fci, 0x6F, 0xA5, _PDOL) or b""
    wanted = _filled(pdol)
    data = encode([Primitive(_COMMAND_TEMPLATE, wanted)])
    question = command(_GET_OPTIONS, cla=0x80, data=data)
    options = _decoded(demand(link, question))
    facts = dict(_facts(options))
    plain = find(options, _FORMAT_1)
    locator = plain[2:] if plain else find(options, 0x77, _AFL) or b""
    for record in _records(locator):
        response = ask(link, record)
        if response.status == DONE:
            facts |= dict(_facts(_decoded(response.data)))
    return _card(facts)


def _records(locator: bytes) -> Iterator[bytes]:
    """The questions for all records that the application file locator names."""
    asked = 0
    for place in range(0, len(locator) - 3, 4):
        sfi, first, last = locator[place] >> 3, locator[place + 1], locator[place + 2]
        for number in range(first, last + 1):
            if asked < RECORDS_MAX:
                yield _record(sfi, number)
            asked += 1


def _record(sfi: int, number: int) -> bytes:
    return command(_READ_RECORD, p1=number, p2=(sfi & 0x1F) << 3 | 4)


def _facts(objects: Iterable[DataObject]) -> Iterator[tuple[int, bytes]]:
    for item in objects:
        if isinstance(item, Template):
            yield from _facts(item.parts)
        elif item.tag in {_NUMBER, _TRACK_2, _EXPIRY, _PAR}:
            yield item.tag, item.value


def _card(facts: dict[int, bytes]) -> BankCard:
    track = _TRACK.match(facts.get(_TRACK_2, b"").hex().upper())
    digits = facts.get(_NUMBER, b"").hex().rstrip("f") or (track[1] if track else "")
    expiry = facts.get(_EXPIRY, b"").hex()[:4] or (track[2] if track else "")
    if not digits.isdigit() or not PAN_DIGITS_MIN <= len(digits) <= PAN_DIGITS_MAX:
        raise NotABankCard
    if not re.fullmatch(r"[0-9]{2}(0[1-9]|1[0-2])", expiry):
        raise NotABankCard
    par = facts.get(_PAR, b"").decode("ascii", "replace").strip()
    par = par if re.fullmatch(r"[0-9A-Z]{29}", par) else ""
    return BankCard(Pan(digits), f"20{expiry[:2]}-{expiry[2:]}", par)


def _filled(pdol: bytes) -> bytes:
    """What the card asks for: tags and lengths, one after the other, without values."""
    filled, place = b"", 0
    while place < len(pdol):
        start = place
        if pdol[place] & 0x1F == 0x1F:
            place += 1
            while place < len(pdol) and pdol[place] & 0x80:
                place += 1
        place += 1
        if place >= len(pdol):
            raise CardNonsense("what it asks for breaks off")
        tag, length = int.from_bytes(pdol[start:place], "big"), pdol[place]
        filled += _TERMINAL.get(tag, b"")[:length].ljust(length, b"\x00")
        place += 1
    if len(filled) > 250:
        raise CardNonsense("it asks for too much")
    return filled


def _decoded(raw: bytes) -> tuple[DataObject, ...]:
    return decode(raw, _TEMPLATES)
