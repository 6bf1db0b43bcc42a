"""Images drawn anew from entries alone, by the code of every start.

After a restore there are none, and after an upgrade they may be of another version. A partition
would draw them itself; but that takes a minute for each few million entries, in which it does not
beat, and whoever waits for its first beat gives up. So it is done before anything is started.
"""

from collections.abc import Callable
from contextlib import closing

from actors.residents import REPLAY_PAGE, TAIL_MAX, Residents
from ledger.images import mark_of
from ledger.journal import Journal, Store

# Told the partition, the entries that are done, and how many there are.
Progress = Callable[[int, int, int], None]


def rebuild_old(store: Store, progress: Progress) -> None:
    """Of every journal whose images a start cannot use, and that is too long to replay while
    others wait. Raises JournalDamaged, AppendFailed, Fenced, StoreTooNew.
    """
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            done, end = mark_of(partition, reader).seq, reader.tip().seq
        if end - done <= 2 * TAIL_MAX:
            continue
        progress(partition, done, end)
        with closing(store.writer(partition)) as journal:
            rebuild(partition, journal)
        progress(partition, end, end)


def rebuild(partition: int, journal: Journal) -> None:
    """Replay a journal that has no images, as after a restore, and save those of all accounts. So
    its first start is as short as any. Raises JournalDamaged, AppendFailed, Fenced.
    """
    residents = Residents(partition, journal)
    residents.replay()
    images, mark = residents.next_images(idle=True, entries=REPLAY_PAGE)
    while images:
        journal.append([], images, mark)
        images, mark = residents.next_images(idle=True, entries=REPLAY_PAGE)
