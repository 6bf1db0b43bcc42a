from ledger.entry import Cause
from services.own_cause import own_cause


def test_a_step_keeps_its_key_from_one_release_to_the_next() -> None:
    """Or what is under way while Airside is upgraded would happen twice."""
    assert own_cause("ticket", "tkt_1.hold", "prn_1", "tkt_1", "hold") == Cause(
        key=bytes.fromhex("c2b003557267e30f850a8841404a53ad"),
        request=bytes.fromhex("6bd9a9cc4eaafbabb6d3f9476d642289"),
        caller="prn_1",
    )


def test_a_name_that_says_it_all_is_what_must_be_the_same() -> None:
    assert own_cause("ticket refund", "rfd_1", "prn_1") == own_cause(
        "ticket refund", "rfd_1", "prn_1", "rfd_1"
    )
