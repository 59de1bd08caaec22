"""The registry of clients: what is proposed, approved and rejected there, and new keys."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from client.errors import ClientError, UsageError
from client.profiles import read_json
from client.sdk.session import Session
from shared.protocol import jose
from shared.protocol.canonical import Json, encode

CLIENTS: Final = "/v1/clients"
PROPOSALS: Final = "/v1/clients/proposals"
OWN_KEYS: Final = "/v1/clients/self/keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Something that is to be done about a client; `kids` are the thumbprints of its new keys."""

    proposal_id: str
    act: str
    client_id: str
    status: str
    reason: str
    officer: str
    kids: tuple[str, ...]
    told: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A client of the registry."""

    client_id: str
    role: str
    status: str
    scopes: tuple[str, ...]
    kids: tuple[str, ...]
    history: tuple[Proposal, ...]
    told: dict[str, Json]


def propose(  # noqa: PLR0913 - what a proposal says
    session: Session,
    *,
    act: str,
    client_id: str,
    reason: str,
    role: str | None = None,
    scopes: Sequence[str] = (),
    keys: Sequence[dict[str, Json]] = (),
    overlap: timedelta | None = None,
) -> Proposal:
    """Propose something about a client; a suspension is done at once."""
    body: dict[str, Json] = {"act": act, "client_id": client_id, "reason": reason}
    more: dict[str, Json] = {"role": role, "scopes": list(scopes), "keys": list(keys)}
    body |= {name: value for name, value in more.items() if value}
    return _proposal(session.post(PROPOSALS, body | _overlap(overlap)))


def propose_own_keys(
    session: Session, *, keys: Sequence[dict[str, Json]], reason: str, overlap: timedelta | None
) -> Proposal:
    """Propose new keys for the client that calls."""
    body: dict[str, Json] = {"keys": list(keys), "reason": reason}
    return _proposal(session.post(OWN_KEYS, body | _overlap(overlap)))


def approve(session: Session, proposal: Proposal) -> Proposal:
    """Approve a proposal, which does it."""
    return _proposal(session.post(f"{PROPOSALS}/{proposal.proposal_id}/approve"))


def reject(session: Session, proposal_id: str, *, reason: str) -> Proposal:
    """Reject a proposal."""
    return _proposal(session.post(f"{PROPOSALS}/{proposal_id}/reject", {"reason": reason}))


def find_proposal(session: Session, proposal_id: str) -> Proposal:
    """Read one proposal."""
    return _proposal(session.get(f"{PROPOSALS}/{proposal_id}"))


def find_proposals(session: Session) -> list[Proposal]:
    """Read the newest proposals, decided or not."""
    return [_proposal(each) for each in _rows(session.get(PROPOSALS), "proposals")]


def find_client(session: Session, client_id: str) -> Registered:
    """Read a client with all that was ever proposed about it."""
    return _client(session.get(f"{CLIENTS}/{client_id}"))


def find_self(session: Session) -> Registered:
    """Read what the registry has of the client that calls."""
    return _client(session.get(f"{CLIENTS}/self"))


def find_clients(session: Session) -> list[Registered]:
    """Read every client there is or was."""
    return [_client(each) for each in _rows(session.get(CLIENTS), "clients")]


def draw_key(path: Path, *, life: timedelta, now: datetime) -> dict[str, Json]:
    """Draw a key pair: the private JWK to `path` (0600), the public one beside it as `….pub`.

    Returns:
        The public JWK, with the time from which and until which it is to count.

    Raises:
        UsageError: one of the files is there already.
    """
    key = jose.generate()
    begins = int(now.timestamp())
    ends = begins + int(life.total_seconds())
    public: dict[str, Json] = {**jose.public_part(key), "nbf": begins, "exp": ends}
    for target, content, mode in (
        (path, key, 0o600),
        (path.with_name(path.name + ".pub"), public, 0o644),
    ):
        try:
            opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise UsageError(
                f"{target} is there already, and no key is overwritten", code="file_exists"
            ) from error
        with os.fdopen(opened, "wb") as file:
            file.write(encode(dict(content)))
    return public


def read_public(path: Path) -> dict[str, Json]:
    """Read a public key to propose.

    Raises:
        UsageError: it is a private one, or none at all.
    """
    key = read_json(path)
    if "d" in key:
        raise UsageError(
            f"{path} holds a private key; it never leaves its owner",
            code="private_key",
            next_step=f"give {path}.pub",
        )
    return key


def _overlap(overlap: timedelta | None) -> dict[str, Json]:
    return {} if overlap is None else {"overlap": int(overlap.total_seconds())}


def _proposal(answer: dict[str, Json]) -> Proposal:
    match answer:
        case {
            "proposal_id": str(name),
            "act": str(act),
            "client_id": str(client_id),
            "status": str(status),
            "reason": str(reason),
            "proposed_by": {"officer": str(officer)},
            "keys": list(keys),
        }:
            return Proposal(
                proposal_id=name,
                act=act,
                client_id=client_id,
                status=status,
                reason=reason,
                officer=officer,
                kids=_kids(keys),
                told=answer,
            )
        case _:
            raise ClientError("the node's answer is not a proposal", code="bad_answer")


def _client(answer: dict[str, Json]) -> Registered:
    match answer:
        case {
            "client_id": str(client_id),
            "role": str(role),
            "status": str(status),
            "scopes": list(scopes),
            "keys": list(keys),
        }:
            history = _rows(answer, "history") if "history" in answer else []
            return Registered(
                client_id=client_id,
                role=role,
                status=status,
                scopes=tuple(str(each) for each in scopes),
                kids=_kids(keys),
                history=tuple(_proposal(each) for each in history),
                told=answer,
            )
        case _:
            raise ClientError("the node's answer is not a client", code="bad_answer")


def _kids(keys: Sequence[Json]) -> tuple[str, ...]:
    return tuple(str(each["kid"]) for each in keys if isinstance(each, dict) and "kid" in each)


def _rows(answer: dict[str, Json], name: str) -> list[dict[str, Json]]:
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise ClientError(f"the node's answer has no {name}", code="bad_answer")
    return [each for each in rows if isinstance(each, dict)]
