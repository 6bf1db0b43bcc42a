"""What a till and its customer may meet, told by tests/stories.py."""

from tests.stories import story


@story
def test_a_payment_takes_what_is_there_to_the_last_coin() -> None:
    """
    open amira QAR                           -> open
    top-up amira 1,000.00 QAR stmt-1         -> sent
    deliver
    pay A-17 amira 240.00 QAR at lounge      -> captured
    balance amira QAR                        -> 760.00 and 0.00 held
    pay A-18 amira 760.01 QAR at lounge      -> declined insufficient_funds
    pay A-19 amira 760.00 QAR at lounge      -> captured
    balance amira QAR                        -> 0.00 and 0.00 held
    pay A-20 amira 0.01 QAR at lounge        -> declined insufficient_funds
    payment A-20                             -> declined: 0 of 0.01, 0 refunded
    """


@story
def test_a_second_hold_cannot_spend_what_the_first_holds() -> None:
    """
    open amira QAR                           -> open
    top-up amira 100.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 60.00 QAR at lounge      -> authorised
    balance amira QAR                        -> 40.00 and 60.00 held
    hold A-18 amira 60.00 QAR at lounge      -> declined insufficient_funds
    void A-17                                -> voided
    hold A-19 amira 60.00 QAR at lounge      -> authorised
    """


@story
def test_a_hold_is_captured_in_parts_and_the_last_one_releases_the_rest() -> None:
    """
    open amira QAR                           -> open
    top-up amira 300.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    capture A-17 100.00 QAR more             -> partially_captured
    balance amira QAR                        -> 60.00 and 140.00 held
    capture A-17 50.00 QAR more              -> partially_captured
    capture A-17 90.01 QAR                   -> declined exceeds_hold
    capture A-17 30.00 QAR                   -> captured
    payment A-17                             -> captured: 180.00 of 240.00, 0 refunded
    balance amira QAR                        -> 120.00 and 0.00 held
    capture A-17 0.01 QAR                    -> declined hold_captured
    """


@story
def test_a_capture_of_all_that_remains_ends_the_hold_even_when_more_was_meant() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    capture A-17 240.00 QAR more             -> captured
    increase A-17 1.00 QAR                   -> declined hold_captured
    """


@story
def test_a_capture_without_an_amount_takes_the_whole_hold() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    capture A-17                             -> captured
    payment A-17                             -> captured: 240.00 of 240.00, 0 refunded
    """


@story
def test_refunds_never_exceed_what_was_captured() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    refund A-17 1.00 QAR                     -> declined nothing_captured
    capture A-17 100.00 QAR                  -> captured
    refund A-17 100.01 QAR                   -> declined exceeds_captured
    refund A-17 30.00 QAR                    -> captured
    refund A-17 70.01 QAR                    -> declined exceeds_captured
    refund A-17                              -> captured
    payment A-17                             -> captured: 100.00 of 240.00, 100.00 refunded
    refund A-17                              -> declined exceeds_captured
    balance amira QAR                        -> 240.00 and 0.00 held
    """


@story
def test_a_part_can_be_refunded_while_the_hold_is_still_open() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    capture A-17 100.00 QAR more             -> partially_captured
    refund A-17 40.00 QAR                    -> partially_captured
    balance amira QAR                        -> 40.00 and 140.00 held
    void A-17                                -> captured
    payment A-17                             -> captured: 100.00 of 240.00, 40.00 refunded
    balance amira QAR                        -> 180.00 and 0.00 held
    """


@story
def test_the_void_of_a_captured_payment_is_its_full_refund() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 240.00 QAR at lounge      -> captured
    refund A-17 40.00 QAR                    -> captured
    void A-17                                -> captured
    payment A-17                             -> captured: 240.00 of 240.00, 240.00 refunded
    void A-17                                -> declined exceeds_captured
    """


@story
def test_nothing_follows_a_hold_that_was_voided() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    void A-17                                -> voided
    void A-17                                -> declined hold_voided
    capture A-17                             -> declined hold_voided
    refund A-17                              -> declined hold_voided
    increase A-17 1.00 QAR                   -> declined hold_voided
    reverse A-17                             -> nothing_to_reverse
    """


@story
def test_nothing_follows_a_payment_that_was_declined() -> None:
    """
    open amira QAR                           -> open
    hold A-17 amira 240.00 QAR at lounge     -> declined insufficient_funds
    capture A-17                             -> declined payment_declined
    void A-17                                -> declined payment_declined
    refund A-17                              -> declined payment_declined
    increase A-17 1.00 QAR                   -> declined payment_declined
    reverse A-17                             -> nothing_to_reverse
    """


@story
def test_a_hold_is_increased_by_what_is_available() -> None:
    """
    open amira QAR AVIOS                     -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    top-up amira 500 AVIOS flight-9          -> sent
    deliver
    hold A-17 amira 200.00 QAR at lounge     -> authorised
    increase A-17 40.01 QAR                  -> declined insufficient_funds
    increase A-17 100 AVIOS                  -> declined wrong_currency
    increase A-17 0.00 QAR                   -> declined invalid_amount
    increase A-17 40.00 QAR                  -> authorised
    capture A-17 more                        -> captured
    payment A-17                             -> captured: 240.00 of 240.00, 0 refunded
    """


@story
def test_a_hold_expires_at_its_millisecond() -> None:
    """
    open amira QAR                                 -> open
    top-up amira 240.00 QAR stmt-1                 -> sent
    deliver
    hold A-17 amira 100.00 QAR at lounge for=60s   -> authorised
    hold A-18 amira 100.00 QAR at lounge for=60s   -> authorised
    wait 59999ms
    capture A-17                                   -> captured
    balance amira QAR                              -> 40.00 and 100.00 held
    wait 1ms
    capture A-18                                   -> declined hold_expired
    balance amira QAR                              -> 140.00 and 0.00 held
    payment A-18                                   -> expired: 0 of 100.00, 0 refunded
    """


@story
def test_what_an_expired_hold_set_aside_can_be_spent_in_the_same_millisecond() -> None:
    """
    open amira QAR                                 -> open
    top-up amira 100.00 QAR stmt-1                 -> sent
    deliver
    hold A-17 amira 100.00 QAR at lounge for=60s   -> authorised
    wait 60s
    pay A-18 amira 100.00 QAR at lounge            -> captured
    void A-17                                      -> declined hold_expired
    increase A-17 1.00 QAR                         -> declined hold_expired
    refund A-17                                    -> declined hold_expired
    reverse A-17                                   -> nothing_to_reverse
    """


@story
def test_a_hold_expires_while_nobody_asks_and_keeps_what_was_captured() -> None:
    """
    open amira QAR                                 -> open
    top-up amira 240.00 QAR stmt-1                 -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge for=1d    -> authorised
    capture A-17 40.00 QAR more                    -> partially_captured
    restart
    wait 1d
    tick
    restart
    payment A-17                                   -> captured: 40.00 of 240.00, 0 refunded
    balance amira QAR                              -> 200.00 and 0.00 held
    """


@story
def test_a_retry_gets_its_first_answer_whatever_has_happened_since() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1
    hold A-17 amira 240.00 QAR at lounge by=c1 -> authorised
    wait 2d
    restart
    again                                    -> authorised again
    void A-17                                -> voided
    again                                    -> voided again
    freeze amira                             -> frozen
    hold A-17 amira 240.00 QAR at lounge by=c1 -> authorised again
    balance amira QAR                        -> 240.00 and 0.00 held
    """


@story
def test_a_decline_is_remembered_too() -> None:
    """
    open amira QAR                           -> open
    pay A-17 amira 240.00 QAR at lounge      -> declined insufficient_funds
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 240.00 QAR at lounge      -> declined insufficient_funds again
    pay A-17 amira 240.00 QAR at lounge key=second -> captured
    refund A-17 1.00 QAR                     -> declined payment_declined
    again                                    -> declined payment_declined again
    """


@story
def test_a_key_that_comes_with_another_request_is_refused() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 40.00 QAR at lounge       -> captured
    pay A-17 amira 40.01 QAR at lounge       -> refused key_reused
    balance amira QAR                        -> 200.00 and 0.00 held
    """


@story
def test_a_key_older_than_its_retention_is_refused_and_not_run_again() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 40.00 QAR at lounge       -> captured
    wait 30d
    again                                    -> captured again
    wait 1ms
    again                                    -> refused key_expired
    balance amira QAR                        -> 200.00 and 0.00 held
    """


@story
def test_a_code_is_taken_in_its_last_millisecond_and_not_in_the_next() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1
    show c2
    wait 59999ms
    pay A-17 amira 40.00 QAR at lounge by=c1 -> captured
    wait 1ms
    pay A-18 amira 40.00 QAR at lounge by=c2 -> declined code_expired
    """


@story
def test_a_code_pays_for_one_order_and_repeats_its_answer_for_the_same() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1
    pay A-17 amira 40.00 QAR at lounge by=c1 -> captured
    pay A-17 amira 40.00 QAR at lounge by=c1 key=second   -> captured again
    pay A-17 amira 40.00 QAR at dutyfree by=c1 key=third  -> declined code_used
    pay A-17 amira 50.00 QAR at lounge by=c1 key=fourth   -> declined code_used
    pay A-18 amira 40.00 QAR at lounge by=c1 -> declined code_used
    balance amira QAR                        -> 200.00 and 0.00 held
    wait 2d
    restart
    pay A-17 amira 40.00 QAR at lounge by=c1 key=second   -> captured again
    """


@story
def test_the_first_scan_binds_a_code_even_when_it_is_declined() -> None:
    """
    open amira QAR                           -> open
    show c1
    pay A-17 amira 40.00 QAR at lounge by=c1 -> declined insufficient_funds
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 40.00 QAR at lounge by=c1 key=second -> declined insufficient_funds again
    pay A-18 amira 40.00 QAR at lounge by=c1 -> declined code_used
    """


@story
def test_a_code_from_a_clock_that_runs_ahead_is_taken_within_five_seconds() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1 ahead=5000ms
    show c2 ahead=5001ms
    pay A-17 amira 40.00 QAR at lounge by=c1 -> captured
    pay A-18 amira 40.00 QAR at lounge by=c2 -> declined code_not_yet_valid
    wait 1ms
    pay A-19 amira 40.00 QAR at lounge by=c2 -> captured
    """


@story
def test_a_used_code_on_a_frozen_account_is_one_more_decline() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1
    pay A-17 amira 40.00 QAR at lounge by=c1 -> captured
    freeze amira                             -> frozen
    pay A-18 amira 40.00 QAR at lounge by=c1 -> declined account_frozen
    unfreeze amira                           -> open
    pay A-17 amira 40.00 QAR at lounge by=c1 key=second -> captured again
    """


@story
def test_a_till_that_lost_its_answer_looks_it_up_and_reverses() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 40.00 QAR at lounge       -> captured
    lookup A-17                              -> captured
    lookup A-17 by=dutyfree                  -> declined payment_not_found
    reverse A-17 by=dutyfree                 -> declined payment_not_found
    reverse A-17 by=lounge                   -> reversed
    again                                    -> reversed again
    payment A-17                             -> reversed: 40.00 of 40.00, 40.00 refunded
    balance amira QAR                        -> 240.00 and 0.00 held
    refund A-17                              -> declined payment_reversed
    reverse A-17                             -> nothing_to_reverse
    pay A-17 amira 40.00 QAR at lounge       -> captured again
    balance amira QAR                        -> 240.00 and 0.00 held
    """


@story
def test_a_reversal_gives_back_the_hold_and_what_was_taken_of_it() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 240.00 QAR at lounge     -> authorised
    capture A-17 100.00 QAR more             -> partially_captured
    refund A-17 30.00 QAR                    -> partially_captured
    reverse A-17                             -> reversed
    payment A-17                             -> reversed: 100.00 of 240.00, 100.00 refunded
    balance amira QAR                        -> 240.00 and 0.00 held
    """


@story
def test_a_reversal_that_comes_first_bars_what_comes_after_it() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    lookup A-17 amira                        -> declined payment_not_found
    reverse A-17 amira                       -> tombstoned
    again                                    -> tombstoned again
    reverse A-17 amira                       -> tombstoned
    lookup A-17 amira                        -> declined reversed_before_arrival
    restart
    show c1
    pay A-17 amira 40.00 QAR at lounge by=c1 -> declined reversed_before_arrival
    again                                    -> declined reversed_before_arrival again
    reverse A-17 amira                       -> nothing_to_reverse
    pay A-18 amira 40.00 QAR at lounge by=c1 -> captured
    balance amira QAR                        -> 200.00 and 0.00 held
    """


@story
def test_a_second_scan_is_the_same_attempt_and_its_key_reverses_it() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    show c1
    pay A-17 amira 40.00 QAR at lounge by=c1 -> captured
    pay A-17 amira 40.00 QAR at lounge by=c1 key=second -> captured again
    lookup second amira                      -> captured
    reverse second amira                     -> reversed
    balance amira QAR                        -> 240.00 and 0.00 held
    reverse A-17 amira                       -> nothing_to_reverse
    """


@story
def test_only_an_attempt_can_be_reversed() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    reverse "open amira" amira               -> declined payment_not_found
    open bilal QAR                           -> open
    send T-1 amira bilal 40.00 QAR           -> sent
    reverse T-1 amira                        -> declined payment_not_found
    lookup T-1 amira                         -> declined payment_not_found
    """


@story
def test_a_payment_of_another_merchant_is_not_found() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    hold A-17 amira 40.00 QAR at lounge      -> authorised
    capture A-17 by=dutyfree                 -> declined payment_not_found
    capture A-17 by=lounge                   -> captured
    """


@story
def test_amounts_below_one_and_pots_that_are_not_there_are_declined() -> None:
    """
    open amira QAR                           -> open
    top-up amira 240.00 QAR stmt-1           -> sent
    deliver
    pay A-17 amira 0.00 QAR at lounge        -> declined invalid_amount
    pay A-18 amira -0.01 QAR at lounge       -> declined invalid_amount
    pay A-19 amira 1.000 BHD at lounge       -> declined wrong_currency
    hold A-20 amira 40.00 QAR at lounge      -> authorised
    capture A-20 0.00 QAR                    -> declined invalid_amount
    capture A-20 1 AVIOS                     -> declined wrong_currency
    capture A-20                             -> captured
    refund A-20 -1.00 QAR                    -> declined invalid_amount
    refund A-20 1 AVIOS                      -> declined wrong_currency
    balance amira QAR                        -> 200.00 and 0.00 held
    """


@story
def test_an_account_has_a_bounded_number_of_open_holds() -> None:
    """
    open amira AVIOS                         -> open
    top-up amira 5000 AVIOS flight-9         -> sent
    deliver
    fill amira 1000 1 AVIOS                  -> authorised
    hold A-17 amira 1 AVIOS at lounge        -> declined too_many_holds
    pay A-18 amira 1 AVIOS at lounge         -> captured
    wait 7d
    hold A-19 amira 1 AVIOS at lounge        -> authorised
    balance amira AVIOS                      -> 4,998 and 1 held
    """
