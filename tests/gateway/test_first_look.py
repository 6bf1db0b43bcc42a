"""What a first look sees of a request, and what it leaves to the parser."""

import pytest

from gateway.first_look import caller_of, is_asked, plain

LIMIT = 100


def request(
    *headers: str, body: bytes = b"", line: str = "POST /v1/payments HTTP/1.1"
) -> bytes:
    return "\r\n".join([line, "Host: x", *headers, "", ""]).encode() + body


def to_come(data: bytes) -> int | None:
    found = plain(data, body_bytes_max=LIMIT)
    return None if found is None else found.to_come


def test_it_sees_where_a_plain_request_ends() -> None:
    assert to_come(request()) == 0
    assert to_come(request("Content-Length: 2", body=b"{}")) == 0
    assert to_come(request("content-length:2", body=b"{")) == 1
    assert to_come(request("CONTENT-LENGTH: 100")) == 100
    assert to_come(request("Connection: keep-alive", "Content-Length: 0")) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"POST /v1/payments HTTP/1.1\r\nHost: x\r\n",
        request(body=b"{}"),
        request("Content-Length: 2", body=b"{}GET"),
        request("Content-Length: 101"),
        request("Content-Length: 2", "Content-Length: 2", body=b"{}"),
        request("Content-Length: -2"),
        request("Content-Length: 2, 2", body=b"{}"),
        request("Content-Length: 0x2", body=b"{}"),
        request("Content-Length : 2", body=b"{}"),
        request("X-Content-Length: 2", body=b"{}"),
        request("Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
        request("Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
        request("Expect: 100-continue", "Content-Length: 2"),
        request("Upgrade: websocket", "Connection: Upgrade"),
        request("Connection: close"),
        request("X: a", " Content-Length: 2", body=b"{}"),
        request("X: \x00"),
        request(line="POST /v1/payments HTTP/1.0"),
        request(line="POST /v1/payments"),
    ],
)
def test_it_leaves_what_is_not_plain_to_the_parser(data: bytes) -> None:
    assert to_come(data) is None


def test_it_tells_callers_apart() -> None:
    one, two = (f"Authorization: Bearer ak_{letter * 32}" for letter in "ab")

    assert caller_of(request(one)) != caller_of(request(two))
    assert caller_of(request(one)) == caller_of(request(one, "X: y"))
    assert caller_of(request(one.replace("A", "a", 1))) == caller_of(request(one))
    signed = 'Signature-Input: airside=("@path");created=1;keyid="tk_%s";nonce="n"'
    assert caller_of(request(signed % "a")) != caller_of(request(signed % "b"))
    assert caller_of(request()) == caller_of(b"") == b""
    assert len(caller_of(request("Authorization: " + "a" * 9_000))) < 64


def test_it_knows_a_request_to_a_route() -> None:
    assert is_asked(request())
    assert is_asked(request(line="GET /v1/me HTTP/1.1"))
    assert not is_asked(request(line="GET /metrics HTTP/1.1"))
    assert not is_asked(request(line="GET /docs/v1/ HTTP/1.1"))
    assert not is_asked(b'{"path": "GET /v1/me"}')
