"""`python -m services.audit.schema`: make or upgrade the log's schema on PostgreSQL, as its owner.

It runs before the service starts, ends, and keeps no connection. The service itself uses a role that
owns nothing (`ROGATORY_DATABASE_ROLE`) and gets here what it may do.
"""

from services.audit.settings import SchemaSettings
from services.audit.store import grants
from shared.runtime import logs
from shared.runtime.database import migrate, open_database
from shared.runtime.settings import load


def prepare(settings: SchemaSettings) -> None:
    """Bring the schema up to this release, and the service's role to its rights; twice is once.

    Raises:
        DBAPIError: the database does not answer, there is no such role, or this one is not the owner.
    """
    database = open_database(settings.database)
    try:
        migrate(database, "services.audit.migrations")
        with database.begin() as db:
            grants.grant(db, settings.database_role)
    finally:
        database.close()
    # Died between the two: the service finds the schema without its rights, and this is run again.


def main() -> None:
    """Prepare the schema and end."""
    settings = load(SchemaSettings)
    logs.configure("audit-schema", settings.log_level)
    prepare(settings)
    logs.log().info("schema_prepared", role=settings.database_role)


if __name__ == "__main__":
    main()
