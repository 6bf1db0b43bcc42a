"""RFC 9421 and RFC 9530: their own examples, letter by letter, and what is refused."""

import base64
import hashlib
import hmac
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from terminals.http_signature import (
    HEADER_CHARS_MAX,
    ComponentMissing,
    DigestWrong,
    Message,
    NotWellFormed,
    SignatureRefused,
    SignatureWrong,
    Signer,
    content_digest,
    read_input,
    read_signature,
    require_digest,
    signature_base,
    verify,
)

# RFC 9421, appendix B.2: the request that its examples sign.
BODY = b'{"hello": "world"}'
SHA512 = (
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwE"
    "mTHWXvJwew==:"
)
REQUEST = Message(
    method="POST",
    authority="example.com",
    path="/foo",
    query="param=Value&Pet=dog",
    headers={
        "host": "example.com",
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-digest": SHA512,
        "content-length": "18",
    },
)
# Appendix B.1.4, test-key-ed25519: `d` and `x` of its JWK.
PRIVATE = base64.urlsafe_b64decode("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU=")
PUBLIC = base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
# Appendix B.2.6.
B26_INPUT = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
B26_BASE = b""""date": Tue, 20 Apr 2021 02:07:55 GMT
"@method": POST
"@path": /foo
"@authority": example.com
"content-type": application/json
"content-length": 18
"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")"""
B26_SIGNATURE = (
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lI"
    "p5WPpBKRCw==:"
)
# Appendix B.1.5 and B.2.5.
SECRET = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
B25_INPUT = (
    'sig-b25=("date" "@authority" "content-type")'
    ';created=1618884473;keyid="test-shared-secret"'
)
B25_SIGNATURE = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8="


def test_the_base_of_example_b_2_6_is_the_published_one() -> None:
    [signed] = read_input(B26_INPUT)
    base = signature_base(REQUEST, signed.components, signed.text)

    assert base == B26_BASE + b';created=1618884473;keyid="test-key-ed25519"'


def test_the_signature_of_example_b_2_6_verifies_and_is_made_again() -> None:
    [signed] = read_input(B26_INPUT)
    signature = read_signature(B26_SIGNATURE, signed.label)
    base = signature_base(REQUEST, signed.components, signed.text)

    verify(REQUEST, signed, signature, PUBLIC)

    assert Ed25519PrivateKey.from_private_bytes(PRIVATE).sign(base) == signature


def test_the_base_of_example_b_2_5_gives_its_published_code() -> None:
    """Its algorithm is not ours, its base is: HMAC over it is the published signature."""
    [signed] = read_input(B25_INPUT)
    base = signature_base(REQUEST, signed.components, signed.text)
    code = hmac.digest(base64.b64decode(SECRET), base, hashlib.sha256)

    assert base64.b64encode(code).decode() == B25_SIGNATURE


def test_query_and_empty_path_are_covered_as_section_2_2_says() -> None:
    root = Message("GET", "Example.COM", "", "", {})

    base = signature_base(REQUEST, ["@query"], "()").decode()
    of_root = signature_base(root, ["@path", "@authority", "@query"], "()").decode()

    assert base.splitlines()[0] == '"@query": ?param=Value&Pet=dog'
    assert of_root.splitlines()[:3] == [
        '"@path": /',
        '"@authority": example.com',
        '"@query": ?',
    ]


def test_digests_are_those_that_rfc_9421_publishes() -> None:
    assert content_digest(BODY) == "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"
    require_digest(content_digest(BODY), BODY)
    require_digest(SHA512, BODY)
    require_digest(f"md5=:AAAA:, {SHA512}", BODY)


@pytest.mark.parametrize(
    "header", ["md5=:AAAA:", "sha-256=:AAAA:", f"{content_digest(BODY)}, sha-512=:AAAA:"]
)
def test_a_digest_of_something_else_is_refused(header: str) -> None:
    with pytest.raises(DigestWrong):
        require_digest(header, BODY)


@pytest.mark.parametrize(
    "header", ["", "sha-256", "sha-256=:A:", "sha-256=:AAAA:;a=1", "é"]
)
def test_a_digest_that_is_none_is_refused(header: str) -> None:
    with pytest.raises(NotWellFormed):
        require_digest(header, BODY)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sig",
        "sig=()x",
        'sig=("@method"',
        'sig=("@method"  "@path")',
        'sig=("@method" "@method");created=1',
        'sig=("@query-param";name="Pet");created=1',
        'sig=("@method");created=1;created=2',
        "sig=();created=1.5",
        'sig=();keyid="a\\"b"',
        "sig=();keyid=token",
        "sig=(), sig=()",
        "sig=(),",
        "Sig=()",
        "sig=();created=1234567890123456",
        "sig=()" + ";a=1" * HEADER_CHARS_MAX,
    ],
)
def test_an_input_that_is_not_understood_is_refused(header: str) -> None:
    with pytest.raises(NotWellFormed):
        read_input(header)


def test_several_signatures_are_told_apart() -> None:
    first, second = read_input('a=("@path");created=7, proxy=();keyid="p"')

    assert (first.label, first.number_of("created")) == ("a", 7)
    assert (second.label, second.text_of("keyid")) == ("proxy", "p")
    with pytest.raises(NotWellFormed):
        second.number_of("created")
    with pytest.raises(NotWellFormed):
        first.text_of("created")


def signed_by_a_till(message: Message) -> dict[str, str]:
    signer = Signer(Ed25519PrivateKey.from_private_bytes(PRIVATE), "tk_1")
    return signer.headers(message, created_s=1_763_802_000, nonce="nonce-17")


def test_what_a_till_signs_verifies_and_covers_what_decides() -> None:
    message = Message(
        "POST",
        "gw.example:8443",
        "/v1/payments",
        "a=1",
        {"content-digest": content_digest(BODY), "idempotency-key": "k"},
    )
    headers = signed_by_a_till(message)
    [signed] = read_input(headers["Signature-Input"])

    verify(message, signed, read_signature(headers["Signature"], signed.label), PUBLIC)

    assert set(signed.components) == {
        "@method",
        "@authority",
        "@path",
        "@query",
        "content-digest",
        "idempotency-key",
    }
    assert signed.text_of("nonce") == "nonce-17"


@pytest.mark.parametrize(
    "altered",
    [
        {"method": "PUT"},
        {"authority": "gw.example"},
        {"path": "/v1/payments/"},
        {"headers": {"content-digest": content_digest(BODY), "idempotency-key": "l"}},
        {"headers": {"content-digest": content_digest(b""), "idempotency-key": "k"}},
    ],
)
def test_a_signature_does_not_fit_another_request(altered: dict[str, object]) -> None:
    fields = {
        "method": "POST",
        "authority": "gw.example:8443",
        "path": "/v1/payments",
        "query": "",
        "headers": {"content-digest": content_digest(BODY), "idempotency-key": "k"},
    }
    headers = signed_by_a_till(Message(**fields))  # type: ignore[arg-type]  # a row of a table
    [signed] = read_input(headers["Signature-Input"])
    signature = read_signature(headers["Signature"], signed.label)

    other = Message(**(fields | altered))  # type: ignore[arg-type]  # the same
    with pytest.raises(SignatureWrong):
        verify(other, signed, signature, PUBLIC)


def test_what_is_covered_must_be_there() -> None:
    [signed] = read_input('sig=("x-none");created=1')
    with pytest.raises(ComponentMissing):
        verify(REQUEST, signed, b"0" * 64, PUBLIC)


@pytest.mark.parametrize(
    ("header", "error"),
    [("sig=:AAAA:", SignatureWrong), ("other=:AAAA:", NotWellFormed), ("", NotWellFormed)],
)
def test_a_signature_that_is_none_is_refused(
    header: str, error: type[SignatureRefused]
) -> None:
    with pytest.raises(error):
        read_signature(header, "sig")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (
        read_input,
        lambda header: read_signature(header, "airside"),
        lambda header: require_digest(header, BODY),
    ):
        with suppress(SignatureRefused):
            read(text)
