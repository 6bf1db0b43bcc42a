"""An account's entries, newest first, read from a journal by anybody.

Each entry names its account's previous one; where the line begins is in the account's image, or in
what was written since the mark. So this costs the account's own entries and the tail, however big
the journal is.
"""

from collections.abc import Iterator

from ledger.entry import Entry, unseal
from ledger.ids import AccountId
from ledger.images import mark_of
from ledger.journal import Reader

PAGE = 2_000


def account_line(partition: int, reader: Reader, account: AccountId) -> Iterator[Entry]:
    """Nothing for an account that was never opened. Raises StoreUnreadable, StoreTooNew."""
    seq = _last_seq(partition, reader, account)
    while seq:
        [sealed] = reader.read(seq - 1, 1)
        entry = unseal(sealed.body)
        assert entry.account == account, "an account's entries form one line"
        yield entry
        seq = entry.previous


def _last_seq(partition: int, reader: Reader, account: AccountId) -> int:
    mark = mark_of(partition, reader)
    seq = mark.seq
    found = _imaged_seq(reader, account) if mark.seq else 0
    while page := reader.read(seq, PAGE):
        for sealed in page:
            seq = sealed.seq
            if unseal(sealed.body).account == account:
                found = seq
    return found


def _imaged_seq(reader: Reader, account: AccountId) -> int:
    """The image may be older than the mark says, if nothing happened to the account since."""
    before = (int.from_bytes(account, "big") - 1).to_bytes(len(account), "big")
    for image in reader.images(1, before):
        if image.account == account:
            return image.seq
    return 0
