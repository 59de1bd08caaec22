"""The registry of clients: as they are now, and all that was ever proposed and decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from services.gateway.records import (
    Act,
    Decision,
    Draft,
    Enrolled,
    Key,
    Person,
    Proposal,
    Repeat,
    Status,
    Verdict,
)
from services.gateway.tables import ClientDecisionRow, ClientKeyRow, ClientProposalRow, ClientRow
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.runtime.database import Database

Session = orm.Session

# Of the table, not of the class: this one runs with every call, and needs nothing of a row but a number.
_client = sa.inspect(ClientRow).local_table
_VERSION = sa.select(_client.c.version).where(_client.c.client_id == sa.bindparam("client_id"))


def version(database: Database, client_id: str) -> int | None:
    """Return the version of a client, by which a reader sees whether what it remembers still holds.

    Asked on every call: without a session it costs half.
    """
    with database.engine.connect().execution_options(reading=True) as connection:
        given = {"client_id": client_id}
        found: int | None = connection.execute(_VERSION, given).scalar_one_or_none()
    return found


def find(db: Session, client_id: str) -> Enrolled | None:
    """Return a client, whatever its status."""
    row = db.get(ClientRow, client_id)
    return None if row is None else _enrolled(db, [row])[0]


def everyone(db: Session) -> Sequence[Enrolled]:
    """Return every client there ever was."""
    return _enrolled(db, db.scalars(sa.select(ClientRow).order_by(ClientRow.client_id)).all())


def is_empty(db: Session) -> bool:
    """Say whether there never was a client."""
    return db.scalars(sa.select(ClientRow.client_id).limit(1)).first() is None


def add(db: Session, client: Enrolled) -> bool:
    """Add a client with its keys.

    Returns:
        Whether it is new; two at once cannot both be it.
    """
    added = _insert(db, ClientRow, _row(client), ClientRow.client_id)
    return added and _keep_keys(db, client)


def swap(db: Session, client: Enrolled) -> bool:
    """Put a client in the place of its version before.

    Returns:
        Whether that was still the version before, and its new keys are nobody else's.
    """
    change = (
        sa.update(ClientRow)
        .where(ClientRow.client_id == client.client_id, ClientRow.version == client.version - 1)
        .values(**_row(client))
        .returning(ClientRow.client_id)
    )
    return db.execute(change).first() is not None and _keep_keys(db, client)


def owner_of(db: Session, kid: str) -> str | None:
    """Return which client has or had a key."""
    return db.scalars(sa.select(ClientKeyRow.client_id).where(ClientKeyRow.kid == kid)).first()


def propose(db: Session, proposal: Proposal, repeat: Repeat | None = None) -> bool:
    """Keep a proposal.

    Returns:
        Whether no other one was sent under the same key.
    """
    draft = proposal.draft
    content: dict[str, Json] = {
        "role": draft.role,
        "scopes": list(draft.scopes),
        "keys": [{**key.jwk, "nbf": key.nbf, "exp": key.exp} for key in draft.keys],
        "overlap": None if draft.overlap is None else int(draft.overlap.total_seconds()),
    }
    row = {
        "proposal_id": proposal.proposal_id,
        "client_id": draft.client_id,
        "act": draft.act,
        "content": canonical.encode(content),
        "reason": draft.reason,
        "proposed_by": proposal.by.client_id,
        "officer": proposal.by.officer,
        "at": proposal.at,
        "expires": proposal.expires,
        "repeat": repeat.name if repeat else None,
        "asked": repeat.asked if repeat else None,
    }
    return _insert(db, ClientProposalRow, row, ClientProposalRow.proposal_id)


def repeated(db: Session, name: bytes) -> tuple[str, bytes | None] | None:
    """Return which proposal came under a key, and the digest of what was asked."""
    which = ClientProposalRow.repeat == name
    query = sa.select(ClientProposalRow.proposal_id, ClientProposalRow.asked).where(which)
    row = db.execute(query).first()
    return None if row is None else (row[0], row[1])


def waiting(db: Session, proposed_by: str, now: datetime) -> int:
    """Count the proposals of one client that can still be decided."""
    row, decided = ClientProposalRow, ClientDecisionRow.proposal_id
    open_now = sa.and_(row.proposed_by == proposed_by, row.expires > now, decided.is_(None))
    joined = sa.outerjoin(row, ClientDecisionRow, decided == row.proposal_id)
    query = sa.select(sa.func.count()).select_from(joined).where(open_now)
    return int(db.execute(query).scalar_one())


def decide(db: Session, proposal_id: str, decision: Decision) -> bool:
    """Keep a decision.

    Returns:
        Whether it is the first on this proposal; two at once cannot both be it.
    """
    row = {
        "proposal_id": proposal_id,
        "verdict": decision.verdict,
        "decided_by": decision.by.client_id,
        "officer": decision.by.officer,
        "reason": decision.reason,
        "at": decision.at,
    }
    return _insert(db, ClientDecisionRow, row, ClientDecisionRow.proposal_id)


def proposal(db: Session, proposal_id: str) -> Proposal | None:
    """Return a proposal and what became of it."""
    found = _proposals(db, ClientProposalRow.proposal_id == proposal_id)
    return found[0] if found else None


def proposals(
    db: Session, client_id: str | None, limit: int, *, act: Act | None = None
) -> Sequence[Proposal]:
    """Return proposals, of one client or of all, of one act or of all, the newest first."""
    of_client = sa.true() if client_id is None else ClientProposalRow.client_id == client_id
    of_act = sa.true() if act is None else ClientProposalRow.act == act
    return _proposals(db, sa.and_(of_client, of_act), limit)


def _proposals(db: Session, which: sa.ColumnElement[bool], limit: int = 1) -> Sequence[Proposal]:
    decided = ClientDecisionRow.proposal_id == ClientProposalRow.proposal_id
    query = (
        sa.select(ClientProposalRow, ClientDecisionRow)
        .join(ClientDecisionRow, decided, isouter=True)
        .where(which)
        .order_by(ClientProposalRow.at.desc(), ClientProposalRow.proposal_id.desc())
        .limit(limit)
    )
    return [_proposal(row[0], row[1]) for row in db.execute(query)]


def _proposal(row: ClientProposalRow, decided: ClientDecisionRow | None) -> Proposal:
    return Proposal(
        proposal_id=row.proposal_id,
        draft=_draft(row),
        by=Person(client_id=row.proposed_by, officer=row.officer),
        at=row.at,
        expires=row.expires,
        decision=None if decided is None else _decision(decided),
    )


def _draft(row: ClientProposalRow) -> Draft:
    match canonical.parse(row.content):
        case {
            "role": str() | None as role,
            "scopes": list(scopes),
            "keys": list(keys),
            "overlap": int() | None as overlap,
        }:
            return Draft(
                act=Act(row.act),
                client_id=row.client_id,
                role=role,
                scopes=tuple(str(each) for each in scopes),
                keys=tuple(_drafted_key(each) for each in keys),
                overlap=None if overlap is None else timedelta(seconds=overlap),
                reason=row.reason,
            )
        case _:  # pragma: no cover - nothing else was ever written
            raise AssertionError(row.proposal_id)


def _drafted_key(value: Json) -> Key:
    assert isinstance(value, dict)
    kid, nbf, exp = value["kid"], value.pop("nbf"), value.pop("exp")
    assert isinstance(kid, str)
    assert isinstance(nbf, int)
    assert isinstance(exp, int)
    return Key(kid=kid, jwk=value, nbf=nbf, exp=exp)


def _decision(row: ClientDecisionRow) -> Decision:
    return Decision(
        verdict=Verdict(row.verdict),
        by=Person(client_id=row.decided_by, officer=row.officer),
        reason=row.reason,
        at=row.at,
    )


def _enrolled(db: Session, rows: Sequence[ClientRow]) -> Sequence[Enrolled]:
    names = [row.client_id for row in rows]
    keys: dict[str, list[Key]] = {name: [] for name in names}
    query = sa.select(ClientKeyRow).where(ClientKeyRow.client_id.in_(names))
    for row in db.scalars(query.order_by(ClientKeyRow.nbf, ClientKeyRow.kid)):
        keys[row.client_id].append(_key(row))
    return [
        Enrolled(
            client_id=row.client_id,
            role=row.role,
            scopes=tuple(row.scopes.split()),
            status=Status(row.status),
            version=row.version,
            tokens_not_before=row.tokens_not_before,
            keys=tuple(keys[row.client_id]),
        )
        for row in rows
    ]


def _key(row: ClientKeyRow) -> Key:
    jwk = canonical.parse(row.jwk)
    assert isinstance(jwk, dict)
    return Key(kid=row.kid, jwk=jwk, nbf=row.nbf, exp=row.exp)


def _row(client: Enrolled) -> dict[str, str | int]:
    return {
        "client_id": client.client_id,
        "role": client.role,
        "scopes": " ".join(client.scopes),
        "status": client.status,
        "version": client.version,
        "tokens_not_before": client.tokens_not_before,
    }


def _keep_keys(db: Session, client: Enrolled) -> bool:
    return all(_keep_key(db, client.client_id, key) for key in client.keys)


def _keep_key(db: Session, client_id: str, key: Key) -> bool:
    """Add a key, or set when one that the client has ends; False: it is another client's."""
    own = sa.and_(ClientKeyRow.kid == key.kid, ClientKeyRow.client_id == client_id)
    change = sa.update(ClientKeyRow).where(own).values(exp=key.exp).returning(ClientKeyRow.kid)
    if db.execute(change).first() is not None:
        return True
    row = {
        "kid": key.kid,
        "client_id": client_id,
        "jwk": canonical.encode(dict(key.jwk)),
        "nbf": key.nbf,
        "exp": key.exp,
    }
    return _insert(db, ClientKeyRow, row, ClientKeyRow.kid)


Table = type[ClientRow | ClientKeyRow | ClientProposalRow | ClientDecisionRow]


def _insert(
    db: Session, table: Table, row: Mapping[str, object], key: orm.InstrumentedAttribute[str]
) -> bool:
    """Add a row unless there is one of that key; by what comes back, not by a count of rows."""
    postgres = db.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if postgres else sqlite.insert(table)
    return (
        db.execute(insert.values(row).on_conflict_do_nothing().returning(key)).first() is not None
    )
