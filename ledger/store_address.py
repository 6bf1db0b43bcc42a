"""Where the journals of an installation live: a folder, or a PostgreSQL database.

The address of a database may hold a password. So an address shows itself masked wherever it is
printed, and the mask is closed by default: only the parts that are certainly no secret are shown,
and of a form that we do not read exactly, nothing. libpq repeats a malformed address in its own
errors; so it never gets to see one.
"""

import re
from typing import Any

import msgspec

from ledger.errors import BadStoreAddress

_CHARACTERS = r"(?:[\w.~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*"
_HOST = r"(?:[\w.-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\]"
# RFC 3986, as far as libpq reads it (postgresql.org/docs/current/libpq-connect.html, 34.1.1.2).
_DATABASE = re.compile(
    rf"postgres(?:ql)?://(?:(?P<user>{_CHARACTERS})(?P<password>:{_CHARACTERS})?@)?"
    rf"(?P<hosts>(?:{_HOST})(?::\d+)?(?:,(?:{_HOST})(?::\d+)?)*)"
    rf"(?P<database>/{_CHARACTERS})?(?:\?[^@#\s]*)?",
    re.ASCII,
)
_MASK = "****"


class StoreAddress(msgspec.Struct, frozen=True):
    """text: a folder's absolute path, or postgresql://user:password@host:port/database.

    Whatever is no absolute path is taken for the address of a database, perhaps misspelt.
    """

    text: str

    def __str__(self) -> str:
        if not self.in_database:
            return self.text
        match = _DATABASE.fullmatch(self.text)
        if match is None:
            return _MASK
        user = match["user"] or ""
        password = f":{_MASK}" if match["password"] else ""
        at = "@" if user or password else ""
        return f"postgresql://{user}{password}{at}{match['hosts']}{match['database'] or ''}"

    def __repr__(self) -> str:
        return f"StoreAddress({str(self)!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("text", str(self))]

    @property
    def in_database(self) -> bool:
        return not self.text.startswith("/")

    def require_database(self) -> None:
        """Raises BadStoreAddress unless it is that of a database, in the form that we read."""
        if _DATABASE.fullmatch(self.text) is None:
            raise BadStoreAddress
