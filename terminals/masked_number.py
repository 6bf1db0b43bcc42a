"""The one form in which a number on a card is shown: **** and its last four digits."""


def masked(number: str) -> str:
    """Less than PCI DSS 3.4.1 would allow. One form everywhere, for two different ones of the same
    number tell more than either.
    """
    return f"**** {number[-4:]}"
