"""A wallet card and a till's half of the dialogue, without a reader between them."""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from ledger.money import Money
from terminals.apdu import (
    CardFault,
    CardNonsense,
    CardRefused,
    ask,
    command,
    demand,
    select,
)
from terminals.bench_reader.wallet_program import PIN_TRIES, WalletProgram
from terminals.card_format import (
    AID,
    AUTHENTICATE,
    CLA_OWN,
    PAY,
    PIN_REFERENCE,
    VERIFY,
    Charge,
    Tap,
    TapUnreadable,
    cmac,
    cryptogram,
    gateway_proof,
    nonce_at,
    pin_block,
    read_tap,
    terminal_digest,
)
from terminals.wallet_card import (
    GatewayNotProved,
    NotOurCard,
    PinBlocked,
    PinWrong,
    authenticate,
    challenge,
    greet,
    pay,
    personalise,
    verify_pin,
)
from tests.card_in_hand import Link, written_card

CARD, KEY, PIN = bytes(range(15)), bytes(range(16)), "2468"
NOON_MS = 1_795_348_800_000


def charge(minor: int = 24_000, terminal: str = "till_b12") -> bytes:
    nonce = nonce_at(NOON_MS, Random(3).randbytes(10))
    return Charge(
        nonce, Money(minor, "QAR"), terminal_digest("mer_lounge", terminal)
    ).packed()


@pytest.fixture
def card() -> WalletProgram:
    return written_card(CARD, KEY, PIN)


@pytest.fixture
def link(card: WalletProgram) -> Link:
    return Link(card)


def proved(link: Link, what: bytes) -> None:
    fresh = challenge(link)
    authenticate(link, what + gateway_proof(KEY, CARD, fresh, what))


def tapped(link: Link, what: bytes, pin: str = "") -> Tap:
    greeting = greet(link)
    proved(link, what)
    if pin:
        verify_pin(link, pin)
    return pay(link, greeting, what)


def test_cmac_is_that_of_rfc_4493() -> None:
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")

    assert cmac(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert (
        cmac(key, bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")).hex()
        == "070a16b46b4d4144f79bdd9dd04a287c"
    )


def test_a_pin_block_is_of_format_2() -> None:
    assert pin_block("1234").hex() == "241234ffffffffff"
    assert pin_block("12345678").hex() == "2812345678ffffff"


def test_a_charge_has_its_written_form() -> None:
    packed = charge()

    assert packed[:6] == NOON_MS.to_bytes(6, "big")
    assert packed[16:36] == (24_000).to_bytes(8, "big") + b"QAR         "
    assert len(packed) == 52


def test_the_card_agrees_to_what_the_gateway_has_proved(link: Link) -> None:
    tap = tapped(link, charge())

    assert (tap.card, tap.counter, tap.pin_was_right) == (CARD, 1, False)
    assert tap.cryptogram == cryptogram(KEY, CARD, charge(), counter=1, flags=0)
    assert tap.issued_at_ms == NOON_MS
    assert link.asked == [0xA4, 0x84, AUTHENTICATE, PAY]


def test_each_tap_counts_up(link: Link) -> None:
    assert [tapped(link, charge()).counter for _ in range(3)] == [1, 2, 3]


def test_a_tap_is_read_from_its_own_text(link: Link) -> None:
    tap = tapped(link, charge(), PIN)

    assert read_tap(tap.text()) == tap
    assert tap.text().startswith("tap1.")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text + "=",
        lambda text: text.replace("tap1.", "tap2."),
        lambda text: text.upper(),
        lambda text: text[:-1] + chr(ord(text[-1]) + 1),  # the same bytes, another text
        lambda _: "",
        lambda _: "tap1.é",
    ],
)
def test_whatever_is_not_a_tap_s_own_text_is_refused(
    link: Link, spoil: Callable[[str], str]
) -> None:
    spoilt = spoil(tapped(link, charge()).text())

    with pytest.raises(TapUnreadable):
        read_tap(spoilt)


def test_a_card_does_not_believe_a_gateway_without_its_key(link: Link) -> None:
    greet(link)
    fresh = challenge(link)

    with pytest.raises(GatewayNotProved):
        authenticate(link, charge() + gateway_proof(bytes(16), CARD, fresh, charge()))
    with pytest.raises(CardRefused):
        demand(link, command(PAY, cla=CLA_OWN))


def test_a_till_cannot_change_what_the_gateway_proved(link: Link) -> None:
    greet(link)
    proof = gateway_proof(KEY, CARD, challenge(link), charge(24_000))

    with pytest.raises(GatewayNotProved):
        authenticate(link, charge(1) + proof)


def test_a_proof_is_good_for_one_challenge_and_a_challenge_for_one_proof(
    link: Link,
) -> None:
    greet(link)
    first = gateway_proof(KEY, CARD, challenge(link), charge())
    challenge(link)
    with pytest.raises(GatewayNotProved):
        authenticate(link, charge() + first)
    with pytest.raises(CardRefused):
        authenticate(link, charge() + first)


def test_a_cryptogram_is_no_proof_of_a_gateway(link: Link) -> None:
    """The first byte keeps the two apart: nobody can hand a card its own words."""
    greet(link)
    fresh = challenge(link)
    own = cmac(KEY, b"\x03" + CARD + fresh + charge())

    with pytest.raises(GatewayNotProved):
        authenticate(link, charge() + own)


def test_one_proof_gives_one_cryptogram(link: Link, card: WalletProgram) -> None:
    tapped(link, charge())

    with pytest.raises(CardRefused):
        demand(link, command(PAY, cla=CLA_OWN))
    assert card.memory.counter == 1


def test_power_ends_a_session(link: Link, card: WalletProgram) -> None:
    greet(link)
    proved(link, charge())
    card.power()

    with pytest.raises(CardRefused):
        demand(link, command(PAY, cla=CLA_OWN))


def test_a_right_pin_is_part_of_what_the_card_signs(link: Link) -> None:
    tap = tapped(link, charge(), PIN)

    assert tap.pin_was_right
    assert tap.cryptogram == cryptogram(KEY, CARD, charge(), counter=1, flags=1)


def test_a_pin_is_right_for_one_tap_only(link: Link) -> None:
    assert [tapped(link, charge(), pin).pin_was_right for pin in (PIN, "", PIN)] == [
        True, False, True,
    ]  # fmt: skip


def test_after_three_wrong_pins_the_right_one_is_of_no_use(link: Link) -> None:
    greet(link)
    proved(link, charge())
    for left in reversed(range(PIN_TRIES)):
        with pytest.raises(PinWrong) as wrong:
            verify_pin(link, "1111")
        assert wrong.value.left == left

    with pytest.raises(PinBlocked):
        verify_pin(link, PIN)


def test_a_right_pin_gives_all_tries_back(link: Link, card: WalletProgram) -> None:
    greet(link)
    proved(link, charge())
    with pytest.raises(PinWrong):
        verify_pin(link, "1111")
    verify_pin(link, PIN)

    assert card.memory.tries == PIN_TRIES


def test_no_reader_uses_up_the_tries_without_the_gateway(
    link: Link, card: WalletProgram
) -> None:
    greet(link)
    question = command(VERIFY, p2=PIN_REFERENCE, data=pin_block("1111"))

    assert [ask(link, question).status for _ in range(5)] == [0x6985] * 5
    assert card.memory.tries == PIN_TRIES


def test_a_card_is_written_once(link: Link) -> None:
    greet(link)
    with pytest.raises(CardRefused):
        personalise(link, card=CARD, key_id=1, key=bytes(16))


def test_an_empty_card_says_so_and_pays_nothing() -> None:
    link = Link(WalletProgram(Random(1).randbytes))
    assert greet(link).is_empty

    with pytest.raises(CardRefused):
        authenticate(link, charge() + bytes(16))


def test_a_card_remembers_across_power_and_programs(tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    link = Link(WalletProgram(Random(1).randbytes, file))
    greet(link)
    personalise(link, card=CARD, key_id=1, key=KEY, pin=PIN)
    tapped(link, charge())

    again = Link(WalletProgram(Random(2).randbytes, file))

    assert tapped(again, charge(), PIN).counter == 2
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_a_card_has_said_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A counter that went back after a power cut would make two taps alike."""
    synced: list[tuple[int, int]] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        stat = os.fstat(descriptor)
        synced.append((stat.st_ino, stat.st_size))

    monkeypatch.setattr(os, "fsync", fsync)
    file = tmp_path / "card.json"
    link = Link(WalletProgram(Random(1).randbytes, file))
    greet(link)
    personalise(link, card=CARD, key_id=1, key=KEY, pin=PIN)
    synced.clear()

    tapped(link, charge())

    assert synced == [
        (each.stat().st_ino, each.stat().st_size) for each in (file, tmp_path)
    ]


class Answers:
    """A card that says what it was told to say."""

    def __init__(self, *answers: str) -> None:
        self._answers = [bytes.fromhex(answer) for answer in answers]
        self.asked: list[str] = []

    def transmit(self, question: bytes) -> bytes:
        self.asked.append(question.hex())
        return self._answers.pop(0)


def test_a_card_that_answers_in_parts_is_asked_for_the_rest() -> None:
    link = Answers("6102", "abcd9000")
    assert demand(link, command(0x84)) == b"\xab\xcd"
    assert link.asked == ["0084000000", "00c0000002"]


def test_a_card_that_wants_the_length_gets_it() -> None:
    link = Answers("6c02", "abcd9000")
    assert demand(link, command(0x84)) == b"\xab\xcd"
    assert link.asked == ["0084000000", "0084000002"]


def test_a_card_that_never_ends_is_left(link: Link) -> None:
    with pytest.raises(CardNonsense, match="no end"):
        demand(Answers(*["6102"] * 50), command(0x84))


@pytest.mark.parametrize(
    "answer",
    [
        "6a82",
        "9000",
        "6f00 9000",
        "6f02a5009000",
        "84",
        "6f07a505c1010 19000".replace(" ", ""),
    ],
)
def test_what_is_not_our_card_is_said_to_be_none(answer: str) -> None:
    with pytest.raises(CardFault):
        greet(Answers(answer))


def test_no_answer_shows_its_data() -> None:
    assert "abcd" not in repr(ask(Answers("abcd9000"), select(AID))).lower()


def test_not_ours_has_one_sentence() -> None:
    assert str(NotOurCard()) == "this is not a wallet card of ours"
