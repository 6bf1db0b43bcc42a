"""What Alembic runs around the revisions: on the connection that the store hands in.

The store has begun the transaction and commits it, so an upgrade happens whole or not at
all, on SQLite too (services/store.py says how). Nothing is begun or committed here.
"""

from alembic import context
from sqlalchemy import Connection

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)
assert connection.in_transaction()

context.configure(
    connection=connection, version_table=context.config.attributes["version_table"]
)
context.run_migrations()
