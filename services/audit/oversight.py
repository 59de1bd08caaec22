"""Use case: what an oversight body may see, with what it needs to see that nothing is missing.

A range of indexes is complete by itself, since indexes are dense and each entry comes with its path to
one signed root. A range of time carries the entries just before and just after it. The entries of a
case, or about a peer, count themselves (`case_seq`, `case_prev`). Every access is recorded too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.audit import proofs
from services.audit.confidential import Confidential, open_opening
from services.audit.store import Session, entries, tree
from services.audit.store.entries import Filter, PeerLeaf, SealedOpening
from shared.protocol.commitments import Opening
from shared.protocol.errors import FormatError
from shared.protocol.identifiers import parse_id
from shared.protocol.logproofs import format_proof
from shared.runtime.database import Database

PAGE = 100  # entries at most in one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What an overseer asks for. `start`/`end` are indexes, `since`/`until` times, ends excluded."""

    start: int = 0
    end: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    case: str | None = None  # a request id, or the pseudonym it has in the leaves
    peer: str | None = None
    size: int | None = None  # the checkpoint to answer under; the newest if it is None
    limit: int = PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry with its path to the root of the page's checkpoint, and its openings if any are left."""

    index: int
    leaf: bytes
    path: Sequence[bytes]
    openings: Sequence[Opening]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer; `following` is the index to go on from under the same size, None at the end."""

    checkpoint: str
    size: int
    entries: Sequence[Shown]
    following: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """Leaves of peers' logs with their proofs, as they came."""

    counterparts: Sequence[PeerLeaf]
    following: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """One entry with its log proof."""

    index: int
    size: int
    leaf: bytes
    proof: str


def read(query: Query, *, database: Database, confidential: Confidential) -> Page:
    """The entries that match, by index, under one checkpoint.

    Raises:
        NotFound: no checkpoint has the size asked for.
        FormatError: the case is neither a request id nor a pseudonym.
    """
    limit = min(query.limit, PAGE)
    with database.read() as db:
        signed = proofs.pinned(db, query.size)
        which = _filter(db, query, confidential, signed.size)
        found = entries.page(db, which, limit + 1)
        page = shown(db, found[:limit], signed.size, confidential)
    following = found[limit].index if len(found) > limit else None
    return Page(checkpoint=signed.note, size=signed.size, entries=page, following=following)


def counterparts(database: Database, *, start: int, limit: int = PAGE) -> Counterparts:
    """The peers' leaves kept beside our entries from index `start` on."""
    limit = min(limit, PAGE)
    with database.read() as db:
        size = proofs.newest(db).size
        found = entries.counterparts(db, range(start, size), limit + 1)
    following = found[limit].index if len(found) > limit else None
    return Counterparts(counterparts=found[:limit], following=following)


def proof(database: Database, *, index: int, size: int | None) -> Proven:
    """One entry, proven under the checkpoint of this size or the newest.

    Raises:
        NotFound: no checkpoint has the size.
        LogProofError: the index lies beyond it.
    """
    with database.read() as db:
        signed = proofs.pinned(db, size)
        (path,) = proofs.inclusion(db, [(index, signed.size)])
        leaf = entries.bodies(db, [index])[index]
    text = format_proof(index, path, signed.note)
    return Proven(index=index, size=signed.size, leaf=leaf, proof=text)


def _filter(db: Session, query: Query, confidential: Confidential, size: int) -> Filter:
    end = size if query.end is None else min(query.end, size)
    which = Filter(
        indexes=range(min(query.start, tree.MAX_SIZE), end),
        case_ref=None if query.case is None else case_ref(query.case, confidential),
        peer=query.peer,
    )
    if query.since is not None:
        # The neighbours show by their times that nothing within was left out.
        first = max(entries.first_since(db, query.since, size) - 1, 0)
        which = replace(which, indexes=range(max(first, which.indexes.start), which.indexes.stop))
    if query.until is not None:
        last = min(entries.first_since(db, query.until, size) + 1, size)
        which = replace(which, indexes=range(which.indexes.start, min(last, which.indexes.stop)))
    return which


def case_ref(case: str, confidential: Confidential) -> str:
    """The pseudonym of a case, from it or from the request's id.

    Raises:
        FormatError: it is neither.
    """
    if len(case) == 64 and set(case) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256 in hex
        return case
    try:
        return confidential.case_ref(parse_id(case))
    except FormatError as error:
        raise FormatError("a case is a request id or a pseudonym of 64 hex digits") from error


def shown(
    db: Session, found: Sequence[entries.Stored], size: int, confidential: Confidential
) -> list[Shown]:
    """Entries with their paths to the root of this size, and what is left of their openings."""
    indexes = [each.index for each in found]
    paths = proofs.inclusion(db, [(index, size) for index in indexes])
    opened = _openings(db, indexes, confidential)
    return [
        Shown(index=each.index, leaf=each.body, path=path, openings=opened.get(each.index, ()))
        for each, path in zip(found, paths, strict=True)
    ]


def _openings(
    db: Session, indexes: Sequence[int], confidential: Confidential
) -> dict[int, list[Opening]]:
    """The openings of entries, by index; what was erased, itself or its key, is left out."""
    sealed = entries.openings(db, indexes)
    wrapped = entries.case_keys(db, {each.owner for each in sealed})
    opened: dict[int, list[Opening]] = {}
    for each in sealed:
        if each.owner in wrapped:
            key = confidential.case_key(each.owner, wrapped[each.owner])
            opened.setdefault(each.index, []).append(_open(each, key))
    return opened


def _open(each: SealedOpening, key: bytes) -> Opening:
    return open_opening(key, each.index, name=each.name, salt=each.salt, sealed=each.sealed)
