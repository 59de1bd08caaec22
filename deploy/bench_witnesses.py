"""What witnessing costs an entry on its way from one country to the other, measured in two real nodes.

Requests are played between them; of every entry both nodes have written down when it was signed, when
its checkpoint was, when that was published with the other country's cosignatures, and when the entry
was taken in over there.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from deploy import workplace
from deploy.lab import COUNTRIES, Lab

STEPS = (
    ("signed → under a signed checkpoint", "signed", "checkpoint"),
    ("→ cosigned by the quorum and published", "checkpoint", "published"),
    ("→ taken in by the other country", "published", "taken"),
    ("signed → taken in", "signed", "taken"),
)
REQUESTS = 4


def measure(folder: Path) -> tuple[int, Mapping[str, tuple[float, float]]]:
    """Play requests; return how many entries went, and of each step the median and the worst in ms."""
    with Lab(folder / "lab") as lab:
        case = workplace.open_case(lab, folder / "desk")
        draft = str(workplace.write_draft(folder))
        for _ in range(REQUESTS):
            case.draft(draft)
            case.send_request()
            case.accept()
        ways = [way for country in COUNTRIES for way in _ways(lab, country)]
    found = {}
    for name, begin, end in STEPS:
        spans = [(way[end] - way[begin]).total_seconds() * 1000 for way in ways]
        found[name] = median(spans), max(spans)
    return len(ways), found


def _ways(lab: Lab, country: str) -> Iterator[dict[str, datetime]]:
    """Of each delivered entry of a country: when it came to which point."""
    (peer,) = (each for each in COUNTRIES if each != country)
    taken = dict(
        _rows(
            lab.database(peer, "exchange"),
            "SELECT hash, created_at FROM entry WHERE direction='in'",
        )
    )
    log = lab.database(country, "audit")
    signed = _rows(log, "SELECT size, created_at FROM checkpoint ORDER BY size")
    shown = _rows(log, "SELECT size, created_at FROM published ORDER BY size")
    own = "SELECT hash, created_at, log_index FROM entry WHERE direction='out'"
    for digest, created, index in _rows(lab.database(country, "exchange"), own):
        if digest in taken:
            yield {
                "signed": _time(created),
                "checkpoint": _first(signed, index),
                "published": _first(shown, index),
                "taken": _time(taken[digest]),
            }


def _rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def _first(rows: list[Any], index: int) -> datetime:
    """When the first checkpoint came that covers an entry."""
    return next(_time(at) for size, at in rows if int(size) > index)


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
