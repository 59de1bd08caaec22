"""`make bench`, the law: lists and searches of a node with 100,000 cases, from the store to the answer.

Cases are put into the tables as they stand after a year; what is timed is the use case and the shape of the
answer, as a caller gets it. The baseline of the same run is the bare SELECT of the same rows.
"""

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import sqlalchemy as sa
from fastapi.encoders import jsonable_encoder
from rich.console import Console
from rich.table import Table

from deploy.case_draft import DRAFT
from services.exchange import assistance
from services.exchange.records import RequestsWanted
from services.exchange.routes import answers
from services.exchange.states import Direction
from services.exchange.tables import HistoryRow, MeasureRow, RequestRow
from shared.protocol import canonical
from shared.protocol.identifiers import new_id
from shared.protocol.law import documents
from shared.protocol.law.lifecycle import State
from shared.runtime.database import Database, migrate, open_database

CASES: Final = 100_000
BLOCK: Final = 1_000
GOAL: Final = 100  # ms
SHOWN: Final = 50  # requests on a page
STEPS: Final = 8  # of a case's history
SEARCHES: Final[dict[str, RequestsWanted]] = {
    "the newest": RequestsWanted(limit=SHOWN),
    "being executed": RequestsWanted(state=State.EXECUTING, limit=SHOWN),
    "of one country, to us": RequestsWanted(peer="QR", direction=Direction.IN, limit=SHOWN),
    "by the beginning of a reference": RequestsWanted(text="QM-2026-1234", limit=SHOWN),
    "emergencies": RequestsWanted(urgency="EMERGENCY", limit=SHOWN),
    "of a kind that there is none of": RequestsWanted(kind="EIO", limit=SHOWN),
    "none: three conditions that exclude": RequestsWanted(
        direction=Direction.OUT, state=State.CLOSED, peer="XX", limit=SHOWN
    ),
}


def fill(database: Database, cases: int) -> None:
    """Put cases into the store: one in a thousand is an emergency."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    states = list(State)
    with database.begin() as db:
        for first in range(0, cases, BLOCK):
            rows = [
                _row(first + n, at + timedelta(seconds=300 * (first + n)), states)
                for n in range(BLOCK)
            ]
            db.execute(sa.insert(RequestRow), rows)
            db.execute(sa.insert(MeasureRow), [part for row in rows for part in _measures(row)])
            db.execute(sa.insert(HistoryRow), [part for row in rows for part in _steps(row)])


def _row(n: int, at: datetime, states: list[State]) -> dict[str, Any]:
    request_id = new_id(at)
    sent = documents.sent(documents.of_json(DRAFT), request_id=request_id, sender="QM")
    return {
        "id": request_id,
        "direction": Direction.OUT if n % 2 else Direction.IN,
        "peer": "QN" if n % 3 else "QR",
        "state": states[n % len(states)],
        "turn": STEPS,
        "kind": "MLA",
        "urgency": "ROUTINE" if n % 1_000 else "EMERGENCY",
        "instrument": "BUD",
        "version": 1,
        "document": canonical.encode(sent),
        "digest": "ab" * 32,
        "own_reference": f"QM-2026-{n:06d}",
        "created_by": "urn:rogatory:QM:preparer",
        "created_at": at,
        "updated_at": at,
    }


def _measures(row: dict[str, Any]) -> list[dict[str, Any]]:
    same = {
        "request_id": row["id"],
        "code": "MEA-07",
        "description": "Content.",
        "state": row["state"],
    }
    return [{**same, "measure_id": f"M{n:02d}", "ordinal": n} for n in (1, 2)]


def _steps(row: dict[str, Any]) -> list[dict[str, Any]]:
    same = {"object_id": row["id"], "at": row["created_at"], "by": "urn:rogatory:QM:preparer"}
    return [{**same, "state": f"S{n:02d}"} for n in range(STEPS)]


def best(work: Callable[[], object], rounds: int = 7) -> float:
    """Return the milliseconds of the quickest of some rounds."""
    found = []
    for _ in range(rounds):
        began = perf_counter()
        work()
        found.append(perf_counter() - began)
    return min(found) * 1000


def _page(database: Database, wanted: RequestsWanted) -> list[Any]:
    listed = assistance.listed(wanted, database=database)
    page: list[Any] = jsonable_encoder([answers.request(file) for file in listed])
    return page


def _bare(database: Database) -> None:
    with database.read() as db:
        db.execute(sa.select(RequestRow.id, RequestRow.document).limit(SHOWN)).all()


def main() -> int:
    """Measure; fail where a goal is missed."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'lists.db'}")
        migrate(database, "services.exchange.migrations")
        fill(database, cases)
        table = Table("list or search", "rows", "ms", f"goal {GOAL} ms", title=f"{cases:,} cases")
        missed = False
        for name, wanted in SEARCHES.items():
            took, rows = best(lambda w=wanted: _page(database, w)), len(_page(database, wanted))  # type: ignore[misc]
            missed |= took > GOAL
            table.add_row(name, str(rows), f"{took:.1f}", "missed" if took > GOAL else "ok")
        bare = best(lambda: _bare(database))
        table.add_row(f"baseline: bare SELECT of {SHOWN} documents", str(SHOWN), f"{bare:.1f}", "")
        database.close()
    Console().print(table)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
