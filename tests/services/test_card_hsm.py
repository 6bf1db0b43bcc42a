"""The issuer's keys in a security module: Debian's SoftHSM, through PKCS#11."""

import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from services.card_hsm import HsmKeys, HsmSettings, HsmUnusable, make_hsm_key, open_hsm_keys
from services.card_issuer import UnknownIssuerKey, card_key
from services.keyring import KeysExposed
from terminals.card_format import KEY_BYTES

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
CARD = bytes(range(15))


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HsmSettings]:
    """Of this module only: SoftHSM reads once in a process where its tokens are."""
    if not MODULE.exists() or not shutil.which("softhsm2-util"):
        pytest.fail("these tests need softhsm2: `make test` installs it", pytrace=False)
    if find_spec("pkcs11") is None:
        pytest.fail('these tests need: pip install "airside[hsm]"', pytrace=False)
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    (folder / "pin").write_text("1234\n")
    (folder / "pin").chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        for label in ("airside", "spare"):
            subprocess.run(
                f"softhsm2-util --init-token --free --label {label} --pin 1234 --so-pin 5678",
                shell=True,
                check=True,
                capture_output=True,
            )
        yield HsmSettings(MODULE, "airside", folder / "pin")


@pytest.fixture(scope="module")
def keys(token: HsmSettings) -> Iterator[HsmKeys]:
    with pytest.raises(HsmUnusable, match="run `airside cards issuer-key`"):
        open_hsm_keys(token)
    assert [make_hsm_key(token), make_hsm_key(token)] == [1, 2]
    opened = open_hsm_keys(token)
    yield opened
    opened.close()


def test_a_card_s_key_derives_in_the_module_and_is_the_same_each_time(
    keys: HsmKeys, token: HsmSettings
) -> None:
    first = card_key(keys, 1, CARD)
    again = open_hsm_keys(token)

    assert card_key(again, 1, CARD) == first
    assert len(first) == KEY_BYTES
    assert keys.newest == 2
    assert card_key(keys, 2, CARD) != first


def test_a_new_key_has_no_number_that_was_given_before(token: HsmSettings) -> None:
    spare = HsmSettings(MODULE, "spare", token.pin_file)

    assert [make_hsm_key(spare, next_id=7), make_hsm_key(spare)] == [7, 8]
    opened = open_hsm_keys(spare)
    assert opened.key_ids == {7, 8}
    opened.close()


def test_the_issuer_s_key_never_leaves_the_module(keys: HsmKeys) -> None:
    import pkcs11  # noqa: PLC0415

    for key in keys._opened.keys.values():
        assert key[pkcs11.Attribute.SENSITIVE] is True
        assert key[pkcs11.Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]


def test_a_key_that_is_not_there_is_unknown(keys: HsmKeys) -> None:
    with pytest.raises(UnknownIssuerKey):
        keys.mac(9, b"")


def test_a_wrong_pin_and_a_wrong_token_are_said_without_the_pin(
    keys: HsmKeys, token: HsmSettings, tmp_path: Path
) -> None:
    wrong = tmp_path / "pin"
    wrong.write_text("9753")
    wrong.chmod(0o600)

    for settings in (
        HsmSettings(MODULE, "spare", wrong),
        HsmSettings(MODULE, "another", token.pin_file),
        HsmSettings(tmp_path / "no.so", "airside", token.pin_file),
    ):
        with pytest.raises(HsmUnusable) as refused:
            open_hsm_keys(settings)
        assert "9753" not in str(refused.value)
        assert "1234" not in str(refused.value)


def test_a_pin_file_that_others_may_read_is_refused(keys: HsmKeys, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("1234")
    pin.chmod(0o640)

    with pytest.raises(KeysExposed, match="mode 0640"):
        open_hsm_keys(HsmSettings(MODULE, "airside", pin))


def test_a_session_that_the_module_ended_is_opened_again(
    keys: HsmKeys, token: HsmSettings
) -> None:
    wanted = card_key(keys, 1, CARD)
    other = open_hsm_keys(token)

    other._opened.session.close()

    assert card_key(other, 1, CARD) == wanted


def test_a_module_that_stays_away_is_unusable_until_it_is_back(
    keys: HsmKeys, token: HsmSettings, tmp_path: Path
) -> None:
    pin = tmp_path / "pin"
    shutil.copy2(token.pin_file, pin)
    other = open_hsm_keys(HsmSettings(token.module, token.token, pin))
    other._opened.session.close()
    pin.rename(tmp_path / "away")

    with pytest.raises(HsmUnusable, match="PIN file"):
        card_key(other, 1, CARD)
    (tmp_path / "away").rename(pin)

    assert card_key(other, 1, CARD) == card_key(keys, 1, CARD)
