"""The first clients of a node come from a file, once; after that the registry is the truth.

`ROGATORY_CLIENTS` names the file: {"clients": [{client_id, role, scopes, keys, status}]}. It is read
when the registry is empty. A file that is another one later changes nothing, and is warned of: whoever
can write a file on the machine is not two officers.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway import clients, enrolment
from services.gateway.records import (
    Act,
    Decision,
    Draft,
    Enrolled,
    Person,
    Proposal,
    Status,
    Verdict,
)
from services.gateway.store import clients as stored
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.errors import ProtocolError
from shared.protocol.identifiers import new_id
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal

MAX_FILE: Final = 2**20  # bytes
KEY_LIFE: Final = timedelta(days=365)  # of a key for which the file gives no end
FOUNDER: Final = "founding-file"


class FoundingError(Exception):
    """The file of the first clients cannot be used; says what is wrong with which client."""


class _ClashError(Exception):
    """A client of this id, or one with one of its keys, is there already."""


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    client_id: str
    role: str
    scopes: tuple[str, ...]
    keys: tuple[dict[str, str | int], ...]
    status: Literal["active", "suspended"] = "active"


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    clients: tuple[_Entry, ...]


def found(path: Path, database: Database, *, country: str, clock: Clock) -> Database:
    """Take the clients of the file into a registry that is empty.

    Returns:
        The database, which now has clients.

    Raises:
        FoundingError: the registry is empty and the file cannot be used.
    """
    try:
        with database.begin() as db:
            if stored.is_empty(db):
                _import(db, path, country, clock())
                # Commit point: all of them are clients, with their events, or the next start does it anew.
                return database
    except _ClashError as error:
        with database.read() as db:
            # Another process that starts as well was first; else two in the file are alike.
            if stored.is_empty(db):
                raise FoundingError(f"{path}: {error}") from error
    with database.read() as db:
        known = stored.proposals(db, None, 1, act=Act.IMPORT)
    if path.exists() and known and known[0].draft.reason != _digest(path.read_bytes()):
        logs.log().warning("clients_file_ignored", path=str(path), see="rogatory client list")
    return database


def read_file(content: bytes, country: str, now: datetime) -> list[Enrolled]:
    """Read the clients of a file.

    Raises:
        FoundingError: not of the right shape, or one of them is not a client that there may be.
    """
    try:
        canonical.read(content, max_size=MAX_FILE)
        entries = _File.model_validate_json(content).clients
    except (ProtocolError, ValidationError) as error:
        raise FoundingError(str(error)) from error
    return [_checked(entry, country, int(now.timestamp())) for entry in entries]


def _checked(entry: _Entry, country: str, now: int) -> Enrolled:
    try:
        client = _client(entry, now)
        enrolment.check(client, country)
    except Refusal as refusal:
        raise FoundingError(f"{entry.client_id}: {refusal.detail}") from refusal
    return client


def _import(db: stored.Session, path: Path, country: str, now: datetime) -> None:
    try:
        content = path.read_bytes()
        for client in read_file(content, country, now):
            _keep(db, client, _digest(content), now)
    except (OSError, FoundingError) as error:
        raise FoundingError(f"{path}: {error}") from error


def _keep(db: stored.Session, client: Enrolled, digest: str, now: datetime) -> None:
    by = Person(client_id=FOUNDER, officer=FOUNDER)
    draft = Draft(
        act=Act.IMPORT,
        client_id=client.client_id,
        role=client.role,
        scopes=client.scopes,
        keys=client.keys,
        reason=digest,
    )
    proposal = Proposal(proposal_id=new_id(now), draft=draft, by=by, at=now, expires=now)
    if not stored.add(db, client):
        raise _ClashError(f"{client.client_id}: two clients of one id, or with one key")
    stored.propose(db, proposal)
    applied = Decision(verdict=Verdict.APPLIED, by=by, reason=clients.NO_REASON, at=now)
    stored.decide(db, proposal.proposal_id, applied)
    keys = " ".join(key.kid for key in client.keys)
    clients.record(db, "client.imported", client.client_id, Act.IMPORT, now, keys=keys)


def _client(entry: _Entry, now: int) -> Enrolled:
    return Enrolled(
        client_id=entry.client_id,
        role=entry.role,
        scopes=entry.scopes,
        status=Status(entry.status),
        version=1,
        tokens_not_before=0,
        keys=tuple(enrolment.read_key(_json(key), now=now, life=KEY_LIFE) for key in entry.keys),
    )


def _json(key: Mapping[str, str | int]) -> dict[str, Json]:
    return dict(key)


def _digest(content: bytes) -> str:
    return f"SHA-256 {sha256(content).hex()}"
