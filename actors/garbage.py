"""Python's collector of dead circles, made to keep out of the way of payments."""

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
