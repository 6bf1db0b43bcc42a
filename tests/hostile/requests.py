"""Requests that nobody should send, drawn from a seed: bytes, as they go over the wire.

Most begin as a request that could be meant, to a route that there is, under a key that opens; then
one or two things are done to it. What is drawn from noise alone never gets past the first door.
"""

import json
import math
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

Json = Any

AMOUNTS = (
    0,
    1,
    -1,
    2**53 - 1,
    2**53,
    2**63,
    10**30,
    1.5,
    math.nan,
    math.inf,
    "1",
    True,
    None,
)
TEXTS = (
    "",
    " ",
    "A-17",
    "a" * 64,
    "a" * 65,
    "a" * 5_000,
    "\u0000",
    "\u202e",
    "\ud83d\ude00",
    "é" * 40,
    "4111111111111111",
    "ak_" + "b" * 32,
    "../../etc/passwd",
    "' OR 1=1 --",
    "<script>",
    "%00",
    "${7*7}",
    "\r\nX: y",
    "-1",
    "null",
    "{}",
)
NAMES = (
    "amount",
    "amount_minor",
    "currency",
    "payer",
    "code",
    "account",
    "card",
    "order",
    "merchant",
    "capture",
    "place",
    "terminal",
    "expires_in_s",
    "key",
    "from",
    "to",
    "evidence",
    "source",
    "reference",
    "kind",
    "currencies",
    "label",
    "lines",
    "text",
    "final",
    "who",
    "name",
    "id",
)
METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "get",
    "QUERY",
)
PATHS = (
    "/",
    "/v1",
    "/v1/",
    "/v1//payments",
    "/v1/payments/",
    "/v1/%70ayments",
    "/v1/payments/../me",
    "/healthz",
    "/openapi.json",
    "/v1/accounts/%00",
    "/v1/accounts/%ff",
    "/v1/accounts/" + "a" * 4_000,
    "/v1/events",
    "/v1/terminal",
    "*",
    "http://elsewhere.test/v1/me",
    "/v1/me?" + "a=b&" * 500,
    "/v1/me#x",
    "/\\..\\",
)


class World(NamedTuple):
    """What there is: operations as `POST /v1/payments`, keys that open, ids of things."""

    operations: Sequence[str]
    keys: Sequence[str]
    ids: Sequence[str]


class Hostile(NamedTuple):
    """What is sent, in the parts in which it is written; parts that never come are missing.

    meant: the operation, if it is asked as HTTP asks; then its answer must be one of those that the
    operation declares. whole: an answer must come.
    """

    parts: list[bytes]
    meant: str = ""
    whole: bool = True


def draw(source: Random, world: World) -> Hostile:
    kind = source.choices([_asked, _broken, _noise], [16, 4, 1])[0]
    return kind(source, world)


def _asked(source: Random, world: World) -> Hostile:
    """Well-formed HTTP, to a route that there is."""
    operation, body = source.choice(world.operations), b""
    if source.random() < 0.4:
        operation, meant = _meant(source, world)
        body = _utf8(json.dumps(meant))
    elif not operation.startswith("GET") or source.random() < 0.1:
        body = _body(source, world)
    method, path = operation.split()
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + _segment(source, world) + path[end + 1 :]
    if source.random() < 0.2:
        path += "?" + source.choice(_QUERIES)
    headers = _headers(source, world)
    if source.random() < 0.1:
        return Hostile(_chunked(source, f"{method} {path}", headers, body), operation)
    return Hostile(_split(source, _request(f"{method} {path}", headers, body)), operation)


_QUERIES = ("limit=-1", "before=x", "limit=" + "9" * 20, "a", "%zz", "limit=", "a=b&" * 50)


def _segment(source: Random, world: World) -> str:
    if source.random() < 0.5:
        return source.choice(world.ids)
    text = source.choice([*TEXTS, "acc_" + "a" * 24, "pay_" + "z" * 32, "me", "lookup"])
    return quote(_utf8(text), safe="") or "x"


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


_BAD_KEYS = ("", "ak_short", "é", "a" * 2_000, "ak_" + "b" * 32)
_BAD_IDEMPOTENCY_KEYS = ("", "a b", "k" * 65, "é", '"q"')


def _headers(source: Random, world: World) -> list[str]:
    headers = ["Host: airside.test"]
    if source.random() < 0.95:
        key = source.choice(_BAD_KEYS if source.random() < 0.1 else world.keys)
        kind = source.choice(["Bearer"] * 18 + ["bearer", "Basic"])
        headers.append(f"Authorization: {kind} {key}")
    if source.random() < 0.95:
        fresh = f"k-{source.randrange(10**9)}"
        bad = source.random() < 0.1
        key = source.choice(_BAD_IDEMPOTENCY_KEYS) if bad else fresh
        headers.append(f"Idempotency-Key: {key}")
    if source.random() < 0.2:
        headers.append(source.choice(_STRANGE))
    return headers


_STRANGE = (
    "Content-Type: text/xml",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Accept: nothing/none",
    "Cookie: " + "a=b; " * 300,
    "X-Forwarded-For: 1.2.3.4, ::1, x",
    "Signature-Input: airside=();created=1",
    "Signature: airside=:AAAA:",
    "Last-Event-ID: 9.9,9.x",
    "Range: bytes=0-1",
    "Expect: 200-ok",
    "Upgrade: h2c",
    "If-None-Match: *",
    "Content-Digest: sha-256=:x:",
)


def _body(source: Random, world: World) -> bytes:
    shape = source.randrange(6)
    if shape == 0:
        return source.randbytes(source.randrange(200))
    if shape == 1:
        return source.choice(_BODIES)
    names = [source.choice(NAMES) for _ in range(source.randrange(6))]
    raw = _utf8(json.dumps({name: _value(source, world, 3) for name in names}))
    if shape == 2:  # some bytes of it are others
        damaged = bytearray(raw)
        for _ in range(source.randrange(1, 4)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        return bytes(damaged)
    return raw if shape < 5 else raw[: source.randrange(len(raw) + 1)]


_BODIES = (
    b"[" * 9_000,
    b'{"a":' * 3_000,
    b'"' + b"\\u0000" * 900 + b'"',
    b"\xff\xfe{}",
    b"nul",
    b" " * 20_000,
    b'{"amount":{"amount_minor":1,"amount_minor":2,"currency":"QAR"},"order":"A","order":"B"}',
)


def _meant(source: Random, world: World) -> tuple[str, Json]:
    """What could be asked, and in half of the cases one thing is wrong with it."""
    amount = {"amount_minor": source.choice([1, 240]), "currency": "QAR"}
    one, other = source.choice(world.ids), source.choice(world.ids)
    text = source.choice(TEXTS)
    lines = [{"text": "x", "amount_minor": 1}] * source.choice([1, 60])
    asked: dict[str, Json] = {
        "POST /v1/accounts": {"kind": "wallet", "currencies": ["QAR"], "label": text},
        "POST /v1/accounts/{id}/codes": {},
        "POST /v1/accounts/{id}/top-ups": {
            "amount": amount,
            "evidence": {"source": "bank", "reference": text},
        },
        "POST /v1/transfers": {"from": one, "to": other, "amount": amount},
        "POST /v1/payments": {
            "amount": amount,
            "payer": source.choice([{"account": one}, {"code": text}, {}]),
            "order": text,
        },
        "POST /v1/payments/lookup": {"key": text, "payer": {"account": one}},
        "POST /v1/payments/reverse": {"key": text, "payer": {"code": text}},
        "POST /v1/orders": {"amount": amount, "order": text, "lines": lines},
    }
    operation = source.choice(list(asked))
    body = asked[operation]
    if body and source.random() < 0.5:
        body[source.choice(list(body))] = _value(source, world, 2)
    return operation, body


def _value(source: Random, world: World, depth: int) -> Json:
    kind = source.randrange(6 if depth else 4)
    if kind == 4:
        return [_value(source, world, depth - 1) for _ in range(source.randrange(4))]
    if kind == 5:
        return {
            source.choice(NAMES): _value(source, world, depth - 1)
            for _ in range(source.randrange(4))
        }
    return source.choice(
        [AMOUNTS, TEXTS, world.ids, ["QAR", "AVIOS", "bank", "automatic"]][kind]
    )


def _request(asked: str, headers: Sequence[str], body: bytes) -> bytes:
    lines = [f"{asked} HTTP/1.1", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return _utf8("\r\n".join([*lines, "", ""])) + body


def _chunked(
    source: Random, asked: str, headers: Sequence[str], body: bytes
) -> list[bytes]:
    parts = [_request(asked, [*headers, "Transfer-Encoding: chunked"], b"")]
    while body:
        size = source.randrange(1, len(body) + 1)
        parts.append(b"%x\r\n" % size + body[:size] + b"\r\n")
        body = body[size:]
    return [*parts, b"0\r\n\r\n"]


def _split(source: Random, raw: bytes) -> list[bytes]:
    if source.random() < 0.8:
        return [raw]
    at = source.randrange(len(raw) + 1)
    return [raw[:at], raw[at:]]


def _broken(source: Random, world: World) -> Hostile:
    """HTTP that is wrong, ends too soon, or asks for what there is not."""
    raw = b"".join(_asked(source, world).parts)
    strange = f"{source.choice(METHODS)} {source.choice(PATHS)}"
    version = source.choice([b"HTTP/1.0", b"HTTP/9.9", b"HTTP"])
    broken = source.choice(
        [
            raw[: source.randrange(len(raw))],
            raw.replace(b"\r\n", b"\n"),
            raw.replace(b"HTTP/1.1", version, 1),
            raw.replace(b"Host:", b"Host :", 1),
            raw.replace(b"Content-Length: ", b"Content-Length: 9", 1),
            raw.replace(b"\r\n", b"\r\nX: " + b"a" * 9_000 + b"\r\n", 1),
            raw.replace(b"\r\n", b"\r\n" + b"X: y\r\n" * 200, 1),
            raw * 3,
            _request(strange, _headers(source, world), b""),
        ]
    )
    return Hostile([broken], whole=False)


def _noise(source: Random, _world: World) -> Hostile:
    return Hostile([source.randbytes(source.randrange(1, 400))], whole=False)
