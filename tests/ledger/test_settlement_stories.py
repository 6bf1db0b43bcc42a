"""What merchants took: cut, swept, settled, paid out: told by tests/stories.py."""

from tests.stories import story


@story
def test_what_a_merchant_took_is_swept_settled_and_paid_out() -> None:
    """
    open amira QAR                           -> open
    open lounge QAR                          -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 60.00 QAR at lounge       -> captured
    refund A-17 10.00 QAR                    -> captured
    cut lounge                               -> cut
    again                                    -> cut again
    pay A-18 amira 7.00 QAR at lounge        -> captured
    sweep lounge 50.00 QAR                   -> sent
    again                                    -> sent again
    sweep lounge 50.00 QAR                   -> declined cut_swept
    settle lounge 50.00 1.25 QAR             -> declined sweeps_missing
    balance lounge QAR                       -> 0.00 and 0.00 held
    deliver
    settle lounge 49.99 1.25 QAR             -> declined sweeps_missing
    settle lounge 50.00 -0.01 QAR            -> declined invalid_amount
    settle lounge 50.00 1.25 QAR             -> 48.75 settled, 0 carried
    again                                    -> 48.75 settled, 0 carried again
    settle lounge 50.00 1.25 QAR             -> declined sweeps_missing
    balance lounge QAR                       -> 48.75 and 0.00 held
    payout P-1 lounge 48.75 QAR by=olga      -> held
    balance lounge QAR                       -> 0.00 and 0.00 held
    paid P-1 bank-1                          -> declined payout_not_approved
    approve P-1 by=olga                      -> declined same_person
    approve P-1 by=piet                      -> approved
    approve P-1 by=quentin                   -> declined payout_decided
    paid P-1 bank-1                          -> paid
    again                                    -> paid again
    paid P-1 bank-2                          -> declined payout_decided
    cut lounge                               -> cut
    sweep lounge 7.00 QAR                    -> sent
    restart
    deliver
    settle lounge 7.00 0.18 QAR              -> 6.82 settled, 0 carried
    balance lounge QAR                       -> 6.82 and 0.00 held
    """


@story
def test_what_was_refunded_beyond_what_was_taken_is_carried_until_it_is_earned() -> None:
    """
    open amira QAR                           -> open
    open lounge                              -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 60.00 QAR at lounge       -> captured
    cut lounge                               -> cut
    sweep lounge 60.00 QAR                   -> sent
    deliver
    settle lounge 60.00 1.00 QAR             -> 59.00 settled, 0 carried
    balance lounge QAR                       -> 59.00 and 0.00 held
    refund A-17                              -> captured
    cut lounge                               -> cut
    sweep lounge 0.00 QAR                    -> declined invalid_amount
    sweep lounge -60.00 QAR                  -> sent
    deliver
    settle lounge -60.00 0.50 QAR            -> 0 settled, -60.50 carried
    close lounge                             -> closing
    pay A-18 amira 100.00 QAR at lounge      -> captured
    cut lounge                               -> cut
    sweep lounge 100.00 QAR                  -> sent
    deliver
    settle lounge 100.00 2.50 QAR            -> 37.00 settled, 0 carried
    payout P-1 lounge 96.00 QAR by=olga      -> held
    approve P-1 by=piet                      -> approved
    paid P-1 bank-1                          -> paid
    freeze lounge                            -> declined account_closed
    settle lounge 0.00 1.00 QAR              -> declined account_closed
    pay A-19 amira 1.00 QAR at lounge        -> captured
    cut lounge                               -> cut
    sweep lounge 1.00 QAR                    -> sent
    deliver
    """


@story
def test_a_payout_can_be_cancelled_until_it_is_paid() -> None:
    """
    open lounge QAR                          -> open
    top-up lounge 100.00 QAR stmt-1          -> sent
    deliver
    payout P-1 lounge 100.01 QAR by=olga     -> declined insufficient_funds
    payout P-2 lounge 40.00 QAR by=olga      -> held
    cancel P-2 by=olga                       -> cancelled
    cancel P-2 by=olga                       -> declined payout_decided
    approve P-2 by=piet                      -> declined payout_decided
    balance lounge QAR                       -> 100.00 and 0.00 held
    payout P-3 lounge 40.00 QAR by=olga      -> held
    approve P-3 by=piet                      -> approved
    cancel P-3 by=piet                       -> cancelled
    payout P-4 lounge 40.00 QAR by=olga      -> held
    approve P-4 by=piet                      -> approved
    payout P-5 lounge 40.00 QAR by=olga      -> held
    approve P-5 by=piet                      -> approved
    paid P-4 bank-1                          -> paid
    cancel P-4 by=piet                       -> declined payout_decided
    paid P-5 bank-1                          -> declined evidence_used
    paid P-5 bank-2                          -> paid
    balance lounge QAR                       -> 20.00 and 0.00 held
    freeze lounge                            -> frozen
    payout P-6 lounge 1.00 QAR by=olga       -> declined account_frozen
    approve stmt-1 by=piet                   -> declined transfer_not_found
    """


@story
def test_a_payout_that_would_come_back_to_a_full_pot_stays_set_aside() -> None:
    """
    open lounge AVIOS                                 -> open
    top-up lounge 9,007,199,254,740,991 AVIOS issue-1 -> sent
    deliver
    payout P-1 lounge 2 AVIOS by=olga                 -> held
    top-up lounge 1 AVIOS issue-2                     -> sent
    deliver
    cancel P-1 by=olga                                -> declined exceeds_balance_limit
    approve P-1 by=piet                               -> approved
    paid P-1 programme-1                              -> paid
    balance lounge AVIOS                              -> 9,007,199,254,740,990 and 0 held
    """


@story
def test_a_sweep_to_an_account_that_was_never_opened_does_not_arrive() -> None:
    """
    open amira QAR                           -> open
    top-up amira 60.00 QAR stmt-1            -> sent
    deliver
    pay A-17 amira 60.00 QAR at lounge       -> captured
    cut lounge                               -> cut
    sweep lounge 60.00 QAR                   -> sent
    deliver
    open lounge QAR                          -> open
    settle lounge 60.00 0.00 QAR             -> declined sweeps_missing
    """


@story
def test_a_merchant_s_account_closes_when_nothing_is_left_to_settle() -> None:
    """
    open amira QAR                           -> open
    open lounge QAR                          -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 60.00 QAR at lounge       -> captured
    cut lounge                               -> cut
    sweep lounge 60.00 QAR                   -> sent
    deliver
    close lounge                             -> closing
    settle lounge 60.00 60.00 QAR            -> 0 settled, 0 carried
    freeze lounge                            -> declined account_closed
    """


@story
def test_a_merchant_s_account_that_owes_closes_when_that_is_earned() -> None:
    """
    open amira QAR                           -> open
    open lounge QAR                          -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 60.00 QAR at lounge       -> captured
    cut lounge                               -> cut
    sweep lounge 60.00 QAR                   -> sent
    deliver
    settle lounge 60.00 80.00 QAR            -> 0 settled, -20.00 carried
    close lounge                             -> closing
    pay A-18 amira 20.00 QAR at lounge       -> captured
    cut lounge                               -> cut
    sweep lounge 20.00 QAR                   -> sent
    deliver
    settle lounge 20.00 0.00 QAR             -> 0 settled, 0 carried
    freeze lounge                            -> declined account_closed
    """
