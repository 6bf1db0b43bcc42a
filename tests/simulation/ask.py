"""What a caller asked, and what it was told: the memory from which the workload goes on."""

from dataclasses import dataclass, field

from actors.frame import encode
from ledger.commands import AnyCommand, PresentedCard
from ledger.decline import DeclineReason
from ledger.errors import Happened
from ledger.ids import AccountId
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.replies import DeclinedReply, PaymentReply, Reply, ReverseReply

Lasting = PaymentReply | ReverseReply | DeclinedReply
# Without an account nobody remembers the key; and a key that is barred stays free for the payment
# that was reversed before it came.
_UNWRITTEN = (
    DeclinedReply(DeclineReason.ACCOUNT_NOT_FOUND),
    DeclinedReply(DeclineReason.REVERSED_BEFORE_ARRIVAL),
)


@dataclass(eq=False)
class Ask:
    """told: what each attempt learnt of whether it happened. Reads have no key."""

    command: AnyCommand
    caller: str = ""
    key: bytes = b""
    request: bytes = b""
    replies: list[Reply] = field(default_factory=list)
    told: list[Happened] = field(default_factory=list)

    @property
    def denied(self) -> bool:
        """Every attempt was told that nothing happened, so nothing may have."""
        return bool(self.told) and set(self.told) == {Happened.NO}

    def begin(self) -> int:
        """One more attempt: until it ends, nobody knows what became of it."""
        self.told.append(Happened.UNKNOWN)
        return len(self.told) - 1

    def first_for_ever(self) -> Lasting | None:
        """The first answer, if it is one that stands. Others tell of an account or a transfer as
        it is now.
        """
        for reply in self.replies:
            if isinstance(reply, Lasting) and reply not in _UNWRITTEN:
                return reply
        return None


def keyed(command: AnyCommand, caller: str, key: str) -> Ask:
    request = request_digest(encode(command))
    return Ask(command, caller, key_digest(caller, key), request)


@dataclass(frozen=True)
class Shown:
    """A payment code that a wallet has shown, or the tap of its card, and its first use."""

    account: AccountId
    code_id: bytes
    issued_at_ms: int
    merchant: str
    order: bytes
    amount: Money
    card: PresentedCard | None = None
