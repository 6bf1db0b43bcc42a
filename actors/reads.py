"""What can be read of an account. Reads pass the same queue as changes, so they show only what
is durable by the time they are answered.
"""

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
from ledger.decide import find_payment
from ledger.decline import DeclineReason
from ledger.entry import unseal
from ledger.journal import Journal
from ledger.replies import DeclinedReply, EntriesReply, Reply

# Entries in one page of a statement: 100 of some 260 bytes, well within an answer.
ENTRIES_MAX = 100


def read(account: Account | None, command: Read, journal: Journal) -> Reply:
    if account is None:
        return DeclinedReply(DeclineReason.ACCOUNT_NOT_FOUND)
    match command:
        case ReadAccount():
            return account_answer(account)
        case ReadEntries():
            return _entries(account, command, journal)
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


def _entries(account: Account, command: ReadEntries, journal: Journal) -> EntriesReply:
    """Walk back along the account's own line of entries: no index is needed for it."""
    seq = command.before or account.last_seq
    bodies: list[bytes] = []
    while seq and len(bodies) < min(command.limit, ENTRIES_MAX):
        sealed = journal.entry(seq)
        if sealed is None:
            break  # of this very batch: durable, and in the list, with the next read
        entry = unseal(sealed.body)
        if entry.account != account.id:
            break  # a cursor that is not this account's shows nothing
        bodies.append(sealed.body)
        seq = entry.previous
    return EntriesReply(tuple(bodies), seq)
