"""What can be read of an account. Reads pass the same queue as changes, so they show only what
is durable by the time they are answered.
"""

from actors.draft import Draft
from actors.recall import find
from ledger.account import Account
from ledger.answer import account_answer, payment_answer, transfer_answer
from ledger.commands import (
    LookUp,
    Read,
    ReadAccount,
    ReadEntries,
    ReadPayment,
    ReadTransfer,
)
from ledger.decide_payment import find_payment
from ledger.decline import DeclineReason
from ledger.entry import unseal
from ledger.replies import DeclinedReply, EntriesReply, Reply

# Entries in one page of a statement: 100 of some 260 bytes, well within an answer.
ENTRIES_MAX = 100


def read(account: Account | None, command: Read, draft: Draft) -> Reply:
    if account is None:
        return DeclinedReply(DeclineReason.ACCOUNT_NOT_FOUND)
    match command:
        case ReadAccount():
            return account_answer(account)
        case ReadEntries():
            return _entries(account, command, draft)
        case ReadTransfer():
            if command.ordinal not in account.transfers:
                return DeclinedReply(DeclineReason.TRANSFER_NOT_FOUND)
            return transfer_answer(account, command.ordinal)
        case ReadPayment():
            if find_payment(account, command) is None:
                return DeclinedReply(DeclineReason.PAYMENT_NOT_FOUND)
            return payment_answer(account, command.ordinal)
        case LookUp():
            found = find(account, command.original, command.merchant)
            if isinstance(found, DeclineReason):
                return DeclinedReply(found)
            return payment_answer(account, found)


def _entries(account: Account, command: ReadEntries, draft: Draft) -> EntriesReply:
    """Walk back along the account's own line of entries: no index is needed for it."""
    seq = command.before or account.last_seq
    bodies: list[bytes] = []
    while seq and len(bodies) < min(command.limit, ENTRIES_MAX):
        sealed = draft.sealed(seq)
        entry = unseal(sealed.body) if sealed else None
        if sealed is None or entry is None or entry.account != account.id:
            return EntriesReply((), 0)  # a cursor that is not this account's shows nothing
        bodies.append(sealed.body)
        seq = entry.previous
    return EntriesReply(tuple(bodies), seq)
