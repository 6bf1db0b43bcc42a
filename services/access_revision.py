"""A number that grows whenever somebody loses or regains access.

Gateway processes remember for seconds who holds which key. Each looks at this one number several
times a second (gateway/access_watch.py) and forgets when it has grown; so a suspended terminal is
refused everywhere at once, and a payment costs no look-up. Whatever takes access away notes it
here, in its own transaction.
"""

from sqlalchemy import Connection, select, update

from services.store import Store
from services.tables import ACCESS_REVISION


def note_change(connection: Connection) -> None:
    number = ACCESS_REVISION.c.number
    connection.execute(update(ACCESS_REVISION).values(number=number + 1))


def access_revision(store: Store) -> int:
    with store.read() as connection:
        number: int = connection.execute(select(ACCESS_REVISION.c.number)).scalar_one()
    return number
