"""Credit: drawn for a payment that lacks only money, repaid by whatever comes in."""

from tests.stories import story


@story
def test_a_payment_draws_what_it_lacks_and_no_more() -> None:
    """
    agency gulf QAR                                    -> open
    top-up gulf 100.00 QAR stmt-1                      -> sent
    deliver
    credit gulf 50.00 QAR                              -> open
    pay A-17 gulf 120.00 QAR at lounge                 -> captured
    balance gulf QAR                                   -> 0.00 and 0.00 held
    owed gulf QAR                                      -> 20.00 of 50.00
    """


@story
def test_two_payments_cannot_overspend_one_limit() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    hold A-17 gulf 60.00 QAR at lounge                 -> authorised
    hold A-18 gulf 60.00 QAR at lounge                 -> declined insufficient_funds
    hold A-19 gulf 40.00 QAR at lounge                 -> authorised
    hold A-20 gulf 0.01 QAR at lounge                  -> declined insufficient_funds
    owed gulf QAR                                      -> 100.00 of 100.00
    """


@story
def test_money_that_comes_in_repays_before_it_can_be_spent() -> None:
    """
    agency gulf QAR                                    -> open
    open amira QAR                                     -> open
    credit gulf 100.00 QAR                             -> open
    pay A-17 gulf 70.00 QAR at lounge                  -> captured
    top-up gulf 50.00 QAR stmt-1                       -> sent
    deliver
    owed gulf QAR                                      -> 20.00 of 100.00
    balance gulf QAR                                   -> 0.00 and 0.00 held
    send T-1 gulf amira 10.00 QAR                      -> declined insufficient_funds
    top-up gulf 50.00 QAR stmt-2                       -> sent
    deliver
    owed gulf QAR                                      -> 0.00 of 100.00
    balance gulf QAR                                   -> 30.00 and 0.00 held
    """


@story
def test_what_comes_back_of_a_payment_repays_too() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    hold A-17 gulf 30.00 QAR at lounge                 -> authorised
    void A-17                                          -> voided
    owed gulf QAR                                      -> 0.00 of 100.00
    pay A-18 gulf 30.00 QAR at lounge                  -> captured
    refund A-18 10.00 QAR                              -> captured
    owed gulf QAR                                      -> 20.00 of 100.00
    hold A-19 gulf 30.00 QAR at lounge for=60s         -> authorised
    capture A-19 10.00 QAR                             -> captured
    owed gulf QAR                                      -> 30.00 of 100.00
    hold A-20 gulf 5.00 QAR at lounge for=60s          -> authorised
    hold A-21 gulf 6.00 QAR at lounge for=60s          -> authorised
    wait 60s
    tick
    owed gulf QAR                                      -> 30.00 of 100.00
    """


@story
def test_a_decline_for_another_reason_draws_nothing() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    freeze gulf                                        -> frozen
    pay A-17 gulf 10.00 QAR at lounge                  -> declined account_frozen
    unfreeze gulf                                      -> open
    pay A-18 gulf 100.01 QAR at lounge                 -> declined insufficient_funds
    pay A-19 gulf 0.00 QAR at lounge                   -> declined invalid_amount
    owed gulf QAR                                      -> 0.00 of 100.00
    """


@story
def test_a_limit_ends_with_its_time_and_what_is_owed_stays() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR for=60s                     -> open
    wait 59999ms
    pay A-17 gulf 10.00 QAR at lounge                  -> captured
    wait 1ms
    pay A-18 gulf 10.00 QAR at lounge                  -> declined insufficient_funds
    owed gulf QAR                                      -> 10.00 of 100.00
    """


@story
def test_a_lower_limit_stops_new_drawing_only() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    pay A-17 gulf 80.00 QAR at lounge                  -> captured
    credit gulf 50.00 QAR                              -> open
    pay A-18 gulf 0.01 QAR at lounge                   -> declined insufficient_funds
    refund A-17 40.00 QAR                              -> captured
    pay A-19 gulf 10.00 QAR at lounge                  -> captured
    owed gulf QAR                                      -> 50.00 of 50.00
    """


@story
def test_an_account_that_owes_does_not_close() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    pay A-17 gulf 80.00 QAR at lounge                  -> captured
    close gulf                                         -> closing
    top-up gulf 80.00 QAR stmt-1                       -> sent
    deliver
    close gulf                                         -> declined account_closed
    """


@story
def test_only_businesses_may_owe_and_only_money() -> None:
    """
    open amira QAR                                     -> open
    credit amira 10.00 QAR                             -> declined credit_not_granted
    agency gulf QAR AVIOS                              -> open
    credit gulf 10 AVIOS                               -> declined wrong_currency
    credit gulf 10.000 BHD                             -> declined wrong_currency
    credit gulf -0.01 QAR                              -> declined invalid_amount
    credit gulf 90071992547409.92 QAR                  -> declined invalid_amount
    credit gulf 90071992547409.91 QAR                  -> open
    credit gulf 0.00 QAR                               -> open
    """


@story
def test_a_restart_remembers_what_is_owed() -> None:
    """
    agency gulf QAR                                    -> open
    credit gulf 100.00 QAR                             -> open
    hold A-17 gulf 80.00 QAR at lounge                 -> authorised
    increase A-17 10.00 QAR                            -> authorised
    restart
    owed gulf QAR                                      -> 90.00 of 100.00
    increase A-17 10.01 QAR                            -> declined insufficient_funds
    capture A-17                                       -> captured
    """


@story
def test_holds_that_expire_together_repay_what_they_had_drawn() -> None:
    """
    agency corniche QAR                             -> open
    credit corniche 100.00 QAR                      -> open
    hold A-1 corniche 60.00 QAR at lounge for=60s   -> authorised
    hold A-2 corniche 30.00 QAR at lounge for=60s   -> authorised
    owed corniche QAR                               -> 90.00 of 100.00
    wait 60s
    tick
    owed corniche QAR                               -> 0.00 of 100.00
    balance corniche QAR                            -> 0.00 and 0.00 held
    """
