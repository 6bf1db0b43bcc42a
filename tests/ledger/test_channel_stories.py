"""What the rules of a channel refuse, as the account writes it down."""

from tests.stories import story


@story
def test_what_a_channel_refuses_uses_no_code_up_and_stays_refused() -> None:
    """
    open mei QAR                       -> open
    top-up mei 100.00 QAR stmt-1       -> sent
    deliver
    show c1
    pay A1 mei 6.00 QAR at lounge by=c1 refused=not_sold_in_channel -> declined not_sold_in_channel
    again                                -> declined not_sold_in_channel again
    balance mei QAR                    -> 100.00 and 0.00 held
    pay A2 mei 60.00 QAR at lounge by=c1 -> captured
    """


@story
def test_an_amount_above_the_channels_limit_is_refused_and_a_smaller_one_is_not() -> None:
    """
    open mei QAR                       -> open
    top-up mei 100.00 QAR stmt-1       -> sent
    deliver
    pay A1 mei 60.00 QAR at lounge refused=exceeds_channel_limit -> declined exceeds_channel_limit
    pay A2 mei 50.00 QAR at lounge     -> captured
    balance mei QAR                    -> 50.00 and 0.00 held
    """
