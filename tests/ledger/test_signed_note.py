"""Signed notes are those of c2sp.org/signed-note: what others signed is read too."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.signed_note import (
    NOTE_CHARACTERS_MAX,
    BadKey,
    BadNote,
    Note,
    PublicKey,
    Signature,
    notes_in,
)

# The example of the Go project's own implementation (golang.org/x/mod/sumdb/note).
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """\
If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""  # noqa: E501 — as it was published

SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = PublicKey("airside/test/0", SECRET.public_key().public_bytes_raw())


def signed(text: str, key: PublicKey = KEY) -> Note:
    return Note(text, (Signature(key.name, key.id, SECRET.sign(text.encode())),))


def test_a_note_that_another_implementation_signed_is_read() -> None:
    key, note = PublicKey.parse(GO_KEY), Note.parse(GO_NOTE)

    key.require_signed(note)

    assert key.name == "PeterNeumann"
    assert str(note) == GO_NOTE
    assert key.text == GO_KEY


def test_what_is_signed_is_read_again() -> None:
    note = signed("one\ntwo\n")

    assert Note.parse(str(note)) == note
    KEY.require_signed(note)


@settings(deadline=None)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_note_with_any_bit_flipped_is_refused(place: int, bit: int) -> None:
    written = bytearray(str(signed("origin\n17\nroot\n")).encode())
    written[place % len(written)] ^= 1 << bit

    with pytest.raises((BadNote, UnicodeDecodeError)):
        KEY.require_signed(Note.parse(written.decode()))


def test_a_signature_of_a_key_that_nobody_knows_is_passed_over() -> None:
    """Witnesses may add theirs (c2sp.org/tlog-cosignature)."""
    note = signed("text\n")
    witness = Signature("witness.example", b"wits", bytes(72))

    KEY.require_signed(Note(note.text, (witness, *note.signatures)))


def test_a_signature_under_another_name_does_not_count() -> None:
    with pytest.raises(BadNote, match="no signature is by the key airside/test/0"):
        KEY.require_signed(signed("text\n", KEY.named("airside/test/1")))


def test_a_second_signature_of_the_key_that_does_not_fit_spoils_the_note() -> None:
    note = signed("text\n")
    forged = Signature(KEY.name, KEY.id, bytes(64))

    with pytest.raises(BadNote, match="does not fit the text"):
        KEY.require_signed(Note(note.text, (*note.signatures, forged)))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— name %%%%\n",
        "text\n\n— name AAAA\n",
        str(signed("text\n")).removesuffix("\n"),
        str(signed("text\n")) + "more\n",
        "a" * NOTE_CHARACTERS_MAX + str(signed("text\n")),
        str(signed("text\n")).replace("— airside", "—  airside"),
    ],
)
def test_what_is_no_note_is_refused(written: str) -> None:
    with pytest.raises(BadNote):
        Note.parse(written)


def test_base64_with_idle_bits_set_is_another_spelling_and_refused() -> None:
    line = signed("text\n").signatures[0].line.removesuffix("\n")
    assert line.endswith("=")
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    altered = line[:-2] + spare[spare.index(line[-2]) ^ 1] + "="
    assert base64.b64decode(altered.split()[2]) == base64.b64decode(line.split()[2])

    with pytest.raises(BadNote, match="another way"):
        Signature.parse(altered)


@pytest.mark.parametrize("between", ["", "\n", "\n\n"])
def test_notes_one_after_the_other_are_told_apart(between: str) -> None:
    notes = [signed("one\n"), signed("two\n")]

    assert notes_in(between.join(str(note) for note in notes)) == notes


@pytest.mark.parametrize("rest", ["and more\n", "text\n\n", "— name AAAA\nx\n"])
def test_what_stands_behind_the_notes_is_not_passed_over(rest: str) -> None:
    with pytest.raises(BadNote):
        notes_in(str(signed("one\n")) + "\n" + rest)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("airside", "expected name"),
        ("a b+00000000+AAAA", "expected name"),
        ("airside+00000000+%", "not base64"),
        ("airside+00000000+AAAA", "not one of Ed25519"),
        (GO_KEY.replace("c74f20a3", "c74f20a4"), "its id is c74f20a3, not c74f20a4"),
    ],
)
def test_what_is_no_public_key_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadKey, match=why):
        PublicKey.parse(text)
