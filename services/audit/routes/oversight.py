"""What an oversight body reads, through the gateway; each access is an entry of the log itself."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.audit import finding, oversight
from services.audit.confidential import CASE_KEY_FIELD
from services.audit.routes import shapes
from services.audit.routes.parts import Parts, parts, record_access
from shared.protocol.canonical import b64, b64u
from shared.protocol.leaves import parse_time
from shared.runtime.guard import principal
from shared.runtime.principals import Principal

router = APIRouter(prefix="/oversight")

Own = Annotated[Parts, Depends(parts)]
Overseer = Annotated[Principal, Depends(principal)]
Number = Annotated[int, Field(ge=0, lt=2**53)]


class Asked(BaseModel):
    """The query of a page of entries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Number = Field(default=0, alias="from")
    end: Number | None = Field(default=None, alias="to")
    since: str | None = None
    until: str | None = None
    case: str | None = None
    peer: str | None = None
    size: Number | None = None
    limit: int = Field(default=oversight.PAGE, ge=1)
    log: str | None = None


@router.get("/entries")
def entries(
    asked: Annotated[Asked, Query()], own: Own, overseer: Overseer, request: Request
) -> shapes.Page:
    """Entries by index, time, case or peer, each proven under one checkpoint."""
    database = own.shelf.reading(asked.log)
    page = oversight.read(_query(asked), database=database, confidential=own.confidential)
    _record(own, overseer, request, "entries", len(page.entries))
    return {
        "size": page.size,
        "checkpoint": page.checkpoint,
        "entries": [_entry(each) for each in page.entries],
        "next": page.following,
    }


@router.get("/counterparts")
def counterparts(
    own: Own,
    overseer: Overseer,
    request: Request,
    start: Annotated[Number, Query(alias="from")] = 0,
    log: str | None = None,
) -> shapes.Counterparts:
    """The peers' leaves of what was received, with their proofs."""
    found = oversight.counterparts(own.shelf.reading(log), start=start)
    _record(own, overseer, request, "counterparts", len(found.counterparts))
    return {
        "counterparts": [
            {"index": each.index, "leaf": b64u(each.leaf), "proof": each.proof}
            for each in found.counterparts
        ],
        "next": found.following,
    }


@router.get("/key")
def key(own: Own, overseer: Overseer, request: Request) -> shapes.CaseKey:
    """K_log, which makes case pseudonyms; the first entry commits to `digest`."""
    _record(own, overseer, request, "key", 1)
    confidential = own.confidential
    return {
        "key": b64u(confidential.log_case),
        "digest": confidential.case_key_digest(),
        "field": CASE_KEY_FIELD,
        "index": 0,
    }


@router.get("/proof")
def proof(
    own: Own,
    overseer: Overseer,
    request: Request,
    index: Number,
    size: Number | None = None,
    log: str | None = None,
) -> shapes.ProvenAt:
    """One entry with its log proof."""
    proven = oversight.proof(own.shelf.reading(log), index=index, size=size)
    _record(own, overseer, request, "proof", 1)
    return {
        "index": proven.index,
        "size": proven.size,
        "leaf": b64u(proven.leaf),
        "proof": proven.proof,
    }


class Sought(BaseModel):
    """The query of all entries of a case or about a peer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str | None = None
    peer: str | None = None
    start: Number = Field(default=0, alias="from")
    size: Number | None = None
    covered: Number | None = None
    limit: int = Field(default=oversight.PAGE, ge=1)
    log: str | None = None


@router.get("/find")
def find(
    sought: Annotated[Sought, Query()], own: Own, overseer: Overseer, request: Request
) -> shapes.Found:
    """All entries of a case or about a peer, or that there are none, with the proof of it."""
    wanted = finding.Wanted(**sought.model_dump(exclude={"log"}))
    database = own.shelf.reading(sought.log)
    found = finding.find(wanted, database=database, confidential=own.confidential)
    _record(own, overseer, request, "find", len(found.page.entries))
    return {
        "size": found.page.size,
        "checkpoint": found.page.checkpoint,
        "covered": found.covered,
        "index": None if found.proof is None else _index(found.proof),
        "entries": [_entry(each) for each in found.page.entries],
        "next": found.page.following,
    }


def _index(proof: finding.Proof) -> shapes.IndexProof:
    return {
        "index": proof.index,
        "leaf": b64u(proof.leaf),
        "proof": proof.proof,
        "trie": proof.trie.to_json(),
    }


def _query(asked: Asked) -> oversight.Query:
    return oversight.Query(
        start=asked.start,
        end=asked.end,
        since=None if asked.since is None else parse_time(asked.since),
        until=None if asked.until is None else parse_time(asked.until),
        case=asked.case,
        peer=asked.peer,
        size=asked.size,
        limit=asked.limit,
    )


def _record(own: Parts, overseer: Principal, request: Request, kind: str, count: int) -> None:
    record_access(own, overseer, kind=kind, count=count, query=request.url.query)


def _entry(shown: oversight.Shown) -> shapes.Shown:
    return {
        "index": shown.index,
        "leaf": b64u(shown.leaf),
        "path": [b64(each) for each in shown.path],
        "openings": [
            {"name": each.name, "value": each.value, "salt": b64u(each.salt)}
            for each in shown.openings
        ],
    }
