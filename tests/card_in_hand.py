"""A wallet card in a hand: its program, with no reader and no daemon between."""

from random import Random

from terminals.bench_reader.slot import CardProgram
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.wallet_card import greet, personalise


class Link:
    """asked: the instructions, in their order."""

    def __init__(self, card: CardProgram) -> None:
        self._card = card
        self.asked: list[int] = []

    def transmit(self, question: bytes) -> bytes:
        self.asked.append(question[1])
        return self._card.process(question)


def written_card(
    number: bytes, key: bytes, pin: str = "", key_id: int = 1
) -> WalletProgram:
    card = WalletProgram(Random(number).randbytes)
    link = Link(card)
    greet(link)
    personalise(link, card=number, key_id=key_id, key=key, pin=pin)
    return card
