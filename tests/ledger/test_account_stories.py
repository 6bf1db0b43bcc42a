"""Opening, money in, money on, closing: told by tests/stories.py."""

from ledger.decline import DeclineReason
from tests.ledger import (
    test_card_stories,
    test_channel_stories,
    test_credit_stories,
    test_payment_stories,
    test_settlement_stories,
)
from tests.stories import TOLD, story


@story
def test_an_account_opens_once() -> None:
    """
    open amira QAR                           -> open
    again                                    -> open again
    open amira QAR AVIOS key=other           -> declined account_exists
    again                                    -> declined account_exists again
    balance amira QAR                        -> 0.00 and 0.00 held
    """


@story
def test_an_account_that_was_never_opened_does_nothing() -> None:
    """
    pay A-17 amira 40.00 QAR at lounge       -> declined account_not_found
    freeze amira                             -> declined account_not_found
    balance amira QAR                        -> declined account_not_found
    lookup A-17 amira                        -> declined account_not_found
    open amira QAR                           -> open
    pay A-17 amira 40.00 QAR at lounge       -> declined insufficient_funds
    """


@story
def test_evidence_brings_money_in_once() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    transfer stmt-1                          -> sent
    balance amira QAR                        -> 0.00 and 0.00 held
    deliver
    transfer stmt-1                          -> delivered
    balance amira QAR                        -> 240.00 and 0.00 held
    top-up amira 240.00 QAR stmt-1           -> declined evidence_used
    again                                    -> declined evidence_used again
    top-up amira 0.00 QAR stmt-2             -> declined invalid_amount
    top-up amira 90,071,992,547,409.92 QAR stmt-3 -> declined exceeds_balance_limit
    deliver
    balance amira QAR                        -> 240.00 and 0.00 held
    """


@story
def test_money_for_nobody_ends_as_unclaimed() -> None:
    """
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    transfer stmt-1                          -> returned
    open amira AVIOS                         -> open
    top-up amira 240.00 QAR stmt-2           -> sent
    deliver
    transfer stmt-2                          -> returned
    """


@story
def test_a_transfer_arrives_or_comes_back() -> None:
    """
    open amira QAR                           -> open
    open bilal QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    send T-1 amira bilal 40.00 QAR           -> sent
    again                                    -> sent again
    balance amira QAR                        -> 200.00 and 0.00 held
    balance bilal QAR                        -> 0.00 and 0.00 held
    deliver
    transfer T-1                             -> delivered
    balance bilal QAR                        -> 40.00 and 0.00 held
    send T-2 amira nobody 40.00 QAR          -> sent
    deliver
    transfer T-2                             -> returned
    balance amira QAR                        -> 200.00 and 0.00 held
    send T-3 amira bilal 200.01 QAR          -> declined insufficient_funds
    send T-4 amira amira 40.00 QAR           -> declined same_account
    send T-5 amira bilal 0.00 QAR            -> declined invalid_amount
    send T-6 amira bilal 1 AVIOS             -> declined wrong_currency
    pay A-17 amira 40.00 QAR at lounge       -> captured
    transfer A-17                            -> declined transfer_not_found
    """


@story
def test_what_is_held_cannot_be_sent_away() -> None:
    """
    open amira QAR                           -> open
    open bilal QAR                           -> open
    top-up amira 100.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 60.00 QAR at lounge      -> authorised
    send T-1 amira bilal 40.01 QAR           -> declined insufficient_funds
    send T-2 amira bilal 40.00 QAR           -> sent
    """


@story
def test_a_frozen_account_pays_for_nothing_new_and_ends_what_it_began() -> None:
    """
    open amira QAR                           -> open
    open bilal QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 100.00 QAR at lounge     -> authorised
    hold A-18 amira 100.00 QAR at lounge     -> authorised
    freeze amira                             -> frozen
    freeze amira                             -> declined account_frozen
    pay A-19 amira 1.00 QAR at lounge        -> declined account_frozen
    increase A-17 1.00 QAR                   -> declined account_frozen
    send T-1 amira bilal 1.00 QAR            -> declined account_frozen
    capture A-17                             -> captured
    void A-18                                -> voided
    refund A-17                              -> captured
    top-up amira 10.00 QAR stmt-2            -> sent
    deliver
    balance amira QAR                        -> 250.00 and 0.00 held
    unfreeze amira                           -> open
    unfreeze amira                           -> declined account_not_frozen
    pay A-20 amira 250.00 QAR at lounge      -> captured
    """


@story
def test_an_empty_account_closes_at_once_and_for_good() -> None:
    """
    open amira QAR                           -> open
    close amira                              -> closed
    again                                    -> closed again
    close amira                              -> declined account_closed
    freeze amira                             -> declined account_closed
    unfreeze amira                           -> declined account_closed
    pay A-17 amira 1.00 QAR at lounge        -> declined account_closed
    top-up amira 10.00 QAR stmt-1            -> sent
    deliver
    transfer stmt-1                          -> returned
    balance amira QAR                        -> 0.00 and 0.00 held
    """


@story
def test_a_closing_account_closes_when_nothing_is_left() -> None:
    """
    open amira QAR                           -> open
    open bilal QAR                           -> open
    top-up amira 100.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 60.00 QAR at lounge      -> authorised
    close amira                              -> closing
    close amira                              -> declined account_closing
    freeze amira                             -> declined account_closing
    unfreeze amira                           -> declined account_closing
    pay A-18 amira 1.00 QAR at lounge        -> declined account_closing
    increase A-17 1.00 QAR                   -> declined account_closing
    send T-1 amira bilal 40.00 QAR           -> sent
    close amira                              -> declined account_closing
    capture A-17                             -> captured
    close amira                              -> declined account_closing
    deliver
    close amira                              -> declined account_closed
    balance amira QAR                        -> 0.00 and 0.00 held
    """


@story
def test_a_final_capture_closes_a_closing_account() -> None:
    """
    open amira QAR                           -> open
    top-up amira 60.00 QAR stmt-1            -> sent
    deliver
    hold A-17 amira 60.00 QAR at lounge      -> authorised
    close amira                              -> closing
    capture A-17                             -> captured
    pay A-18 amira 1.00 QAR at lounge        -> declined account_closed
    """


@story
def test_what_comes_back_to_a_closed_account_is_unclaimed() -> None:
    """
    open amira QAR                           -> open
    top-up amira 60.00 QAR stmt-1            -> sent
    deliver
    pay A-17 amira 40.00 QAR at lounge       -> captured
    pay A-18 amira 20.00 QAR at lounge       -> captured
    close amira                              -> closed
    refund A-17                              -> captured
    reverse A-18                             -> reversed
    payment A-17                             -> captured: 40.00 of 40.00, 40.00 refunded
    balance amira QAR                        -> 0.00 and 0.00 held
    """


@story
def test_a_transfer_on_its_way_keeps_an_account_from_closing() -> None:
    """
    open amira QAR                           -> open
    top-up amira 60.00 QAR stmt-1            -> sent
    deliver
    send T-1 amira nobody 60.00 QAR          -> sent
    close amira                              -> closing
    deliver
    transfer T-1                             -> returned
    balance amira QAR                        -> 60.00 and 0.00 held
    close amira                              -> declined account_closing
    """


@story
def test_an_expiry_gives_a_closing_account_something_to_send_away() -> None:
    """
    open amira QAR                           -> open
    open bilal QAR                           -> open
    top-up amira 60.00 QAR stmt-1            -> sent
    deliver
    hold A-17 amira 60.00 QAR at lounge for=1d -> authorised
    close amira                              -> closing
    wait 1d
    tick
    close amira                              -> declined account_closing
    send T-1 amira bilal 60.00 QAR           -> sent
    deliver
    close amira                              -> declined account_closed
    balance bilal QAR                        -> 60.00 and 0.00 held
    """


@story
def test_a_balance_never_grows_beyond_what_every_reader_can_count() -> None:
    """
    open amira AVIOS                                 -> open
    open bilal AVIOS                                 -> open
    top-up amira 9,007,199,254,740,990 AVIOS issue-1 -> sent
    deliver
    pay A-17 amira 1 AVIOS at lounge                 -> captured
    top-up amira 2 AVIOS issue-2                     -> sent
    deliver
    transfer issue-2                                 -> delivered
    balance amira AVIOS                              -> 9,007,199,254,740,991 and 0 held
    refund A-17                                      -> declined exceeds_balance_limit
    reverse A-17                                     -> declined exceeds_balance_limit
    top-up amira 1 AVIOS issue-3                     -> sent
    deliver
    transfer issue-3                                 -> returned
    hold A-18 amira 9,007,199,254,740,991 AVIOS at lounge -> authorised
    top-up amira 1 AVIOS issue-4                     -> sent
    deliver
    transfer issue-4                                 -> returned
    capture A-18 1 AVIOS more                        -> partially_captured
    refund A-17                                      -> captured
    balance amira AVIOS                              -> 1 and 9,007,199,254,740,990 held
    """


@story
def test_a_transfer_that_comes_back_to_a_full_pot_is_unclaimed() -> None:
    """
    open amira AVIOS                                 -> open
    top-up amira 9,007,199,254,740,991 AVIOS issue-1 -> sent
    deliver
    send T-1 amira nobody 5 AVIOS                    -> sent
    top-up amira 3 AVIOS issue-2                     -> sent
    deliver
    transfer T-1                                     -> returned
    balance amira AVIOS                              -> 9,007,199,254,740,989 and 0 held
    """


def test_every_reason_to_decline_occurs_in_a_story() -> None:
    # Imported, so their stories are told too.
    assert test_payment_stories.__name__
    assert test_card_stories.__name__
    assert test_channel_stories.__name__
    assert test_credit_stories.__name__
    assert test_settlement_stories.__name__
    words = {word for text in TOLD for word in text.split()}

    assert set(DeclineReason) <= words
