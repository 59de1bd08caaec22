"""Our witness of other countries' logs: what it cosigned, and the evidence it keeps."""

import sqlalchemy as sa
from alembic import op

from services.audit.migrations.triggers import append_only
from shared.runtime.database import UtcDateTime

revision = "0003"
down_revision = "0002"

# What was cosigned last is never forgotten, and a log that we witness never shrinks.
BACKWARDS = (
    "NEW.origin <> OLD.origin OR NEW.place <> OLD.place OR NEW.size < OLD.size"
    " OR (NEW.note IS NULL AND OLD.note IS NOT NULL)"
)


def upgrade() -> None:
    _memory()
    _evidence()
    append_only("witness_note", "witness_cosignature", "witness_evidence", "witness_key")
    _forward_only()


def _memory() -> None:
    op.create_table(
        "witness_head",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False, unique=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "witness_note",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("seen_at", UtcDateTime, nullable=False),
    )
    refused = sa.text("reason IS NOT NULL")
    op.create_index(
        "witness_refused",
        "witness_note",
        ["origin", "reason"],
        sqlite_where=refused,
        postgresql_where=refused,
    )
    op.create_table(
        "witness_cosignature",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, primary_key=True),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("cosigned_at", UtcDateTime, nullable=False),
    )
    op.create_index("witness_one_root", "witness_cosignature", ["origin", "size"], unique=True)


def _evidence() -> None:
    op.create_table(
        "witness_evidence",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("evidence", sa.LargeBinary, nullable=False),
        sa.Column("found_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "witness_key",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("vkey", sa.Text, primary_key=True),
        sa.Column("since", UtcDateTime, nullable=False),
    )


def _forward_only() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION witness_head_check() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF {BACKWARDS} THEN RAISE EXCEPTION 'witness_head is forward only';"
            " END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER witness_head_update BEFORE UPDATE ON witness_head"
            " FOR EACH ROW EXECUTE FUNCTION witness_head_check()"
        )
        op.execute(
            "CREATE TRIGGER witness_head_fixed BEFORE DELETE ON witness_head"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        op.execute(
            "CREATE TRIGGER witness_head_truncate BEFORE TRUNCATE ON witness_head"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        )
        return
    for verb, when, word in (
        ("UPDATE", f" WHEN {BACKWARDS}", "forward only"),
        ("DELETE", "", "append only"),
    ):
        op.execute(
            f"CREATE TRIGGER witness_head_{verb.lower()} BEFORE {verb} ON witness_head"
            f" FOR EACH ROW{when} BEGIN SELECT RAISE(ABORT, 'witness_head is {word}'); END"
        )
