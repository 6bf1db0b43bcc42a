"""A till's own key, and what it is told from afar."""

import base64
import hashlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from ledger.clock import ManualClock
from ledger.errors import Happened
from terminals.attempt import Sale
from terminals.gateway_answer import Answer, NoAnswer, Refused, Unanswered
from terminals.till_identity import (
    FILE_NAME,
    Identity,
    IdentityDamaged,
    begin_pairing,
    end_pairing,
    read_identity,
)
from terminals.till_journal import TillJournal
from terminals.till_pulse import Heart, Pulse, pair
from terminals.till_settings import AboveLimit, OnDenyList, Settings
from tests.books import money

URL = "https://gateway.example"


def random_bytes(count: int) -> bytes:
    return Random(1).randbytes(count)


class Far:
    """Answers each call with the next of its answers, and keeps what it was asked."""

    def __init__(self, *answers: Answer | Happened) -> None:
        self.answers = list(answers)
        self.asked: list[object] = []

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        raise AssertionError(path, timeout_ms)

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        assert (path.startswith("/v1/terminals/"), key, timeout_ms > 0) == (True, "", True)
        self.asked.append(body)
        answer = self.answers.pop(0)
        if isinstance(answer, Happened):
            raise NoAnswer(answer)
        return answer


def answer(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


PAIRED = {"key_id": "tk_a", "terminal": {"id": "trm_a", "name": "B12", "place": ""}}


async def test_a_till_is_paired_with_the_key_that_is_on_its_disk(tmp_path: Path) -> None:
    identity = begin_pairing(tmp_path, URL, random_bytes)
    lost = Far(Happened.UNKNOWN)
    assert isinstance(await pair(lost, identity, "K7QD"), Unanswered)

    again = begin_pairing(tmp_path, URL, Random(2).randbytes)  # after a power loss
    far = Far(answer(PAIRED, 201))
    paired = await pair(far, again, "K7QD")

    assert lost.asked == far.asked
    assert isinstance(paired, Identity)
    end_pairing(tmp_path, paired)
    assert read_identity(tmp_path) == paired
    assert (paired.key, paired.terminal) == ("tk_a", "trm_a")


async def test_a_code_that_opens_nothing_pairs_nothing(tmp_path: Path) -> None:
    identity = begin_pairing(tmp_path, URL, random_bytes)
    refusal = {"detail": "No.", "happened": "no", "type": "/problems/pairing-refused"}

    verdict = await pair(Far(answer(refusal, 403)), identity, "K7QD")

    assert isinstance(verdict, Refused)
    assert verdict.problem == "pairing-refused"
    assert read_identity(tmp_path) is None


def test_a_new_pairing_makes_a_new_key(tmp_path: Path) -> None:
    first = begin_pairing(tmp_path, URL, Random(1).randbytes)
    end_pairing(tmp_path, msgspec.structs.replace(first, key="tk_a", terminal="trm_a"))

    second = begin_pairing(tmp_path, URL, Random(2).randbytes)

    assert second.public_key != first.public_key


def test_a_key_is_for_its_owner_only_and_never_printed(tmp_path: Path) -> None:
    identity = begin_pairing(tmp_path, URL, random_bytes)
    paired = msgspec.structs.replace(identity, key="tk_a", terminal="trm_a")
    end_pairing(tmp_path, paired)

    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    assert repr(identity.seed) not in repr(identity)
    assert repr(paired) == "<Identity trm_a>"
    assert repr(paired.signer) == "<Signer tk_a>"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"version":1,"seed":"c2VjcmV0"}']
)
def test_a_damaged_identity_is_named_and_not_shown(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(IdentityDamaged) as caught:
        read_identity(tmp_path)
    assert "c2Vj" not in str(caught.value)


# --- what it is told --------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[TillJournal]:
    journal = TillJournal(tmp_path, random_bytes)
    yield journal
    journal.close()


def pulse(**settings: object) -> Answer:
    told = {"version": 1, "limits": {"QAR": 50_000}, "deny": [], "keys": {}} | settings
    return answer({"now_ms": 1, "status": "active", "settings": told})


def sale(amount: str = "500.00", code: str = "hQVDUFY") -> Sale:
    return Sale(money(amount, "QAR"), "A-17", "", "", code)


async def test_what_a_till_is_told_it_still_knows_after_a_restart(
    journal: TillJournal, clock: ManualClock
) -> None:
    heart = Heart(Far(pulse()), journal, clock)
    assert heart.settings == Settings()

    beaten = await heart.beat()

    assert isinstance(beaten, Pulse)
    assert heart.settings.limits == {"QAR": 50_000}
    assert Heart(Far(), journal, clock).settings == heart.settings


async def test_a_sign_of_life_says_how_far_the_till_is(
    journal: TillJournal, clock: ManualClock
) -> None:
    far = Far(pulse())
    await Heart(far, journal, clock).beat()

    [said] = far.asked
    assert isinstance(said, dict)
    assert (said["backlog"], said["last_sequence"]) == (0, 0)
    assert said["now_ms"] == clock.now_ms()


async def test_a_gateway_that_is_silent_leaves_what_was_told(
    journal: TillJournal, clock: ManualClock
) -> None:
    heart = Heart(Far(pulse(), Happened.NO), journal, clock)
    await heart.beat()

    assert isinstance(await heart.beat(), Unanswered)
    assert heart.settings.version == 1


def test_a_sale_above_the_limit_is_refused_and_one_at_it_is_not() -> None:
    settings = Settings(limits={"QAR": 50_000})
    settings.require(sale("500.00"))
    with pytest.raises(AboveLimit, match=r"at most 500\.00 QAR"):
        settings.require(sale("500.01"))


def test_what_is_denied_is_refused_without_being_shown() -> None:
    digest = base64.b64encode(hashlib.sha256(b"hQVDUFY").digest()).decode()
    settings = Settings(deny=frozenset({digest}))
    settings.require(sale(code="hQVDUFZ"))
    with pytest.raises(OnDenyList) as caught:
        settings.require(sale(code="hQVDUFY"))
    assert "hQVDUFY" not in str(caught.value)
