"""What the operators of a node are told of the ground it stands on: disk, database, certificates."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from cryptography import x509
from fastapi import APIRouter, Request

from shared.runtime.clock import Clock
from shared.runtime.database import Database

PATH = "/ops/condition"
_VERSION = {"sqlite": "SELECT sqlite_version()", "postgresql": "SHOW server_version"}
_JOURNAL = {"sqlite": "PRAGMA journal_mode", "postgresql": "SHOW synchronous_commit"}
_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system under the data of a service, in bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """The database of a service; `journal`: of SQLite its mode, of PostgreSQL `synchronous_commit`."""

    kind: str
    version: str
    journal: str
    size: int  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that the service shows or signs with, and how long it still holds."""

    name: str
    not_after: int  # seconds since 1970
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The ground a service stands on."""

    disk: Disk
    database: Store
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where to look; hangs on an app as `app.state.ground`."""

    folder: Path
    database: Database
    clock: Clock
    certificates: Mapping[str, Path]  # PEM, by what it is for

    def look(self) -> Condition:
        """Look at all of it now."""
        now = self.clock()
        found = (
            certificate(name, path.read_bytes(), now) for name, path in self.certificates.items()
        )
        return Condition(
            disk=_disk(self.folder), database=_store(self.database), certificates=tuple(found)
        )


def certificate(name: str, pem: bytes, now: datetime) -> Certificate:
    """Say how long a chain of certificates holds: as long as the first of it to end."""
    ends = min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(pem))
    return Certificate(
        name=name, not_after=int(ends.timestamp()), days_left=(ends - now) // timedelta(days=1)
    )


def router() -> APIRouter:
    """Return the route by which a service inside tells of it."""
    made = APIRouter()

    @made.get(PATH)
    def condition(request: Request) -> Condition:
        """Tell of disk, database and certificates."""
        ground: Ground = request.app.state.ground
        return ground.look()

    return made


def _disk(folder: Path) -> Disk:
    used = shutil.disk_usage(folder)
    return Disk(free=used.free, total=used.total)


def _store(database: Database) -> Store:
    kind = database.engine.dialect.name
    with database.read() as db:
        version, journal, size = (
            db.execute(sa.text(question[kind])).scalar_one()
            for question in (_VERSION, _JOURNAL, _SIZE)
        )
    return Store(kind=kind, version=str(version), journal=str(journal), size=int(size))
