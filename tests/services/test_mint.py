from random import Random

from services.mint import mint


def test_an_id_is_a_prefix_and_24_characters_of_lower_case_base32() -> None:
    assert mint("mer", bytes) == "mer_" + "a" * 24
    assert mint("ord", lambda length: b"\xff" * length) == "ord_" + "7" * 24


def test_two_ids_of_one_source_differ() -> None:
    source = Random(1).randbytes

    assert mint("prn", source) != mint("prn", source)
