"""The head counts the entries, each size has one root; the rights of the service's role stand elsewhere.

Rights are given by name, after every migration (`services.audit.store.grants`). What no right can say
is said here: there is one head, at one size it has one root, and no transaction ends with a head that
counts other entries than there are.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

FORWARD = (
    "NEW.size < OLD.size OR NEW.epoch < OLD.epoch OR NEW.last_time < OLD.last_time"
    " OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR NEW.id <> OLD.id"
)
COUNTED = "(SELECT size FROM log_head) <> (SELECT COALESCE(MAX(idx) + 1, 0) FROM log_entry)"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _postgresql() -> None:
    _check("log_head_update_check", FORWARD, "log_head is forward only")
    _check("log_head_insert_check", "NEW.id <> 1", "log_head has one row")
    _check("log_head_counts_check", COUNTED, "log_head counts other entries than there are")
    op.execute(
        "CREATE TRIGGER log_head_insert BEFORE INSERT ON log_head"
        " FOR EACH ROW EXECUTE FUNCTION log_head_insert_check()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER log_head_counts AFTER INSERT OR UPDATE OF size ON log_head"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_head_counts_check()"
    )


def _check(name: str, condition: str, word: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {condition} THEN RAISE EXCEPTION '{word}'; END IF; RETURN NEW; END $$"
    )


def _sqlite() -> None:
    """SQLite has no triggers at the end of a transaction: there, inspection compares."""
    op.execute("DROP TRIGGER log_head_update")
    for verb, condition, word in (
        ("UPDATE", FORWARD, "log_head is forward only"),
        ("INSERT", "NEW.id <> 1", "log_head has one row"),
    ):
        op.execute(
            f"CREATE TRIGGER log_head_{verb.lower()} BEFORE {verb} ON log_head FOR EACH ROW"
            f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{word}'); END"
        )
