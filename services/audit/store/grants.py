"""What the service's own role may do on PostgreSQL: nothing that is not on this list.

The tables belong to another role, which the service never uses: its schema is made and upgraded by
`python -m services.audit.schema`. So a service that was taken over can neither change the tables nor
disable their triggers; what the owner could do, witnesses, peers and overseers notice.
"""

import sqlalchemy as sa
from sqlalchemy.orm import Session

APPEND = "SELECT, INSERT"
ERASE = "SELECT, INSERT, DELETE"

# table: privileges, for some of the columns where it says so.
GRANTS = {
    "alembic_version": "SELECT",
    "log_head": "SELECT, INSERT, UPDATE (size, root, epoch, last_time)",
    "log_entry": APPEND,
    "tree_node": APPEND,
    "checkpoint": APPEND,
    "cosignature": APPEND,
    "published": APPEND,
    "policy": APPEND,
    "counterpart": APPEND,
    "inbox": "SELECT, INSERT (event_id, tag, received_at, payload), UPDATE (idx, payload)",
    # Openings may be erased; that changes no hash and no proof.
    "case_key": ERASE,
    "opening": ERASE,
    "stamp": APPEND,
    "key_set": APPEND,
    "inspection": "SELECT, INSERT, UPDATE (seen_at, checked, size, ended_at, bad, detail)",
    "closed_log": APPEND,
    "witness_head": "SELECT, INSERT, UPDATE (size, note)",
    "witness_note": APPEND,
    "witness_cosignature": APPEND,
    "witness_evidence": APPEND,
    "witness_key": APPEND,
    # The index is derived and may be made anew; the roots that were logged are not.
    "index_head": "SELECT, INSERT, UPDATE (size, root)",
    "index_list": "SELECT, INSERT, UPDATE (size, peaks), DELETE",
    "index_node": "SELECT, INSERT, UPDATE (gone), DELETE",
    "index_root": APPEND,
}


def grant(db: Session, role: str) -> None:
    """Give a role what it may do, and take away whatever else it had.

    Raises:
        DBAPIError: there is no such role, or we do not own the tables.
    """
    name = db.get_bind().dialect.identifier_preparer.quote(role)
    everything = (
        "ALL TABLES IN SCHEMA",
        "ALL SEQUENCES IN SCHEMA",
        "ALL FUNCTIONS IN SCHEMA",
        "SCHEMA",
    )
    for kind in everything:
        db.execute(sa.text(f"REVOKE ALL ON {kind} public FROM PUBLIC, {name}"))
    db.execute(sa.text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    for table, privileges in GRANTS.items():
        db.execute(sa.text(f"GRANT {privileges} ON {table} TO {name}"))
