"""The key of the evidence is made once, kept apart, and never shown."""

import pickle
import stat
from pathlib import Path
from random import Random

import pytest

from ledger.signed_note import Note, PublicKey
from services.keyring import KeysDamaged, KeysExposed
from services.signing_key import FILE_NAME, SigningKey, open_signing_key, public_key_of


def opened(folder: Path, seed: int = 1) -> SigningKey:
    return open_signing_key(folder, random_bytes=Random(seed).randbytes)


def test_the_first_time_makes_the_key_and_it_stays(tmp_path: Path) -> None:
    first = opened(tmp_path, seed=1)

    assert opened(tmp_path, seed=2).public == first.public
    assert public_key_of(tmp_path) == first.public
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


def test_each_installation_has_its_own_name_and_key(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = opened(tmp_path).public, opened(tmp_path / "other", seed=2).public

    assert first.name.startswith("airside/")
    assert first.name != second.name
    assert first.raw != second.raw


def test_what_it_signs_the_public_key_confirms(tmp_path: Path) -> None:
    key = opened(tmp_path)
    name = f"{key.public.name}/0"

    note = Note("text\n", (key.sign(name, "text\n"),))

    PublicKey.parse(key.public.named(name).text).require_signed(note)


def test_who_only_checks_makes_no_key(tmp_path: Path) -> None:
    assert public_key_of(tmp_path) is None
    assert not (tmp_path / FILE_NAME).exists()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o640)

    for ask in (opened, public_key_of):
        with pytest.raises(KeysExposed, match="0640"):
            ask(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        '{"version": 2, "installation": "airside/abcdefghijklmnop", "ed25519": "AAAA"}',
        '{"version": 1, "installation": "airside/abcdefghijklmnop", "ed25519": "AAAA"}',
    ],
)
def test_a_damaged_key_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(content)

    with pytest.raises(KeysDamaged):
        opened(tmp_path)
    assert path.read_text() == content


def test_the_secret_is_in_no_repr_and_stays_in_its_process(tmp_path: Path) -> None:
    key = opened(tmp_path)

    assert repr(key) == f"<SigningKey of {key.public.name}>"
    with pytest.raises(TypeError):
        pickle.dumps(key)
