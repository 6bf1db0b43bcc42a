"""Images drawn anew from entries alone, by the code of every start."""

from actors.residents import REPLAY_PAGE, Residents
from ledger.journal import Journal


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
