"""Triggers that refuse to rewrite a table: a guard rail, on both databases, named as 0001 names them."""

from alembic import op


def append_only(*tables: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of these tables (`refuse()` is of migration 0001)."""
    for table in tables:
        if op.get_bind().dialect.name == "postgresql":
            _postgresql(table)
        else:
            _sqlite(table)


def _sqlite(table: str) -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
        )


def _postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_fixed BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    )
