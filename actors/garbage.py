"""Memory that nobody needs: Python's collector of dead circles, made to keep out of the way of
payments, and what the C library keeps of what was freed.
"""

import ctypes
import gc

# New objects after which Python looks for dead circles among them. Its own number is 700, which
# what one batch makes exceeds: 5 to 10 % of all work, of a gateway and of a partition. These are
# some 10 MB.
YOUNG_OBJECTS_MAX = 50_000


def look_seldom() -> None:
    """Call it once, when a process has started. What is there now stays: a full collection would
    look through all of it (Ray's, SQLAlchemy's, the replayed accounts) every few seconds, and no
    payment is answered meanwhile: 80 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)


def give_back() -> None:
    """Give what is free to the system. glibc keeps it in as many heaps as there are threads: after
    60,000 requests, a tenth of them large, a gateway held 24 MB that nobody used, and 9 MB after
    10,000. Some milliseconds, without Python's lock, so call it in a thread. Does nothing where the
    C library has no such function: see malloc_trim(3).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
