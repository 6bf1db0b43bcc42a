from ledger.keys import DIGEST_BYTES, key_digest, request_digest


def test_a_key_belongs_to_its_caller() -> None:
    assert key_digest("prn_a", "k") == key_digest("prn_a", "k")
    assert key_digest("prn_a", "k") != key_digest("prn_b", "k")
    assert key_digest("prn_a", "bk") != key_digest("prn_ab", "k")


def test_neither_digest_shows_what_it_is_of() -> None:
    key, request = key_digest("prn_a", "A-17"), request_digest(b"A-17")

    assert len(key) == len(request) == DIGEST_BYTES
    assert b"A-17" not in key + request
    assert key != request
