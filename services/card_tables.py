"""The tables of cards: the wallet's own, and the bank cards that a wallet knows by a token.

No key is here, no card number, no PIN. What a card has paid, and its counter, is in the journal.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from services.tables import METADATA

# number_digest: of a stripe's number, which is a bearer's secret. limit: above it a PIN is needed.
# writing_begun: noted before a chip is written; personalised: once the chip has said that it is.
CARDS = Table(
    "cards",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False, index=True),
    Column("form", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("key_id", Integer, nullable=False),
    Column("limit_minor", BigInteger),
    Column("limit_currency", Text),
    Column("number_digest", LargeBinary, unique=True),
    Column("masked", Text),
    Column("made_at_ms", BigInteger, nullable=False),
    Column("personalised_at_ms", BigInteger),
    Column("writing_begun_at_ms", BigInteger),
    CheckConstraint("limit_minor >= 0", name="limit_is_not_negative"),
)

# Of every issuer key that was ever held here (services/issuer_register.py).
ISSUER_KEYS = Table(
    "issuer_keys",
    METADATA,
    Column("key_id", Integer, primary_key=True, autoincrement=False),
    Column("check_value", LargeBinary, nullable=False),
)

# One bank card may be linked to several wallets: a family's, say.
LINKED_CARDS = Table(
    "linked_cards",
    METADATA,
    Column("account", Text, nullable=False),
    Column("token", Text, nullable=False, index=True),
    Column("masked", Text, nullable=False),
    Column("expiry", Text, nullable=False),
    Column("linked_at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("account", "token"),
)
