"""Wallet cards at the account: a counter is used once, and in order."""

from tests.stories import story


@story
def test_a_tap_pays_and_the_next_one_counts_up() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    pay A-17 amira 10.00 QAR at lounge by=t1           -> captured
    tap t2 blue 2
    pay A-18 amira 10.00 QAR at lounge by=t2           -> captured
    balance amira QAR                                  -> 80.00 and 0.00 held
    """


@story
def test_a_card_may_have_counted_where_nobody_listened() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    pay A-17 amira 10.00 QAR at lounge by=t1           -> captured
    tap t9 blue 9
    pay A-18 amira 10.00 QAR at lounge by=t9           -> captured
    """


@story
def test_a_copy_of_a_card_is_found_by_its_old_counter() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    tap t2 blue 2
    tap copy1 blue 1
    tap copy2 blue 2
    pay A-17 amira 10.00 QAR at lounge by=t1           -> captured
    pay A-18 amira 10.00 QAR at lounge by=t2           -> captured
    pay B-1 amira 10.00 QAR at dutyfree by=copy1       -> declined card_counter_old
    pay B-2 amira 10.00 QAR at dutyfree by=copy2       -> declined card_counter_old
    restart
    pay B-3 amira 10.00 QAR at dutyfree by=copy2       -> declined card_counter_old
    balance amira QAR                                  -> 80.00 and 0.00 held
    """


@story
def test_a_tap_that_is_sent_again_for_its_sale_is_the_same_payment() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    pay A-17 amira 10.00 QAR at lounge by=t1           -> captured
    pay A-17 amira 10.00 QAR at lounge by=t1 key=again -> captured again
    balance amira QAR                                  -> 90.00 and 0.00 held
    """


@story
def test_a_tap_that_is_sent_again_for_another_sale_is_a_replay() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    pay A-17 amira 10.00 QAR at lounge by=t1           -> captured
    pay A-18 amira 10.00 QAR at lounge by=t1           -> declined card_replayed
    pay A-17 amira 10.01 QAR at lounge by=t1 key=more  -> declined card_replayed
    pay A-17 amira 10.00 QAR at dutyfree by=t1 key=us  -> declined card_replayed
    wait 66s
    tap t2 blue 2
    pay A-19 amira 1.00 QAR at lounge by=t2            -> captured
    pay A-20 amira 10.00 QAR at lounge by=t1           -> declined card_counter_old
    balance amira QAR                                  -> 89.00 and 0.00 held
    """


@story
def test_a_tap_lives_a_minute() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    wait 60s
    pay A-17 amira 10.00 QAR at lounge by=t1           -> declined card_tap_expired
    tap t2 blue 2
    wait 59999ms
    pay A-18 amira 10.00 QAR at lounge by=t2           -> captured
    tap t3 blue 3 ahead=5s
    pay A-19 amira 10.00 QAR at lounge by=t3           -> captured
    tap t4 blue 4 ahead=5001ms
    pay A-20 amira 10.00 QAR at lounge by=t4           -> declined card_tap_expired
    """


@story
def test_a_card_that_is_refused_uses_nothing_up() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap forged blue 9 refused=card_not_authentic
    pay A-1 amira 10.00 QAR at lounge by=forged        -> declined card_not_authentic
    tap lost blue 9 refused=card_lost
    pay A-2 amira 10.00 QAR at lounge by=lost          -> declined card_lost
    tap blocked blue 9 refused=card_blocked
    pay A-3 amira 10.00 QAR at lounge by=blocked       -> declined card_blocked
    tap above blue 9 refused=card_pin_needed
    pay A-4 amira 10.00 QAR at lounge by=above         -> declined card_pin_needed
    tap t1 blue 1
    pay A-5 amira 10.00 QAR at lounge by=t1            -> captured
    """


@story
def test_what_a_card_proved_is_used_up_by_a_decline_too() -> None:
    """
    open amira QAR                                     -> open
    tap t3 blue 3
    pay A-17 amira 10.00 QAR at lounge by=t3           -> declined insufficient_funds
    pay A-17 amira 10.00 QAR at lounge by=t3 key=again -> declined insufficient_funds again
    tap t2 blue 2
    pay A-18 amira 10.00 QAR at lounge by=t2           -> declined card_counter_old
    """


@story
def test_a_forged_tap_at_a_frozen_account_moves_no_counter() -> None:
    """
    open amira QAR                                     -> open
    freeze amira                                       -> frozen
    tap forged blue 9 refused=card_not_authentic
    pay A-17 amira 10.00 QAR at lounge by=forged       -> declined card_not_authentic
    tap old blue 5
    pay A-18 amira 10.00 QAR at lounge by=old          -> declined account_frozen
    tap older blue 4
    pay A-19 amira 10.00 QAR at lounge by=older        -> declined account_frozen
    unfreeze amira                                     -> open
    tap behind blue 5
    pay A-20 amira 10.00 QAR at lounge by=behind       -> declined card_counter_old
    """


@story
def test_two_cards_of_a_wallet_count_each_for_itself() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t7 blue 7
    pay A-17 amira 10.00 QAR at lounge by=t7           -> captured
    tap t1 red 1
    pay A-18 amira 10.00 QAR at lounge by=t1           -> captured
    """


@story
def test_counters_survive_images_and_restarts() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t2 blue 2
    hold A-17 amira 10.00 QAR at lounge by=t2          -> authorised
    tick
    restart
    tap copy blue 2
    pay A-18 amira 10.00 QAR at lounge by=copy         -> declined card_counter_old
    wait 61s
    tap next blue 3
    pay A-19 amira 10.00 QAR at lounge by=next         -> captured
    """


@story
def test_a_hold_that_a_card_made_is_not_increased_without_another_tap() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap t1 blue 1
    hold A-17 amira 10.00 QAR at lounge by=t1          -> authorised
    increase A-17 0.01 QAR                             -> declined card_replayed
    tick
    restart
    increase A-17 60.00 QAR                            -> declined card_replayed
    balance amira QAR                                  -> 90.00 and 10.00 held
    tap t2 blue 2
    hold A-18 amira 60.00 QAR at lounge by=t2          -> authorised
    capture A-17                                       -> captured
    increase A-17 0.01 QAR                             -> declined hold_captured
    """


@story
def test_a_card_s_stripe_cannot_count_and_pays_each_time() -> None:
    """
    open amira QAR                                     -> open
    top-up amira 100.00 QAR stmt-1                     -> sent
    deliver
    tap s1 blue 0
    pay A-17 amira 10.00 QAR at lounge by=s1           -> captured
    tap s2 blue 0
    pay A-18 amira 10.00 QAR at lounge by=s2           -> captured
    pay A-19 amira 10.00 QAR at lounge by=s2           -> declined card_replayed
    """
