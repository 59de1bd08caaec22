"""The log: head, entries, tree, checkpoints, inbox, openings; and triggers that refuse rewriting."""

import sqlalchemy as sa
from alembic import op

from shared.runtime.database import UtcDateTime

revision = "0001"
down_revision = None

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# table: what the refusal says. No row of these is ever changed or removed.
APPEND_ONLY = ("log_entry", "tree_node", "checkpoint", "counterpart")
# table: condition under which an update is refused. No row of these is ever removed.
FORWARD_ONLY = {
    "log_head": "NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NEW.last_time < OLD.last_time",
    "inbox": "OLD.idx IS NOT NULL OR NEW.tag <> OLD.tag OR NEW.event_id <> OLD.event_id",
}
# An entry takes the next index, and its time is not before the last one's.
DENSE = (
    "NEW.idx <> (SELECT COALESCE(MAX(idx) + 1, 0) FROM log_entry)"
    " OR NEW.seq_time < (SELECT seq_time FROM log_entry WHERE idx = NEW.idx - 1)"
)


def upgrade() -> None:
    _log()
    _evidence()
    _inbox()
    _openings()
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _log() -> None:
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("last_time", UtcDateTime, nullable=False),
    )
    op.create_table(
        "log_entry",
        sa.Column("idx", Counter, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("seq_time", UtcDateTime, nullable=False),
        sa.Column("peer", sa.Text),
        sa.Column("peer_seq", sa.BigInteger),
        sa.Column("case_ref", sa.Text),
        sa.Column("case_seq", sa.BigInteger),
    )
    op.create_index("log_entry_time", "log_entry", ["seq_time"])
    op.create_index("log_entry_case", "log_entry", ["case_ref", "idx"])
    op.create_index("log_entry_peer", "log_entry", ["peer", "idx"])


def _evidence() -> None:
    op.create_table(
        "tree_node",
        sa.Column("position", Counter, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", Counter, primary_key=True, autoincrement=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "counterpart",
        sa.Column("idx", Counter, primary_key=True, autoincrement=False),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("tag", sa.LargeBinary, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("payload", sa.LargeBinary),
        sa.Column("idx", sa.BigInteger),
    )
    waiting = sa.text("idx IS NULL")
    op.create_index(
        "inbox_waiting",
        "inbox",
        ["received_at", "event_id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _openings() -> None:
    op.create_table(
        "case_key",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "opening",
        sa.Column("idx", Counter, primary_key=True, autoincrement=False),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("opening_owner", "opening", ["owner"])


def _sqlite_triggers() -> None:
    for table in APPEND_ONLY:
        _sqlite_refusal(table, "UPDATE", None, "append only")
    for table, condition in FORWARD_ONLY.items():
        _sqlite_refusal(table, "UPDATE", condition, "forward only")
    for table in (*APPEND_ONLY, *FORWARD_ONLY):
        _sqlite_refusal(table, "DELETE", None, "append only")
    _sqlite_refusal("log_entry", "INSERT", DENSE, "out of order")


def _sqlite_refusal(table: str, verb: str, condition: str | None, word: str) -> None:
    when = "" if condition is None else f" WHEN {condition}"
    op.execute(
        f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH ROW{when}"
        f" BEGIN SELECT RAISE(ABORT, '{table} is {word}'); END"
    )


def _postgresql_triggers() -> None:
    op.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$"
    )
    for table, condition in FORWARD_ONLY.items():
        _postgresql_condition(table, "UPDATE", condition, "forward only")
    _postgresql_condition("log_entry", "INSERT", DENSE, "out of order")
    for table in (*APPEND_ONLY, *FORWARD_ONLY):
        verbs = "UPDATE OR DELETE" if table in APPEND_ONLY else "DELETE"
        op.execute(
            f"CREATE TRIGGER {table}_fixed BEFORE {verbs} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        )


def _postgresql_condition(table: str, verb: str, condition: str, word: str) -> None:
    name = f"{table}_{verb.lower()}"
    op.execute(
        f"CREATE FUNCTION {name}_check() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {condition} THEN RAISE EXCEPTION '{table} is {word}'; END IF;"
        " RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {verb} ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}_check()"
    )
