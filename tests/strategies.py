"""Values for properties, edges first."""

from hypothesis import strategies as st

from ledger.decline import DeclineReason
from ledger.events import (
    Amounts,
    Authorised,
    Captured,
    Event,
    Expired,
    Increased,
    Origin,
    PaymentDeclined,
    Purchased,
    Refunded,
    Reversed,
    Sale,
    TransferReceived,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.ids import ACCOUNT_BYTES, AccountId, Ref
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS
from ledger.payment import PaymentState
from ledger.posting import Book

accounts = st.binary(min_size=ACCOUNT_BYTES, max_size=ACCOUNT_BYTES).map(AccountId)
ordinals = st.sampled_from([1, 2**40 - 1]) | st.integers(1, 2**40 - 1)
refs = st.builds(Ref, accounts, ordinals)
commodities = st.sampled_from(["QAR", "JPY", "BHD", *POINTS_UNITS])
pots = st.sampled_from(["QAR", "QAR/meal", "JPY", "AVIOS"])
minors = st.sampled_from([1, 2, 99, 100, AMOUNT_MINOR_MAX]) | st.integers(
    1, AMOUNT_MINOR_MAX
)
legs = st.dictionaries(pots, minors, max_size=4)
sales = st.builds(
    Sale,
    st.sampled_from(["mer_lounge", "mer_dutyfree"]),
    st.binary(max_size=16),
    st.just("web"),
)
_amounts = st.builds(Amounts, st.sampled_from(PaymentState), legs, legs, legs)
_merchants = st.sampled_from(["mer_lounge", "mer_dutyfree"])
_credited = st.sampled_from([Book.AVAILABLE, Book.UNCLAIMED])
_origins = st.builds(Origin, st.integers(0, 63), st.integers(1, 2**40))
_debited = st.sampled_from([Book.AVAILABLE, Book.SAFEGUARDED, Book.POINTS_ISSUED])

money_events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Authorised, ordinals, legs, sales, st.integers(0, 2**42)),
    st.builds(Purchased, ordinals, legs, sales),
    st.builds(PaymentDeclined, ordinals, st.sampled_from(DeclineReason), legs, sales),
    st.builds(Increased, ordinals, legs, _merchants, _amounts),
    st.builds(Captured, ordinals, legs, legs, _merchants, _amounts),
    st.builds(Voided, ordinals, legs, _merchants, _amounts),
    st.builds(Expired, ordinals, legs, _merchants, _amounts),
    st.builds(Refunded, ordinals, legs, _merchants, _credited, _amounts),
    st.builds(
        Reversed,
        ordinals,
        legs,
        legs,
        _merchants,
        _credited,
        st.binary(max_size=16),
        _amounts,
    ),
    st.builds(TransferSent, ordinals, accounts, pots, minors, _debited),
    st.builds(TransferReceived, refs, pots, minors, _origins),
    st.builds(TransferReturned, ordinals, pots, minors, _credited, _origins),
)
