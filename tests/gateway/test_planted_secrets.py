"""A card number, a key and a code, planted wherever a caller can put a text: they come out nowhere.

Looked through is all that an operator, an auditor or a thief could read afterwards: the logs, the
metrics, every answer, and each file of the data folder. A card number is nowhere; a text that looks
like a key or a code may stand in the label or the order that its caller gave that name, and nowhere
else.
"""

import re
from pathlib import Path

import pytest

from gateway import logs
from tests.gateway.harness import AMIRA, JONAS, LOUNGE, Caller, House, Json, money
from tests.gateway.terminal import Terminal

CARD = "4111111111111111"
FORMS = [CARD, "4111 1111 1111 1111", "4111-1111-1111-1111"]
# In the form of ours, and opening nothing.
KEY = "ak_" + "pl4nt3dk3y" * 3 + "zz"
CODE = "hQVDUFYwMWpsYW50ZWRjb2RlcGxhbnRlZGNvZGVwbGFudGVk"
PLANTED = [*FORMS, KEY, CODE]


def bodies(text: str) -> dict[str, Json]:
    """Each with the text in every field that takes one."""
    evidence = {"source": text, "reference": text}
    lines = [{"text": text, "amount_minor": 1}]
    return {
        "/v1/accounts": {"kind": "wallet", "currencies": ["QAR"], "label": text},
        f"/v1/accounts/{AMIRA}/top-ups": {"amount": money(1), "evidence": evidence},
        "/v1/transfers": {"from": AMIRA, "to": JONAS, "amount": money(1, text)},
        "/v1/payments": {
            "amount": money(1),
            "payer": {"account": AMIRA},
            "order": text,
            "merchant": LOUNGE,
            "place": text,
            "terminal": text,
        },
        "/v1/payments/lookup": {"key": text, "payer": {"code": text}},
        "/v1/payments/reverse": {"key": text, "payer": {"code": text}},
        "/v1/orders": {"amount": money(1), "order": text, "lines": lines},
        "/v1/demo/sign-in": {"who": text},
        "/v1/scans": {"payload": text},
        "/v1/nothing": {text: text},
    }


async def plant(house: House, caller: Caller, text: str) -> list[bytes]:
    """The answers."""
    headers = {
        "User-Agent": text,
        "Cookie": text,
        "X-Anything": text,
        "Last-Event-ID": text,
    }
    answers = []
    for path, body in bodies(text).items():
        answers.append(await caller.post(path, body, **headers))
        answers.append(await caller.post(path, {**body, text: text}))
        answers.append(await caller.post(path, body, key=text))
        answers.append(await caller.post(path, f'{{"{text}": {text}'.encode()))
    for path in (f"/v1/accounts/{text}", f"/v1/payments/{text}", f"/v1/{text}"):
        answers.append(await caller.get(path.replace(" ", "%20")))
        answers.append(await caller.post(path.replace(" ", "%20") + "/refund", key=text))
    entries = f"/v1/accounts/{AMIRA}/entries?limit={text}&before={text}&{text}={text}"
    answers.append(await caller.get(entries.replace(" ", "%20")))
    answers.append(await caller.get("/v1/me", Signature_Input=text, Signature=text))
    return [answer.raw for answer in answers]


async def as_stranger(house: House, text: str) -> list[bytes]:
    stranger = Caller(house, text)
    answers = [await stranger.get("/v1/me"), await stranger.get(f"/v1/me?key={CODE}")]
    broken = await house.nobody.get("/v1/me", Authorization=f"Basic {text}")
    return [answer.raw for answer in [*answers, broken]]


async def on_a_connection(house: House, text: str) -> list[bytes]:
    line = {"id": 1, "path": "/v1/payments", "key": text, "body": {"order": text}}
    async with Terminal(house, house.lounge) as till:
        answers = await till.ask(
            line, {**line, text: 1}, {**line, "path": f"/v1/{text[:99]}"}
        )
    return [repr(answer).encode() for answer in answers]


def digits_only(raw: bytes) -> bytes:
    """So that a number is found however it is written."""
    return re.sub(rb"(?<=\d)[ -](?=\d)", b"", raw)


def found_in(raw: bytes) -> list[str]:
    packed = digits_only(raw)
    return [text for text in (CARD, KEY, CODE) if text.encode() in packed]


def files_of(folder: Path) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
async def test_what_was_planted_is_found_nowhere(
    funded: House, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure("debug")
    answers: list[bytes] = []
    for text in PLANTED:
        for caller in (funded.operator, funded.lounge, funded.amira):
            answers += await plant(funded, caller, text)
        answers += await as_stranger(funded, text.replace(" ", ""))
        answers += await on_a_connection(funded, text)
    real_code = await funded.code()
    await funded.charge(1, payer=real_code, key="till-1")
    metrics = (await funded.nobody.get("/metrics")).raw
    funded.told_to_stop.set()
    await funded.served

    assert len(answers) > 500
    told = [(answer, found_in(answer)) for answer in answers if found_in(answer)]
    assert [(answer, found) for answer, found in told if CARD in found] == []
    assert [
        answer
        for answer, _ in told
        if b'"label":' not in answer and b'"lines":' not in answer
    ] == []
    assert found_in(metrics) == []
    logged = "".join(capfd.readouterr()).encode()
    assert found_in(logged) == []
    keys = [caller.api_key for caller in (funded.operator, funded.lounge, funded.amira)]
    for path, raw in files_of(Path(funded.config.data)):
        assert CARD not in found_in(raw), path
        assert path.name.startswith("store.") or found_in(raw) == [], path
        assert real_code.encode() not in raw, path
        assert not [key for key in keys if key and key.encode() in raw], path
