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
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Purchased,
    Refunded,
    Reversed,
    Sale,
    Settled,
    StripeSwept,
    SweepReceived,
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
_backing = st.sampled_from([Book.SAFEGUARDED, Book.POINTS_ISSUED])
_signed = minors | minors.map(lambda minor: -minor)

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
    st.builds(
        StripeSwept, ordinals, accounts, pots, _signed, _merchants, st.integers(1, 2**40)
    ),
    st.builds(SweepReceived, refs, pots, _signed, _origins),
    st.builds(Settled, legs, legs, legs, legs),
    st.builds(PayoutHeld, ordinals, pots, minors, st.just("prn_olga")),
    st.builds(PayoutCancelled, ordinals, pots, minors, st.just("prn_olga")),
    st.builds(PayoutPaid, ordinals, pots, minors, st.binary(max_size=15), _backing),
)
