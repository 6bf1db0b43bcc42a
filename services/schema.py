"""The store's schema: which revision it has, and how it comes to the one of this code.

Revisions are Alembic's, shipped inside the package and run on the caller's connection, in
the caller's transaction. There is no way back down: an older release refuses a newer store,
and who must return restores the copy made before the upgrade.
"""

from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from services.data_keys import DataKeys

# Not Alembic's own name: on PostgreSQL the store may share its database with others.
VERSION_TABLE = "store_version"

# Any fixed number: whoever upgrades a PostgreSQL database holds the advisory lock of this
# number until its commit, so that gateways that start together upgrade one after another.
UPGRADE_LOCK = 0x41495253

# Alembic keeps the running environment in a module; two upgrades at once would mix them up.
_ONE_UPGRADE = Lock()


class SchemaIsNewer(Exception):
    """The store was upgraded by a newer release. This one must not touch it.

    You do not get this for an older store: that one is upgraded when it is opened.
    """

    def __init__(self, found: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(
            f"the store has schema revision {', '.join(found)}, this release knows "
            f"up to {', '.join(known)}: start the newer release, or restore an older copy"
        )


def is_current(connection: Connection) -> bool:
    """Say False for an older or an empty store, and raise SchemaIsNewer for a newer one."""
    options = {"version_table": VERSION_TABLE}
    found = MigrationContext.configure(connection, opts=options).get_current_heads()
    scripts = ScriptDirectory.from_config(_config(connection))
    if not set(found) <= {script.revision for script in scripts.walk_revisions()}:
        raise SchemaIsNewer(found, tuple(scripts.get_heads()))
    return set(found) == set(scripts.get_heads())


def upgrade(connection: Connection, keys: DataKeys) -> None:
    """Bring the store to this code's revision, in the transaction that the caller began. keys:
    under which what an older release wrote in plain is sealed.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))
    # Asked under the lock: another process may just have done it, or gone further.
    if is_current(connection):
        return
    with _ONE_UPGRADE:
        config = _config(connection)
        config.attributes["keys"] = keys
        command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    attributes = {"connection": connection, "version_table": VERSION_TABLE}
    config = Config(attributes=attributes)
    config.set_main_option("script_location", "services:migrations")
    return config
