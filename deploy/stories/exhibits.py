"""Files of evidence for stories: real ones where the public test data lie beside, else made up."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.evidence import Stream
from deploy.stories.packing import Exhibit

REAL = Path(__file__).resolve().parents[3] / "shared/data"
IMAGE = ("plaso/image-split.E01", "plaso/image-split.E02")


def image_parts() -> dict[str, bytes]:
    """Return the two parts of a device's image, by name."""
    return {Path(name).name: _real(name) or Stream(name).read(300_000) for name in IMAGE}


def ledger() -> bytes:
    """Return a bank's export of an account, as SQLite."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE booking (day TEXT, amount INTEGER, other TEXT)")
            rows = [(f"2030-01-{day:02}", day * 1_000, "QT12 0000") for day in range(1, 29)]
            db.executemany("INSERT INTO booking VALUES (?, ?, ?)", rows)
        db.close()
        return path.read_bytes()


def mails(number: int, *, whose: str, covers: tuple[datetime, datetime], measure: str) -> Exhibit:
    """Return one mail of a mailbox."""
    text = f"From: {whose}\nSubject: letter {number}\n\n".encode() + b"As agreed.\n" * number
    return Exhibit(
        name=f"mail-{number}.eml",
        content=text,
        measure=measure,
        category="DC-CNT",
        about=whose,
        covers=covers,
    )


def _real(name: str) -> bytes | None:
    path = REAL / name
    return path.read_bytes() if path.exists() else None
